//! Converse requests: what the model is asked, and what is refused before it is.
//!
//! The wording of refusals is the service's own, as users have reported it: langchain-aws#192
//! (roles), earendil-works/pi#3443 (empty content), aws-samples/bedrock-engineer#8 (blank text).

use serde::Deserialize;

use super::wire::Exception;
use crate::plan::prompt::BYTES_PER_TOKEN;

/// Output of a request that does not limit itself: what the model could write at most.
pub const MODEL_MAXIMUM: u32 = 64_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    messages: Vec<Message>,
    #[serde(default)]
    system: Vec<Content>,
    #[serde(default)]
    inference_config: InferenceConfig,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: Role,
    content: Vec<Content>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Role {
    User,
    Assistant,
}

/// Only text counts towards the length; other blocks are taken and not looked at.
#[derive(Debug, Deserialize)]
struct Content {
    text: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InferenceConfig {
    max_tokens: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
}

/// What the Region model needs to know of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    pub input_tokens: u32,
    pub max_tokens: u32,
}

/// Reads a Converse or ConverseStream body as the service would.
///
/// # Errors
/// The exception that the service answers with.
pub fn read(body: &[u8]) -> Result<Asked, Exception> {
    let request: Request = serde_json::from_slice(body).map_err(|error| {
        Exception::validation(format!("The request body could not be read as a Converse request: {error}"))
    })?;
    let Some(first) = request.messages.first() else {
        return Err(Exception::validation(
            "1 validation error detected: Value at 'messages' failed to satisfy constraint: Member must not be empty",
        ));
    };
    if first.role != Role::User {
        return Err(Exception::validation(
            "A conversation must start with a user message. Try again with a conversation that starts with a user message.",
        ));
    }
    if request.messages.windows(2).any(|pair| pair[0].role == pair[1].role) {
        return Err(Exception::validation(
            "A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.",
        ));
    }
    for (i, message) in request.messages.iter().enumerate() {
        if message.content.is_empty() {
            return Err(Exception::validation(format!(
                "The content field in the Message object at messages.{i} is empty. Add a ContentBlock object to the content field and try again."
            )));
        }
        let blank = |block: &Content| block.text.as_ref().is_some_and(|text| text.trim().is_empty());
        if let Some(k) = message.content.iter().position(blank) {
            return Err(Exception::validation(format!(
                "The text field in the ContentBlock object at messages.{i}.content.{k} is blank. Add text to the text field, and try again."
            )));
        }
    }
    let limits = &request.inference_config;
    let max_tokens = match limits.max_tokens {
        None => MODEL_MAXIMUM,
        Some(tokens) if tokens < 1 => {
            return Err(Exception::validation(format!(
                "1 validation error detected: Value '{tokens}' at 'inferenceConfig.maxTokens' failed to satisfy constraint: Member must have value greater than or equal to 1"
            )));
        }
        Some(tokens) => u32::try_from(tokens).unwrap_or(u32::MAX).min(MODEL_MAXIMUM),
    };
    for (name, value) in [("temperature", limits.temperature), ("topP", limits.top_p)] {
        if let Some(value) = value.filter(|value| !(0.0..=1.0).contains(value)) {
            return Err(Exception::validation(format!(
                "1 validation error detected: Value '{value}' at 'inferenceConfig.{name}' failed to satisfy constraint: Member must be between 0 and 1"
            )));
        }
    }
    let contents = request.messages.iter().flat_map(|message| &message.content).chain(&request.system);
    let bytes: usize = contents.filter_map(|content| content.text.as_ref()).map(String::len).sum();
    Ok(Asked { input_tokens: (bytes.div_ceil(BYTES_PER_TOKEN) as u32).max(1), max_tokens })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_prompt_has_more_tokens_and_system_text_counts() {
        let short = read(br#"{"messages":[{"role":"user","content":[{"text":"12345678"}]}]}"#).unwrap();
        assert_eq!(short, Asked { input_tokens: 2, max_tokens: MODEL_MAXIMUM });
        let body = br#"{"messages":[{"role":"user","content":[{"text":"12345678"}]}],
            "system":[{"text":"1234"},{"cachePoint":{"type":"default"}}],"inferenceConfig":{"maxTokens":10}}"#;
        assert_eq!(read(body).unwrap(), Asked { input_tokens: 3, max_tokens: 10 });
    }

    #[test]
    fn wrong_requests_are_refused_before_they_cost_anything() {
        for (body, wrong) in [
            ("not json", "could not be read"),
            (r#"{"messages":[]}"#, "must not be empty"),
            (r#"{"messages":[{"role":"assistant","content":[{"text":"x"}]}]}"#, "must start with a user message"),
            (
                r#"{"messages":[{"role":"user","content":[{"text":"x"}]},{"role":"user","content":[{"text":"x"}]}]}"#,
                "must alternate",
            ),
            (r#"{"messages":[{"role":"user","content":[]}]}"#, "messages.0 is empty"),
            (
                r#"{"messages":[{"role":"user","content":[{"text":"x"},{"text":" "}]}]}"#,
                "messages.0.content.1 is blank",
            ),
            (
                r#"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":0}}"#,
                "maxTokens",
            ),
            (
                r#"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"temperature":1.5}}"#,
                "temperature",
            ),
        ] {
            let refused = read(body.as_bytes()).unwrap_err();
            assert_eq!(refused.name, "ValidationException");
            assert!(refused.message.contains(wrong), "{body}: {}", refused.message);
        }
    }
}
