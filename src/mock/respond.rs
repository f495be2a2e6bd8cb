//! One request from its path to the end of its answer, in the time that the Region model says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use http_body_util::channel::Channel;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::header::{CONTENT_TYPE, HeaderName};
use hyper::{Method, Request, Response, StatusCode};
use serde_json::json;
use uuid::Uuid;

use super::converse::{self, Asked};
use super::live_world::{LiveWorld, Stay};
use super::wire::{self, Body, Exception, REQUEST_ID};
use crate::clock::{Clock, Timer};
use crate::core::request::InvocationKey;
use crate::core::residency::Processing;
use crate::core::seed::fnv1a;
use crate::core::{RegionId, RequestKey, Seed};
use crate::plan::workload::Workload;
use crate::profile::Models;
use crate::region::world::{Call, Refusal, Timeline};

const INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");
const ATTEMPT: HeaderName = HeaderName::from_static("amz-sdk-request");
const LARGEST_BODY: usize = 25_000_000;
/// After the first token, which comes alone so that its time is the model's.
const TOKENS_PER_EVENT: u32 = 4;

/// One Region's endpoint.
pub struct Endpoint {
    pub region: RegionId,
    pub world: Arc<LiveWorld>,
    pub shared: Arc<Shared>,
    /// Inference requests that reached this endpoint, refused ones included.
    pub requests: AtomicU64,
}

/// What all endpoints of a mock have in common.
pub struct Shared {
    pub seed: Seed,
    pub workload: Workload,
    pub models: Models,
    pub clock: Clock,
    pub timer: Timer,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    Converse,
    ConverseStream,
}

impl Endpoint {
    /// Never fails: what goes wrong is answered as the service would answer it.
    pub async fn respond(self: Arc<Self>, request: Request<Incoming>) -> Response<Body> {
        let request_id = Uuid::new_v4().to_string();
        self.serve(request, &request_id).await.unwrap_or_else(|exception| exception.response(&request_id))
    }

    async fn serve(&self, request: Request<Incoming>, request_id: &str) -> Result<Response<Body>, Exception> {
        let (operation, model) = route(request.method(), request.uri().path())?;
        self.requests.fetch_add(1, Ordering::Relaxed);
        let (parts, body) = request.into_parts();
        let body = Limited::new(body, LARGEST_BODY).collect().await;
        let body = body.map_err(|_| Exception::validation("The request body is too large or was cut off."))?.to_bytes();
        let asked = converse::read(&body)?;
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let (key, attempt) = identify(header(INVOCATION_ID), header(ATTEMPT), &body);
        let (stay, timeline) = self.enter(&model, key, attempt, asked).await.map_err(refuse)?;
        let answer = Answer { endpoint: self, key, asked, timeline };
        match operation {
            Operation::Converse => {
                self.shared.timer.sleep_until(self.shared.clock.instant(timeline.last_token())).await;
                stay.end();
                Ok(wire::answer(StatusCode::OK, answer.whole(), request_id))
            }
            Operation::ConverseStream => {
                self.shared.timer.sleep_until(self.shared.clock.instant(timeline.first_token)).await;
                Ok(answer.stream(stay, request_id))
            }
        }
    }

    async fn enter(
        &self,
        model: &str,
        key: RequestKey,
        attempt: u32,
        asked: Asked,
    ) -> Result<(Stay, Timeline), Rejected> {
        let shared = &self.shared;
        let resolved = shared.models.inference_profiles().resolve(self.region, model);
        let (pool, processing) = resolved.map_err(|reason| Rejected::Identifier(reason.to_string()))?;
        let destinations = match processing {
            Processing::Within(regions) => regions,
            Processing::Anywhere(_) => RegionId::all().collect(),
        };
        let output_tokens = shared.workload.draw_output(shared.seed, key).min(asked.max_tokens);
        let base = shared.models.split(model).1.into();
        let burndown = shared.models.burndown(model);
        let stay = self.world.enter(|ticket| Call {
            ticket,
            endpoint: self.region,
            pool,
            model: base,
            destinations,
            key,
            attempt,
            input_tokens: asked.input_tokens,
            max_tokens: asked.max_tokens,
            output_tokens,
            burndown,
        });
        stay.await.map_err(Rejected::Refused)
    }
}

/// Why a valid request is not served.
enum Rejected {
    Identifier(String),
    Refused(Refusal),
}

fn refuse(rejected: Rejected) -> Exception {
    match rejected {
        Rejected::Identifier(why) => {
            Exception::validation(format!("The provided model identifier is invalid. (bedbench mock: {why})"))
        }
        Rejected::Refused(Refusal::TooManyRequests) => Exception::new(
            StatusCode::TOO_MANY_REQUESTS,
            "ThrottlingException",
            "Too many requests, please wait before trying again.",
        ),
        Rejected::Refused(Refusal::TooManyTokens) => Exception::new(
            StatusCode::TOO_MANY_REQUESTS,
            "ThrottlingException",
            "Too many tokens, please wait before trying again.",
        ),
        Rejected::Refused(Refusal::Overloaded) => Exception::new(
            StatusCode::SERVICE_UNAVAILABLE,
            "ServiceUnavailableException",
            "Bedrock is unable to process your request.",
        ),
    }
}

/// The raw path is split before anything is decoded: a model id may carry `%2F`.
fn route(method: &Method, path: &str) -> Result<(Operation, String), Exception> {
    let unknown = || Exception::new(StatusCode::NOT_FOUND, "UnknownOperationException", "");
    let mut segments = path.trim_start_matches('/').split('/');
    let (Some("model"), Some(model), Some(operation), None) =
        (segments.next(), segments.next(), segments.next(), segments.next())
    else {
        return Err(unknown());
    };
    let operation = match (method, operation) {
        (&Method::POST, "converse") => Operation::Converse,
        (&Method::POST, "converse-stream") => Operation::ConverseStream,
        _ => return Err(unknown()),
    };
    let model = percent_decode(model).filter(|model| !model.is_empty());
    Ok((operation, model.ok_or_else(|| Exception::validation("The provided model identifier is invalid."))?))
}

fn percent_decode(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first == b'%' {
            let hex = std::str::from_utf8(rest.get(..2)?).ok()?;
            bytes.push(u8::from_str_radix(hex, 16).ok()?);
            rest = &rest[2..];
        } else {
            bytes.push(*first);
        }
    }
    String::from_utf8(bytes).ok()
}

/// Our own client sends its key; any other request is known by its body, and its attempt by the
/// SDK's header (`attempt=2; max=3`).
fn identify(invocation: Option<&str>, attempt: Option<&str>, body: &[u8]) -> (RequestKey, u32) {
    if let Some(ours) = invocation.and_then(|id| InvocationKey::from_uuid(&Uuid::parse_str(id).ok()?)) {
        return (ours.key, ours.attempt);
    }
    let attempt = attempt
        .and_then(|header| header.split(';').find_map(|part| part.trim().strip_prefix("attempt=")?.parse().ok()))
        .unwrap_or(1_u32);
    (RequestKey(fnv1a(body)), attempt.saturating_sub(1))
}

/// What is sent back for a served call.
struct Answer<'a> {
    endpoint: &'a Endpoint,
    key: RequestKey,
    asked: Asked,
    timeline: Timeline,
}

impl Answer<'_> {
    fn stop_reason(&self) -> &'static str {
        if self.timeline.tokens == self.asked.max_tokens { "max_tokens" } else { "end_turn" }
    }

    /// From the request's arrival to the last token, as the service counts it.
    fn latency_ms(&self) -> u64 {
        self.timeline.last_token().since(self.timeline.arrived).as_millis() as u64
    }

    fn usage(&self) -> serde_json::Value {
        let (input, output) = (self.asked.input_tokens, self.timeline.tokens);
        json!({ "inputTokens": input, "outputTokens": output, "totalTokens": input + output })
    }

    fn whole(&self) -> String {
        let text: String = (0..self.timeline.tokens).map(|token| word(self.key, token)).collect();
        json!({
            "metrics": { "latencyMs": self.latency_ms() },
            "output": { "message": { "content": [{ "text": text }], "role": "assistant" } },
            "stopReason": self.stop_reason(),
            "usage": self.usage(),
        })
        .to_string()
    }

    /// The head goes out with the first token: whether Bedrock flushes it earlier is not known.
    fn stream(&self, stay: Stay, request_id: &str) -> Response<Body> {
        let (mut sender, body) = Channel::<Bytes, std::io::Error>::new(16);
        let (clock, timer) = (self.endpoint.shared.clock.clone(), self.endpoint.shared.timer.clone());
        let (key, timeline) = (self.key, self.timeline);
        let stop = json!({ "stopReason": self.stop_reason() });
        let metadata = json!({ "metrics": { "latencyMs": self.latency_ms() }, "usage": self.usage() });
        tokio::spawn(async move {
            let mut padding = key.0;
            let mut frame = |kind, payload| {
                padding = padding.wrapping_mul(31).wrapping_add(17);
                wire::event(kind, payload, padding >> 8)
            };
            let mut events = vec![(timeline.first_token, frame("messageStart", json!({ "role": "assistant" })))];
            let mut written = 0;
            while written < timeline.tokens {
                let until = if written == 0 { 1 } else { (written + TOKENS_PER_EVENT).min(timeline.tokens) };
                let text: String = (written..until).map(|token| word(key, token)).collect();
                let delta = json!({ "contentBlockIndex": 0, "delta": { "text": text } });
                events.push((timeline.token(until - 1), frame("contentBlockDelta", delta)));
                written = until;
            }
            let end = timeline.last_token();
            events.push((end, frame("contentBlockStop", json!({ "contentBlockIndex": 0 }))));
            events.push((end, frame("messageStop", stop)));
            events.push((end, frame("metadata", metadata)));
            for (at, frame) in events {
                timer.sleep_until(clock.instant(at)).await;
                if sender.send_data(frame).await.is_err() {
                    // The client went away; dropping the stay frees the slot.
                    return;
                }
            }
            stay.end();
        });
        let mut response = Response::new(body.boxed());
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, "application/vnd.amazon.eventstream".parse().expect("plain ASCII"));
        headers.insert(REQUEST_ID, request_id.parse().expect("a UUID is plain ASCII"));
        response
    }
}

/// Token `n` of the answer to `key`: text that anyone can tell from a model's.
fn word(key: RequestKey, n: u32) -> String {
    const WORDS: [&str; 8] = ["mock", "answer", "from", "bedbench", "no", "model", "was", "asked"];
    let word = WORDS[(key.0.wrapping_add(u64::from(n)) % 8) as usize];
    if n == 0 { word.to_owned() } else { format!(" {word}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_split_before_they_are_decoded() {
        let path = "/model/arn%3Aaws%3Abedrock%3Aap-southeast-2%3A1%3Ainference-profile%2Fau.x/converse";
        let (operation, model) = route(&Method::POST, path).unwrap();
        assert!(operation == Operation::Converse);
        assert_eq!(model, "arn:aws:bedrock:ap-southeast-2:1:inference-profile/au.x");
        for (method, path) in [
            (Method::GET, "/model/x/converse"),
            (Method::POST, "/"),
            (Method::POST, "/model/x/y/converse"),
            (Method::POST, "/model/x/speak"),
        ] {
            assert!(route(&method, path).is_err_and(|e| e.name == "UnknownOperationException"), "{path}");
        }
        assert!(route(&Method::POST, "/model/%zz/converse").is_err_and(|e| e.name == "ValidationException"));
    }

    #[test]
    fn our_key_comes_by_the_invocation_id_and_others_by_their_body() {
        let ours = InvocationKey { key: RequestKey(9), attempt: 1 };
        let id = ours.to_uuid().to_string();
        assert_eq!(identify(Some(&id), Some("attempt=1; max=1"), b""), (RequestKey(9), 1));
        let foreign = identify(Some("7f0b0c2e-6a52-4f3e-9c58-0d8a3f1f2b3c"), Some("attempt=3; max=5"), b"body");
        assert_eq!(foreign, (RequestKey(fnv1a(b"body")), 2));
    }
}
