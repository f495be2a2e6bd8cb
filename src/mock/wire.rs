//! Bytes as Bedrock sends them: event-stream frames, JSON bodies, errors.
//!
//! Facts: the Smithy model of bedrock-runtime 2023-09-30 in botocore, and recorded responses in
//! the test suites of opentelemetry-python-contrib and pydantic-ai.

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::base64;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bytes::{Bytes, BytesMut};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, Full};
use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::{Response, StatusCode};
use serde_json::{Value, json};

use super::reply::Reply;
use super::stream::Stream;

pub type Body = BoxBody<Bytes, std::convert::Infallible>;

const REQUEST_ID: HeaderName = HeaderName::from_static("x-amzn-requestid");
const ERROR_TYPE: HeaderName = HeaderName::from_static("x-amzn-errortype");
const INVOCATION_LATENCY: HeaderName = HeaderName::from_static("x-amzn-bedrock-invocation-latency");
const INPUT_TOKENS: HeaderName = HeaderName::from_static("x-amzn-bedrock-input-token-count");
const OUTPUT_TOKENS: HeaderName = HeaderName::from_static("x-amzn-bedrock-output-token-count");
const CHUNK_CONTENT_TYPE: HeaderName = HeaderName::from_static("x-amzn-bedrock-content-type");

/// Bedrock pads every event to blur how long its text is.
const PADDING: &str = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

/// One event of a ConverseStream response: an object whose one key is the event's name. `padding`
/// picks the length of the field `p`.
pub fn named(event: Value, padding: u64) -> Bytes {
    let (kind, payload) = match event {
        Value::Object(object) => object.into_iter().next().unwrap_or_default(),
        _ => Default::default(),
    };
    frame(kind, payload, padding)
}

/// One event of an InvokeModelWithResponseStream response: the model's own, opaque.
pub fn chunk(event: &Value, padding: u64) -> Bytes {
    frame("chunk".into(), json!({ "bytes": base64::encode(text(event)) }), padding)
}

fn frame(kind: String, mut payload: Value, padding: u64) -> Bytes {
    let length = 2 + (padding as usize) % (PADDING.len() - 2);
    payload["p"] = PADDING[..length].into();
    message((":event-type", kind), "event", &payload)
}

/// An exception in mid-stream: its name in lower camel case, and no padding.
pub fn exception_frame(exception: &Exception) -> Bytes {
    let mut name = exception.name.to_owned();
    name[..1].make_ascii_lowercase();
    message((":exception-type", name), "exception", &exception.body())
}

fn message((header, kind): (&'static str, String), of: &'static str, payload: &Value) -> Bytes {
    let message = Message::new(text(payload))
        .add_header(Header::new(header, HeaderValue::String(kind.into())))
        .add_header(Header::new(":content-type", HeaderValue::String("application/json".into())))
        .add_header(Header::new(":message-type", HeaderValue::String(of.into())));
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
    /// Keys beside the message; an object, or null for none.
    pub extra: Value,
}

impl Exception {
    pub fn new(status: StatusCode, name: &'static str, message: impl Into<String>) -> Self {
        Self { status, name, message: message.into(), extra: Value::Null }
    }

    pub fn validation(message: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, "ValidationException", message)
    }

    pub fn invalid_identifier() -> Self {
        Self::validation("The provided model identifier is invalid.")
    }

    /// With more keys beside the message.
    #[must_use]
    pub fn with(self, extra: Value) -> Self {
        Self { extra, ..self }
    }

    fn body(&self) -> Value {
        let mut body = json!({ "message": self.message });
        for (key, value) in self.extra.as_object().into_iter().flatten() {
            body[key] = value.clone();
        }
        body
    }

    pub fn response(&self, request_id: &str) -> Response<Body> {
        let mut response = answer(text(&self.body()), request_id);
        *response.status_mut() = self.status;
        let kind = format!("{}:http://internal.amazon.com/coral/com.amazon.bedrock/", self.name);
        response.headers_mut().insert(ERROR_TYPE, kind.parse().expect("names are plain ASCII"));
        response
    }
}

/// What `to_string` gives, without the detour of formatting.
pub fn text(json: &Value) -> String {
    serde_json::to_string(json).expect("all keys are strings")
}

/// A complete JSON response.
pub fn answer(json: String, request_id: &str) -> Response<Body> {
    let mut response = Response::new(Full::new(Bytes::from(json)).boxed());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, "application/json".parse().expect("plain ASCII"));
    headers.insert(REQUEST_ID, request_id.parse().expect("a UUID is plain ASCII"));
    response
}

/// What only InvokeModel tells in its headers.
pub fn tell_usage(response: &mut Response<Body>, reply: &Reply) {
    let headers = response.headers_mut();
    headers.insert(INVOCATION_LATENCY, reply.latency_ms().into());
    headers.insert(INPUT_TOKENS, reply.said.input_tokens.into());
    headers.insert(OUTPUT_TOKENS, reply.said.tokens().into());
}

/// What is in the chunks of InvokeModelWithResponseStream.
pub fn tell_content_type(response: &mut Response<Body>) {
    response.headers_mut().insert(CHUNK_CONTENT_TYPE, "application/json".parse().expect("plain ASCII"));
}

/// A response whose events come as they fall due.
pub fn stream(events: Stream, request_id: &str) -> Response<Body> {
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
        let named = [
            ("messageStart", 82),
            ("contentBlockStart", 87),
            ("contentBlockDelta", 87),
            ("contentBlockStop", 86),
            ("messageStop", 81),
            ("metadata", 78),
        ];
        let named = named.map(|(kind, length)| (named_frame(kind), length));
        for (frame, length) in named.into_iter().chain([(chunk(&json!({ "generation": "Hi" }), 7), 75)]) {
            let number = |at: usize| u32::from_be_bytes(frame[at..at + 4].try_into().unwrap());
            assert_eq!(number(0) as usize, frame.len(), "total length: {frame:?}");
            assert_eq!(number(4), length, "header length: {frame:?}");
            assert_eq!(number(8), crc32(&frame[..8]), "prelude checksum: {frame:?}");
            assert_eq!(number(frame.len() - 4), crc32(&frame[..frame.len() - 4]), "message checksum: {frame:?}");
        }
    }

    fn named_frame(kind: &str) -> Bytes {
        named(json!({ kind: { "role": "assistant" } }), 3)
    }

    #[test]
    fn payload_keys_are_sorted_and_padded() {
        let frame = named_frame("messageStart");
        assert_eq!(&frame[12 + 82..frame.len() - 4], br#"{"p":"abcde","role":"assistant"}"#);
        let frame = chunk(&json!({ "b": 1, "a": 2 }), 0);
        assert_eq!(&frame[12 + 75..frame.len() - 4], br#"{"bytes":"eyJhIjoyLCJiIjoxfQ==","p":"ab"}"#);
    }

    /// Bit by bit, so that it shares nothing with the encoder's table.
    fn crc32(bytes: &[u8]) -> u32 {
        !bytes.iter().fold(!0_u32, |crc, byte| {
            (0..8).fold(crc ^ u32::from(*byte), |crc, _| (crc >> 1) ^ (0xedb8_8320 & (!(crc & 1)).wrapping_add(1)))
        })
    }
}
