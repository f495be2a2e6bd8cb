//! Watches one attempt at the SDK's transport: when it was handed to the transport, when the head of
//! the answer came, and over which connection.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use aws_runtime::invocation_id::{InvocationId, InvocationIdGenerator};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::telemetry::{CaptureHttpAttemptTelemetry, ConnectionUsage};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};

use super::gate::Gate;
use super::secrets::Secrets;
use super::transmit::ATTEMPT;
use crate::clock::Clock;
use crate::core::RunTime;
use crate::core::record::{Acquisition, HttpVersion};
use crate::core::request::InvocationKey;

/// Cheap to clone; all clones see the same attempt.
#[derive(Clone, Debug)]
pub struct Probe(Arc<Seen>);

#[derive(Debug)]
struct Seen {
    clock: Clock,
    invocation: InvocationKey,
    gate: Option<Gate>,
    /// Nanoseconds of run time plus one; zero is "not yet".
    sent: AtomicU64,
    head: AtomicU64,
    status: AtomicU16,
    telemetry: CaptureHttpAttemptTelemetry,
    secrets: OnceLock<Secrets>,
}

impl Probe {
    /// Without a gate the attempt is sent as soon as it is prepared.
    pub fn new(clock: Clock, invocation: InvocationKey, gate: Option<Gate>) -> Self {
        Self(Arc::new(Seen {
            clock,
            invocation,
            gate,
            sent: AtomicU64::new(0),
            head: AtomicU64::new(0),
            status: AtomicU16::new(0),
            telemetry: CaptureHttpAttemptTelemetry::new(),
            secrets: OnceLock::new(),
        }))
    }

    pub fn sent(&self) -> Option<RunTime> {
        read(&self.0.sent)
    }

    pub fn head(&self) -> Option<RunTime> {
        read(&self.0.head)
    }

    pub fn http_status(&self) -> Option<u16> {
        Some(self.0.status.load(Ordering::Relaxed)).filter(|status| *status != 0)
    }

    /// Absent when the attempt never got a connection.
    pub fn acquisition(&self, version: Option<HttpVersion>) -> Option<Acquisition> {
        let telemetry = self.0.telemetry.get();
        let acquisition = telemetry.acquisition()?;
        let reused = acquisition.usage() == ConnectionUsage::Reused;
        Some(Acquisition { took: acquisition.duration(), reused, version })
    }

    /// What the server said, without what was asked and by whom.
    pub fn clean(&self, said: &str, prompt: &str) -> String {
        self.0.secrets.get().unwrap_or(&Secrets::default()).clean(said, prompt)
    }

    /// Waits for the gate; then the attempt is handed to the transport. What waits at a gate that
    /// will never open is never sent: its caller gives it up.
    pub async fn leave(&self, request: &mut HttpRequest) {
        request.add_extension(self.0.telemetry.clone());
        self.0.secrets.get_or_init(|| Secrets::of(request.headers()));
        if let Some(gate) = &self.0.gate
            && !gate.passed().await
        {
            std::future::pending::<()>().await;
        }
        self.stamp(&self.0.sent);
    }

    /// The head of the answer is here.
    pub fn hear(&self, response: &HttpResponse) {
        self.stamp(&self.0.head);
        self.0.status.store(response.status().as_u16(), Ordering::Relaxed);
    }

    fn stamp(&self, stamp: &AtomicU64) {
        stamp.store(self.0.clock.now().as_nanos() + 1, Ordering::Relaxed);
    }
}

fn read(stamp: &AtomicU64) -> Option<RunTime> {
    stamp.load(Ordering::Relaxed).checked_sub(1).map(RunTime::from_nanos)
}

/// Names every call by the attempt that is making it.
#[derive(Debug)]
pub struct Invocations;

impl InvocationIdGenerator for Invocations {
    fn generate(&self) -> Result<Option<InvocationId>, BoxError> {
        let of = |probe: &Probe| InvocationId::new(probe.0.invocation.to_uuid().to_string());
        Ok(ATTEMPT.try_with(of).ok())
    }
}
