//! Anthropic Claude: the Messages API, as Bedrock takes it.

mod read;
mod write;

use super::{Family, Invoke};

pub const FAMILY: Family = Family {
    name: "Anthropic Claude",
    prefixes: &["anthropic.claude"],
    invoke: Some(Invoke { read: read::read, shape: write::SHAPE }),
};

/// `claude-3-haiku-20240307` of `anthropic.claude-3-haiku-20240307-v1:0`: what Anthropic calls it.
fn model_name(id: &str) -> &str {
    let name = id.strip_prefix("anthropic.").unwrap_or(id);
    let version = |end: &str| end.starts_with(|first: char| first.is_ascii_digit());
    name.rsplit_once("-v").filter(|(_, end)| version(end)).map_or(name, |(name, _)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn models_have_names_without_vendor_and_version() {
        for (id, name) in [
            ("anthropic.claude-3-haiku-20240307-v1:0", "claude-3-haiku-20240307"),
            ("anthropic.claude-opus-4-6-v1", "claude-opus-4-6"),
            ("anthropic.claude-sonnet-4-6", "claude-sonnet-4-6"),
        ] {
            assert_eq!(model_name(id), name);
        }
    }
}
