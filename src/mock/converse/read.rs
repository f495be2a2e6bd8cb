//! Converse requests: what the model is asked, and what is refused before it is.
//!
//! The wording of refusals is the service's own, as users have reported it: langchain-aws#192
//! (roles), earendil-works/pi#3443 (empty content), aws-samples/bedrock-engineer#8 (blank text),
//! langgenius/dify#17545 (tool blocks without tools).

use serde::Deserialize;
use serde_json::Value;

use crate::mock::asked::{Asked, Choice, Length, MODEL_MAXIMUM, Tool};
use crate::mock::wire::Exception;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Request {
    messages: Vec<Message>,
    #[serde(default)]
    system: Vec<Content>,
    #[serde(default)]
    inference_config: InferenceConfig,
    tool_config: Option<ToolConfig>,
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

/// A block of any kind; those that hold no text are taken and not looked at.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Content {
    text: Option<String>,
    json: Option<Value>,
    tool_use: Option<ToolUse>,
    tool_result: Option<ToolResult>,
}

#[derive(Debug, Deserialize)]
struct ToolUse {
    name: String,
    input: Value,
}

#[derive(Debug, Deserialize)]
struct ToolResult {
    content: Vec<Content>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct InferenceConfig {
    max_tokens: Option<i64>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    #[serde(default)]
    stop_sequences: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolConfig {
    tools: Vec<ToolEntry>,
    tool_choice: Option<ToolChoice>,
}

/// A tool, or a cache point between tools.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolEntry {
    tool_spec: Option<ToolSpec>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToolSpec {
    name: String,
    #[serde(default)]
    description: String,
    input_schema: InputSchema,
}

#[derive(Debug, Deserialize)]
struct InputSchema {
    json: Value,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "lowercase")]
enum ToolChoice {
    Auto {},
    Any {},
    Tool { name: String },
}

/// Reads a Converse or ConverseStream body as the service would.
///
/// # Errors
/// The exception that the service answers with.
pub fn read(body: &[u8]) -> Result<Asked, Exception> {
    let request: Request = serde_json::from_slice(body).map_err(|error| {
        Exception::validation(format!("The request body could not be read as a Converse request: {error}"))
    })?;
    request.asked()
}

impl Request {
    /// # Errors
    /// The exception that the service answers with.
    pub fn asked(self) -> Result<Asked, Exception> {
        self.check_conversation()?;
        let max_tokens = self.inference_config.limits()?;
        let mut length = Length::default();
        self.messages
            .iter()
            .flat_map(|message| &message.content)
            .chain(&self.system)
            .for_each(|c| c.add_to(&mut length));
        let (tools, choice) = self.tool_config.map(ToolConfig::read).unwrap_or_default();
        tools.iter().for_each(|tool| length.tool(tool));
        let forced = choice.of(tools).map_err(|name| {
            Exception::validation(format!(
                "The toolConfig.toolChoice.tool.name field names `{name}`, which is not in toolConfig.tools. Name one of the tools and try again."
            ))
        })?;
        let stop_sequences = self.inference_config.stop_sequences;
        Ok(Asked { input_tokens: length.tokens(), max_tokens, stop_sequences, forced })
    }

    fn check_conversation(&self) -> Result<(), Exception> {
        let refuse = |message: String| Err(Exception::validation(message));
        let Some(first) = self.messages.first() else {
            return refuse("1 validation error detected: Value at 'messages' failed to satisfy constraint: Member must not be empty".into());
        };
        if first.role != Role::User {
            return refuse("A conversation must start with a user message. Try again with a conversation that starts with a user message.".into());
        }
        if self.messages.windows(2).any(|pair| pair[0].role == pair[1].role) {
            return refuse("A conversation must alternate between user and assistant roles. Make sure the conversation alternates between user and assistant roles and try again.".into());
        }
        for (i, message) in self.messages.iter().enumerate() {
            if message.content.is_empty() {
                return refuse(format!(
                    "The content field in the Message object at messages.{i} is empty. Add a ContentBlock object to the content field and try again."
                ));
            }
            let blank = |block: &Content| block.text.as_ref().is_some_and(|text| text.trim().is_empty());
            if let Some(k) = message.content.iter().position(blank) {
                return refuse(format!(
                    "The text field in the ContentBlock object at messages.{i}.content.{k} is blank. Add text to the text field, and try again."
                ));
            }
        }
        let of_a_tool = |block: &Content| block.tool_use.is_some() || block.tool_result.is_some();
        if self.tool_config.is_none() && self.messages.iter().flat_map(|message| &message.content).any(of_a_tool) {
            return refuse(
                "The toolConfig field must be defined when using toolUse and toolResult content blocks.".into(),
            );
        }
        Ok(())
    }
}

impl Content {
    fn add_to(&self, length: &mut Length) {
        self.text.iter().for_each(|text| length.text(text));
        self.json.iter().for_each(|json| length.json(json));
        if let Some(tool) = &self.tool_use {
            length.text(&tool.name);
            length.json(&tool.input);
        }
        self.tool_result.iter().flat_map(|result| &result.content).for_each(|content| content.add_to(length));
    }
}

impl InferenceConfig {
    /// Checks them all, and gives the tokens that may be written.
    fn limits(&self) -> Result<u32, Exception> {
        let refuse = |value: &dyn std::fmt::Display, name: &str, constraint: &str| {
            Err(Exception::validation(format!(
                "1 validation error detected: Value '{value}' at 'inferenceConfig.{name}' failed to satisfy constraint: Member must {constraint}"
            )))
        };
        for (name, value) in [("temperature", self.temperature), ("topP", self.top_p)] {
            if let Some(value) = value.filter(|value| !(0.0..=1.0).contains(value)) {
                return refuse(&value, name, "be between 0 and 1");
            }
        }
        match self.max_tokens {
            None => Ok(MODEL_MAXIMUM),
            Some(tokens) if tokens < 1 => refuse(&tokens, "maxTokens", "have value greater than or equal to 1"),
            Some(tokens) => Ok(u32::try_from(tokens).unwrap_or(u32::MAX).min(MODEL_MAXIMUM)),
        }
    }
}

impl ToolConfig {
    fn read(self) -> (Vec<Tool>, Choice) {
        let choice = match self.tool_choice {
            None | Some(ToolChoice::Auto {}) => Choice::Free,
            Some(ToolChoice::Any {}) => Choice::Any,
            Some(ToolChoice::Tool { name }) => Choice::Named(name),
        };
        let tools = self.tools.into_iter().filter_map(|entry| entry.tool_spec).map(|spec| Tool {
            name: spec.name,
            description: spec.description,
            schema: spec.input_schema.json,
        });
        (tools.collect(), choice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_longer_prompt_has_more_tokens_and_system_text_counts() {
        let short = read(br#"{"messages":[{"role":"user","content":[{"text":"12345678"}]}]}"#).unwrap();
        assert_eq!((short.input_tokens, short.max_tokens, short.forced), (2, MODEL_MAXIMUM, None));
        let body = br#"{"messages":[{"role":"user","content":[{"text":"12345678"}]}],
            "system":[{"text":"1234"},{"cachePoint":{"type":"default"}}],
            "inferenceConfig":{"maxTokens":10,"stopSequences":["."]}}"#;
        let longer = read(body).unwrap();
        assert_eq!((longer.input_tokens, longer.max_tokens, longer.stop_sequences), (3, 10, vec![".".to_owned()]));
    }

    #[test]
    fn a_choice_forces_a_tool_and_its_history_counts() {
        let asked = |choice: &str| {
            read(
                format!(
                    r#"{{"messages":[{{"role":"user","content":[{{"text":"1234"}}]}},
                    {{"role":"assistant","content":[{{"toolUse":{{"toolUseId":"t","name":"abcd","input":{{}}}}}}]}},
                    {{"role":"user","content":[{{"toolResult":{{"toolUseId":"t","content":[{{"json":{{}}}}]}}}}]}}],
                    "toolConfig":{{"tools":[{{"toolSpec":{{"name":"a","inputSchema":{{"json":{{}}}}}}}},
                    {{"toolSpec":{{"name":"b","inputSchema":{{"json":{{}}}}}}}}]{choice}}}}}"#
                )
                .as_bytes(),
            )
        };
        let forced = |choice| asked(choice).unwrap().forced.map(|tool| tool.name);
        assert_eq!(forced(""), None);
        assert_eq!(forced(r#","toolChoice":{"auto":{}}"#), None);
        assert_eq!(forced(r#","toolChoice":{"any":{}}"#), Some("a".into()));
        assert_eq!(forced(r#","toolChoice":{"tool":{"name":"b"}}"#), Some("b".into()));
        assert!(asked(r#","toolChoice":{"tool":{"name":"c"}}"#).unwrap_err().message.contains("`c`"));
        // 4 + 4 + 2 + 2 bytes of conversation, 3 of each tool.
        assert_eq!(asked("").unwrap().input_tokens, 5);
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
            (
                r#"{"messages":[{"role":"user","content":[{"toolResult":{"toolUseId":"x","content":[]}}]}]}"#,
                "toolConfig field must be defined",
            ),
        ] {
            let refused = read(body.as_bytes()).unwrap_err();
            assert_eq!(refused.name, "ValidationException");
            assert!(refused.message.contains(wrong), "{body}: {}", refused.message);
        }
    }
}
