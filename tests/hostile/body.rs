//! Bodies that do not end.

use std::time::Duration;

use bedbench::bedrock::Api;
use bedbench::core::Outcome;
use bedbench::core::request::Timeouts;

use crate::attempt::Caller;
use crate::server::{ON_THE_WAY, Server, chunk, in_time, patient};

fn endless(head: &'static str) -> Server {
    Server::answering(move |peer| {
        peer.write(format!("HTTP/1.1 {head}\r\ntransfer-encoding: chunked\r\n\r\n"))?;
        peer.write_for_ever(chunk(&[b' '; 1 << 12]))
    })
}

#[tokio::test]
async fn an_answer_without_an_end_is_cut_off_by_its_size() {
    let kind = "429 Too Many Requests\r\nx-amzn-errortype: ThrottlingException";
    for (head, api, outcome) in [
        ("200 OK", Api::Converse, Outcome::ServerError),
        (kind, Api::Converse, Outcome::Throttled),
        (kind, Api::ConverseStream, Outcome::Throttled),
        ("503 Service Unavailable", Api::ConverseStream, Outcome::Unavailable),
        ("404 Not Found", Api::ConverseStream, Outcome::Invalid),
    ] {
        let server = endless(head);
        let answer = in_time(head, Caller::new(&server.url, api, patient()).ask("Hello")).await;
        assert_eq!(answer.outcome, outcome, "{head}: {:?}", answer.error);
        assert!(answer.error.unwrap().contains("4194304 bytes"), "the reason is told");
        server.left_alone().await;
        assert!(server.sent() < ON_THE_WAY, "{head}: {} bytes taken", server.sent());
    }
}

#[tokio::test]
async fn a_length_that_is_a_lie_is_not_believed() {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\n\r\n", u64::MAX);
    let server = Server::answering(move |peer| {
        peer.write(&head)?;
        peer.write_for_ever([b' '; 1 << 12])
    });
    let answer = in_time("the attempt", Caller::new(&server.url, Api::Converse, patient()).ask("Hello")).await;
    assert_ne!(answer.outcome, Outcome::Ok);
    server.left_alone().await;
    assert!(server.sent() < ON_THE_WAY, "{} bytes taken", server.sent());
}

/// Before the run, when connections are opened: nobody may hold that up, or be listened to for the rest of the run.
#[tokio::test]
async fn warming_up_ends_in_time_and_leaves_nobody_talking() {
    let timeouts = Timeouts { connect: Duration::from_millis(500), ..patient() };
    let silent = Server::answering(|peer| peer.wait_until_gone());
    for server in [silent, endless("200 OK")] {
        let caller = Caller::new(&server.url, Api::ConverseStream, timeouts);
        // One by one they would take more than anybody waits for.
        in_time("warming up", caller.client.warm(90)).await;
        server.left_alone().await;
    }
}
