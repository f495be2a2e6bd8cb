//! Whatever is asked, the mock answers as the service would, and answers the next one too.

use std::sync::LazyLock;
use std::time::Duration;

use bedbench::mock::Mock;
use bedbench::region::{Law, PlaceSpec};
use proptest::prelude::*;
use tokio::runtime::Builder;

use crate::raw::{Connection, HELLO, Response};
use crate::setup::{in_time, start, sydney};

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
            assert_eq!(frames.last().expect("frames").0[0].1, "metadata");
        }
        200 => {
            let body: serde_json::Value = serde_json::from_slice(&response.body).expect("JSON");
            assert!(body["usage"]["totalTokens"].as_u64().is_some_and(|tokens| tokens > 0), "{body}");
        }
        400 => assert_eq!(response.exception().0, "ValidationException"),
        404 => assert_eq!(response.exception().0, "UnknownOperationException"),
        status => panic!("{status}: {}", response.text()),
    }
    assert!(uuid::Uuid::parse_str(response.header("x-amzn-RequestId").expect("a request id")).is_ok());
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
            "/model/[a-zA-Z0-9._~:@!$&'()*+,;=%-]{0,40}/(converse|converse-stream|invoke)",
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
        body in converse_body(),
        stream in any::<bool>(),
    ) {
        let path = if stream { "/model/amazon.nova-lite-v1%3A0/converse-stream" } else { "/model/amazon.nova-lite-v1%3A0/converse" };
        check(&ask("POST", path, &[], &bytes));
        check(&ask("POST", path, &[], body.as_bytes()));
    }
}
