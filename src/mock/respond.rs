//! One request from its path to the end of its answer, in the time that the Region model says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::{Bytes, BytesMut};
use http_body_util::BodyExt;
use hyper::body::Incoming;
use hyper::header::HeaderName;
use hyper::{Method, Request, Response, StatusCode};
use uuid::Uuid;

use super::answer::{Answer, Events};
use super::converse::{self, Asked};
use super::live_world::{LiveWorld, Stay};
use super::wire::{self, Body, Exception};
use crate::clock::{Clock, Timer};
use crate::core::request::InvocationKey;
use crate::core::residency::{Processing, Reason};
use crate::core::seed::fnv1a;
use crate::core::{RegionId, RequestKey, Seed};
use crate::plan::workload::Workload;
use crate::profile::Models;
use crate::region::world::{Call, Refusal, Timeline};

const INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");
const ATTEMPT: HeaderName = HeaderName::from_static("amz-sdk-request");
const LARGEST_BODY: usize = 25_000_000;

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
        let body = collect(body).await?;
        let asked = converse::read(&body)?;
        let header = |name| parts.headers.get(name).and_then(|value| value.to_str().ok());
        let (key, attempt) = identify(header(INVOCATION_ID), header(ATTEMPT), &body);
        let (stay, timeline) = self.enter(&model, key, attempt, asked).await.map_err(refuse)?;
        let answer = Answer { key, asked, timeline };
        match operation {
            Operation::Converse => {
                self.shared.timer.sleep_until(self.shared.clock.instant(timeline.last_token())).await;
                stay.end();
                Ok(wire::answer(StatusCode::OK, answer.whole(), request_id))
            }
            // The head goes out with the first token: whether Bedrock flushes it earlier is not known.
            Operation::ConverseStream => {
                self.shared.timer.sleep_until(self.shared.clock.instant(timeline.first_token)).await;
                let events = Events::new(answer, stay, self.shared.clock.clone(), self.shared.timer.clone());
                Ok(wire::stream(events, request_id))
            }
        }
    }

    /// Waits for the model to begin, or to refuse.
    async fn enter(
        &self,
        model: &str,
        key: RequestKey,
        attempt: u32,
        asked: Asked,
    ) -> Result<(Stay, Timeline), Rejected> {
        let shared = &self.shared;
        let model = named_by_arn(model, self.region).unwrap_or(model);
        let resolved = shared.models.inference_profiles().resolve(self.region, model);
        let (pool, processing) = resolved.map_err(|reason| {
            Rejected::Identifier(match reason {
                Reason::UnknownDestinations => format!(
                    "of ARNs it knows those of foundation models and system-defined inference profiles, of {} only",
                    self.region
                ),
                reason => format!("`{model}` called in {}: {reason}", self.region.name()),
            })
        })?;
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

/// The id that an ARN of this Region ends with, where the ARN itself tells where it is processed: an
/// application's own profile or a provisioned model names no model that a mock could know.
fn named_by_arn(arn: &str, region: RegionId) -> Option<&str> {
    let mut parts = arn.splitn(6, ':');
    let (Some("arn"), Some("aws"), Some("bedrock"), Some(code), Some(_account), Some(resource)) =
        (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return None;
    };
    let (kind, id) = resource.split_once('/')?;
    (code == region.code() && matches!(kind, "foundation-model" | "inference-profile")).then_some(id)
}

/// Reads a body to its end even when it is too large: a client that is still sending would find the
/// connection reset, and not the answer that tells it why.
async fn collect(mut body: Incoming) -> Result<Bytes, Exception> {
    let mut bytes = BytesMut::new();
    let mut length = 0;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|_| Exception::validation("The request body was cut off."))?;
        let Ok(data) = frame.into_data() else { continue };
        length += data.len();
        if length <= LARGEST_BODY {
            bytes.extend_from_slice(&data);
        } else {
            bytes = BytesMut::new();
        }
    }
    if length > LARGEST_BODY {
        return Err(Exception::validation(format!("The request body is larger than {LARGEST_BODY} bytes.")));
    }
    Ok(bytes.freeze())
}

/// The raw path is split before anything is decoded: a model id may carry `%2F`.
fn route(method: &Method, path: &str) -> Result<(Operation, String), Exception> {
    let unknown = || {
        let message = "bedbench's mock serves POST /model/{modelId}/converse and /model/{modelId}/converse-stream only";
        Exception::new(StatusCode::NOT_FOUND, "UnknownOperationException", message)
    };
    let mut segments = path.split('/');
    let (Some(""), Some("model"), Some(model), Some(operation), None) =
        (segments.next(), segments.next(), segments.next(), segments.next(), segments.next())
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
            let digit = |at: usize| char::from(*rest.get(at)?).to_digit(16);
            bytes.push((digit(0)? * 16 + digit(1)?) as u8);
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
            (Method::POST, "//model/x/converse"),
            (Method::POST, "/model/x/y/converse"),
            (Method::POST, "/model/x/speak"),
        ] {
            assert!(route(&method, path).is_err_and(|e| e.name == "UnknownOperationException"), "{path}");
        }
        for path in ["/model/%zz/converse", "/model/%+f/converse", "/model/%f/converse", "/model//converse"] {
            assert!(route(&Method::POST, path).is_err_and(|e| e.name == "ValidationException"), "{path}");
        }
    }

    #[test]
    fn an_arn_that_names_a_model_of_this_region_is_that_model() {
        let named = |arn| named_by_arn(arn, RegionId::SYDNEY);
        let profile = "arn:aws:bedrock:ap-southeast-2:111122223333:inference-profile/au.model-v1:0";
        assert_eq!(named(profile), Some("au.model-v1:0"));
        assert_eq!(named("arn:aws:bedrock:ap-southeast-2::foundation-model/model"), Some("model"));
        for opaque in [
            "arn:aws:bedrock:us-west-2:111122223333:inference-profile/au.model",
            "arn:aws:bedrock:ap-southeast-2:111122223333:application-inference-profile/abc",
            "arn:aws:bedrock",
            "model",
        ] {
            assert_eq!(named(opaque), None, "{opaque}");
        }
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
