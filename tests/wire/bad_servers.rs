//! bedbench's own client against servers that break, cut, stall and lie: every end has its outcome.

use std::sync::Arc;
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bedbench::bedrock::{Answer, Api};
use bedbench::core::Outcome;
use bedbench::core::request::Timeouts;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

use crate::attempt::Caller;
use crate::setup::{in_time, ms};

/// What a server does after its last byte.
#[derive(Clone, Copy, PartialEq)]
enum Then {
    Close,
    Hang,
}

/// Answers every request with the same bytes.
async fn server(answer: Vec<u8>, then: Then) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let url = format!("http://{}", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let answer = answer.clone();
            tokio::spawn(async move {
                // A client that hangs up first has what it needs.
                let _ = serve(socket, &answer, then).await;
            });
        }
    });
    url
}

async fn serve(mut socket: TcpStream, answer: &[u8], then: Then) -> std::io::Result<()> {
    let mut request = Vec::new();
    loop {
        socket.read_buf(&mut request).await?;
        let text = String::from_utf8_lossy(&request).to_ascii_lowercase();
        let Some((head, body)) = text.split_once("\r\n\r\n") else { continue };
        let length = head.split_once("content-length: ").expect("a length").1.lines().next().unwrap();
        if body.len() >= length.parse().unwrap() {
            break;
        }
    }
    socket.write_all(answer).await?;
    if then == Then::Hang {
        std::future::pending::<()>().await;
    }
    socket.shutdown().await
}

async fn attempt(url: String, api: Api, timeouts: Timeouts) -> Answer {
    in_time("the attempt", Caller::new(&url, api, timeouts).ask("Hello")).await
}

async fn stream_of(answer: Vec<u8>, then: Then) -> Answer {
    attempt(server(answer, then).await, Api::ConverseStream, Timeouts::default()).await
}

fn frame(headers: [(&'static str, &'static str); 3], payload: &Value) -> Vec<u8> {
    let mut message = Message::new(payload.to_string());
    for (name, value) in headers {
        message = message.add_header(Header::new(name, HeaderValue::String(value.into())));
    }
    let mut frame = Vec::new();
    write_message_to(&message, &mut frame).unwrap();
    frame
}

fn event(kind: &'static str, payload: Value) -> Vec<u8> {
    let headers = [(":event-type", kind), (":content-type", "application/json"), (":message-type", "event")];
    frame(headers, &payload)
}

fn exception(kind: &'static str) -> Vec<u8> {
    let headers = [(":exception-type", kind), (":content-type", "application/json"), (":message-type", "exception")];
    frame(headers, &json!({ "message": "says the service" }))
}

fn start() -> Vec<u8> {
    event("messageStart", json!({ "role": "assistant" }))
}

fn delta(text: &str) -> Vec<u8> {
    event("contentBlockDelta", json!({ "contentBlockIndex": 0, "delta": { "text": text } }))
}

fn end() -> Vec<u8> {
    let usage = json!({ "inputTokens": 2, "outputTokens": 1, "totalTokens": 3 });
    [
        event("contentBlockStop", json!({ "contentBlockIndex": 0 })),
        event("messageStop", json!({ "stopReason": "end_turn" })),
        event("metadata", json!({ "usage": usage, "metrics": { "latencyMs": 7 } })),
    ]
    .concat()
}

const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n\
    x-amzn-requestid: 7f0b0c2e-6a52-4f3e-9c58-0d8a3f1f2b3c\r\n";

/// A body that ends as HTTP says it should, whatever is in it.
fn whole(body: &[u8]) -> Vec<u8> {
    let head = format!("{STREAM_HEAD}transfer-encoding: chunked\r\n\r\n{:x}\r\n", body.len());
    [head.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
}

/// A body that promises more than comes.
fn open_ended(body: &[u8]) -> Vec<u8> {
    [format!("{STREAM_HEAD}content-length: 100000\r\n\r\n").as_bytes(), body].concat()
}

fn json_answer(status: &str, kind: &str, body: &str) -> Vec<u8> {
    let length = body.len();
    format!("HTTP/1.1 {status}\r\ncontent-type: application/json\r\n{kind}content-length: {length}\r\n\r\n{body}")
        .into()
}

#[tokio::test]
async fn a_whole_stream_is_ok() {
    let answer = stream_of(whole(&[start(), delta("Hello"), end()].concat()), Then::Hang).await;
    assert_eq!((answer.outcome, answer.error), (Outcome::Ok, None));
    assert_eq!(answer.usage.unwrap().output_tokens, 1);
    assert_eq!(answer.service_latency, Some(ms(7)));
    assert_eq!(answer.request_id.as_deref(), Some("7f0b0c2e-6a52-4f3e-9c58-0d8a3f1f2b3c"));
    assert_eq!(answer.http_status, Some(200));
    let times = [answer.sent, answer.head, answer.first_token, answer.last_token, Some(answer.finished)];
    assert!(times.iter().all(Option::is_some) && times.is_sorted(), "{times:?}");
}

#[tokio::test]
async fn an_empty_delta_is_no_token() {
    let answer = stream_of(whole(&[start(), delta(""), end()].concat()), Then::Hang).await;
    assert_eq!(answer.outcome, Outcome::Ok);
    assert_eq!((answer.first_token, answer.last_token), (None, None));
}

#[tokio::test]
async fn an_event_of_a_kind_yet_unknown_breaks_nothing() {
    let new = event("contentBlockMusing", json!({ "mood": "good" }));
    let answer = stream_of(whole(&[start(), new, delta("Hello"), end()].concat()), Then::Hang).await;
    assert_eq!(answer.outcome, Outcome::Ok);
}

#[tokio::test]
async fn a_stream_that_is_not_whole_is_no_success() {
    let begun = [start(), delta("Hello")].concat();
    let stop = event("messageStop", json!({ "stopReason": "end_turn" }));
    let mut wrong_checksum = delta("Hello");
    *wrong_checksum.last_mut().unwrap() ^= 1;
    for (what, bytes) in [
        ("nothing at all", whole_of_nothing()),
        ("ends cleanly before anything was said", whole(&start())),
        ("ends cleanly without messageStop", whole(&begun)),
        ("ends cleanly without metadata", whole(&[begun.clone(), stop].concat())),
        ("ends cleanly inside a frame", whole(&[&begun[..], &end()[..50]].concat())),
        ("cut between frames", open_ended(&begun)),
        ("cut inside a frame", open_ended(&begun[..begun.len() - 5])),
        ("wrong checksum", whole(&[start(), wrong_checksum, end()].concat())),
        ("no frames", whole(b"<html>This is not the service that you are looking for</html>")),
    ] {
        let answer = stream_of(bytes, Then::Close).await;
        assert_eq!(answer.outcome, Outcome::StreamError, "{what}: {:?}", answer.error);
        assert!(answer.error.is_some_and(|error| !error.is_empty()), "{what}");
        assert_eq!(answer.usage, None, "{what}");
    }
}

fn whole_of_nothing() -> Vec<u8> {
    format!("{STREAM_HEAD}content-length: 0\r\n\r\n").into()
}

#[tokio::test]
async fn exceptions_in_mid_stream_keep_their_meaning() {
    for (kind, outcome) in [
        ("throttlingException", Outcome::Throttled),
        ("serviceUnavailableException", Outcome::Unavailable),
        ("internalServerException", Outcome::ServerError),
        ("validationException", Outcome::Invalid),
        ("modelStreamErrorException", Outcome::StreamError),
        ("somethingNewException", Outcome::StreamError),
    ] {
        let answer = stream_of(whole(&[start(), delta("Hello"), exception(kind)].concat()), Then::Hang).await;
        assert_eq!(answer.outcome, outcome, "{kind}: {:?}", answer.error);
        assert!(answer.first_token.is_some(), "what was seen before {kind} is kept");
        assert_eq!(answer.http_status, Some(200));
    }
}

#[tokio::test]
async fn statuses_are_told_apart_for_both_operations() {
    for (status, code, outcome) in [
        ("429 Too Many Requests", "ThrottlingException", Outcome::Throttled),
        ("429 Too Many Requests", "ModelNotReadyException", Outcome::Unavailable),
        ("503 Service Unavailable", "ServiceUnavailableException", Outcome::Unavailable),
        ("529 Overloaded", "overloaded_error", Outcome::Unavailable),
        ("500 Internal Server Error", "InternalServerException", Outcome::ServerError),
        ("408 Request Timeout", "ModelTimeoutException", Outcome::ServerError),
        ("403 Forbidden", "AccessDeniedException", Outcome::Invalid),
    ] {
        let kind = format!("x-amzn-errortype: {code}:http://internal.amazon.com/coral/com.amazon.bedrock/\r\n");
        let answer = json_answer(status, &kind, r#"{"message":"says the service"}"#);
        for api in [Api::ConverseStream, Api::Converse] {
            let url = server(answer.clone(), Then::Hang).await;
            let answer = attempt(url, api, Timeouts::default()).await;
            assert_eq!(answer.outcome, outcome, "{status} {code} {api:?}: {:?}", answer.error);
            assert_eq!(answer.http_status.unwrap().to_string(), status[..3]);
            assert!(answer.error.unwrap().contains("says the service"));
        }
    }
}

#[tokio::test]
async fn an_answer_that_is_none_is_the_servers_failure() {
    for (status, body) in
        [("200 OK", "<html>welcome</html>"), ("200 OK", ""), ("200 OK", "{}"), ("502 Bad Gateway", "<html>oops</html>")]
    {
        let url = server(json_answer(status, "", body), Then::Hang).await;
        let answer = attempt(url, Api::Converse, Timeouts::default()).await;
        assert_eq!(answer.outcome, Outcome::ServerError, "{status} {body:?}: {:?}", answer.error);
        assert!(answer.error.unwrap().contains(&status[..3]), "the status is all that is known");
    }
}

#[tokio::test]
async fn who_cannot_be_reached_or_hangs_up_is_a_matter_of_transport() {
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    for api in [Api::ConverseStream, Api::Converse] {
        let refused = attempt(url.clone(), api, Timeouts::default()).await;
        assert_eq!((refused.outcome, refused.http_status), (Outcome::Transport, None), "{:?}", refused.error);
        let hung_up = attempt(server(vec![], Then::Close).await, api, Timeouts::default()).await;
        assert_eq!((hung_up.outcome, hung_up.http_status), (Outcome::Transport, None), "{:?}", hung_up.error);
    }
}

#[tokio::test]
async fn who_keeps_us_waiting_runs_into_the_limit_for_what_is_awaited() {
    let long = Duration::from_secs(3_600);
    let patient = Timeouts { connect: long, first_token: long, between_events: long, request: long };
    let begun = open_ended(&[start(), delta("Hello")].concat());
    for (what, bytes, api, timeouts) in [
        ("the first token", vec![], Api::ConverseStream, Timeouts { first_token: ms(100), ..patient }),
        ("the first token", open_ended(&start()), Api::ConverseStream, Timeouts { first_token: ms(100), ..patient }),
        ("the next event", begun.clone(), Api::ConverseStream, Timeouts { between_events: ms(100), ..patient }),
        ("the whole request", begun.clone(), Api::ConverseStream, Timeouts { request: ms(300), ..patient }),
        ("the whole request", vec![], Api::Converse, Timeouts { request: ms(100), ..patient }),
    ] {
        let said_something = bytes == begun;
        let answer = attempt(server(bytes, Then::Hang).await, api, timeouts).await;
        assert_eq!(answer.outcome, Outcome::Timeout, "{what}: {:?}", answer.error);
        assert!(answer.error.unwrap().contains(what), "{what}");
        if said_something && timeouts.request == long {
            assert!(answer.first_token.is_some(), "what was seen is kept");
        }
    }
}
