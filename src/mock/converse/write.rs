//! Answers as Converse and ConverseStream give them.

use std::ops::Range;

use serde_json::{Value, json};

use crate::mock::reply::Reply;
use crate::mock::shape::Shape;

pub const SHAPE: Shape = Shape { whole, begin, delta, end };

fn whole(reply: &Reply) -> Value {
    let said = &reply.said;
    let block = match &said.tool {
        Some(name) => {
            json!({ "toolUse": { "input": said.tool_input(), "name": name, "toolUseId": said.id("tooluse_", 22) } })
        }
        None => json!({ "text": said.written.text() }),
    };
    json!({
        "metrics": { "latencyMs": reply.latency_ms() },
        "output": { "message": { "content": [block], "role": "assistant" } },
        "stopReason": said.stop.name(),
        "usage": reply.usage(),
    })
}

fn begin(reply: &Reply) -> Vec<Value> {
    let start = json!({ "messageStart": { "role": "assistant" } });
    std::iter::once(start).chain(tool_start(reply)).collect()
}

/// Blocks of text start with their first delta; only a tool's block is announced.
fn tool_start(reply: &Reply) -> Option<Value> {
    let name = reply.said.tool.as_ref()?;
    let tool = json!({ "name": name, "toolUseId": reply.said.id("tooluse_", 22) });
    Some(json!({ "contentBlockStart": { "contentBlockIndex": 0, "start": { "toolUse": tool } } }))
}

fn delta(reply: &Reply, tokens: Range<u32>) -> Vec<Value> {
    let part = reply.said.written.part(tokens);
    if part.is_empty() {
        return Vec::new();
    }
    let delta = match reply.said.tool {
        Some(_) => json!({ "toolUse": { "input": part } }),
        None => json!({ "text": part }),
    };
    vec![json!({ "contentBlockDelta": { "contentBlockIndex": 0, "delta": delta } })]
}

fn end(reply: &Reply) -> Vec<Value> {
    vec![
        json!({ "contentBlockStop": { "contentBlockIndex": 0 } }),
        json!({ "messageStop": { "stopReason": reply.said.stop.name() } }),
        json!({ "metadata": { "metrics": { "latencyMs": reply.latency_ms() }, "usage": reply.usage() } }),
    ]
}
