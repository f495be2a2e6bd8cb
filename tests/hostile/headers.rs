//! Heads that do not end, and heads full of rubbish.

use std::time::Duration;

use bedbench::bedrock::Api;
use bedbench::core::Outcome;
use bedbench::core::request::Timeouts;

use crate::attempt::Caller;
use crate::server::{ON_THE_WAY, Server, in_time, patient};

const BOTH: [Api; 2] = [Api::ConverseStream, Api::Converse];

#[tokio::test]
async fn a_head_without_an_end_is_cut_off_by_its_size() {
    for api in BOTH {
        for (what, begins, again) in [
            ("headers", "HTTP/1.1 200 OK\r\n", "x-more: and more\r\n"),
            ("one header", "HTTP/1.1 200 OK\r\nx-more: ", "and more "),
            ("a status line", "HTTP/1.1 200 ", "OK "),
        ] {
            let server = Server::answering(move |peer| {
                peer.write(begins)?;
                peer.write_for_ever(again)
            });
            let caller = Caller::new(&server.url, api, patient());
            let answer = in_time(what, caller.ask("Hello")).await;
            assert_eq!(answer.outcome, Outcome::Transport, "{what}: {:?}", answer.error);
            server.left_alone().await;
            assert!(server.sent() < ON_THE_WAY, "{what}: {} bytes taken", server.sent());
        }
    }
}

#[tokio::test]
async fn being_told_for_ever_to_go_on_is_no_answer() {
    let server = Server::answering(|peer| peer.write_for_ever("HTTP/1.1 100 Continue\r\n\r\n"));
    for api in BOTH {
        let timeouts = Timeouts { request: Duration::from_millis(300), ..patient() };
        let answer = in_time("the attempt", Caller::new(&server.url, api, timeouts).ask("Hello")).await;
        assert_eq!(answer.outcome, Outcome::Timeout, "{:?}", answer.error);
    }
    server.left_alone().await;
}

/// It stands in every row of the records.
#[tokio::test]
async fn a_request_id_is_kept_at_a_length_that_ids_have() {
    let id = "0123456789".repeat(5_000);
    for status in ["200 OK", "429 Too Many Requests"] {
        let answer = format!("HTTP/1.1 {status}\r\nx-amzn-requestid: {id}\r\ncontent-length: 2\r\n\r\n{{}}");
        let server = Server::answering(move |peer| peer.write(&answer));
        let answer = in_time("the attempt", Caller::new(&server.url, Api::Converse, patient()).ask("Hello")).await;
        let kept = answer.request_id.expect("it was told");
        assert!(kept.starts_with("0123456789") && kept.chars().count() == 101, "{} characters", kept.len());
    }
}
