//! What goes to AWS and comes back: what was told is known, to be taken out of what is said, and answers are bounded.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpClient, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;

use crate::bedrock::{Limit, Secrets, bounded};

/// What the last request proved itself with.
#[derive(Clone, Debug, Default)]
pub struct Told(Arc<Mutex<Secrets>>);

impl Told {
    /// What was said in answer, as it may be shown.
    pub fn clean(&self, said: &str) -> String {
        self.lock().clean(said, "")
    }

    fn lock(&self) -> MutexGuard<'_, Secrets> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A client that remembers what it told.
#[derive(Clone, Debug)]
pub struct Heard {
    pub http: SharedHttpClient,
    pub told: Told,
}

impl HttpClient for Heard {
    fn http_connector(&self, settings: &HttpConnectorSettings, components: &RuntimeComponents) -> SharedHttpConnector {
        let transport = self.http.http_connector(settings, components);
        SharedHttpConnector::new(HeardConnector { transport, told: self.told.clone() })
    }
}

#[derive(Debug)]
struct HeardConnector {
    transport: SharedHttpConnector,
    told: Told,
}

impl HttpConnector for HeardConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        *self.told.lock() = Secrets::of(request.headers());
        let answer = self.transport.call(request);
        HttpConnectorFuture::new(async move { Ok(answer.await?.map(|body| bounded(body, Limit::Whole))) })
    }
}
