//! Vendors whose own bodies the mock does not read.

use super::Family;

pub const FAMILY: Family = Family {
    name: "models of this vendor",
    prefixes: &[
        "ai21.",
        "cohere.command",
        "deepseek.",
        "google.gemma",
        "minimax.",
        "moonshot",
        "nvidia.nemotron",
        "openai.",
        "qwen.",
        "writer.",
        "zai.",
    ],
    invoke: None,
};
