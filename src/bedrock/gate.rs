//! Prepared early, sent on time.
//!
//! Serialising and signing take the SDK some hundred microseconds. Done at the planned instant,
//! they would be the generator's own lateness; so they are done a little before it, and the
//! finished request waits at a gate in front of the transport. What comes late to an open gate
//! passes at once, and its lateness shows.

use aws_sdk_bedrockruntime::config::RuntimeComponents;
use aws_smithy_http_client::pool;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use tokio::sync::watch;

use super::probe::Probe;

/// Opens a [`Gate`]. Dropped unopened, whoever waits knows that the gate will never open.
#[derive(Debug)]
pub struct Opener(watch::Sender<bool>);

/// What a prepared request waits at. Clones wait at the same gate.
#[derive(Clone, Debug)]
pub struct Gate(watch::Receiver<bool>);

impl Gate {
    pub fn closed() -> (Opener, Self) {
        let (sender, receiver) = watch::channel(false);
        (Opener(sender), Self(receiver))
    }

    /// True once it is open, false if it will never be.
    pub async fn passed(&self) -> bool {
        self.0.clone().wait_for(|open| *open).await.is_ok()
    }

    /// Completes only when it has become certain that the gate stays shut.
    pub async fn never_opens(&self) {
        if self.passed().await {
            std::future::pending::<()>().await;
        }
    }
}

impl Opener {
    pub fn open(self) {
        // Nobody waiting is nobody late.
        let _ = self.0.send(true);
    }
}

tokio::task_local! {
    /// The attempt that the current task is making.
    pub static ATTEMPT: Probe;
}

/// A client whose requests wait at the gate of their attempt, and are stamped as they leave it.
#[derive(Clone, Debug)]
pub struct Gated(pub pool::Client);

impl HttpClient for Gated {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        SharedHttpConnector::new(GatedConnector(self.0.http_connector(settings, components)))
    }
}

#[derive(Debug)]
struct GatedConnector(SharedHttpConnector);

impl HttpConnector for GatedConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let Ok(probe) = ATTEMPT.try_with(Clone::clone) else { return self.0.call(request) };
        let transport = self.0.clone();
        HttpConnectorFuture::new(async move {
            probe.leave().await;
            transport.call(request).await
        })
    }
}
