//! Byte by byte: what a client that is not the Rust SDK relies on.

use std::collections::BTreeSet;

use bedbench::region::Law;
use uuid::Uuid;

use crate::raw::{Connection, HELLO, post, request};
use crate::setup::{CLAUDE, INVOKED, hello, ms, quota, start, sydney};

const CONVERSE: &str = "/model/amazon.nova-lite-v1%3A0/converse";
const STREAM: &str = "/model/amazon.nova-lite-v1%3A0/converse-stream";

#[tokio::test]
async fn a_whole_answer_is_json_of_known_length() {
    let mock = start(vec![sydney()]);
    let response = post(mock.addresses()[0], CONVERSE, HELLO).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/json"));
    assert_eq!(response.header("content-length"), Some(response.body.len().to_string().as_str()));
    assert!(response.header("date").is_some());
    assert_eq!(response.header("connection"), Some("keep-alive"));
    let id = response.header("x-amzn-RequestId").unwrap();
    assert_eq!(Uuid::parse_str(id).unwrap().to_string(), id, "lower case with hyphens");
    let names: BTreeSet<_> = response.headers.iter().map(|(name, _)| name.to_ascii_lowercase()).collect();
    assert!(!names.contains("retry-after") && !names.contains("x-amzn-bedrock-input-token-count"), "{names:?}");
    let body: serde_json::Value = serde_json::from_slice(&response.body).unwrap();
    let message = &body["output"]["message"];
    assert_eq!((&message["role"], message["content"].as_array().unwrap().len()), (&"assistant".into(), 1));
    assert_eq!(body["usage"], serde_json::json!({"inputTokens": 2, "outputTokens": 10, "totalTokens": 12}));
}

#[tokio::test]
async fn a_stream_is_chunked_frames_in_bedrocks_order() {
    let mock = start(vec![sydney()]);
    let response = post(mock.addresses()[0], STREAM, HELLO).await;
    assert_eq!(response.status, 200);
    assert_eq!(response.header("content-type"), Some("application/vnd.amazon.eventstream"));
    assert_eq!(response.header("transfer-encoding"), Some("chunked"));
    assert_eq!(response.header("content-length"), None);
    assert!(Uuid::parse_str(response.header("x-amzn-RequestId").unwrap()).is_ok());
    let frames = response.frames();
    let kinds: Vec<_> = frames.iter().map(|(headers, _)| headers[0].1.as_str()).collect();
    // One token, then by fours: 1 + 4 + 4 + 1.
    let deltas = ["contentBlockDelta"; 4];
    let order = [&["messageStart"][..], &deltas, &["contentBlockStop", "messageStop", "metadata"]].concat();
    assert_eq!(kinds, order);
    for (headers, payload) in &frames {
        let names: Vec<_> = headers.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(names, [":event-type", ":content-type", ":message-type"]);
        assert_eq!((headers[1].1.as_str(), headers[2].1.as_str()), ("application/json", "event"));
        assert!(payload["p"].as_str().is_some_and(|p| p.starts_with("ab")), "padded: {payload}");
    }
    assert_eq!(frames[0].1["role"], "assistant");
    assert!(frames[1..=5].iter().all(|(_, payload)| payload["contentBlockIndex"] == 0));
    assert_eq!(frames[6].1["stopReason"], "end_turn");
    assert_eq!(frames[7].1["usage"]["totalTokens"], 12);
    assert_eq!(frames[7].1["metrics"]["latencyMs"], 38);
}

#[tokio::test]
async fn invoke_tells_counts_and_latency_in_its_headers() {
    let mock = start(vec![sydney()]);
    for model in INVOKED {
        let path = format!("/model/{}/invoke", model.replace(':', "%3A"));
        let response = post(mock.addresses()[0], &path, &hello(model).to_string()).await;
        assert_eq!(response.status, 200, "{model}: {}", response.text());
        assert_eq!(response.header("content-type"), Some("application/json"));
        assert_eq!(response.header("content-length"), Some(response.body.len().to_string().as_str()));
        assert_eq!(response.header("X-Amzn-Bedrock-Input-Token-Count"), Some("2"), "{model}");
        assert_eq!(response.header("X-Amzn-Bedrock-Output-Token-Count"), Some("10"), "{model}");
        assert_eq!(response.header("X-Amzn-Bedrock-Invocation-Latency"), Some("38"), "{model}");
        assert!(Uuid::parse_str(response.header("x-amzn-RequestId").unwrap()).is_ok());
    }
}

#[tokio::test]
async fn an_invoke_stream_is_chunks_alone() {
    let mock = start(vec![sydney()]);
    for model in INVOKED {
        let path = format!("/model/{model}/invoke-with-response-stream");
        let response = post(mock.addresses()[0], &path, &hello(model).to_string()).await;
        assert_eq!(response.status, 200, "{model}: {}", response.text());
        assert_eq!(response.header("content-type"), Some("application/vnd.amazon.eventstream"));
        assert_eq!(response.header("x-amzn-bedrock-content-type"), Some("application/json"));
        assert_eq!(response.header("transfer-encoding"), Some("chunked"));
        assert_eq!(response.header("x-amzn-bedrock-input-token-count"), None, "in the last chunk instead");
        let frames = response.frames();
        assert_eq!(response.chunks.as_ref().map(Vec::len), Some(frames.len()), "flushed one by one");
        assert_eq!(u32::from_be_bytes(response.body[4..8].try_into().unwrap()), 75);
        for (headers, payload) in frames {
            let headers: Vec<_> = headers.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
            let json = (":content-type", "application/json");
            assert_eq!(headers, [(":event-type", "chunk"), json, (":message-type", "event")]);
            let keys: Vec<_> = payload.as_object().unwrap().keys().collect();
            assert_eq!(keys, ["bytes", "p"], "{model}");
        }
    }
}

#[tokio::test]
async fn what_was_asked_of_the_service_is_told_back() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    let body = hello(CLAUDE).to_string();
    for operation in ["invoke", "invoke-with-response-stream"] {
        let wanted = "X-Amzn-Bedrock-Service-Tier: flex\r\nX-Amzn-Bedrock-PerformanceConfig-Latency: standard\r\nhost:";
        let request = request("POST", &format!("/model/{CLAUDE}/{operation}"), &body).replacen("host:", wanted, 1);
        connection.write(request).await;
        let response = connection.response().await.expect("a response");
        assert_eq!(response.header("x-amzn-bedrock-service-tier"), Some("flex"));
        assert_eq!(response.header("x-amzn-bedrock-performanceconfig-latency"), Some("standard"));
    }
}

#[tokio::test]
async fn tokens_are_counted_without_a_model() {
    let mut closed = sydney();
    (closed.slots, closed.queue, closed.quotas) = (0, 0, quota(Some(0.0), None));
    let mock = start(vec![closed]);
    let path = format!("/model/{CLAUDE}/count-tokens");
    let counted = post(mock.addresses()[0], &path, &format!(r#"{{"input":{{"converse":{HELLO}}}}}"#)).await;
    assert_eq!((counted.status, counted.text()), (200, r#"{"inputTokens":2}"#));
    for body in ["", "{}", r#"{"input":{}}"#, r#"{"input":{"invokeModel":{"body":"%"}}}"#] {
        let refused = post(mock.addresses()[0], &path, body).await;
        assert_eq!((refused.status, refused.exception().0.as_str()), (400, "ValidationException"), "{body}");
    }
}

/// Not collected and sent at the end: a first-token time would mean nothing.
#[tokio::test]
async fn the_first_token_comes_while_the_rest_is_not_written_yet() {
    let mut slow = sydney();
    slow.tpot = Law::Fixed(ms(3_600_000));
    let mock = start(vec![slow]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    connection.write(request("POST", STREAM, HELLO)).await;
    let mut seen = Vec::new();
    while !seen.ends_with(b"contentBlockDelta") {
        seen.push(connection.byte().await);
    }
    assert!(seen.starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[tokio::test]
async fn throttles_are_the_service_s_to_the_byte() {
    let mut few_requests = sydney();
    few_requests.quotas = quota(Some(1.0), None);
    let mock = start(vec![few_requests]);
    assert_eq!(post(mock.addresses()[0], CONVERSE, HELLO).await.status, 200);
    for path in [CONVERSE, STREAM] {
        let refused = post(mock.addresses()[0], path, HELLO).await;
        assert_eq!(refused.status, 429);
        assert_eq!(refused.text(), r#"{"message":"Too many requests, please wait before trying again."}"#);
        assert_eq!(refused.header("content-length"), Some("65"));
        assert_eq!(refused.header("content-type"), Some("application/json"));
        let kind = "ThrottlingException:http://internal.amazon.com/coral/com.amazon.bedrock/";
        assert_eq!(refused.header("x-amzn-ErrorType"), Some(kind));
        assert!(Uuid::parse_str(refused.header("x-amzn-RequestId").unwrap()).is_ok());
        assert_eq!(refused.header("retry-after"), None, "Bedrock sends none");
    }
    let mut few_tokens = sydney();
    few_tokens.quotas = quota(None, Some(10.0));
    let refused = post(start(vec![few_tokens]).addresses()[0], CONVERSE, HELLO).await;
    assert_eq!(refused.text(), r#"{"message":"Too many tokens, please wait before trying again."}"#);
    assert_eq!((refused.status, refused.header("content-length")), (429, Some("63")));
}

#[tokio::test]
async fn a_full_region_is_unavailable() {
    let mut full = sydney();
    (full.slots, full.queue, full.tpot) = (1, 0, Law::Fixed(ms(3_600_000)));
    let mock = start(vec![full]);
    let mut holds_the_slot = Connection::open(mock.addresses()[0]).await;
    holds_the_slot.write(request("POST", STREAM, HELLO)).await;
    holds_the_slot.byte().await;
    let refused = post(mock.addresses()[0], CONVERSE, HELLO).await;
    assert_eq!(refused.status, 503);
    let said = ("ServiceUnavailableException".to_owned(), "Bedrock is unable to process your request.".to_owned());
    assert_eq!(refused.exception(), said);
    assert_eq!(refused.header("content-length"), Some(refused.body.len().to_string().as_str()));
}

#[tokio::test]
async fn wrong_requests_are_refused_by_what_is_wrong_with_them() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    for (body, wrong) in [
        ("", "could not be read"),
        ("{", "could not be read"),
        ("[]", "could not be read"),
        (r#"{"messages":"x"}"#, "could not be read"),
        (r#"{"messages":[]}"#, "'messages'"),
        (r#"{"messages":[{"role":"user","content":[]}]}"#, "messages.0 is empty"),
        (r#"{"messages":[{"role":"user","content":[{"text":""}]}]}"#, "messages.0.content.0 is blank"),
        (r#"{"messages":[{"role":"assistant","content":[{"text":"x"}]}]}"#, "must start with a user message"),
        (&HELLO.replace("20", "0"), "inferenceConfig.maxTokens"),
        (&HELLO.replace("20", "-1"), "inferenceConfig.maxTokens"),
        (&HELLO.replace("20", "20,\"topP\":2"), "inferenceConfig.topP"),
    ] {
        for path in [CONVERSE, STREAM] {
            let refused = connection.post(path, body).await;
            let (name, message) = refused.exception();
            assert_eq!((refused.status, name.as_str()), (400, "ValidationException"), "{body}");
            assert!(message.contains(wrong), "{body}: {message}");
        }
    }
}

#[tokio::test]
async fn operations_that_are_not_served_are_unknown() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    for (method, path) in [
        ("GET", "/"),
        ("GET", CONVERSE),
        ("POST", "/model/x/invoke-with-bidirectional-stream"),
        ("GET", "/model/x/invoke"),
        ("POST", "/model/x/converse/"),
        ("POST", "/model/a/b/converse"),
        ("OPTIONS", "*"),
    ] {
        connection.write(request(method, path, "{}")).await;
        let refused = connection.response().await.expect("a response");
        let (name, message) = refused.exception();
        assert_eq!((refused.status, name.as_str()), (404, "UnknownOperationException"), "{method} {path}");
        assert!(message.contains("/converse-stream"), "says what is served: {message}");
    }
}

#[tokio::test]
async fn a_model_id_is_one_segment_however_it_is_encoded() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    let arn =
        "arn%3Aaws%3Abedrock%3Aap-southeast-2%3A111122223333%3Ainference-profile%2Fau.anthropic.claude-sonnet-4-6";
    for (model, status) in [
        ("amazon.nova-lite-v1:0", 200),
        ("amazon.nova-lite-v1%3a0", 200),
        (arn, 200),
        ("us.anthropic.claude-sonnet-4-6", 200),
        ("none.anthropic.claude-sonnet-4-6", 400),
        ("%zz", 400),
        ("%ff", 400),
        ("", 400),
    ] {
        let answered = connection.post(&format!("/model/{model}/converse"), HELLO).await;
        assert_eq!(answered.status, status, "{model}: {}", answered.text());
        if status == 400 {
            assert_eq!(answered.exception().1, "The provided model identifier is invalid.", "{model}");
            assert_eq!(answered.header("content-length"), Some("55"));
        }
    }
}
