//! Answers as the Messages API gives them.

use std::ops::Range;

use serde_json::{Value, json};

use super::model_name;
use crate::mock::reply::{Reply, Stop};
use crate::mock::shape::Shape;

pub const SHAPE: Shape = Shape { whole, begin, delta, end };

fn message(reply: &Reply, content: Value, written: u32, stop: bool) -> Value {
    let said = &reply.said;
    json!({
        "id": said.id("msg_bdrk_01", 22),
        "type": "message",
        "role": "assistant",
        "model": model_name(&said.model),
        "content": content,
        "stop_reason": stop.then(|| said.stop.name()),
        "stop_sequence": if stop { sequence(reply) } else { None },
        "usage": {
            "input_tokens": said.input_tokens,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": 0,
            "output_tokens": written,
        },
    })
}

fn sequence(reply: &Reply) -> Option<&str> {
    if let Stop::Sequence(sequence) = &reply.said.stop { Some(sequence) } else { None }
}

/// A block that holds `input` if it is a tool's, and `text` if it is not.
fn block(reply: &Reply, input: Value, text: &str) -> Value {
    match &reply.said.tool {
        Some(name) => {
            json!({ "type": "tool_use", "id": reply.said.id("toolu_bdrk_01", 22), "name": name, "input": input })
        }
        None => json!({ "type": "text", "text": text }),
    }
}

fn whole(reply: &Reply) -> Value {
    let said = &reply.said;
    message(reply, json!([block(reply, said.tool_input(), said.written.text())]), said.tokens(), true)
}

fn begin(reply: &Reply) -> Vec<Value> {
    vec![
        json!({ "type": "message_start", "message": message(reply, json!([]), 1, false) }),
        json!({ "type": "content_block_start", "index": 0, "content_block": block(reply, json!({}), "") }),
    ]
}

fn delta(reply: &Reply, tokens: Range<u32>) -> Vec<Value> {
    let part = reply.said.written.part(tokens);
    if part.is_empty() {
        return Vec::new();
    }
    let delta = match reply.said.tool {
        Some(_) => json!({ "type": "input_json_delta", "partial_json": part }),
        None => json!({ "type": "text_delta", "text": part }),
    };
    vec![json!({ "type": "content_block_delta", "index": 0, "delta": delta })]
}

fn end(reply: &Reply) -> Vec<Value> {
    let stop = json!({ "stop_reason": reply.said.stop.name(), "stop_sequence": sequence(reply) });
    vec![
        json!({ "type": "content_block_stop", "index": 0 }),
        json!({ "type": "message_delta", "delta": stop, "usage": { "output_tokens": reply.said.tokens() } }),
        json!({ "type": "message_stop" }),
    ]
}
