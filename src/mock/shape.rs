//! How an answer is put into JSON: whole, or as the events of a stream.

use std::ops::Range;

use serde_json::Value;

use super::reply::Reply;

/// One way to say a [`Reply`]. The events of Converse, and of models that speak like it, are objects
/// with one key, the event's name.
pub struct Shape {
    pub whole: fn(&Reply) -> Value,
    /// What comes before the first token.
    pub begin: fn(&Reply) -> Vec<Value>,
    /// What tells these tokens.
    pub delta: fn(&Reply, Range<u32>) -> Vec<Value>,
    /// What comes after the last token.
    pub end: fn(&Reply) -> Vec<Value>,
}

/// Of shapes that have nothing to say there.
pub fn nothing(_: &Reply) -> Vec<Value> {
    Vec::new()
}
