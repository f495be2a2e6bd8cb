//! Meta Llama.

use std::ops::Range;

use serde_json::{Value, json};

use super::body::{Keys, parse};
use super::{Family, Invoke};
use crate::mock::asked::{Asked, Length};
use crate::mock::reply::{Reply, Stop};
use crate::mock::shape::{Shape, nothing};
use crate::mock::wire::Exception;

pub const FAMILY: Family = Family {
    name: "Llama",
    prefixes: &["meta.llama"],
    invoke: Some(Invoke { read, shape: Shape { whole, begin: nothing, delta, end: nothing } }),
};

/// Output of a request that does not limit itself.
const DEFAULT_MAXIMUM: u32 = 512;

fn read(body: &[u8], _model: &str) -> Result<Asked, Exception> {
    let body = parse(body)?;
    let mut keys = Keys::of(&body);
    let mut length = Length::default();
    length.text(keys.required_text("prompt"));
    let max_tokens = keys.tokens("max_gen_len").unwrap_or(DEFAULT_MAXIMUM);
    keys.share("temperature");
    keys.share("top_p");
    keys.ignored("images");
    keys.finish()?;
    Ok(Asked { input_tokens: length.tokens(), max_tokens, stop_sequences: Vec::new(), forced: None })
}

fn reason(reply: &Reply) -> &'static str {
    if reply.said.stop == Stop::MaxTokens { "length" } else { "stop" }
}

fn whole(reply: &Reply) -> Value {
    let said = &reply.said;
    json!({
        "generation": said.written.text(),
        "prompt_token_count": said.input_tokens,
        "generation_token_count": said.tokens(),
        "stop_reason": reason(reply),
    })
}

/// The prompt's tokens are told once, in the first event; the answer's are told as they grow.
fn delta(reply: &Reply, tokens: Range<u32>) -> Vec<Value> {
    let (first, last) = (tokens.start == 0, tokens.end == reply.said.tokens());
    vec![json!({
        "generation_token_count": tokens.end,
        "prompt_token_count": first.then_some(reply.said.input_tokens),
        "stop_reason": last.then(|| reason(reply)),
        "generation": reply.said.written.part(tokens),
    })]
}
