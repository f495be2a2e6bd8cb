//! Amazon Nova: speaks nearly as Converse does, in requests and in answers.

use std::ops::Range;

use serde_json::{Value, json};

use super::body::{malformed, parse};
use super::{Family, Invoke};
use crate::mock::asked::Asked;
use crate::mock::converse;
use crate::mock::reply::Reply;
use crate::mock::shape::Shape;
use crate::mock::stream::TOKENS_PER_EVENT;
use crate::mock::wire::Exception;

pub const FAMILY: Family = Family {
    name: "Nova",
    prefixes: &["amazon.nova"],
    invoke: Some(Invoke { read, shape: Shape { whole, begin: converse::SHAPE.begin, delta, end } }),
};

/// Its body is Converse's but for the name of one limit, and it takes that one as well.
fn read(body: &[u8], _model: &str) -> Result<Asked, Exception> {
    let mut body = parse(body)?;
    if !body.contains_key("messages") {
        return Err(malformed("#: required key [messages] not found"));
    }
    if let Some(Value::Object(limits)) = body.get_mut("inferenceConfig")
        && let Some(tokens) = limits.remove("max_new_tokens")
    {
        limits.insert("maxTokens".into(), tokens);
    }
    let request = serde_json::from_value::<converse::Request>(body.into());
    request.map_err(|error| malformed(&format!("#: {error}")))?.asked()
}

fn whole(reply: &Reply) -> Value {
    let mut whole = (converse::SHAPE.whole)(reply);
    if let Some(whole) = whole.as_object_mut() {
        whole.remove("metrics");
    }
    whole
}

/// Every event of text is a block of its own, as recorded from Nova Micro; a tool's is one block.
fn delta(reply: &Reply, tokens: Range<u32>) -> Vec<Value> {
    let index = tokens.start.div_ceil(TOKENS_PER_EVENT);
    let mut events = (converse::SHAPE.delta)(reply, tokens);
    if let (None, Some(event)) = (&reply.said.tool, events.first_mut()) {
        event["contentBlockDelta"]["contentBlockIndex"] = index.into();
        events.push(json!({ "contentBlockStop": { "contentBlockIndex": index } }));
    }
    events
}

fn end(reply: &Reply) -> Vec<Value> {
    let (input, output) = (reply.said.input_tokens, reply.said.tokens());
    let mut events = vec![
        json!({ "messageStop": { "stopReason": reply.said.stop.name() } }),
        json!({ "metadata": { "usage": { "inputTokens": input, "outputTokens": output }, "metrics": {}, "trace": {} } }),
    ];
    if reply.said.tool.is_some() {
        events.insert(0, json!({ "contentBlockStop": { "contentBlockIndex": 0 } }));
    }
    events
}
