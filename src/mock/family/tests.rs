use std::time::Duration;

use aws_smithy_eventstream::frame::read_message_from;
use aws_smithy_types::base64;
use serde_json::{Value, json};

use super::*;
use crate::core::{RegionId, RequestKey, RunTime};
use crate::mock::converse;
use crate::mock::reply::{Reply, Said};
use crate::mock::stream::{Events, Framing};
use crate::region::call::Timeline;

const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";
const NOVA: &str = "amazon.nova-lite-v1:0";
const TITAN: &str = "amazon.titan-text-express-v1";
const LLAMA: &str = "meta.llama3-8b-instruct-v1:0";
const MISTRAL: &str = "mistral.mistral-7b-instruct-v0:2";

fn invoke(model: &str) -> &'static Invoke {
    of(model).unwrap().invoke.as_ref().unwrap()
}

fn read(model: &str, body: &Value) -> Result<Asked, String> {
    (invoke(model).read)(body.to_string().as_bytes(), model).map_err(|refused| {
        assert_eq!(refused.name, "ValidationException");
        refused.message
    })
}

/// The answer of ten tokens to `asked`: 100 ms to the first, 10 ms between them.
fn reply(model: &str, asked: &Asked) -> Reply {
    let said = Said::new(RequestKey(0), model.into(), asked, 10);
    let timeline = Timeline {
        place: RegionId::SYDNEY,
        arrived: RunTime::ZERO,
        started: RunTime::ZERO,
        first_token: RunTime::ZERO + Duration::from_millis(100),
        gap: Duration::from_millis(10),
        tokens: said.tokens(),
        fault: None,
    };
    Reply { said, timeline }
}

fn whole(model: &str, body: &Value) -> Value {
    (invoke(model).shape.whole)(&reply(model, &read(model, body).unwrap()))
}

/// The events inside the chunks of a stream; the metrics are taken off the last.
fn chunks(model: &str, body: &Value) -> Vec<Value> {
    let reply = reply(model, &read(model, body).unwrap());
    let events = Events::new(reply, &invoke(model).shape, Framing::Chunks);
    let mut inner: Vec<Value> = events
        .map(|event| {
            let message = read_message_from(&mut event.bytes()).unwrap();
            let payload: Value = serde_json::from_slice(message.payload()).unwrap();
            serde_json::from_slice(&base64::decode(payload["bytes"].as_str().unwrap()).unwrap()).unwrap()
        })
        .collect();
    let (last, others) = inner.split_last_mut().unwrap();
    assert!(others.iter().all(|event| event.get("amazon-bedrock-invocationMetrics").is_none()));
    let metrics = last.as_object_mut().unwrap().remove("amazon-bedrock-invocationMetrics").unwrap();
    assert_eq!((&metrics["invocationLatency"], &metrics["firstByteLatency"]), (&json!(190), &json!(100)));
    assert_eq!((&metrics["inputTokenCount"], &metrics["outputTokenCount"]), (&json!(2), &json!(10)));
    inner
}

fn messages() -> Value {
    json!([{ "role": "user", "content": [{ "type": "text", "text": "Hello" }] }])
}

fn claude(more: Value) -> Value {
    let mut body = json!({ "anthropic_version": "bedrock-2023-05-31", "max_tokens": 100, "messages": messages() });
    body.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    body
}

const TEXT: &str = "mock answer from bedbench no model was asked mock answer";

#[test]
fn no_two_families_claim_the_same_ids() {
    let prefixes: Vec<_> = FAMILIES.iter().flat_map(|family| family.prefixes).collect();
    for (i, prefix) in prefixes.iter().enumerate() {
        let others = prefixes.iter().enumerate().filter(|(k, _)| *k != i);
        assert!(others.into_iter().all(|(_, other)| !prefix.starts_with(**other)), "{prefix} is claimed twice");
    }
    assert!(of("x").is_none() && of("").is_none());
    assert!(of("qwen.qwen3-32b-v1:0").unwrap().invoke.is_none());
}

#[test]
fn claude_answers_as_the_messages_api() {
    let whole = whole(CLAUDE, &claude(json!({})));
    assert!(whole["id"].as_str().unwrap().starts_with("msg_bdrk_01"));
    assert_eq!((&whole["type"], &whole["role"]), (&json!("message"), &json!("assistant")));
    assert_eq!(whole["model"], "claude-3-haiku-20240307");
    assert_eq!(whole["content"], json!([{ "type": "text", "text": TEXT }]));
    assert_eq!((&whole["stop_reason"], &whole["stop_sequence"]), (&json!("end_turn"), &Value::Null));
    assert_eq!((&whole["usage"]["input_tokens"], &whole["usage"]["output_tokens"]), (&json!(2), &json!(10)));

    let events = chunks(CLAUDE, &claude(json!({})));
    let kinds: Vec<_> = events.iter().map(|event| event["type"].as_str().unwrap()).collect();
    let deltas = ["content_block_delta"; 4];
    let end = ["content_block_stop", "message_delta", "message_stop"];
    assert_eq!(kinds, [&["message_start", "content_block_start"][..], &deltas, &end].concat());
    assert_eq!(events[0]["message"]["usage"]["output_tokens"], 1);
    assert_eq!(events[1]["content_block"], json!({ "type": "text", "text": "" }));
    let said: String = events[2..6].iter().map(|event| event["delta"]["text"].as_str().unwrap()).collect();
    assert_eq!(said, TEXT);
    assert_eq!(events[7]["delta"], json!({ "stop_reason": "end_turn", "stop_sequence": null }));
    assert_eq!(events[7]["usage"]["output_tokens"], 10);
}

#[test]
fn claude_uses_a_tool_that_is_forced() {
    let tool =
        json!({ "name": "t", "input_schema": { "type": "object", "properties": { "n": { "type": "integer" } } } });
    let forced = claude(json!({ "tools": [tool], "tool_choice": { "type": "tool", "name": "t" } }));
    let answer = whole(CLAUDE, &forced);
    assert_eq!(answer["stop_reason"], "tool_use");
    let block = &answer["content"][0];
    assert_eq!(
        (&block["type"], &block["name"], &block["input"]),
        (&json!("tool_use"), &json!("t"), &json!({ "n": 1 }))
    );
    let free = claude(json!({ "tools": [tool], "tool_choice": { "type": "auto" } }));
    assert_eq!(whole(CLAUDE, &free)["content"][0]["type"], "text");
    let cut = claude(json!({ "tools": [tool], "tool_choice": { "type": "any" }, "max_tokens": 1 }));
    let cut = whole(CLAUDE, &cut);
    assert_eq!((&cut["stop_reason"], &cut["content"][0]["input"]), (&json!("max_tokens"), &json!({})));
}

#[test]
fn claude_stops_at_a_sequence_and_at_the_limit() {
    let stopped = whole(CLAUDE, &claude(json!({ "stop_sequences": ["model"] })));
    assert_eq!((&stopped["stop_reason"], &stopped["stop_sequence"]), (&json!("stop_sequence"), &json!("model")));
    assert_eq!(stopped["content"][0]["text"], "mock answer from bedbench no ");
    assert_eq!(stopped["usage"]["output_tokens"], 6);
    let limited = whole(CLAUDE, &claude(json!({ "max_tokens": 3 })));
    assert_eq!(
        (&limited["stop_reason"], &limited["content"][0]["text"]),
        (&json!("max_tokens"), &json!("mock answer from"))
    );
}

#[test]
fn claude_refuses_as_the_service_does() {
    let without = |key: &str| {
        let mut body = claude(json!({}));
        body.as_object_mut().unwrap().remove(key);
        body
    };
    let user = |content: Value| json!({ "role": "user", "content": content });
    for (body, wrong) in [
        (json!("x"), "Malformed input request: #: expected type: JSONObject, found: String, please reformat"),
        (without("max_tokens"), "#: required key [max_tokens] not found, please reformat your input and try again."),
        (without("anthropic_version"), "#: required key [anthropic_version] not found"),
        (without("messages"), "Malformed input request: #: required key [messages] not found, please"),
        (
            json!({ "prompt": "\n\nHuman: x\n\nAssistant:", "max_tokens_to_sample": 10 }),
            r#""claude-3-haiku-20240307" is not supported on this API. Please use the Messages API instead."#,
        ),
        (claude(json!({ "messages": [] })), "messages: at least one message is required"),
        (claude(json!({ "messages": "x" })), "Malformed input request: "),
        (claude(json!({ "messages": [{ "role": "assistant", "content": "x" }] })), r#"must use the "user" role"#),
        (claude(json!({ "messages": [{ "role": "system", "content": "x" }] })), r#"Unexpected role "system""#),
        (claude(json!({ "messages": [user(json!(""))] })), "messages.0: all messages must have non-empty content"),
        (claude(json!({ "messages": [user(json!([{ "type": "text", "text": "" }]))] })), "must be non-empty"),
        (claude(json!({ "max_tokens": 0 })), "max_tokens: must be greater than or equal to 1"),
        (claude(json!({ "temperature": 1.5 })), "temperature: range: 0..1"),
        (claude(json!({ "tool_choice": { "type": "any" } })), "tool_choice"),
    ] {
        let message = read(CLAUDE, &body).unwrap_err();
        assert!(message.contains(wrong), "{body}: {message}");
    }
    let twice = claude(json!({ "messages": [user(json!("one")), user(json!("two"))] }));
    assert!(read(CLAUDE, &twice).is_ok(), "the Messages API joins them");
}

#[test]
fn nova_answers_nearly_as_converse_does() {
    let body = json!({
        "schemaVersion": "messages-v1",
        "messages": [{ "role": "user", "content": [{ "text": "Hello" }] }],
        "inferenceConfig": { "max_new_tokens": 100, "topP": 0.9, "topK": 20 },
    });
    let answer = whole(NOVA, &body);
    assert_eq!(answer["output"]["message"], json!({ "role": "assistant", "content": [{ "text": TEXT }] }));
    assert_eq!(answer["usage"], json!({ "inputTokens": 2, "outputTokens": 10, "totalTokens": 12 }));
    assert_eq!((&answer["stopReason"], answer.get("metrics")), (&json!("end_turn"), None));
    let events = chunks(NOVA, &body);
    assert_eq!(events[0], json!({ "messageStart": { "role": "assistant" } }));
    for (index, pair) in events[1..9].chunks(2).enumerate() {
        assert_eq!(pair[0]["contentBlockDelta"]["contentBlockIndex"], index);
        assert_eq!(pair[1], json!({ "contentBlockStop": { "contentBlockIndex": index } }));
    }
    assert_eq!(events[9], json!({ "messageStop": { "stopReason": "end_turn" } }));
    assert_eq!(events[10]["metadata"]["usage"], json!({ "inputTokens": 2, "outputTokens": 10 }));
    let mut limited = body.clone();
    limited["inferenceConfig"]["max_new_tokens"] = 4.into();
    assert_eq!(whole(NOVA, &limited)["stopReason"], "max_tokens");
    limited["inferenceConfig"]["max_new_tokens"] = 0.into();
    assert!(read(NOVA, &limited).unwrap_err().contains("maxTokens"));
    assert!(read(NOVA, &json!({ "inputText": "x" })).unwrap_err().contains("required key [messages]"));
}

#[test]
fn titan_answers_with_results() {
    let body =
        json!({ "inputText": "Hello", "textGenerationConfig": { "maxTokenCount": 100, "stopSequences": ["xx"] } });
    let result = json!({ "tokenCount": 10, "outputText": TEXT, "completionReason": "FINISH" });
    assert_eq!(whole(TITAN, &body), json!({ "inputTextTokenCount": 2, "results": [result] }));
    let events = chunks(TITAN, &body);
    let said: String = events.iter().map(|event| event["outputText"].as_str().unwrap()).collect();
    assert_eq!(said, TEXT);
    assert_eq!(events[0]["completionReason"], Value::Null);
    let last = events.last().unwrap();
    assert_eq!((&last["completionReason"], &last["totalOutputTextTokenCount"]), (&json!("FINISH"), &json!(10)));
    let limited = json!({ "inputText": "Hello", "textGenerationConfig": { "maxTokenCount": 2 } });
    assert_eq!(whole(TITAN, &limited)["results"][0]["completionReason"], "LENGTH");
}

#[test]
fn llama_answers_with_a_generation() {
    let body = json!({ "prompt": "Hello", "max_gen_len": 100, "temperature": 0.5 });
    let expected = json!({
        "generation": TEXT, "prompt_token_count": 2, "generation_token_count": 10, "stop_reason": "stop",
    });
    assert_eq!(whole(LLAMA, &body), expected);
    let events = chunks(LLAMA, &body);
    let counts: Vec<_> = events.iter().map(|event| event["generation_token_count"].as_u64().unwrap()).collect();
    assert_eq!(counts, [1, 5, 9, 10]);
    assert_eq!((&events[0]["prompt_token_count"], &events[1]["prompt_token_count"]), (&json!(2), &Value::Null));
    assert_eq!((&events[0]["stop_reason"], &events[3]["stop_reason"]), (&Value::Null, &json!("stop")));
    assert_eq!(whole(LLAMA, &json!({ "prompt": "Hello", "max_gen_len": 10 }))["stop_reason"], "length");
}

#[test]
fn mistral_answers_with_outputs_and_no_usage() {
    let body = json!({ "prompt": "Hello", "max_tokens": 100, "stop": ["xx"], "top_k": 50 });
    assert_eq!(whole(MISTRAL, &body), json!({ "outputs": [{ "text": TEXT, "stop_reason": "stop" }] }));
    let events = chunks(MISTRAL, &body);
    assert_eq!(events[0], json!({ "outputs": [{ "text": "mock", "stop_reason": null }] }));
    assert_eq!(events[3]["outputs"][0]["stop_reason"], "stop");
}

#[test]
fn models_with_a_schema_are_refused_by_it() {
    for (model, body, wrong) in [
        (
            TITAN,
            json!({ "prompt": "x" }),
            "#: required key [inputText] not found#: extraneous key [prompt] is not permitted",
        ),
        (TITAN, json!({ "inputText": 1 }), "#/inputText: expected type: String, found: Integer"),
        (
            TITAN,
            json!({ "inputText": "x", "textGenerationConfig": { "maxTokenCount": 0, "max_tokens": 1 } }),
            "#/textGenerationConfig/maxTokenCount: 0 is not greater or equal to 1#/textGenerationConfig: extraneous key",
        ),
        (LLAMA, json!({ "prompt": "x", "temperature": 2 }), "#/temperature: 2 is not less or equal to 1"),
        (LLAMA, json!({ "prompt": "x", "max_gen_len": "5" }), "#/max_gen_len: expected type: Integer, found: String"),
        (LLAMA, json!({ "prompt": "" }), "#/prompt: expected minLength: 1, actual: 0"),
        (MISTRAL, json!({ "prompt": "x", "stop": ["y", 1] }), "#/stop/1: expected type: String, found: Integer"),
        (MISTRAL, json!({ "prompt": "x", "stop": "y" }), "#/stop: expected type: JSONArray, found: String"),
    ] {
        let message = read(model, &body).unwrap_err();
        assert!(message.starts_with("Malformed input request: ") && message.contains(wrong), "{body}: {message}");
        assert!(message.ends_with(", please reformat your input and try again."), "{message}");
    }
    for model in [CLAUDE, NOVA, TITAN, LLAMA, MISTRAL] {
        let refused = (invoke(model).read)(b"{", model).unwrap_err();
        assert_eq!(refused.message, "Malformed input request, please reformat your input and try again.");
    }
}

/// Text, tools and what tools gave count the same wherever they stand.
#[test]
fn a_prompt_is_as_long_in_converse_as_in_invoke() {
    let schema = json!({ "type": "object", "properties": { "city": { "type": "string" } } });
    let converse = json!({
        "system": [{ "text": "Be brief." }],
        "messages": [
            { "role": "user", "content": [{ "text": "How is the weather?" }] },
            { "role": "assistant", "content": [{ "toolUse": { "toolUseId": "1", "name": "weather", "input": { "b": 1, "a": 2 } } }] },
            { "role": "user", "content": [{ "toolResult": { "toolUseId": "1", "content": [{ "text": "Fine." }] } }] },
        ],
        "toolConfig": { "tools": [{ "toolSpec": { "name": "weather", "description": "Tells it", "inputSchema": { "json": schema } } }] },
    });
    let invoke = claude(json!({
        "system": "Be brief.",
        "messages": [
            { "role": "user", "content": "How is the weather?" },
            { "role": "assistant", "content": [{ "type": "tool_use", "id": "1", "name": "weather", "input": { "a": 2, "b": 1 } }] },
            { "role": "user", "content": [{ "type": "tool_result", "tool_use_id": "1", "content": "Fine." }] },
        ],
        "tools": [{ "name": "weather", "description": "Tells it", "input_schema": schema }],
    }));
    let tokens = converse::read(converse.to_string().as_bytes()).unwrap().input_tokens;
    assert_eq!(read(CLAUDE, &invoke).unwrap().input_tokens, tokens);
    assert_eq!(read(NOVA, &converse).unwrap().input_tokens, tokens);
    assert!(tokens > 20);
}
