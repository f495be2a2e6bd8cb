//! From the SDK's errors to outcomes. By status and variant, never by message.

use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::core::Outcome;

/// A failure, in our words and the service's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub outcome: Outcome,
    /// In the server's words: whoever keeps it cleans it.
    pub error: String,
}

impl Failure {
    pub fn new(outcome: Outcome, error: impl Into<String>) -> Self {
        Self { outcome, error: error.into() }
    }
}

/// A failure before the first event of a stream, or of a unary call.
pub fn before_stream<E>(error: &SdkError<E, HttpResponse>) -> Failure
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    match error {
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let Some(code) = service.err().code() else {
                // A proxy's page, or a body that nobody can read.
                let what = format!("HTTP {status} that is not the service's: {}", chain(service.err()));
                return Failure::new(Outcome::of_status(status, ""), what);
            };
            let message = service.err().message().unwrap_or("no message");
            Failure::new(Outcome::of_status(status, code), format!("{code}: {message}"))
        }
        SdkError::TimeoutError(_) => Failure::new(Outcome::Timeout, "the client's own time limit ran out"),
        SdkError::DispatchFailure(failure) if failure.is_timeout() => Failure::new(Outcome::Timeout, "connect timeout"),
        SdkError::DispatchFailure(_) => Failure::new(Outcome::Transport, chain(error)),
        SdkError::ConstructionFailure(_) => Failure::new(Outcome::Invalid, chain(error)),
        // What the head said holds, whatever became of the body.
        SdkError::ResponseError(failure) => {
            Failure::new(Outcome::of_status(failure.raw().status().as_u16(), ""), chain(error))
        }
        // An answer that is no answer: the service's failure, not ours.
        _ => Failure::new(Outcome::ServerError, chain(error)),
    }
}

/// A failure after the response had begun with status 200. The SDK gives no code here, only the
/// variant.
pub fn mid_stream<R>(error: &SdkError<ConverseStreamOutputError, R>) -> Failure
where
    R: std::fmt::Debug + 'static,
{
    use ConverseStreamOutputError as E;
    let SdkError::ServiceError(service) = error else {
        return Failure::new(Outcome::StreamError, chain(error));
    };
    let (outcome, name) = match service.err() {
        E::ThrottlingException(_) => (Outcome::Throttled, "ThrottlingException"),
        E::ServiceUnavailableException(_) => (Outcome::Unavailable, "ServiceUnavailableException"),
        E::InternalServerException(_) => (Outcome::ServerError, "InternalServerException"),
        E::ValidationException(_) => (Outcome::Invalid, "ValidationException"),
        E::ModelStreamErrorException(_) => (Outcome::StreamError, "ModelStreamErrorException"),
        _ => (Outcome::StreamError, "unknown exception"),
    };
    Failure::new(outcome, format!("{name} in mid-stream: {}", service.err().message().unwrap_or("no message")))
}

/// The error and its causes, none of them twice; the SDK's own top line says only that something failed.
pub fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let chain = std::iter::successors(Some(error), |&error| error.source());
    let mut reasons: Vec<_> = chain.map(ToString::to_string).collect();
    reasons.dedup();
    reasons.join(": ")
}
