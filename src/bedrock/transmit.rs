//! The last step before the transport: a request waits for its attempt's gate and is stamped as it
//! leaves; what comes back is bounded.

use aws_sdk_bedrockruntime::config::RuntimeComponents;
use aws_smithy_http_client::pool;
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

use super::bounded::{Limit, bounded};
use super::probe::Probe;

tokio::task_local! {
    /// The attempt that the current task is making.
    pub static ATTEMPT: Probe;
}

/// A client whose requests wait at the gate of their attempt, and are stamped as they leave it; and whose answers
/// are bounded.
#[derive(Clone, Debug)]
pub struct Gated {
    pub http: pool::Client,
    /// Of answers with a status of success; any other is collected.
    pub limit: Limit,
}

impl HttpClient for Gated {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let transport = self.http.http_connector(settings, components);
        SharedHttpConnector::new(GatedConnector { transport, limit: self.limit })
    }
}

#[derive(Debug)]
struct GatedConnector {
    transport: SharedHttpConnector,
    limit: Limit,
}

impl HttpConnector for GatedConnector {
    fn call(&self, mut request: HttpRequest) -> HttpConnectorFuture {
        let attempt = ATTEMPT.try_with(Clone::clone).ok();
        let (transport, limit) = (self.transport.clone(), self.limit);
        HttpConnectorFuture::new(async move {
            if let Some(probe) = &attempt {
                probe.leave(&mut request).await;
            }
            let response = transport.call(request).await?;
            attempt.iter().for_each(|probe| probe.hear(&response));
            let limit = if response.status().is_success() { limit } else { Limit::Whole };
            Ok(response.map(|body| bounded(body, limit)))
        })
    }
}
