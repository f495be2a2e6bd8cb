//! What a model is asked, whatever shape the question came in.

use serde_json::Value;

use crate::plan::prompt::BYTES_PER_TOKEN;

/// Output of a request that does not limit itself: what the model could write at most.
pub const MODEL_MAXIMUM: u32 = 64_000;

#[derive(Clone, Debug, PartialEq)]
pub struct Asked {
    pub input_tokens: u32,
    pub max_tokens: u32,
    pub stop_sequences: Vec<String>,
    /// The tool that the model has to use.
    pub forced: Option<Tool>,
}

/// A tool as the caller describes it.
#[derive(Clone, Debug, PartialEq)]
pub struct Tool {
    pub name: String,
    pub description: String,
    /// JSON schema of its input.
    pub schema: Value,
}

/// Which tool must be used.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Choice {
    /// The model's own decision: the mock writes text.
    #[default]
    Free,
    /// Any of them: the mock takes the first.
    Any,
    Named(String),
}

impl Choice {
    /// # Errors
    /// The name of a tool that was not described, empty where there is none at all.
    pub fn of(self, tools: Vec<Tool>) -> Result<Option<Tool>, String> {
        let found = match &self {
            Self::Free => return Ok(None),
            Self::Any => tools.into_iter().next(),
            Self::Named(name) => tools.into_iter().find(|tool| tool.name == *name),
        };
        let missing = if let Self::Named(name) = self { name } else { String::new() };
        found.map(Some).ok_or(missing)
    }
}

/// The length of a prompt. The same texts count the same in every shape and operation; pictures and
/// documents count nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Length(usize);

impl Length {
    pub fn text(&mut self, text: &str) {
        self.0 += text.len();
    }

    pub fn json(&mut self, value: &Value) {
        self.text(&value.to_string());
    }

    pub fn tool(&mut self, tool: &Tool) {
        self.text(&tool.name);
        self.text(&tool.description);
        self.json(&tool.schema);
    }

    pub fn tokens(self) -> u32 {
        u32::try_from(self.0.div_ceil(BYTES_PER_TOKEN)).unwrap_or(u32::MAX).max(1)
    }
}
