//! From the SDK's errors to outcomes. By status and variant, never by message.

use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::types::error::ConverseStreamOutputError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

use crate::core::Outcome;

/// A failure, in our words and the service's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    pub outcome: Outcome,
    /// One line, without prompts or credentials.
    pub error: String,
}

impl Failure {
    pub fn new(outcome: Outcome, error: impl Into<String>) -> Self {
        Self { outcome, error: one_line(&error.into()) }
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
    R: std::fmt::Debug,
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

/// The error and its causes; the SDK's own top line says only that something failed.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

/// What a terminal would obey is left out.
fn one_line(text: &str) -> String {
    const LONGEST: usize = 240;
    // Whatever was sent, no more of it is looked at than could be kept.
    let line = text.split_whitespace().take(LONGEST + 1).collect::<Vec<_>>().join(" ");
    cut(&line.replace(char::is_control, ""), LONGEST)
}

/// The first `longest` characters of `text`.
pub fn cut(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_one_short_line() {
        assert_eq!(one_line("a\n  b\tc"), "a b c");
        assert_eq!(one_line(&"x".repeat(1_000)).chars().count(), 241);
        assert_eq!(one_line("\u{1b}]0;mine\u{7} red\u{9b}31m"), "]0;mine red31m");
    }
}
