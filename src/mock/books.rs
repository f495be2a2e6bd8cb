//! What the mock remembers of its requests: counters for whoever asks, lines for the access log.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};

use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use hyper::{Request, Response, Version};
use serde::Serialize;
use serde_json::{Value, json};

use super::access_log::{AccessLog, Line, Outcome};
use super::collect::no_room;
use super::fault::Strike;
use super::held::{Held, Holding};
use super::reply::Reply;
use super::route::Operation;
use super::wire::{Body, Exception};
use crate::clock::unix_nanos;
use crate::core::{RegionId, RunTime};
use crate::region::fault::{Fault, FaultKind};

/// Where requests are counted whose path names no operation.
const UNKNOWN: &str = "unknown";

/// The requests of one operation in one Region. Each is open first, and then one of the others.
#[derive(Debug, Default, Serialize)]
struct Counters {
    requests: u64,
    open: u64,
    ok: u64,
    cancelled: u64,
    exceptions: BTreeMap<&'static str, u64>,
    /// What spoilt answers, other than exceptions.
    faults: BTreeMap<FaultKind, u64>,
}

/// The connections to one address.
#[derive(Debug)]
pub struct Traffic {
    pub address: SocketAddr,
    pub regions: Vec<RegionId>,
    open: AtomicU64,
    opened: AtomicU64,
}

impl Traffic {
    pub fn new(address: SocketAddr, regions: Vec<RegionId>) -> Arc<Self> {
        Arc::new(Self { address, regions, open: AtomicU64::new(0), opened: AtomicU64::new(0) })
    }

    /// Counts one connection until the guard is dropped.
    pub fn connect(self: &Arc<Self>) -> impl Drop + Send + use<> {
        struct Connected(Arc<Traffic>);
        impl Drop for Connected {
            fn drop(&mut self) {
                self.0.open.fetch_sub(1, Ordering::Relaxed);
            }
        }
        self.open.fetch_add(1, Ordering::Relaxed);
        self.opened.fetch_add(1, Ordering::Relaxed);
        Connected(self.clone())
    }
}

pub struct Books {
    counters: Mutex<BTreeMap<RegionId, BTreeMap<&'static str, Counters>>>,
    traffic: Vec<Arc<Traffic>>,
    log: Option<AccessLog>,
}

impl Books {
    pub fn new(traffic: Vec<Arc<Traffic>>, log: Option<AccessLog>) -> Self {
        Self { counters: Mutex::default(), traffic, log }
    }

    /// Requests whose answer has not ended.
    pub fn open(&self) -> u64 {
        self.lock().values().flat_map(BTreeMap::values).map(|counters| counters.open).sum()
    }

    pub fn stats(&self) -> Value {
        let connections = |traffic: &Traffic| {
            let [open, opened] = [&traffic.open, &traffic.opened].map(|count| count.load(Ordering::Relaxed));
            json!({ "address": traffic.address, "regions": traffic.regions, "connections": open, "opened": opened })
        };
        let listeners: Vec<_> = self.traffic.iter().map(|traffic| connections(traffic)).collect();
        json!({ "regions": &*self.lock(), "listeners": listeners })
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<RegionId, BTreeMap<&'static str, Counters>>> {
        self.counters.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count(&self, region: RegionId, operation: &'static str, count: impl FnOnce(&mut Counters)) {
        count(self.lock().entry(region).or_default().entry(operation).or_default());
    }
}

/// One request. Dropped, it has ended and is counted and logged: as cancelled, unless its answer
/// was seen to its end or spoilt on purpose.
pub struct Entry {
    books: Arc<Books>,
    line: Line,
    /// What may spoil the answer, and whether it has.
    fault: Option<(Fault, Strike)>,
    /// What it takes in memory to its end.
    holding: Holding,
    /// The answer was seen to its end.
    ended: bool,
}

impl Entry {
    pub fn new<B>(
        books: &Arc<Books>,
        held: &Arc<Held>,
        region: RegionId,
        request: &Request<B>,
        request_id: &str,
    ) -> Self {
        let attempt = request.headers().get("amz-sdk-request").and_then(|attempt| attempt.to_str().ok());
        // Nothing else that a client may have put there by mistake.
        let known = |part: &str| ["attempt=", "max=", "ttl="].iter().any(|key| part.trim().starts_with(key));
        let attempt = attempt.filter(|text| text.len() <= 64 && text.split(';').all(known));
        let line = Line {
            time: unix_nanos(),
            request_id: request_id.to_owned(),
            region,
            http: if request.version() == Version::HTTP_2 { "HTTP/2" } else { "HTTP/1.1" },
            operation: None,
            model: None,
            attempt: attempt.map(str::to_owned),
            outcome: Outcome::Cancelled,
            status: None,
            exception: None,
            fault: None,
            input_tokens: None,
            output_tokens: None,
            queue_ms: None,
            first_token_ms: None,
            total_ms: None,
        };
        Self { books: books.clone(), line, fault: None, holding: held.none(), ended: false }
    }

    pub fn asks(&mut self, operation: Operation, model: &str) {
        self.line.operation = Some(operation.name());
        self.line.model = Some(model.to_owned());
        self.begin(operation.name());
    }

    /// # Errors
    /// When there is no room for `bytes` more.
    pub fn takes(&mut self, bytes: usize) -> Result<(), Exception> {
        if self.holding.more(bytes) { Ok(()) } else { Err(no_room()) }
    }

    pub fn reads(&mut self, input_tokens: u32) {
        self.line.input_tokens = Some(input_tokens);
    }

    pub fn answers(&mut self, reply: &Reply) {
        let timeline = &reply.timeline;
        let millis = |at: RunTime| Some(at.since(timeline.arrived).as_micros() as f64 / 1_000.0);
        self.line.output_tokens = Some(reply.said.tokens());
        self.line.queue_ms = millis(timeline.started);
        self.line.first_token_ms = millis(timeline.first_token);
        self.line.total_ms = millis(timeline.last_token());
    }

    /// A fault that has not done its work when the client leaves is none.
    pub fn expects(&mut self, fault: Fault) -> Strike {
        self.fault.insert((fault, Strike::default())).1.clone()
    }

    pub fn refuses(&mut self, exception: &Exception) {
        self.line.exception = Some(exception.name);
    }

    /// Stays with the response until its body has ended or is dropped.
    pub fn follow(mut self, response: Response<Body>) -> Response<Body> {
        self.line.status = Some(response.status().as_u16());
        response.map(|body| Followed { body, entry: Some(self) }.boxed())
    }

    fn begin(&self, operation: &'static str) {
        self.books.count(self.line.region, operation, |counters| {
            counters.requests += 1;
            counters.open += 1;
        });
    }

    fn end(mut self) {
        self.ended = true;
    }

    fn conclude(&mut self) {
        let struck = self.fault.as_ref().filter(|(_, strike)| strike.has_happened()).map(|(fault, _)| fault);
        let line = &mut self.line;
        line.fault = struck.map(|fault| fault.kind);
        line.exception = line.exception.or(struck.and_then(|fault| fault.exception).map(|exception| exception.name()));
        line.outcome = match (line.exception, line.fault) {
            (None, Some(_)) => Outcome::Fault,
            _ if !self.ended => Outcome::Cancelled,
            (Some(_), _) => Outcome::Exception,
            (None, None) => Outcome::Ok,
        };
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.conclude();
        let Line { region, operation, outcome, exception, fault, .. } = self.line;
        if operation.is_none() {
            self.begin(UNKNOWN);
        }
        self.books.count(region, operation.unwrap_or(UNKNOWN), |counters| {
            counters.open -= 1;
            match (outcome, exception, fault) {
                (Outcome::Cancelled, ..) => counters.cancelled += 1,
                (_, Some(name), _) => *counters.exceptions.entry(name).or_default() += 1,
                (_, None, Some(kind)) => *counters.faults.entry(kind).or_default() += 1,
                (_, None, None) => counters.ok += 1,
            }
        });
        if let Some(log) = &self.books.log {
            log.add(self.line.clone());
        }
    }
}

/// A body that is seen to its end.
struct Followed {
    body: Body,
    entry: Option<Entry>,
}

impl hyper::body::Body for Followed {
    type Data = <Body as hyper::body::Body>::Data;
    type Error = <Body as hyper::body::Body>::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Self::Data>, Self::Error>>> {
        let frame = ready!(Pin::new(&mut self.body).poll_frame(cx));
        // Who knows that nothing follows does not ask again.
        if frame.is_none() || self.body.is_end_stream() {
            self.entry.take().into_iter().for_each(Entry::end);
        }
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
