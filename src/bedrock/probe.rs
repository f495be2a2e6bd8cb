//! Watches one attempt from inside the SDK: when it was handed to the transport, when the head of
//! the answer came, and over which connection.

use std::sync::atomic::{AtomicU16, AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};

use aws_runtime::invocation_id::{InvocationId, InvocationIdGenerator, SharedInvocationIdGenerator};
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::http::telemetry::{CaptureHttpAttemptTelemetry, ConnectionUsage};
use aws_smithy_runtime_api::client::interceptors::context::{
    BeforeDeserializationInterceptorContextRef, BeforeSerializationInterceptorContextRef,
    BeforeTransmitInterceptorContextMut,
};
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_types::config_bag::ConfigBag;

use super::gate::Gate;
use super::secrets::Secrets;
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

    /// `text` from the server, without what was asked and by whom.
    pub fn hide(&self, text: &str, prompt: &str) -> String {
        self.0.secrets.get().unwrap_or(&Secrets::default()).hide(text, prompt)
    }

    /// Waits for the gate; then the attempt is handed to the transport. What waits at a gate that
    /// will never open is never sent: its caller gives it up.
    pub async fn leave(&self) {
        if let Some(gate) = &self.0.gate
            && !gate.passed().await
        {
            std::future::pending::<()>().await;
        }
        self.stamp(&self.0.sent);
    }

    fn stamp(&self, stamp: &AtomicU64) {
        stamp.store(self.0.clock.now().as_nanos() + 1, Ordering::Relaxed);
    }
}

fn read(stamp: &AtomicU64) -> Option<RunTime> {
    stamp.load(Ordering::Relaxed).checked_sub(1).map(RunTime::from_nanos)
}

impl InvocationIdGenerator for Probe {
    fn generate(&self) -> Result<Option<InvocationId>, BoxError> {
        Ok(Some(InvocationId::new(self.0.invocation.to_uuid().to_string())))
    }
}

#[dyn_dispatch_hint]
impl Intercept for Probe {
    fn name(&self) -> &'static str {
        "bedbench::Probe"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        cfg: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        cfg.interceptor_state().store_put(SharedInvocationIdGenerator::new(self.clone()));
        Ok(())
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().add_extension(self.0.telemetry.clone());
        self.0.secrets.get_or_init(|| Secrets::of(context.request().headers()));
        Ok(())
    }

    fn read_after_transmit(
        &self,
        context: &BeforeDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.stamp(&self.0.head);
        self.0.status.store(context.response().status().as_u16(), Ordering::Relaxed);
        Ok(())
    }
}
