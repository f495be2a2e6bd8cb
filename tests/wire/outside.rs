//! What can be seen of a mock from outside: its log, its counters, its Regions behind one address, its end.

use std::fs::File;
use std::net::SocketAddr;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::Region;
use aws_sdk_bedrockruntime::error::ProvideErrorMetadata;
use bedbench::clock::monotonic;
use bedbench::core::RegionId;
use bedbench::mock::{AccessLog, Callers, Mock};
use bedbench::region::conditions::Condition;
use bedbench::region::fault::{Fault, FaultKind};
use bedbench::region::{Conditions, Law, PlaceSpec};
use serde_json::{Value, json};
use tempfile::NamedTempFile;

use crate::raw::{Connection, HELLO, post, request};
use crate::setup::{MODEL, at_most, config, in_time, ms, quota, start, start_as, sydney, user};

const CONVERSE: &str = "/model/amazon.nova-lite-v1%3A0/converse";
const STREAM: &str = "/model/amazon.nova-lite-v1%3A0/converse-stream";
const HOUR: Law = Law::Fixed(ms(3_600_000));

async fn stats(address: SocketAddr) -> Value {
    let mut connection = Connection::open(address).await;
    connection.write(request("GET", "/_bedbench/stats", "")).await;
    let response = connection.response().await.expect("an answer");
    assert_eq!(response.status, 200);
    serde_json::from_slice(&response.body).expect("JSON")
}

/// Asks for the counters until `field` of an operation in Sydney is `wanted`.
async fn counted(address: SocketAddr, operation: &str, field: &str, wanted: u64) {
    let asked = async { while stats(address).await["regions"]["ap-southeast-2"][operation][field] != wanted {} };
    in_time(&format!("{wanted} {field} of {operation}"), asked).await;
}

fn start_logging(places: Vec<PlaceSpec>) -> (Mock, NamedTempFile) {
    start_guarded(places, Callers::default())
}

fn start_guarded(places: Vec<PlaceSpec>, callers: Callers) -> (Mock, NamedTempFile) {
    let file = NamedTempFile::new().unwrap();
    let log = File::options().append(true).open(file.path()).unwrap();
    (start_as(places, |spec| (spec.log, spec.callers) = (Some(AccessLog::start(log).unwrap()), callers)), file)
}

/// The lines of the log, which are complete when the mock has ended.
fn lines(mock: Mock, log: &NamedTempFile) -> Vec<Value> {
    drop(mock);
    let text = std::fs::read_to_string(log.path()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

#[tokio::test]
async fn the_log_tells_what_came_of_every_request_and_not_what_was_said() {
    let mut place = sydney();
    place.quotas = quota(Some(2.0), None);
    let (mock, log) = start_logging(vec![place]);
    let address = mock.addresses()[0];
    let client = Client::from_conf(config(&format!("http://{address}")).build());
    let call = client.converse().model_id(MODEL).messages(user("my secret prompt")).inference_config(at_most(5));
    in_time("converse", call.send()).await.unwrap();
    assert_eq!(post(address, STREAM, HELLO).await.status, 200);
    assert_eq!(post(address, CONVERSE, HELLO).await.status, 429);
    assert_eq!(post(address, CONVERSE, "{}").await.status, 400);
    assert_eq!(post(address, "/nothing", "").await.status, 404);
    let lines = lines(mock, &log);
    assert_eq!(lines.len(), 5, "{lines:#?}");
    let mut first = lines[0].clone();
    let time = first["time"].take();
    let time = time.as_str().unwrap();
    assert!(time.len() == "2026-11-23T01:02:03.456Z".len() && time.ends_with('Z'), "{time}");
    assert!(first["request_id"].take().as_str().is_some_and(|id| id.len() == 36));
    let expected = json!({
        "time": null, "request_id": null, "region": "ap-southeast-2", "http": "HTTP/1.1", "operation": "Converse",
        "model": MODEL, "attempt": "attempt=1; max=1", "outcome": "ok", "status": 200, "exception": null,
        "fault": null, "input_tokens": 4, "output_tokens": 5, "queue_ms": 0.0, "first_token_ms": 20.0, "total_ms": 28.0,
    });
    assert_eq!(first, expected);
    let seen = |name: &str| lines.iter().map(|line| line[name].clone()).collect::<Vec<_>>();
    assert_eq!(json!(seen("status")), json!([200, 200, 429, 400, 404]));
    assert_eq!(json!(seen("outcome")), json!(["ok", "ok", "exception", "exception", "exception"]));
    let exceptions = [None, None, Some("ThrottlingException"), Some("ValidationException")];
    assert_eq!(json!(seen("exception")[..4]), json!(exceptions));
    assert_eq!(json!(seen("operation")), json!(["Converse", "ConverseStream", "Converse", "Converse", null]));
    let text = std::fs::read_to_string(log.path()).unwrap();
    for hidden in ["secret", "Hello", "AWS4-HMAC", "Credential"] {
        assert!(!text.contains(hidden), "{hidden} in {text}");
    }
}

#[tokio::test]
async fn no_api_key_is_in_the_log_or_the_counters_whoever_sends_it_and_where() {
    const KEY: &str = "ABSKcanaryQmVkcm9ja0FQSUtleQ==";
    let callers = Callers { api_keys: vec![KEY.into()], ..Callers::default() };
    let (mock, log) = start_guarded(vec![sydney()], callers);
    let address = mock.addresses()[0];
    let sent = [
        (format!("authorization: Bearer {KEY}"), 200),
        (format!("authorization: Bearer {KEY}2"), 403),
        (format!("authorization: {KEY}"), 400),
        (format!("x-api-key: {KEY}"), 400),
        (format!("authorization: Bearer {KEY}\r\namz-sdk-request: Bearer {KEY}"), 200),
        (format!("authorization: Bearer {KEY}\r\nuser-agent: {KEY}"), 200),
    ];
    for (headers, status) in &sent {
        let mut connection = Connection::open(address).await;
        connection.write(request("POST", CONVERSE, HELLO).replace("host:", &format!("{headers}\r\nhost:"))).await;
        let answer = connection.response().await.unwrap();
        assert_eq!(answer.status, *status, "{headers}");
        assert!(!format!("{:?} {}", answer.headers, answer.text()).contains("canary"), "{answer:?}");
    }
    assert!(!stats(address).await.to_string().contains("canary"));
    assert_eq!(lines(mock, &log).len(), sent.len());
    let text = std::fs::read_to_string(log.path()).unwrap();
    assert!(!text.contains("canary") && !text.contains("Bearer"), "{text}");
}

#[tokio::test]
async fn who_leaves_early_is_logged_and_counted_as_cancelled() {
    let mut slow = sydney();
    slow.tpot = HOUR;
    let (mock, log) = start_logging(vec![slow]);
    let address = mock.addresses()[0];
    let mut waiting = Connection::open(address).await;
    waiting.write(request("POST", CONVERSE, HELLO)).await;
    // With its first token, 20 ms have passed: who ends a request at once only half-closes.
    let mut streaming = Connection::open(address).await;
    streaming.write(request("POST", STREAM, HELLO)).await;
    streaming.byte().await;
    counted(address, "ConverseStream", "open", 1).await;
    counted(address, "Converse", "open", 1).await;
    assert_eq!(mock.open(), 2);
    drop((streaming, waiting));
    counted(address, "ConverseStream", "cancelled", 1).await;
    counted(address, "Converse", "cancelled", 1).await;
    assert_eq!(mock.open(), 0);
    let mut ends: Vec<_> =
        lines(mock, &log).iter().map(|line| (line["outcome"].to_string(), line["status"].to_string())).collect();
    ends.sort();
    let cancelled = |status: &str| (r#""cancelled""#.to_owned(), status.to_owned());
    assert_eq!(ends, [cancelled("200"), cancelled("null")]);
}

/// Asks on a connection of its own and takes what comes, to whatever end.
async fn ask_and_take(address: SocketAddr, path: &str) {
    let mut connection = Connection::open(address).await;
    connection.write(request("POST", path, HELLO).replace("host:", "connection: close\r\nhost:")).await;
    in_time(path, connection.rest()).await;
}

#[tokio::test]
async fn an_answer_that_was_spoilt_is_logged_and_counted_as_what_was_done_to_it() {
    let (mock, log) = start_logging(vec![sydney()]);
    let address = mock.addresses()[0];
    let mut never_answered = Connection::open(address).await;
    never_answered.write(request("POST", "/model/bedbench.fault.hang/converse-stream", HELLO)).await;
    let spoilt = ["cut-clean", "cut-in-frame", "wrong-crc", "disconnect", "dribble", "reset"];
    for kind in spoilt {
        ask_and_take(address, &format!("/model/bedbench.fault.{kind}/converse-stream")).await;
    }
    counted(address, "ConverseStream", "open", 1).await;
    drop(never_answered);
    counted(address, "ConverseStream", "open", 0).await;
    for name in ["ThrottlingException", "stream.ThrottlingException"] {
        ask_and_take(address, &format!("/model/bedbench.fault.{name}/converse-stream")).await;
    }
    // Whole answers have no stream to cut.
    assert_eq!(post(address, "/model/bedbench.fault.cut-clean/converse", HELLO).await.status, 200);
    let counters = stats(address).await["regions"]["ap-southeast-2"]["ConverseStream"].clone();
    let once: Value = spoilt.iter().chain(&["hang"]).map(|kind| ((*kind).to_owned(), json!(1))).collect();
    let expected = json!({
        "requests": 9, "open": 0, "ok": 0, "cancelled": 0, "exceptions": { "ThrottlingException": 2 }, "faults": once,
    });
    assert_eq!(counters, expected);
    let seen: Vec<_> = lines(mock, &log).iter().map(|line| json!([line["outcome"], line["fault"]])).collect();
    let mut expected: Vec<_> = spoilt.iter().chain(&["hang"]).map(|kind| json!(["fault", kind])).collect();
    expected.extend([json!(["exception", "exception"]), json!(["exception", "mid-stream"]), json!(["ok", null])]);
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn a_fault_counts_from_when_it_strikes() {
    let stall = |after_tokens| {
        let fault = Fault { after_tokens, ..Fault::always(FaultKind::Stall) };
        let condition = Condition { faults: vec![fault], ..Condition::default() };
        PlaceSpec { tpot: HOUR, conditions: Conditions::constant(condition), ..sydney() }
    };
    for (after_tokens, outcome, fault) in [(0, "fault", json!("stall")), (5, "cancelled", json!(null))] {
        let (mock, log) = start_logging(vec![stall(after_tokens)]);
        let mut streaming = Connection::open(mock.addresses()[0]).await;
        streaming.write(request("POST", STREAM, HELLO)).await;
        streaming.byte().await;
        drop(streaming);
        counted(mock.addresses()[0], "ConverseStream", "open", 0).await;
        let line = lines(mock, &log).remove(0);
        assert_eq!((&line["outcome"], &line["fault"]), (&json!(outcome), &fault), "after {after_tokens} tokens");
    }
}

#[tokio::test]
async fn counters_are_by_region_operation_and_exception() {
    let mut place = sydney();
    place.quotas = quota(Some(1.0), None);
    let mock = start(vec![place]);
    let address = mock.addresses()[0];
    let mut kept = Connection::open(address).await;
    for status in [200, 429, 429] {
        assert_eq!(kept.post(CONVERSE, HELLO).await.status, status);
    }
    assert_eq!(kept.post("/nothing", "").await.status, 404);
    let stats = stats(address).await;
    let expected = json!({ "ap-southeast-2": {
        "Converse": {
            "requests": 3, "open": 0, "ok": 1, "cancelled": 0, "exceptions": { "ThrottlingException": 2 }, "faults": {},
        },
        "unknown": {
            "requests": 1, "open": 0, "ok": 0, "cancelled": 0, "exceptions": { "UnknownOperationException": 1 }, "faults": {},
        },
    } });
    assert_eq!(stats["regions"], expected);
    let listener = json!({ "address": address, "regions": ["ap-southeast-2"], "connections": 2, "opened": 2 });
    assert_eq!(stats["listeners"], json!([listener]));
}

/// Sydney, and Singapore with a quota of one request and far away, behind one address.
fn single() -> Mock {
    let region = "ap-southeast-1".parse::<RegionId>().unwrap();
    let singapore = PlaceSpec { region, rtt: ms(200), quotas: quota(Some(1.0), None), ..sydney() };
    start_as(vec![sydney(), singapore], |spec| {
        spec.listeners.truncate(1);
        spec.listeners[0].regions.push(region);
    })
}

#[tokio::test]
async fn behind_one_address_the_signature_tells_the_region() {
    let mock = single();
    let url = format!("http://{}", mock.addresses()[0]);
    assert_eq!(mock.addresses().len(), 1);
    let call = async |region: &'static str| {
        let client = Client::from_conf(config(&url).region(Region::new(region)).build());
        let call = client.converse().model_id(MODEL).messages(user("Hello")).send();
        in_time("converse", call).await.map_err(|error| error.code().unwrap_or_default().to_owned())
    };
    let asked = monotonic();
    assert!(call("ap-southeast-1").await.is_ok());
    assert!(monotonic() - asked >= ms(200), "a request to Singapore takes its round trip");
    assert_eq!(call("ap-southeast-1").await.unwrap_err(), "ThrottlingException");
    assert!(call("ap-southeast-2").await.is_ok(), "Sydney has a quota of its own");
    assert_eq!(call("eu-west-1").await.unwrap_err(), "InvalidSignatureException");
    assert_eq!(post(mock.addresses()[0], CONVERSE, HELLO).await.status, 200, "unsigned, it is for the first");
    assert_eq!(mock.requests().iter().map(|(_, count)| *count).collect::<Vec<_>>(), [2, 2]);
}

#[tokio::test]
async fn a_mock_that_closes_lets_open_answers_finish_and_nobody_in() {
    let mut place = sydney();
    place.tpot = Law::Fixed(ms(30));
    let mock = start(vec![place]);
    let address = mock.addresses()[0];
    let _idle = Connection::open(address).await;
    let mut streaming = Connection::open(address).await;
    streaming.write(request("POST", STREAM, HELLO)).await;
    counted(address, "ConverseStream", "open", 1).await;
    let closed = tokio::spawn(mock.close(ms(3_600_000)));
    let answered = streaming.response().await.expect("an answer");
    assert_eq!(answered.frames().last().unwrap().0[0].1, "metadata", "to its end");
    in_time("the end", closed).await.unwrap();
    assert!(tokio::net::TcpStream::connect(address).await.is_err());
}

#[tokio::test]
async fn a_mock_that_closes_does_not_wait_forever() {
    let mut slow = sydney();
    slow.tpot = HOUR;
    for grace in [ms(0), ms(100)] {
        let mock = start(vec![slow.clone()]);
        let mut endless = Connection::open(mock.addresses()[0]).await;
        endless.write(request("POST", STREAM, HELLO)).await;
        endless.byte().await;
        in_time("the end", mock.close(grace)).await;
        assert!(in_time("the cut", endless.response()).await.is_none(), "half an answer");
    }
}
