//! The times that are measured of every request.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::record::RequestRecord;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Metric {
    /// Finished − intended start: what the user waits. The headline.
    Response,
    /// Finished − sent of the attempt that settled the request: the uncorrected view.
    Service,
    /// First content token − intended start.
    Ttft,
    /// First content token − sent of that attempt.
    ServiceTtft,
    /// (Last − first token) / (output tokens − 1).
    Tpot,
}

impl Metric {
    pub const ALL: [Self; 5] = [Self::Response, Self::Service, Self::Ttft, Self::ServiceTtft, Self::Tpot];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Response => "response time",
            Self::Service => "service time",
            Self::Ttft => "TTFT from intended start",
            Self::ServiceTtft => "TTFT from sent",
            Self::Tpot => "time per output token",
        }
    }

    /// Absent where the request has no such time: TTFT without a token, service time unsent.
    pub fn of(self, record: &RequestRecord) -> Option<Duration> {
        match self {
            Self::Response => Some(record.response_time()),
            Self::Service => record.service_time(),
            Self::Ttft => record.ttft(),
            Self::ServiceTtft => record.service_ttft(),
            Self::Tpot => record.tpot(),
        }
    }
}
