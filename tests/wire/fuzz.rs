//! Whatever is asked, the mock answers as the service would, and answers the next one too.

use std::sync::LazyLock;
use std::time::Duration;

use aws_smithy_types::base64;
use bedbench::mock::Mock;
use bedbench::region::{Law, PlaceSpec};
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};
use tokio::runtime::Builder;

use crate::raw::{Connection, HELLO, Response};
use crate::setup::{INVOKED, hello, in_time, start, sydney};

static MOCK: LazyLock<Mock> = LazyLock::new(|| {
    let at_once = Law::Fixed(Duration::ZERO);
    start(vec![PlaceSpec { ttft: at_once, tpot: at_once, ..sydney() }])
});

fn ask(method: &str, path: &str, headers: &[(String, String)], body: &[u8]) -> Response {
    let address = MOCK.addresses()[0];
    let runtime = Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let mut connection = Connection::open(address).await;
        let headers: String = headers.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
        let length = body.len();
        let head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\n{headers}content-length: {length}\r\n\r\n");
        connection.write([head.as_bytes(), body].concat()).await;
        let response = in_time("an answer", connection.response()).await.expect("an answer");
        let next = connection.post("/model/amazon.nova-lite-v1%3A0/converse", HELLO).await;
        assert_eq!(next.status, 200, "the next request on the connection: {}", next.text());
        response
    })
}

/// An answer, or a well-formed refusal.
fn check(response: &Response) {
    match response.status {
        200 if response.chunks.is_some() => {
            let frames = response.frames();
            let (headers, payload) = frames.last().expect("frames");
            match headers[0].1.as_str() {
                "metadata" => {}
                "chunk" => {
                    let inner = base64::decode(payload["bytes"].as_str().expect("text")).expect("base64");
                    let inner: Value = serde_json::from_slice(&inner).expect("JSON");
                    assert!(inner["amazon-bedrock-invocationMetrics"].is_object(), "{inner}");
                }
                other => panic!("ends with {other}"),
            }
        }
        200 => {
            let body: Value = serde_json::from_slice(&response.body).expect("JSON");
            let told = body["usage"]["totalTokens"].as_u64().or(body["inputTokens"].as_u64());
            let told = told.or_else(|| response.header("x-amzn-bedrock-input-token-count")?.parse().ok());
            assert!(told.is_some_and(|tokens| tokens > 0), "{body}");
        }
        400 => assert_eq!(response.exception().0, "ValidationException"),
        404 => assert_eq!(response.exception().0, "UnknownOperationException"),
        status => panic!("{status}: {}", response.text()),
    }
    assert!(uuid::Uuid::parse_str(response.header("x-amzn-RequestId").expect("a request id")).is_ok());
}

const OPERATIONS: [&str; 5] = ["invoke", "invoke-with-response-stream", "converse", "converse-stream", "count-tokens"];

fn path() -> impl Strategy<Value = String> {
    (select(&INVOKED[..]), select(&OPERATIONS[..])).prop_map(|(model, operation)| format!("/model/{model}/{operation}"))
}

/// JSON of any kind, with the words that readers look for.
fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
        select(&["user", "assistant", "object", "array", "integer", "#", "#/properties", "tool", "any"][..])
            .prop_map(Value::from),
    ];
    let key = select(
        &[
            "messages",
            "role",
            "content",
            "text",
            "type",
            "json",
            "name",
            "input",
            "toolUse",
            "toolResult",
            "tools",
            "tool_choice",
            "toolConfig",
            "toolChoice",
            "tool",
            "any",
            "toolSpec",
            "inputSchema",
            "input_schema",
            "properties",
            "items",
            "minItems",
            "minimum",
            "maximum",
            "multipleOf",
            "minLength",
            "$ref",
            "anyOf",
            "allOf",
            "required",
            "max_tokens",
            "stop_sequences",
            "system",
            "converse",
            "invokeModel",
            "body",
            "prompt",
            "inputText",
        ][..],
    );
    leaf.prop_recursive(6, 60, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::hash_map(key.clone(), inner, 0..6)
                .prop_map(|entries| entries.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()),
        ]
    })
}

/// A body of some family with something else in one of its places, and a tool of any schema.
fn nearly(model: &'static str) -> impl Strategy<Value = Value> {
    let extra = select(
        &[
            "max_tokens",
            "messages",
            "system",
            "stop_sequences",
            "textGenerationConfig",
            "inferenceConfig",
            "temperature",
            "stop",
            "prompt",
            "toolConfig",
            "tools",
            "tool_choice",
        ][..],
    );
    (proptest::option::of((extra, json())), proptest::option::of(json())).prop_map(move |(change, schema)| {
        let mut body = hello(model);
        if let Some(schema) = schema {
            body["tools"] = json!([{ "name": "t", "input_schema": schema }]);
            body["tool_choice"] = json!({ "type": "any" });
            let tool = json!({ "toolSpec": { "name": "t", "inputSchema": { "json": schema } } });
            body["toolConfig"] = json!({ "tools": [tool], "toolChoice": { "any": {} } });
        }
        if let Some((name, value)) = change {
            body[name] = value;
        }
        body
    })
}

/// Near enough to a request to get past the first checks.
fn converse_body() -> impl Strategy<Value = String> {
    let role = prop_oneof![Just("user"), Just("assistant"), Just("system")];
    let block = prop_oneof![
        any::<String>().prop_map(|text| serde_json::json!({ "text": text })),
        Just(serde_json::json!({ "cachePoint": { "type": "default" } })),
        Just(serde_json::json!("text")),
        Just(serde_json::json!({ "text": null })),
    ];
    let message = (role, prop::collection::vec(block, 0..3))
        .prop_map(|(role, content)| serde_json::json!({ "role": role, "content": content }));
    let limits = prop_oneof![
        Just(serde_json::json!({})),
        any::<i64>().prop_map(|tokens| serde_json::json!({ "maxTokens": tokens })),
        any::<f64>().prop_map(|share| serde_json::json!({ "temperature": share, "topP": share, "maxTokens": 3 })),
    ];
    (prop::collection::vec(message, 0..4), limits).prop_map(|(messages, limits)| {
        serde_json::json!({ "messages": messages, "inferenceConfig": limits, "unknown": { "x": [1] } }).to_string()
    })
}

fn headers() -> impl Strategy<Value = Vec<(String, String)>> {
    let name = prop_oneof![
        Just("amz-sdk-request".to_owned()),
        Just("amz-sdk-invocation-id".to_owned()),
        Just("authorization".to_owned()),
        Just("content-type".to_owned()),
        "x-[a-z]{1,20}",
    ];
    let value = prop_oneof![
        "[ -~]{0,60}",
        "attempt=[0-9]{1,12}; max=[0-9]{0,3}",
        "62656462-[0-9a-f]{4}-8000-[0-9a-f]{4}-[0-9a-f]{12}"
    ];
    prop::collection::vec((name, value), 0..4)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_path_and_headers_are_answered(
        method in "POST|GET|PUT|[A-Z]{3,9}",
        path in prop_oneof![
            "/[a-zA-Z0-9._~:@!$&'()*+,;=%/?-]{0,80}",
            "/model/[a-zA-Z0-9._~:@!$&'()*+,;=%-]{0,40}/(converse|converse-stream|invoke|invoke-with-response-stream|count-tokens)",
            "/model/arn%3A[a-z%0-9]{0,40}/converse",
        ],
        headers in headers(),
    ) {
        // Without a body: by definition of the protocol.
        prop_assume!(method != "HEAD" && method != "CONNECT");
        check(&ask(&method, &path, &headers, HELLO.as_bytes()));
    }

    #[test]
    fn any_bytes_are_refused_and_any_request_like_thing_is_answered(
        bytes in prop::collection::vec(any::<u8>(), 0..300),
        json in json(),
        body in converse_body(),
        path in path(),
    ) {
        check(&ask("POST", &path, &[], &bytes));
        check(&ask("POST", &path, &[], json.to_string().as_bytes()));
        check(&ask("POST", &path, &[], body.as_bytes()));
        let counted = format!(r#"{{"input":{{"converse":{body}}}}}"#);
        check(&ask("POST", &path, &[], counted.as_bytes()));
    }

    #[test]
    fn a_body_with_anything_in_it_is_answered_or_refused(
        (model, body) in select(&INVOKED[..]).prop_flat_map(|model| (Just(model), nearly(model))),
        operation in select(&OPERATIONS[..]),
    ) {
        check(&ask("POST", &format!("/model/{model}/{operation}"), &[], body.to_string().as_bytes()));
        let counted = json!({ "input": { "invokeModel": { "body": base64::encode(body.to_string()) } } });
        check(&ask("POST", &format!("/model/{model}/count-tokens"), &[], counted.to_string().as_bytes()));
    }
}
