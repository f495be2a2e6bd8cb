//! Streams whose frames lie, or never stop.

use std::time::Duration;

use bedbench::bedrock::Api;
use bedbench::core::Outcome;
use bedbench::core::request::Timeouts;
use serde_json::json;

use crate::attempt::Caller;
use crate::server::{ON_THE_WAY, Server, chunk, delta, endless_head, event, in_time, patient};

/// Streams `begins`, and then `again` for ever.
fn streaming(begins: Vec<u8>, again: Vec<u8>) -> Server {
    Server::answering(move |peer| {
        peer.write(endless_head())?;
        peer.write(chunk(&begins))?;
        peer.write_for_ever(chunk(&again))
    })
}

#[tokio::test]
async fn a_frame_of_four_gigabytes_is_not_waited_for() {
    for length in [u32::MAX, 1 << 31, (1 << 20) + 1] {
        let server = streaming([delta(), length.to_be_bytes().to_vec()].concat(), vec![0; 1 << 12]);
        let caller = Caller::new(&server.url, Api::ConverseStream, patient());
        let answer = in_time("the attempt", caller.ask("Hello")).await;
        assert_eq!(answer.outcome, Outcome::StreamError, "{:?}", answer.error);
        assert!(answer.error.unwrap().contains(&format!("{length} bytes")), "the reason is told");
        assert!(answer.first_token.is_some(), "what was seen is kept");
        server.left_alone().await;
        assert!(server.sent() < ON_THE_WAY, "{} bytes taken", server.sent());
    }
}

#[tokio::test]
async fn rubbish_behind_a_good_frame_ends_the_stream() {
    for (what, rubbish) in [
        ("zeros", vec![0; 64]),
        ("text", b"<html>This is not a frame, however it goes on</html>".to_vec()),
        ("a good frame, broken", delta().into_iter().map(|byte| byte ^ 0x20).collect()),
        ("a header longer than its frame", [&[0, 0, 0, 20, 0, 0, 0, 200][..], &[0; 12]].concat()),
    ] {
        let server = streaming(delta(), rubbish);
        let caller = Caller::new(&server.url, Api::ConverseStream, patient());
        let answer = in_time(what, caller.ask("Hello")).await;
        assert_eq!(answer.outcome, Outcome::StreamError, "{what}: {:?}", answer.error);
        assert!(answer.first_token.is_some() && answer.usage.is_none(), "{what}: {answer:?}");
        server.left_alone().await;
        assert!(server.sent() < ON_THE_WAY, "{what}: {} bytes taken", server.sent());
    }
}

/// Every event is as good as the last: only time can end it, and memory must not know how many there were.
#[tokio::test]
async fn a_stream_that_never_ends_is_ended() {
    let musing = event("contentBlockMusing", &json!({ "mood": "good" }));
    for (what, again, tokens) in [("tokens", delta(), true), ("events that nobody knows", musing, false)] {
        let server = streaming(event("messageStart", &json!({ "role": "assistant" })), again);
        let timeouts = Timeouts { request: Duration::from_millis(500), ..patient() };
        let answer = in_time(what, Caller::new(&server.url, Api::ConverseStream, timeouts).ask("Hello")).await;
        assert_eq!(answer.outcome, Outcome::Timeout, "{what}: {:?}", answer.error);
        assert_eq!(answer.first_token.is_some(), tokens, "{what}");
        server.left_alone().await;
    }
}
