//! Mistral's text models. Their body names no usage: it is in the headers and the metrics.

use std::ops::Range;

use serde_json::{Value, json};

use super::body::{Keys, parse};
use super::{Family, Invoke};
use crate::mock::asked::{Asked, Length};
use crate::mock::reply::{Reply, Stop};
use crate::mock::shape::{Shape, nothing};
use crate::mock::wire::Exception;

pub const FAMILY: Family = Family {
    name: "Mistral",
    prefixes: &["mistral."],
    invoke: Some(Invoke { read, shape: Shape { whole, begin: nothing, delta, end: nothing } }),
};

/// Output of a request that does not limit itself.
const DEFAULT_MAXIMUM: u32 = 512;

fn read(body: &[u8], _model: &str) -> Result<Asked, Exception> {
    let body = parse(body)?;
    let mut keys = Keys::of(&body);
    let mut length = Length::default();
    length.text(keys.required_text("prompt"));
    let max_tokens = keys.tokens("max_tokens").unwrap_or(DEFAULT_MAXIMUM);
    let stop_sequences = keys.texts("stop");
    keys.share("temperature");
    keys.share("top_p");
    keys.ignored("top_k");
    keys.finish()?;
    Ok(Asked { input_tokens: length.tokens(), max_tokens, stop_sequences, forced: None })
}

fn reason(reply: &Reply) -> &'static str {
    if reply.said.stop == Stop::MaxTokens { "length" } else { "stop" }
}

fn whole(reply: &Reply) -> Value {
    json!({ "outputs": [{ "text": reply.said.written.text(), "stop_reason": reason(reply) }] })
}

fn delta(reply: &Reply, tokens: Range<u32>) -> Vec<Value> {
    let last = tokens.end == reply.said.tokens();
    let text = reply.said.written.part(tokens);
    vec![json!({ "outputs": [{ "text": text, "stop_reason": last.then(|| reason(reply)) }] })]
}
