//! What goes wrong on purpose, as the AWS SDK and a bare socket see it.

use std::io::ErrorKind;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::types::ConverseStreamOutput;
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use bedbench::core::units::Span;
use bedbench::mock::Mock;
use bedbench::region::conditions::Condition;
use bedbench::region::fault::{Exception, Fault, FaultKind};
use bedbench::region::{Conditions, PlaceSpec};
use serde_json::json;

use crate::raw::{self, Connection, HELLO};
use crate::setup::{MODEL, at_most, client, in_time, ms, start, sydney, user};

/// How a stream ended.
#[derive(Debug, PartialEq)]
enum End {
    /// With its last event, or without.
    Whole,
    Cut,
    Exception(String),
    /// Bytes that are no events.
    Garbled,
    Broken,
}

async fn stream(client: &Client, model: &str) -> (String, End) {
    let call = client.converse_stream().model_id(model).messages(user("Hello")).inference_config(at_most(50));
    let mut output = in_time("converse_stream", call.send()).await.expect("a stream");
    let (mut text, mut whole) = (String::new(), false);
    loop {
        match in_time("the next event", output.stream.recv()).await {
            Ok(Some(ConverseStreamOutput::ContentBlockDelta(delta))) => {
                text += delta.delta().expect("a delta").as_text().expect("text");
            }
            Ok(Some(ConverseStreamOutput::Metadata(_))) => whole = true,
            Ok(Some(_)) => {}
            Ok(None) => return (text, if whole { End::Whole } else { End::Cut }),
            Err(SdkError::ServiceError(error)) => return (text, End::Exception(named(error.err()))),
            Err(SdkError::ResponseError(_)) => return (text, End::Garbled),
            Err(_) => return (text, End::Broken),
        }
    }
}

fn named(error: &ConverseStreamOutputError) -> String {
    use ConverseStreamOutputError as E;
    match error {
        E::ThrottlingException(_) => "ThrottlingException",
        E::ServiceUnavailableException(_) => "ServiceUnavailableException",
        E::InternalServerException(_) => "InternalServerException",
        E::ValidationException(_) => "ValidationException",
        E::ModelStreamErrorException(_) => "ModelStreamErrorException",
        _ => "unhandled",
    }
    .to_owned()
}

/// A mock in which this goes wrong with every call.
fn with(fault: Fault) -> Mock {
    let condition = Condition { faults: vec![fault], ..Condition::default() };
    start(vec![PlaceSpec { conditions: Conditions::constant(condition), ..sydney() }])
}

#[tokio::test]
async fn every_exception_can_be_had_by_its_name_from_every_operation() {
    let mock = start(vec![sydney()]);
    for exception in Exception::ALL {
        let model = format!("bedbench.fault.{}", exception.name());
        let converse = client(mock.addresses()[0]).converse().model_id(&model).messages(user("Hello"));
        let error = in_time("converse", converse.send()).await.expect_err("an exception");
        let raw = error.raw_response().expect("a response");
        assert!(raw.headers().get("x-amzn-requestid").is_some());
        let status = raw.status().as_u16();
        let code = if *exception == Exception::Overloaded { "overloaded_error" } else { exception.name() };
        assert_eq!(error.code(), Some(code));
        for operation in ["invoke", "invoke-with-response-stream", "converse-stream"] {
            let body = if operation.starts_with("invoke") {
                json!({
                    "anthropic_version": "bedrock-2023-05-31", "max_tokens": 10,
                    "messages": [{ "role": "user", "content": "Hello" }],
                })
                .to_string()
            } else {
                HELLO.to_owned()
            };
            let response = raw::post(mock.addresses()[0], &format!("/model/{model}/{operation}"), &body).await;
            assert_eq!((response.status, response.exception().0.as_str()), (status, code), "{operation}");
        }
    }
}

#[tokio::test]
async fn exceptions_of_the_stream_unions_come_in_mid_stream() {
    let mock = start(vec![sydney()]);
    for exception in Exception::ALL.iter().filter(|exception| exception.in_stream()) {
        let model = format!("bedbench.fault.stream.{}", exception.name());
        let (text, end) = stream(&client(mock.addresses()[0]), &model).await;
        assert!(!text.is_empty(), "{model}: something was said before");
        // ConverseStream's union does not know this one.
        let seen = if *exception == Exception::ModelTimeoutException { "unhandled" } else { exception.name() };
        assert_eq!(end, End::Exception(seen.to_owned()), "{model}");
    }
}

#[tokio::test]
async fn every_way_to_spoil_a_stream_is_seen_for_what_it_is() {
    let mock = start(vec![sydney()]);
    let (whole, end) = stream(&client(mock.addresses()[0]), MODEL).await;
    assert_eq!(end, End::Whole);
    for (kind, end) in [
        ("cut-clean", End::Cut),
        ("cut-in-frame", End::Garbled),
        ("wrong-crc", End::Garbled),
        ("disconnect", End::Broken),
        ("dribble", End::Whole),
    ] {
        let (text, seen) = stream(&client(mock.addresses()[0]), &format!("bedbench.fault.{kind}")).await;
        assert_eq!(seen, end, "{kind}");
        match kind {
            "dribble" => assert_eq!(text.split(' ').count(), whole.split(' ').count()),
            _ => assert!(!text.is_empty() && text.len() < whole.len(), "{kind}: {text}"),
        }
    }
}

#[tokio::test]
async fn a_stall_holds_the_stream_up_and_then_goes_on() {
    let mock = with(Fault { time: Some(Span(ms(300))), ..Fault::always(FaultKind::Stall) });
    let started = bedbench::clock::monotonic();
    let (text, end) = stream(&client(mock.addresses()[0]), MODEL).await;
    assert_eq!((text.split(' ').count(), end), (10, End::Whole));
    assert!(started.elapsed() >= ms(300));
}

#[tokio::test]
async fn a_reset_in_place_of_an_answer_is_a_reset() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    connection.write(raw::request("POST", "/model/bedbench.fault.reset/converse", HELLO)).await;
    let error = in_time("the reset", connection.byte_or_error()).await.expect_err("no byte");
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
}

#[tokio::test]
async fn a_hang_answers_nothing_and_harms_nobody_else() {
    let mock = start(vec![sydney()]);
    let mut hanging = Connection::open(mock.addresses()[0]).await;
    hanging.write(raw::request("POST", "/model/bedbench.fault.hang/converse", HELLO)).await;
    let (_, end) = stream(&client(mock.addresses()[0]), MODEL).await;
    assert_eq!(end, End::Whole);
    let silence = tokio::time::timeout(ms(50), hanging.byte_or_error()).await;
    assert!(silence.is_err(), "it was answered: {silence:?}");
}

#[tokio::test]
async fn a_share_of_the_calls_goes_wrong_and_always_the_same_ones() {
    let throttled =
        Fault { share: 0.3, exception: Some(Exception::ThrottlingException), ..Fault::always(FaultKind::Exception) };
    let mut runs = Vec::new();
    for _ in 0..2 {
        let mock = with(throttled);
        let mut connection = Connection::open(mock.addresses()[0]).await;
        let mut statuses = Vec::new();
        for number in 0..200 {
            let message = json!({ "role": "user", "content": [{ "text": format!("Hello {number}") }] });
            let body = json!({ "messages": [message] }).to_string();
            statuses.push(connection.post(&format!("/model/{MODEL}/converse"), &body).await.status);
        }
        runs.push(statuses);
    }
    assert_eq!(runs[0], runs[1]);
    let share = runs[0].iter().filter(|status| **status == 429).count() as f64 / 200.0;
    assert!((share - 0.3).abs() < 0.16, "five standard errors: {share}");
}

#[tokio::test]
async fn a_fault_that_nobody_knows_is_a_validation_error() {
    let mock = start(vec![sydney()]);
    for name in ["", "Throttling", "stream.AccessDeniedException", "refuse-connections"] {
        let path = format!("/model/bedbench.fault.{name}/converse");
        let response = raw::post(mock.addresses()[0], &path, HELLO).await;
        let (exception, message) = response.exception();
        assert_eq!(exception, "ValidationException", "{name}");
        assert!(message.contains(&format!("knows no fault `{name}`")), "{message}");
    }
}

#[tokio::test]
async fn faults_are_set_seen_and_cleared_while_the_mock_runs() {
    let mock = start(vec![sydney()]);
    let mut control = Connection::open(mock.addresses()[0]).await;
    let mut ask = async |method: &str, body: &str| {
        control.write(raw::request(method, "/_bedbench/faults", body)).await;
        control.response().await.expect("an answer")
    };
    assert_eq!(ask("GET", "").await.text(), r#"{"ap-southeast-2":[]}"#);
    let wrong = ask("PUT", r#"[{"kind": "exception"}]"#).await;
    assert!(wrong.exception().1.contains("it needs `exception`") && wrong.exception().1.contains("write it like"));
    let endless = ask("PUT", r#"[{"kind": "dribble", "time": "10000000000000000000s"}]"#).await;
    assert!(endless.exception().1.contains("time must be at most a day"), "{}", endless.text());
    let set = ask("PUT", r#"{"kind": "exception", "exception": "AccessDeniedException"}"#).await;
    assert!(set.status == 200 && set.text().contains("AccessDeniedException"), "{}", set.text());
    let path = format!("/model/{MODEL}/converse");
    assert_eq!(raw::post(mock.addresses()[0], &path, HELLO).await.exception().0, "AccessDeniedException");
    assert_eq!(ask("DELETE", "").await.text(), r#"{"ap-southeast-2":[]}"#);
    assert_eq!(raw::post(mock.addresses()[0], &path, HELLO).await.status, 200);
}

#[tokio::test]
async fn connections_are_refused_for_a_while_and_open_ones_live_on() {
    let mock = start(vec![sydney()]);
    let address = mock.addresses()[0];
    let mut open = Connection::open(address).await;
    open.write(raw::request("PUT", "/_bedbench/faults", r#"{"kind": "refuse-connections"}"#)).await;
    assert!(open.response().await.expect("an answer").exception().1.contains("needs a time"));
    let refuse = r#"{"kind": "refuse-connections", "time": "2s"}"#;
    open.write(raw::request("PUT", "/_bedbench/faults", refuse)).await;
    assert_eq!(open.response().await.expect("an answer").status, 200);
    let connected = |yes: bool| async move {
        while tokio::net::TcpStream::connect(address).await.is_ok() != yes {
            tokio::time::sleep(ms(5)).await;
        }
    };
    in_time("refused", connected(false)).await;
    assert_eq!(open.post(&format!("/model/{MODEL}/converse"), HELLO).await.status, 200);
    in_time("listening again", connected(true)).await;
    assert_eq!(raw::post(address, &format!("/model/{MODEL}/converse"), HELLO).await.status, 200);
}
