//! What the instrument makes of a known truth: a burst at a mock whose answers always take the same time.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::percentiles::plain;
use super::series::Histogram;
use super::summary::Percentiles;
use crate::core::units::{Rate, Span};

/// One burst. Everything in it is the instrument's own: the mock is on the same machine and adds nothing but what
/// `service` says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Selftest {
    pub rps: Rate,
    pub arrival: String,
    pub api: String,
    /// From a request's arrival at the server to the end of its answer: always.
    pub service: Span,
    pub requests: u64,
    /// Requests that were not answered well.
    pub failed: u64,
    /// How long after its planned instant a request was handed to the transport.
    pub lag: Percentiles,
    /// How long after its planned instant the server had read a request's head.
    pub seen: Percentiles,
    /// Response time as every report states it, less `service`.
    pub error: Percentiles,
    /// CPU of the client's thread as a share of its core.
    pub client_cpu: Option<f64>,
    /// CPU of the pacer's thread as a share of one core.
    pub pacer_cpu: Option<f64>,
}

/// What a burst has seen, request by request.
pub struct Stamps {
    lag: Histogram,
    seen: Histogram,
    error: Histogram,
}

impl Default for Stamps {
    fn default() -> Self {
        Self { lag: Histogram::fine(), seen: Histogram::fine(), error: Histogram::fine() }
    }
}

impl Stamps {
    /// Of a request that was sent `lag` after its instant, seen by the server `seen` after it, and answered
    /// `error` later than it should have been.
    pub fn add(&mut self, lag: Duration, seen: Duration, error: Duration) {
        self.lag.record(lag);
        self.seen.record(seen);
        self.error.record(error);
    }

    /// Dispatch lag, lateness at the server, error of the response time.
    pub fn percentiles(&self) -> [Percentiles; 3] {
        [&self.lag, &self.seen, &self.error].map(plain)
    }
}
