//! Amazon Titan Text.

use std::ops::Range;

use serde_json::{Value, json};

use super::body::{Keys, parse};
use super::{Family, Invoke};
use crate::mock::asked::{Asked, Length};
use crate::mock::reply::{Reply, Stop};
use crate::mock::shape::{Shape, nothing};
use crate::mock::wire::Exception;

pub const FAMILY: Family = Family {
    name: "Titan Text",
    prefixes: &["amazon.titan-text", "amazon.titan-tg1"],
    invoke: Some(Invoke { read, shape: Shape { whole, begin: nothing, delta, end: nothing } }),
};

/// Output of a request that does not limit itself.
const DEFAULT_MAXIMUM: u32 = 512;

fn read(body: &[u8], _model: &str) -> Result<Asked, Exception> {
    let body = parse(body)?;
    let mut keys = Keys::of(&body);
    let mut length = Length::default();
    length.text(keys.required_text("inputText"));
    let (max_tokens, stop_sequences) = keys.object("textGenerationConfig", |config| {
        config.share("temperature");
        config.share("topP");
        (config.tokens("maxTokenCount"), config.texts("stopSequences"))
    });
    keys.finish()?;
    let max_tokens = max_tokens.unwrap_or(DEFAULT_MAXIMUM);
    Ok(Asked { input_tokens: length.tokens(), max_tokens, stop_sequences, forced: None })
}

fn reason(reply: &Reply) -> &'static str {
    match reply.said.stop {
        Stop::MaxTokens => "LENGTH",
        Stop::Sequence(_) => "STOP_CRITERIA_MET",
        Stop::EndTurn | Stop::ToolUse => "FINISH",
    }
}

fn whole(reply: &Reply) -> Value {
    let said = &reply.said;
    let result =
        json!({ "tokenCount": said.tokens(), "outputText": said.written.text(), "completionReason": reason(reply) });
    json!({ "inputTextTokenCount": said.input_tokens, "results": [result] })
}

/// The last event tells why and how much; there is none without text.
fn delta(reply: &Reply, tokens: Range<u32>) -> Vec<Value> {
    let last = tokens.end == reply.said.tokens();
    vec![json!({
        "outputText": reply.said.written.part(tokens),
        "index": 0,
        "totalOutputTextTokenCount": last.then(|| reply.said.tokens()),
        "completionReason": last.then(|| reason(reply)),
        "inputTextTokenCount": last.then_some(reply.said.input_tokens),
    })]
}
