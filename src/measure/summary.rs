//! `summary.json`: every number of a run, with its uncertainty.
//!
//! Times are milliseconds; rates are per second of measured time; `null` means that there is no
//! such number, never zero.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::cost::CostSummary;
use super::gate::GateResult;
use super::parts::PartsSummary;
use super::series::Level;
use super::verdict::{Evidence, Verdict};
use crate::core::region::Jurisdiction;
use crate::core::run::{self, Loop, RouteHead, World};
use crate::core::slo::Slo;
use crate::core::{Metric, Outcome, RegionId, RunTime, Seed};
use crate::stats::effective::FEWEST_CORRELATION_TIMES;

pub const SCHEMA: u32 = 1;

/// Percentiles in tables and files.
pub const QUANTILES: [f64; 5] = [0.50, 0.90, 0.95, 0.99, 0.999];

/// A quantile with its 95 % interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Quantile {
    pub q: f64,
    pub value: Level,
    /// Absent where the sample is too small for a bound, or worth too little for any interval.
    pub low: Option<Level>,
    pub high: Option<Level>,
}

/// Percentiles of one metric, over one sample.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Percentiles {
    pub n: u64,
    /// How many independent samples the n are worth; absent with too few time blocks to tell.
    pub effective_n: Option<f64>,
    /// For how many times the length for which its requests resemble each other the run went on; absent for the
    /// instrument's own figures.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub correlation_times: Option<f64>,
    pub quantiles: Vec<Quantile>,
    /// Percentiles that so few samples do not have.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub withheld: Vec<Withheld>,
    pub max: Option<Level>,
}

/// A percentile for which there are too few samples.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Withheld {
    pub q: f64,
    /// As many samples would have it.
    pub needs: u64,
}

impl Percentiles {
    pub fn at(&self, q: f64) -> Option<Quantile> {
        self.quantiles.iter().copied().find(|quantile| quantile.q == q)
    }

    /// How many samples a percentile needs that this sample does not have.
    pub fn needs(&self, q: f64) -> Option<u64> {
        self.withheld.iter().find(|withheld| withheld.q == q).map(|withheld| withheld.needs)
    }

    /// Whether there are percentiles, yet too few effective samples for their intervals.
    pub fn without_intervals(&self) -> bool {
        let short = self.correlation_times.is_some_and(|times| times < FEWEST_CORRELATION_TIMES);
        !self.quantiles.is_empty() && self.correlation_times.is_some() && (short || self.effective_n.is_none())
    }
}

/// One metric, both ways.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MetricSummary {
    /// Over all requests but cancelled ones, failures above every success: these decide.
    pub all: Percentiles,
    /// Over the ok requests alone.
    pub ok: Percentiles,
}

/// The numbers of one route over one stretch of time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct SliceSummary {
    /// `all` for the whole measured time, else the phase.
    pub phase: String,
    pub seconds: f64,
    /// Absent in a closed loop, which has no plan.
    pub planned: Option<u64>,
    pub sent: u64,
    /// Requests by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Planned requests per second; absent in a closed loop.
    pub offered_load: Option<f64>,
    /// First attempts sent per second.
    pub sent_rate: f64,
    /// Ok requests per second.
    pub throughput: f64,
    /// Requests per second that met every SLO.
    pub goodput: f64,
    pub metrics: BTreeMap<Metric, MetricSummary>,
    /// Where the time of the ok requests went; absent without one.
    #[serde(default)]
    pub parts: Option<PartsSummary>,
}

impl SliceSummary {
    pub fn count(&self, outcome: Outcome) -> u64 {
        self.outcomes.get(&outcome).copied().unwrap_or(0)
    }

    pub fn ok(&self) -> u64 {
        self.count(Outcome::Ok)
    }

    /// Requests that count: all but cancelled ones.
    pub fn counted(&self) -> u64 {
        self.outcomes.iter().filter(|(outcome, _)| **outcome != Outcome::Cancelled).map(|(_, n)| n).sum()
    }

    pub fn metric(&self, metric: Metric) -> &MetricSummary {
        &self.metrics[&metric]
    }

    /// Quantile of all requests, failures last.
    pub fn quantile(&self, metric: Metric, q: f64) -> Option<Quantile> {
        self.metric(metric).all.at(q)
    }
}

/// What one Region was asked and answered, over all attempts in the measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RegionSummary {
    pub region: RegionId,
    pub name: String,
    /// Attempts by outcome.
    pub attempts: BTreeMap<Outcome, u64>,
    /// What failed attempts were told, the most frequent first.
    pub errors: Vec<ErrorSummary>,
    pub input_tokens: u64,
    pub output_tokens: u64,
    /// Input of attempts that were cancelled, such as a hedge's losers: the least that they used up.
    pub cancelled_input_tokens: u64,
    /// Response time of the requests that this Region's endpoint answered.
    pub response: Percentiles,
}

/// What one Region processed. A client cannot tell; the simulator can.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ProcessedSummary {
    pub region: RegionId,
    pub jurisdiction: Jurisdiction,
    pub input_tokens: u64,
    pub output_tokens: u64,
}

/// One error, word for word, and how many attempts met it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ErrorSummary {
    pub count: u64,
    pub outcome: Outcome,
    pub message: String,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RouteSummary {
    #[serde(flatten)]
    pub head: RouteHead,
    /// The whole measured time first, then phase by phase when there is more than one.
    pub slices: Vec<SliceSummary>,
    pub regions: Vec<RegionSummary>,
    pub processed: Vec<ProcessedSummary>,
    #[serde(default)]
    pub cost: CostSummary,
    pub connections: ConnectionSummary,
    pub dispatch_lag: Percentiles,
}

impl RouteSummary {
    pub fn whole(&self) -> &SliceSummary {
        &self.slices[0]
    }

    /// What its failed attempts were told, by Region, the most frequent first.
    pub fn errors(&self) -> Vec<(&RegionSummary, &ErrorSummary)> {
        let mut errors: Vec<_> =
            self.regions.iter().flat_map(|region| region.errors.iter().map(move |error| (region, error))).collect();
        errors.sort_by_key(|(_, error)| std::cmp::Reverse(error.count));
        errors
    }

    /// Attempts in the measured time that ended so.
    pub fn attempts(&self, outcome: Outcome) -> u64 {
        self.regions.iter().filter_map(|region| region.attempts.get(&outcome)).sum()
    }
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ConnectionSummary {
    /// Attempts that had to open their connection.
    pub opened: u64,
    pub reused: u64,
    pub http1: u64,
    pub http2: u64,
    /// Time that attempts waited for a connection, opening included.
    pub acquisition: Percentiles,
}

/// How one route compares with another over the whole measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Comparison {
    /// The first route of the profile.
    pub base: String,
    pub other: String,
    pub metric: Metric,
    pub quantiles: Vec<QuantileComparison>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct QuantileComparison {
    pub q: f64,
    pub base: Level,
    pub other: Level,
    /// `other − base` in milliseconds: estimate and 95 % interval; absent where either is a
    /// failure or the run is too short to tell.
    pub difference: Option<[f64; 3]>,
    pub finding: Finding,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Finding {
    Faster,
    Slower,
    NoDifferenceShown,
    TooLittleData,
}

/// Everything that a report prints.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Summary {
    pub schema: u32,
    pub world: World,
    #[serde(default, rename = "loop")]
    pub kind: Loop,
    pub seed: Seed,
    pub verdict: Verdict,
    pub interrupted: bool,
    /// Run time at which arrivals were stopped before the plan's end; rates are per second until then.
    pub stopped: Option<RunTime>,
    pub slos: Vec<Slo>,
    /// What the run was held to, route by route; none where it was interrupted.
    #[serde(default)]
    pub gates: Vec<GateResult>,
    /// Of the SLOs that were no gates: what goodput counts by, candidate by candidate; they fail nothing.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub objectives: Vec<GateResult>,
    pub evidence: Evidence,
    pub routes: Vec<RouteSummary>,
    pub comparisons: Vec<Comparison>,
}

impl Summary {
    /// What stands on every number of the run.
    pub fn label(&self) -> String {
        run::label(self.world, self.kind)
    }
}
