//! Bytes as Bedrock sends them: event-stream frames, JSON bodies, errors.
//!
//! Facts: the Smithy model of bedrock-runtime 2023-09-30 in botocore, and recorded responses in
//! the test suites of opentelemetry-python-contrib and pydantic-ai.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::answer::Events;

pub type Body = BoxBody<Bytes, std::convert::Infallible>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");

/// Bedrock pads every event to blur how long its text is.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// One event of a ConverseStream response. `padding` picks the length of the field `p`.
pub fn event(kind: &'static str, mut payload: Value, padding: u64) -> Bytes {
    let length = 2 + (padding as usize) % (PADDING.len() - 1);
    payload["p"] = PADDING[..length].into();
    let text = |value: &'static str| HeaderValue::String(value.into());
    let message = Message::new(payload.to_string())
        .add_header(Header::new(":event-type", text(kind)))
        .add_header(Header::new(":content-type", text("application/json")))
        .add_header(Header::new(":message-type", text("event")));
    let mut frame = BytesMut::new();
    write_message_to(&message, &mut frame).expect("our headers and payloads are within the limits");
    frame.freeze()
}

/// An exception of the service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    pub status: StatusCode,
    pub name: &'static str,
    pub message: String,
}

impl Exception {
    pub fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into() }
    }

    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationException", message)
    }

    pub fn response(&self, request_id: &str) -> Response<Body> {
        let body = json!({ "message": self.message }).to_string();
        let mut response = answer(self.status, body, request_id);
        let kind = format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", self.name);
        response.headers_mut().insert(ERROR_TYPE, kind.parse().expect("names are plain ASCII"));
        response
    }
}

/// A complete JSON response.
pub fn answer(status: StatusCode, json: String, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(json)).boxed());
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, "application/json".parse().expect("plain ASCII"));
    headers.insert(REQUEST_ID, request_id.parse().expect("a UUID is plain ASCII"));
    response
}

/// A response whose events come as they fall due.
pub fn stream(events: Events, request_id: &str) -> Response<Body> {
    let mut response = Response::new(events.boxed());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, "application/vnd.amazon.eventstream".parse().expect("plain ASCII"));
    headers.insert(REQUEST_ID, request_id.parse().expect("a UUID is plain ASCII"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Header lengths of recorded Bedrock streams.
    #[test]
    fn frames_have_the_recorded_header_lengths_and_both_checksums() {
        for (kind, length) in [
            ("messageStop", 81),
            ("contentBlockDelta", 87),
            ("contentBlockStop", 86),
            ("metadata", 78),
            ("messageStart", 82),
        ] {
            let frame = event(kind, json!({"role": "assistant"}), 7);
            let number = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
            assert_eq!(number(0) as usize, frame.len(), "{kind}: total length");
            assert_eq!(number(4), length, "{kind}: header length");
            assert_eq!(number(8), crc32(&frame[..8]), "{kind}: prelude checksum");
            assert_eq!(number(frame.len() - 4), crc32(&frame[..frame.len() - 4]), "{kind}: message checksum");
        }
    }

    #[test]
    fn payload_keys_are_sorted_and_padded() {
        let frame = event("messageStart", json!({"role": "assistant"}), 3);
        let payload = &frame[12 + 82..frame.len() - 4];
        assert_eq!(payload, br#"{"p":"abcde","role":"assistant"}"#);
    }

    /// Bit by bit, so that it shares nothing with the encoder's table.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1)))
        })
    }
}
