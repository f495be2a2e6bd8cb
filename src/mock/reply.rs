//! An answer before anybody has put it into a shape.

use std::sync::Arc;

use serde_json::{Value, json};

use super::asked::Asked;
use super::tool_input;
use super::written::Written;
use crate::core::RequestKey;
use crate::region::call::Timeline;

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stop {
    EndTurn,
    MaxTokens,
    Sequence(String),
    ToolUse,
}

impl Stop {
    /// As Anthropic's and Bedrock's own shapes spell it.
    pub fn name(&self) -> &'static str {
        match self {
            Self::EndTurn => "end_turn",
            Self::MaxTokens => "max_tokens",
            Self::Sequence(_) => "stop_sequence",
            Self::ToolUse => "tool_use",
        }
    }
}

/// What a model says: decided before it is known when.
#[derive(Clone, Debug)]
pub struct Said {
    pub key: RequestKey,
    /// Without a profile prefix.
    pub model: Arc<str>,
    pub input_tokens: u32,
    /// The name of the tool whose input is written; text otherwise.
    pub tool: Option<String>,
    pub written: Written,
    pub stop: Stop,
}

impl Said {
    /// What it takes in memory.
    pub fn size(&self) -> usize {
        size_of::<Self>() + self.written.size()
    }

    /// `drawn` is how much the model would like to write.
    pub fn new(key: RequestKey, model: Arc<str>, asked: &Asked, drawn: u32) -> Self {
        let (written, stop) = match &asked.forced {
            Some(tool) => {
                let mut written = Written::json(tool_input::matching(&tool.schema).to_string());
                let whole = written.tokens() <= asked.max_tokens;
                written.limit(asked.max_tokens);
                (written, if whole { Stop::ToolUse } else { Stop::MaxTokens })
            }
            None => {
                let mut written = Written::words(key, drawn.min(asked.max_tokens));
                let limited = written.tokens() == asked.max_tokens;
                let sequence = written.stop(&asked.stop_sequences).map(str::to_owned);
                let otherwise = if limited { Stop::MaxTokens } else { Stop::EndTurn };
                (written, sequence.map_or(otherwise, Stop::Sequence))
            }
        };
        let tool = asked.forced.as_ref().map(|tool| tool.name.clone());
        Self { key, model, input_tokens: asked.input_tokens, tool, written, stop }
    }

    pub fn tokens(&self) -> u32 {
        self.written.tokens()
    }

    /// The input of the tool; empty when `max_tokens` cut it off.
    pub fn tool_input(&self) -> Value {
        serde_json::from_str(self.written.text()).unwrap_or_else(|_| json!({}))
    }

    /// An id in the service's style, the same for the same request.
    pub fn id(&self, prefix: &str, length: usize) -> String {
        const LETTERS: &[u8] = b"ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz123456789";
        let mut id = prefix.to_owned();
        let mut state = self.key.0;
        for _ in 0..length {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            id.push(char::from(LETTERS[(state >> 33) as usize % LETTERS.len()]));
        }
        id
    }
}

/// What is said, and when.
#[derive(Clone, Debug)]
pub struct Reply {
    pub said: Said,
    pub timeline: Timeline,
}

impl Reply {
    /// From the request's arrival to the last token, as the service counts it.
    pub fn latency_ms(&self) -> u64 {
        self.timeline.last_token().since(self.timeline.arrived).as_millis() as u64
    }

    pub fn first_byte_ms(&self) -> u64 {
        self.timeline.first_token.since(self.timeline.arrived).as_millis() as u64
    }

    pub fn usage(&self) -> Value {
        let (input, output) = (self.said.input_tokens, self.said.tokens());
        json!({ "inputTokens": input, "outputTokens": output, "totalTokens": input + output })
    }
}
