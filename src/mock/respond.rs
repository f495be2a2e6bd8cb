//! One request from its path to the end of its answer, in the time that the Region model says.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use hyper::body::Incoming;
use hyper::header::{CONNECTION, HeaderMap, HeaderName, HeaderValue};
use hyper::{Request, Response, Version};
use serde_json::json;
use uuid::Uuid;

use super::asked::Asked;
use super::books::{Books, Entry};
use super::collect::{collect, no_room};
use super::connection::PATIENCE;
use super::converse;
use super::count;
use super::credentials::Callers;
use super::fault;
use super::fingerprint::fingerprint;
use super::held::Held;
use super::live_world::{LiveWorld, Stay};
use super::model_id::{self, Called};
use super::reply::{Reply, Said};
use super::request_id::RequestIds;
use super::reset::ResetSwitch;
use super::route::{Operation, route};
use super::shape::Shape;
use super::stream::{Events, Framing, Stream};
use super::wire::{self, Body, Exception};
use crate::clock::{Clock, Timer, wall};
use crate::core::request::InvocationKey;
use crate::core::{RegionId, RequestKey, Seed};
use crate::plan::sampler::Sampler;
use crate::profile::Models;
use crate::region::Service;
use crate::region::call::{Call, Refusal};
use crate::region::fault::Exception::ThrottlingException;
use crate::region::fault::FaultKind;

const INVOCATION_ID: HeaderName = HeaderName::from_static("amz-sdk-invocation-id");
const ATTEMPT: HeaderName = HeaderName::from_static("amz-sdk-request");
const LARGEST_BODY: usize = 25_000_000;

/// What a request takes until its answer has ended, beside its head and what is said.
const WAITING: usize = 8 << 10;

/// Settings of Invoke requests that come back with the answer.
const ECHOED: [HeaderName; 2] = [
    HeaderName::from_static("x-amzn-bedrock-performanceconfig-latency"),
    HeaderName::from_static("x-amzn-bedrock-service-tier"),
];

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
    pub sampler: Sampler,
    pub models: Models,
    pub strict: bool,
    pub callers: Callers,
    pub books: Arc<Books>,
    pub clock: Clock,
    pub timer: Timer,
    pub request_ids: RequestIds,
    /// Requests and answers in memory.
    pub held: Arc<Held>,
}

impl Endpoint {
    /// Never fails: what goes wrong is answered as the service would answer it.
    pub async fn respond(&self, request: Request<Incoming>, request_id: &str) -> Response<Body> {
        let mut entry = Entry::new(&self.shared.books, &self.shared.held, self.region, &request, request_id);
        // Said by the service, though HTTP/1.1 means it without words.
        let says_so = request.version() == Version::HTTP_11 && !request.headers().contains_key(CONNECTION);
        let response = self.serve(request, request_id, &mut entry).await;
        let mut response = response.unwrap_or_else(|exception| {
            entry.refuses(&exception);
            exception.response(request_id)
        });
        if says_so {
            response.headers_mut().insert(CONNECTION, HeaderValue::from_static("keep-alive"));
        }
        entry.follow(response)
    }

    async fn serve(
        &self,
        request: Request<Incoming>,
        request_id: &str,
        entry: &mut Entry,
    ) -> Result<Response<Body>, Exception> {
        let (operation, model) = route(request.method(), request.uri().path())?;
        entry.asks(operation, &model);
        if operation != Operation::CountTokens {
            self.requests.fetch_add(1, Ordering::Relaxed);
        }
        let (parts, body) = request.into_parts();
        let head: usize = parts.headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        entry.takes(WAITING + head)?;
        let (body, held) = collect(body, LARGEST_BODY, PATIENCE, &self.shared.held).await?;
        self.shared.callers.admit(self.region, &parts, &body, wall())?;
        let called = model_id::resolve(&self.shared.models, self.region, &model, self.shared.strict)?;
        if operation == Operation::CountTokens {
            let tokens = count::input_tokens(&body, &called)?;
            entry.reads(tokens);
            return Ok(wire::answer(wire::text(&json!({ "inputTokens": tokens })), request_id));
        }
        let invoke = if operation.invokes() { Some(called.invoke()?) } else { None };
        let asked = invoke.map_or_else(|| converse::read(&body), |invoke| (invoke.read)(&body, &called.model))?;
        entry.reads(asked.input_tokens);
        let (key, attempt) = identify(&parts.headers, &body);
        // It has been read, and others may need the room while this one waits.
        drop((body, held));
        let connection = parts.extensions.get::<ResetSwitch>().cloned().unwrap_or_default();
        let (reply, stay) = match self.enter(&called, key, attempt, asked).await {
            Ok(served) => served,
            Err(refusal) => return refuse(refusal, &connection, entry).await,
        };
        entry.answers(&reply);
        entry.takes(reply.said.size())?;
        let shape = invoke.map_or(&converse::SHAPE, |invoke| &invoke.shape);
        Ok(match operation {
            Operation::InvokeModel => {
                let mut response = wire::answer(self.whole(shape, &reply, stay).await, request_id);
                wire::tell_usage(&mut response, &reply);
                echo(&parts.headers, response)
            }
            Operation::InvokeModelWithResponseStream => {
                let mut response =
                    wire::stream(self.stream(shape, Framing::Chunks, reply, stay, connection, entry).await, request_id);
                wire::tell_content_type(&mut response);
                echo(&parts.headers, response)
            }
            Operation::ConverseStream => {
                wire::stream(self.stream(shape, Framing::Named, reply, stay, connection, entry).await, request_id)
            }
            _ => wire::answer(self.whole(shape, &reply, stay).await, request_id),
        })
    }

    /// The body of an answer, when the last of it is written.
    async fn whole(&self, shape: &Shape, reply: &Reply, stay: Stay) -> String {
        self.shared.timer.sleep_until(self.shared.clock.instant(reply.timeline.last_token())).await;
        stay.end();
        wire::text(&(shape.whole)(reply))
    }

    /// The head goes out with the first token: whether Bedrock flushes it earlier is not known.
    async fn stream(
        &self,
        shape: &'static Shape,
        framing: Framing,
        reply: Reply,
        stay: Stay,
        connection: ResetSwitch,
        entry: &mut Entry,
    ) -> Stream {
        let Shared { clock, timer, .. } = &*self.shared;
        timer.sleep_until(clock.instant(reply.timeline.first_token)).await;
        let (fault, tokens) = (reply.timeline.fault, reply.said.tokens());
        let good = Events::new(reply, shape, framing);
        let events = match fault {
            Some(fault) => fault::spoil(good, fault, tokens, entry.expects(fault)),
            None => Box::new(good),
        };
        Stream::new(events, stay, clock.clone(), timer.clone(), connection)
    }

    /// Waits for the model to begin, or to refuse.
    async fn enter(
        &self,
        called: &Called,
        key: RequestKey,
        attempt: u32,
        asked: Asked,
    ) -> Result<(Reply, Stay), Refusal> {
        let shared = &self.shared;
        let drawn = shared.sampler.output(key);
        let said = Said::new(key, called.model.clone(), &asked, drawn);
        let Asked { input_tokens, max_tokens, .. } = asked;
        // With the schema of a tool, which may be large, and not counted while this one waits.
        drop(asked);
        let service = Service {
            endpoint: self.region,
            pool: called.pool,
            model: called.model.clone(),
            destinations: called.destinations.clone(),
        };
        let (stay, timeline) = self
            .world
            .enter(&service, |ticket, path| Call {
                ticket,
                path,
                key,
                attempt,
                input_tokens,
                max_tokens,
                output_tokens: said.tokens(),
                burndown: shared.models.burndown(&called.model),
                fault: called.fault,
            })
            .await?;
        Ok((Reply { said, timeline }, stay))
    }
}

fn echo(asked: &HeaderMap, mut response: Response<Body>) -> Response<Body> {
    for name in ECHOED {
        if let Some(value) = asked.get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// What a client gets in place of an answer, if it gets anything.
async fn refuse(refusal: Refusal, connection: &ResetSwitch, entry: &mut Entry) -> Result<Response<Body>, Exception> {
    let fault = match refusal {
        Refusal::TooManyRequests => return Err(fault::exception(ThrottlingException)),
        Refusal::TooManyTokens => {
            let message = "Too many tokens, please wait before trying again.";
            return Err(Exception { message: message.into(), ..fault::exception(ThrottlingException) });
        }
        Refusal::Overloaded => return Err(no_room()),
        Refusal::Fault(fault) => fault,
    };
    entry.expects(fault).happens();
    if let Some(name) = fault.exception {
        return Err(fault::exception(name));
    }
    if fault.kind == FaultKind::Reset {
        connection.pull();
    }
    std::future::pending().await
}

/// Our own client sends its key; any other request is known by its body, and its attempt by the
/// SDK's header (`attempt=2; max=3`).
fn identify(headers: &HeaderMap, body: &[u8]) -> (RequestKey, u32) {
    let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
    if let Some(ours) = header(INVOCATION_ID).and_then(|id| InvocationKey::from_uuid(&Uuid::parse_str(id).ok()?)) {
        return (ours.key, ours.attempt);
    }
    let attempt = header(ATTEMPT)
        .and_then(|header| header.split(';').find_map(|part| part.trim().strip_prefix("attempt=")?.parse().ok()))
        .unwrap_or(1_u32);
    (RequestKey(fingerprint(body)), attempt.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_key_comes_by_the_invocation_id_and_others_by_their_body() {
        let ours = InvocationKey { key: RequestKey(9), attempt: 1 };
        let headers = |id: &str, attempt: &str| {
            let header = |name, value: &str| (name, value.parse().unwrap());
            HeaderMap::from_iter([header(INVOCATION_ID, id), header(ATTEMPT, attempt)])
        };
        let known = headers(&ours.to_uuid().to_string(), "attempt=1; max=1");
        assert_eq!(identify(&known, b""), (RequestKey(9), 1));
        let foreign = headers("7f0b0c2e-6a52-4f3e-9c58-0d8a3f1f2b3c", "attempt=3; max=5");
        assert_eq!(identify(&foreign, b"body"), (RequestKey(fingerprint(b"body")), 2));
    }
}
