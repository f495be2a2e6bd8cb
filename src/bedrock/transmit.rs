//! The last step before the transport: a request waits for its attempt's gate and is stamped as it
//! leaves.

use aws_sdk_bedrockruntime::config::RuntimeComponents;
use aws_smithy_http_client::pool;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::probe::Probe;

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
