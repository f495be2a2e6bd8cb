//! Servers that are always about to say something: a byte now and then, but never what is waited for.

use std::time::Duration;

use bedbench::bedrock::Api;
use bedbench::core::Outcome;
use bedbench::core::request::Timeouts;

use crate::attempt::Caller;
use crate::server::{Server, chunk, delta, endless_head, in_time, patient};

const SOON: Duration = Duration::from_millis(150);

/// Sends `at_once`, then byte after byte of something long.
fn dripping(at_once: Vec<u8>, slowly: &'static str) -> Server {
    Server::answering(move |peer| {
        peer.write(&at_once)?;
        loop {
            peer.write_slowly(slowly)?;
        }
    })
}

#[tokio::test]
async fn bytes_are_not_what_is_waited_for() {
    let begun = [endless_head().into_bytes(), chunk(&delta())].concat();
    // A frame of a million bytes, one at a time.
    let frame = [begun.clone(), chunk(&[0, 15, 0, 0])].concat();
    for (what, at_once, slowly, api, timeouts) in [
        (
            "the first token",
            b"HTTP/1.1 200 OK\r\n".to_vec(),
            "x: y\r\n",
            Api::ConverseStream,
            Timeouts { first_token: SOON, ..patient() },
        ),
        (
            "the first token",
            endless_head().into_bytes(),
            "1\r\n\0\r\n",
            Api::ConverseStream,
            Timeouts { first_token: SOON, ..patient() },
        ),
        ("the next event", frame, "1\r\nx\r\n", Api::ConverseStream, Timeouts { between_events: SOON, ..patient() }),
        ("the whole request", begun, "1\r\n\0\r\n", Api::ConverseStream, Timeouts { request: SOON, ..patient() }),
        (
            "the whole request",
            b"HTTP/1.1 200 OK\r\ncontent-length: 99999\r\n\r\n".to_vec(),
            "   ",
            Api::Converse,
            Timeouts { request: SOON, ..patient() },
        ),
    ] {
        let server = dripping(at_once, slowly);
        let answer = in_time(what, Caller::new(&server.url, api, timeouts).ask("Hello")).await;
        assert_eq!(answer.outcome, Outcome::Timeout, "{what}: {:?}", answer.error);
        assert!(answer.error.unwrap().contains(what), "{what}");
        server.left_alone().await;
    }
}
