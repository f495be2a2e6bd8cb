//! How a request or an attempt ended.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A type, never a message: every count, percentile and routing decision rests on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// A complete answer; for a stream, with messageStop and metadata.
    Ok,
    /// 429: your quota.
    Throttled,
    /// 503 and 529: the service's capacity.
    Unavailable,
    /// Any other 5xx, 408 and 424: the service or the model failed.
    ServerError,
    /// The stream had begun, and then broke or carried an exception.
    StreamError,
    /// One of bedbench's own limits ran out first.
    Timeout,
    /// No HTTP answer: connection refused, reset or closed.
    Transport,
    /// The request was wrong, or not allowed (4xx): trying elsewhere would not help.
    Invalid,
    /// Never sent: the cap on requests in flight was reached.
    Shed,
    /// Given up by us: a hedge's loser, or the end of the run.
    Cancelled,
}

impl Outcome {
    pub const ALL: [Self; 10] = [
        Self::Ok,
        Self::Throttled,
        Self::Unavailable,
        Self::ServerError,
        Self::StreamError,
        Self::Timeout,
        Self::Transport,
        Self::Invalid,
        Self::Shed,
        Self::Cancelled,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Throttled => "throttled",
            Self::Unavailable => "unavailable",
            Self::ServerError => "server error",
            Self::StreamError => "stream error",
            Self::Timeout => "timeout",
            Self::Transport => "transport",
            Self::Invalid => "invalid",
            Self::Shed => "shed",
            Self::Cancelled => "cancelled",
        }
    }

    /// Of an HTTP answer that is none of what was asked for. `code` names the exception, if there is one.
    pub fn of_status(status: u16, code: &str) -> Self {
        match (status, code) {
            // 429 as well, but it is the model that is not ready, not your quota that is used up.
            (_, "ModelNotReadyException") => Self::Unavailable,
            (429, _) => Self::Throttled,
            (503 | 529, _) => Self::Unavailable,
            (408 | 424, _) => Self::ServerError,
            (400..=499, _) => Self::Invalid,
            // Also a 200 that cannot be read, or a redirect: no answer, and nothing that was asked wrongly.
            _ => Self::ServerError,
        }
    }

    pub const fn is_ok(self) -> bool {
        matches!(self, Self::Ok)
    }

    /// Ranks above every success in the percentiles that decide. Cancelled requests are left out
    /// of those altogether: we gave them up, the service did not fail them.
    pub const fn is_failure(self) -> bool {
        !matches!(self, Self::Ok | Self::Cancelled)
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quota_and_capacity_are_told_apart() {
        for (status, code, outcome) in [
            (429, "ThrottlingException", Outcome::Throttled),
            (429, "ModelNotReadyException", Outcome::Unavailable),
            (503, "ServiceUnavailableException", Outcome::Unavailable),
            (529, "overloaded_error", Outcome::Unavailable),
            (500, "InternalServerException", Outcome::ServerError),
            (408, "ModelTimeoutException", Outcome::ServerError),
            (424, "ModelErrorException", Outcome::ServerError),
            (400, "ValidationException", Outcome::Invalid),
            (400, "ServiceQuotaExceededException", Outcome::Invalid),
            (403, "AccessDeniedException", Outcome::Invalid),
            (404, "ResourceNotFoundException", Outcome::Invalid),
            (200, "", Outcome::ServerError),
            (302, "", Outcome::ServerError),
        ] {
            assert_eq!(Outcome::of_status(status, code), outcome, "{status} {code}");
        }
    }
}
