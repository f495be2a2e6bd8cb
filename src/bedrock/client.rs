//! One attempt against one Region.

use std::future::Future;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use aws_sdk_bedrockruntime::operation::RequestId;
use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, ConverseOutput, InferenceConfiguration, Message};
use aws_smithy_runtime::client::orchestrator::operation::Operation;
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse, OrchestratorError};
use aws_smithy_types::DateTime;
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::date_time::Format;
use tokio::task::JoinSet;

use super::bounded::Limit;
use super::classify::{self, Failure};
use super::connections::Connections;
use super::credentials::Access;
use super::gate::Gate;
use super::probe::{Invocations, Probe};
use super::secrets::cut;
use super::stream::{StreamState, millis, usage};
use super::transmit::{ATTEMPT, Gated};
use crate::clock::{self, Clock};
use crate::core::record::{Acquisition, HttpVersion, Usage};
use crate::core::request::{InvocationKey, Timeouts};
use crate::core::residency::Destination;
use crate::core::{ClockOffset, Outcome, RegionId, RunTime};

/// The quickest of so many answers says most about a clock.
const CLOCK_TRIES: usize = 3;

/// Of a request id: a UUID has 36 characters, and whatever a server calls one goes into every record.
const LONGEST_ID: usize = 100;

/// Which operation is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Api {
    ConverseStream,
    /// Unary: there is no first token to see.
    Converse,
}

impl Api {
    pub const fn name(self) -> &'static str {
        match self {
            Self::ConverseStream => "converse-stream",
            Self::Converse => "converse",
        }
    }
}

/// Where AWS serves Bedrock in a Region.
pub fn endpoint_url(region: RegionId) -> String {
    format!("https://bedrock-runtime.{region}.amazonaws.com")
}

/// How to reach one Region.
#[derive(Clone)]
pub struct ClientSpec {
    pub region: RegionId,
    /// Instead of `https://bedrock-runtime.REGION.amazonaws.com`.
    pub endpoint: Option<String>,
    /// A certificate in PEM that `endpoint` may be vouched for by, besides those that the machine trusts.
    pub endpoint_ca: Option<Arc<str>>,
    pub access: Access,
    pub api: Api,
    pub timeouts: Timeouts,
    /// Connections that HTTP/2 requests are spread over.
    pub connections: usize,
    /// Most connections, however many requests there are.
    pub most_connections: usize,
}

/// A client of one Region, for one route.
pub struct RegionClient {
    region: RegionId,
    url: String,
    api: Api,
    timeouts: Timeouts,
    clock: Clock,
    connections: Connections,
    /// One per partition of the connections.
    clients: Vec<Client>,
    in_flight: AtomicU64,
    peak_in_flight: AtomicU64,
}

/// What to ask.
#[derive(Clone)]
pub struct Attempt<'a> {
    pub destination: &'a Destination,
    pub prompt: &'a str,
    pub max_tokens: u32,
    pub invocation: InvocationKey,
    /// Opens when the attempt is to be sent; without one it is sent at once.
    pub gate: Option<Gate>,
    /// When the whole request has run out of time.
    pub deadline: RunTime,
    /// Opens when another attempt has settled the request.
    pub cancelled: Gate,
    /// Set as soon as there is one, for whoever wants to know before the end.
    pub first_token: Arc<OnceLock<RunTime>>,
}

/// What came of it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Handed to the transport; absent if it never got so far.
    pub sent: Option<RunTime>,
    pub head: Option<RunTime>,
    pub first_token: Option<RunTime>,
    pub last_token: Option<RunTime>,
    pub finished: RunTime,
    pub outcome: Outcome,
    pub error: Option<String>,
    pub http_status: Option<u16>,
    pub request_id: Option<String>,
    pub acquisition: Option<Acquisition>,
    pub usage: Option<Usage>,
    pub service_latency: Option<Duration>,
}

/// The facts that only the body of an answer tells.
#[derive(Default)]
struct Content {
    request_id: Option<String>,
    first_token: Option<RunTime>,
    last_token: Option<RunTime>,
    usage: Option<Usage>,
    service_latency: Option<Duration>,
}

impl RegionClient {
    /// Must be called on the runtime that is to drive the connections.
    ///
    /// # Errors
    /// When the connection pool refuses the settings.
    pub fn new(spec: ClientSpec, clock: Clock) -> Result<Self, String> {
        let url = spec.endpoint.clone().unwrap_or_else(|| endpoint_url(spec.region));
        // Over plain HTTP/1.1 every request in flight has its own connection: one partition.
        let partitions = if url.starts_with("https:") { spec.connections } else { 1 };
        let connections =
            Connections::new(partitions, spec.most_connections.max(partitions), spec.endpoint_ca.as_deref())?;
        let timeouts = TimeoutConfig::builder().connect_timeout(spec.timeouts.connect).build();
        let limit = match spec.api {
            Api::ConverseStream => Limit::Frames,
            Api::Converse => Limit::Whole,
        };
        let clients = connections
            .partitions()
            .iter()
            .map(|http| {
                // Built by hand and not from the shell's settings, so that no ambient endpoint,
                // retry mode or stray bearer token can bend a measurement.
                let config = Config::builder()
                    .behavior_version(BehaviorVersion::latest())
                    .region(Region::new(spec.region.code()))
                    .endpoint_url(&url)
                    .http_client(Gated { http: http.clone(), limit })
                    .retry_config(RetryConfig::disabled())
                    .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
                    .timeout_config(timeouts.clone())
                    .invocation_id_generator(Invocations);
                let config = match &spec.access {
                    Access::SigV4(provider) => config.credentials_provider(provider.clone()),
                    Access::Bearer(token) => config.bearer_token(token.clone()),
                };
                Client::from_conf(config.build())
            })
            .collect();
        Ok(Self {
            region: spec.region,
            url,
            api: spec.api,
            timeouts: spec.timeouts,
            clock,
            connections,
            clients,
            in_flight: AtomicU64::new(0),
            peak_in_flight: AtomicU64::new(0),
        })
    }

    pub fn region(&self) -> RegionId {
        self.region
    }

    /// Opens up to `count` connections by asking for a page that is not there. Costs no tokens and
    /// carries no credentials; what is answered does not matter, and whoever has not answered in time is left.
    pub async fn warm(&self, count: usize) {
        let knocks: JoinSet<_> = (0..count).map(|i| self.knock(i % self.clients.len())).collect();
        // Whether an endpoint can be reached shows in the run itself, under its outcome.
        knocks.join_all().await;
    }

    /// How far this machine's clock is ahead of the endpoint's, by the quickest of a few answers to such a request.
    pub async fn clock_offset(&self) -> ClockOffset {
        let mut quickest: Option<((u64, u64), i64)> = None;
        for _ in 0..CLOCK_TRIES {
            let sent = clock::unix_nanos();
            let date = self.knock(0).await;
            let received = clock::unix_nanos();
            let second = date.and_then(|date| DateTime::from_str(&date, Format::HttpDate).ok()).map(|at| at.secs());
            // A clock that was set in between tells nothing.
            let Some(second) = second.filter(|_| received >= sent) else { continue };
            if quickest.is_none_or(|((from, to), _)| received - sent < to - from) {
                quickest = Some(((sent, received), second));
            }
        }
        match quickest {
            Some((between, second)) => ClockOffset::from_second(between, second, &self.url),
            None => ClockOffset::unknown(format!("{} gave no answer with a Date header", self.url)),
        }
    }

    /// Asks for a page that is not there. Returns the Date header of the answer, if there was one.
    fn knock(&self, partition: usize) -> impl Future<Output = Option<String>> + Send + use<> {
        let date = |response: &HttpResponse| response.headers().get("date").map(str::to_owned);
        let get = Operation::builder()
            .service_name("bedbench")
            .operation_name("warm")
            .behavior_version(BehaviorVersion::latest())
            .http_client(Gated { http: self.connections.partitions()[partition].clone(), limit: Limit::Whole })
            .endpoint_url(&self.url)
            .no_auth()
            .no_retry()
            .sleep_impl(aws_smithy_async::rt::sleep::TokioSleep::new())
            .time_source(aws_smithy_async::time::SystemTimeSource::new())
            .timeout_config(TimeoutConfig::builder().connect_timeout(self.timeouts.connect).build())
            .serializer(|()| Ok(HttpRequest::new(SdkBody::empty())))
            .deserializer(move |response| Ok::<_, OrchestratorError<std::convert::Infallible>>(date(response)))
            .build();
        let patience = self.timeouts.connect * 2;
        async move { tokio::time::timeout(patience, get.invoke(())).await.ok()?.ok()? }
    }

    /// Connections opened so far.
    pub fn opened(&self) -> u64 {
        self.connections.opened()
    }

    /// Most requests that one HTTP/2 connection carried at once; absent without HTTP/2.
    pub fn streams_per_connection(&self) -> Option<u64> {
        (self.connections.version() == Some(HttpVersion::Http2))
            .then(|| self.peak_in_flight.load(Ordering::Relaxed).div_ceil(self.clients.len() as u64))
    }

    /// One call. Always comes back, at the latest when a time limit has run out.
    ///
    /// # Panics
    /// When the destination is another Region's: routes and clients are built together.
    pub async fn attempt(&self, attempt: Attempt<'_>) -> Answer {
        assert_eq!(attempt.destination.endpoint(), self.region, "a destination belongs to its Region's client");
        let probe = Probe::new(self.clock.clone(), attempt.invocation, attempt.gate.clone());
        let client = &self.clients[self.connections.next_partition()];
        let _in_flight = self.in_flight();
        let mut content = Content::default();
        let left = attempt.deadline.since(self.clock.now());
        let call = async {
            match self.api {
                Api::ConverseStream => self.converse_stream(client, &attempt, &probe, &mut content).await,
                Api::Converse => self.converse(client, &attempt, &probe, &mut content).await,
            }
        };
        let result = tokio::select! {
            result = tokio::time::timeout(left, call) => {
                result.unwrap_or_else(|_| Err(ran_out("the whole request")))
            }
            true = attempt.cancelled.passed() => {
                Err(Failure::new(Outcome::Cancelled, "another attempt was faster"))
            }
        };
        let finished = self.clock.now();
        let failure = result.err();
        Answer {
            sent: probe.sent(),
            head: probe.head(),
            first_token: content.first_token,
            last_token: content.last_token,
            finished,
            outcome: failure.as_ref().map_or(Outcome::Ok, |failure| failure.outcome),
            error: failure.map(|failure| probe.clean(&failure.error, attempt.prompt)),
            http_status: probe.http_status(),
            request_id: content.request_id.map(|id| probe.clean(&cut(&id, LONGEST_ID), attempt.prompt)),
            acquisition: probe.acquisition(self.connections.version()),
            usage: content.usage,
            service_latency: content.service_latency,
        }
    }

    /// Counts one request until the guard is dropped, also when the caller gives it up.
    fn in_flight(&self) -> impl Drop + '_ {
        struct InFlight<'a>(&'a AtomicU64);
        impl Drop for InFlight<'_> {
            fn drop(&mut self) {
                self.0.fetch_sub(1, Ordering::Relaxed);
            }
        }
        let in_flight = self.in_flight.fetch_add(1, Ordering::Relaxed) + 1;
        self.peak_in_flight.fetch_max(in_flight, Ordering::Relaxed);
        InFlight(&self.in_flight)
    }

    async fn converse_stream(
        &self,
        client: &Client,
        attempt: &Attempt<'_>,
        probe: &Probe,
        content: &mut Content,
    ) -> Result<(), Failure> {
        let first_token_due = self.clock.now() + self.timeouts.first_token;
        let call = client
            .converse_stream()
            .model_id(attempt.destination.model())
            .messages(user_message(attempt.prompt))
            .inference_config(limits(attempt.max_tokens));
        let sent = tokio::time::timeout(self.timeouts.first_token, ATTEMPT.scope(probe.clone(), call.send())).await;
        let mut output = match sent.map_err(|_| ran_out("the first token"))? {
            Ok(output) => output,
            Err(error) => {
                content.request_id = error.request_id().map(str::to_owned);
                return Err(classify::before_stream(&error));
            }
        };
        content.request_id = output.request_id().map(str::to_owned);
        let mut state = StreamState::default();
        let ended = loop {
            let (patience, what) = match state.first_token {
                None => (first_token_due.since(self.clock.now()), "the first token"),
                Some(_) => (self.timeouts.between_events, "the next event"),
            };
            match tokio::time::timeout(patience, output.stream.recv()).await {
                Ok(Ok(Some(event))) => state.on(self.clock.now(), &event),
                Ok(Ok(None)) if state.is_complete() => break Ok(()),
                Ok(Ok(None)) => {
                    break Err(Failure::new(Outcome::StreamError, "the stream ended before messageStop and metadata"));
                }
                Ok(Err(error)) => break Err(classify::mid_stream(&error)),
                Err(_) => break Err(ran_out(what)),
            }
            // Also when the whole request is cut off in the next wait, what was seen is kept.
            content.first_token = state.first_token;
            if let Some(at) = state.first_token {
                attempt.first_token.get_or_init(|| at);
            }
            content.last_token = state.last_token;
        };
        content.usage = state.usage;
        content.service_latency = state.service_latency;
        ended
    }

    async fn converse(
        &self,
        client: &Client,
        attempt: &Attempt<'_>,
        probe: &Probe,
        content: &mut Content,
    ) -> Result<(), Failure> {
        let call = client
            .converse()
            .model_id(attempt.destination.model())
            .messages(user_message(attempt.prompt))
            .inference_config(limits(attempt.max_tokens));
        match ATTEMPT.scope(probe.clone(), call.send()).await {
            Ok(output) => {
                content.request_id = output.request_id().map(str::to_owned);
                // The SDK fills in what an answer lacks: without a message, usage and times are made up.
                if !output.output().is_some_and(ConverseOutput::is_message) {
                    return Err(Failure::new(Outcome::ServerError, "HTTP 200 without a message in it"));
                }
                content.usage = output.usage().map(usage);
                content.service_latency = output.metrics().and_then(|metrics| millis(metrics.latency_ms()));
                Ok(())
            }
            Err(error) => {
                content.request_id = error.request_id().map(str::to_owned);
                Err(classify::before_stream(&error))
            }
        }
    }
}

fn user_message(prompt: &str) -> Message {
    let message = Message::builder().role(ConversationRole::User).content(ContentBlock::Text(prompt.to_owned()));
    message.build().expect("role and content are set")
}

fn limits(max_tokens: u32) -> InferenceConfiguration {
    InferenceConfiguration::builder().max_tokens(i32::try_from(max_tokens).unwrap_or(i32::MAX)).build()
}

fn ran_out(waiting_for: &str) -> Failure {
    Failure::new(Outcome::Timeout, format!("bedbench's time limit for {waiting_for} ran out"))
}
