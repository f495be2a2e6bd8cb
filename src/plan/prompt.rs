//! Synthetic prompts: text that is nobody's, of about the length asked for.

use rand::RngExt;

use crate::core::Request;
use crate::core::seed::{Purpose, Seed, fnv1a};

/// A rule of thumb for English text. What a model counts is in its usage, not here.
pub const BYTES_PER_TOKEN: usize = 4;

const WORDS: &[&str] = &[
    "harbour",
    "ledger",
    "latency",
    "the",
    "of",
    "and",
    "region",
    "queue",
    "token",
    "a",
    "in",
    "summary",
    "customer",
    "invoice",
    "payment",
    "to",
    "is",
    "report",
    "forecast",
    "policy",
    "with",
    "claim",
    "order",
    "for",
    "branch",
    "account",
    "statement",
    "on",
    "market",
    "open",
    "close",
    "by",
    "review",
    "contract",
    "clause",
    "risk",
    "that",
    "delivery",
    "warehouse",
    "between",
    "question",
    "answer",
    "sydney",
    "evening",
    "morning",
    "from",
    "service",
];

/// A prompt and its fingerprint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Prompt {
    pub text: String,
    /// FNV-1a of the text.
    pub hash: u64,
}

/// The prompt of one planned request; the same for every route under one seed.
pub fn write(seed: Seed, request: &Request) -> Prompt {
    let mut draws = seed.indexed(Purpose::Prompt, u64::from(request.index));
    let length = request.input_tokens as usize * BYTES_PER_TOKEN;
    // The number makes every prompt different, so that no prompt cache answers for the model.
    let mut text = format!("Note {}: reply with a short summary of this text.", request.index);
    text.reserve(length + 16);
    while text.len() < length {
        text.push(' ');
        text.push_str(WORDS[draws.random_range(0..WORDS.len())]);
    }
    let hash = fnv1a(text.as_bytes());
    Prompt { text, hash }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::RunTime;

    #[test]
    fn a_prompt_is_a_function_of_seed_and_index_and_has_the_length_asked_for() {
        let request = |index| Request { index, intended: RunTime::ZERO, input_tokens: 300, max_tokens: 1 };
        let prompt = write(Seed(1), &request(5));
        assert_eq!(prompt, write(Seed(1), &request(5)));
        assert_ne!(prompt.hash, write(Seed(1), &request(6)).hash);
        assert_ne!(prompt.hash, write(Seed(2), &request(5)).hash);
        let tokens = prompt.text.len() / BYTES_PER_TOKEN;
        assert!((300..=304).contains(&tokens), "{tokens} tokens");
    }
}
