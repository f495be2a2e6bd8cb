//! Bodies of the Messages API. Consecutive messages of one role are one turn to it, and not refused.
//!
//! The wording of refusals is the service's own, as users have reported it: promptfoo/promptfoo#916
//! (required keys), langchain#18513 (the old body), danny-avila/LibreChat#7346 (no messages),
//! konveyor/kai#645 (empty content), anthropic-sdk-python#893 (temperature).

use serde::Deserialize;
use serde_json::Value;

use super::model_name;
use crate::mock::asked::{Asked, Choice, Length, MODEL_MAXIMUM, Tool};
use crate::mock::family::body::{malformed, parse};
use crate::mock::wire::Exception;

#[derive(Debug, Deserialize)]
struct Request {
    max_tokens: i64,
    messages: Vec<Message>,
    system: Option<Content>,
    temperature: Option<f64>,
    top_p: Option<f64>,
    #[serde(default)]
    stop_sequences: Vec<String>,
    #[serde(default)]
    tools: Vec<ToolSpec>,
    tool_choice: Option<ToolChoice>,
}

#[derive(Debug, Deserialize)]
struct Message {
    role: String,
    content: Content,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Content {
    Text(String),
    Blocks(Vec<Block>),
}

/// A block of any kind; those that hold no text are taken and not looked at.
#[derive(Debug, Deserialize)]
struct Block {
    text: Option<String>,
    /// Of the tool that was used.
    name: Option<String>,
    input: Option<Value>,
    /// What the tool gave.
    content: Option<Content>,
}

#[derive(Debug, Deserialize)]
struct ToolSpec {
    name: String,
    #[serde(default)]
    description: String,
    /// Anthropic's own tools have none.
    #[serde(default)]
    input_schema: Value,
}

#[derive(Debug, Deserialize)]
#[serde(tag = "type", rename_all = "lowercase")]
enum ToolChoice {
    Auto,
    None,
    Any,
    Tool { name: String },
}

pub fn read(body: &[u8], model: &str) -> Result<Asked, Exception> {
    let body = parse(body)?;
    let missing = |key: &&str| !body.contains_key(*key);
    if body.contains_key("prompt") && missing(&"messages") {
        let name = model_name(model);
        return Err(Exception::validation(format!(
            "\"{name}\" is not supported on this API. Please use the Messages API instead."
        )));
    }
    let missing: Vec<_> = ["messages", "max_tokens", "anthropic_version"].into_iter().filter(missing).collect();
    if !missing.is_empty() {
        // Of the two bodies that its schema knows, one with messages is at least not the old one.
        let old = if missing.contains(&"messages") {
            ""
        } else {
            r#"#: subject must not be valid against schema {"required":["messages"]}"#
        };
        let missing: String = missing.iter().map(|key| format!("#: required key [{key}] not found")).collect();
        return Err(malformed(&format!("{old}{missing}")));
    }
    if !body["anthropic_version"].is_string() {
        return Err(malformed("#/anthropic_version: expected type: String"));
    }
    let request: Request = serde_json::from_value(body.into()).map_err(|error| malformed(&format!("#: {error}")))?;
    request.asked()
}

impl Request {
    fn asked(self) -> Result<Asked, Exception> {
        self.check()?;
        let mut length = Length::default();
        self.messages.iter().map(|message| &message.content).chain(&self.system).for_each(|c| c.add_to(&mut length));
        let tools = self.tools.into_iter();
        let tools: Vec<_> = tools
            .map(|tool| Tool { name: tool.name, description: tool.description, schema: tool.input_schema })
            .collect();
        tools.iter().for_each(|tool| length.tool(tool));
        let choice = match self.tool_choice {
            None | Some(ToolChoice::Auto | ToolChoice::None) => Choice::Free,
            Some(ToolChoice::Any) => Choice::Any,
            Some(ToolChoice::Tool { name }) => Choice::Named(name),
        };
        let forced = choice
            .of(tools)
            .map_err(|name| Exception::validation(format!("Tool '{name}' not found in provided tools")))?;
        let max_tokens = u32::try_from(self.max_tokens).unwrap_or(u32::MAX).min(MODEL_MAXIMUM);
        Ok(Asked { input_tokens: length.tokens(), max_tokens, stop_sequences: self.stop_sequences, forced })
    }

    fn check(&self) -> Result<(), Exception> {
        let refuse = |message: String| Err(Exception::validation(message));
        if self.max_tokens < 1 {
            return refuse("max_tokens: must be greater than or equal to 1".into());
        }
        for (name, value) in [("temperature", self.temperature), ("top_p", self.top_p)] {
            if value.is_some_and(|value| !(0.0..=1.0).contains(&value)) {
                return refuse(format!("{name}: range: 0..1"));
            }
        }
        if self.stop_sequences.iter().any(|sequence| sequence.trim().is_empty()) {
            return refuse("stop_sequences: each stop sequence must contain non-whitespace".into());
        }
        let Some(first) = self.messages.first() else {
            return refuse("messages: at least one message is required".into());
        };
        for (i, message) in self.messages.iter().enumerate() {
            let role = message.role.as_str();
            if !matches!(role, "user" | "assistant") {
                return refuse(format!(
                    r#"messages: Unexpected role "{role}". Allowed roles are "user" or "assistant""#
                ));
            }
            let optional = role == "assistant" && i + 1 == self.messages.len();
            if message.content.is_empty() && !optional {
                return refuse(format!(
                    "messages.{i}: all messages must have non-empty content except for the optional final assistant message"
                ));
            }
            if message.content.has_blank_block() {
                return refuse("messages: text content blocks must be non-empty".into());
            }
        }
        if first.role != "user" {
            return refuse(r#"messages: first message must use the "user" role"#.into());
        }
        if self.tools.is_empty() && self.tool_choice.is_some() {
            return refuse("tool_choice: may only be specified while providing tools".into());
        }
        Ok(())
    }
}

impl Content {
    fn is_empty(&self) -> bool {
        match self {
            Self::Text(text) => text.is_empty(),
            Self::Blocks(blocks) => blocks.is_empty(),
        }
    }

    fn has_blank_block(&self) -> bool {
        let Self::Blocks(blocks) = self else { return false };
        blocks.iter().any(|block| block.text.as_ref().is_some_and(|text| text.trim().is_empty()))
    }

    fn add_to(&self, length: &mut Length) {
        match self {
            Self::Text(text) => length.text(text),
            Self::Blocks(blocks) => blocks.iter().for_each(|block| block.add_to(length)),
        }
    }
}

impl Block {
    fn add_to(&self, length: &mut Length) {
        [&self.text, &self.name].into_iter().flatten().for_each(|text| length.text(text));
        self.input.iter().for_each(|input| length.json(input));
        self.content.iter().for_each(|content| content.add_to(length));
    }
}
