//! What CloudWatch is asked about a model, and what it answered.

use std::collections::BTreeMap;

/// Metrics of `AWS/Bedrock` by model.
///
/// Source: Amazon Bedrock User Guide, "Monitor bedrock-runtime inference using CloudWatch metrics". Two editions of it
/// spell the cache metric differently: both are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Metric {
    Invocations,
    Throttles,
    ClientErrors,
    ServerErrors,
    /// From request to last token, in the service.
    Latency,
    TimeToFirstToken,
    InputTokens,
    OutputTokens,
    CacheWrite,
    CacheWriteOld,
}

impl Metric {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Invocations => "Invocations",
            Self::Throttles => "InvocationThrottles",
            Self::ClientErrors => "InvocationClientErrors",
            Self::ServerErrors => "InvocationServerErrors",
            Self::Latency => "InvocationLatency",
            Self::TimeToFirstToken => "TimeToFirstToken",
            Self::InputTokens => "InputTokenCount",
            Self::OutputTokens => "OutputTokenCount",
            Self::CacheWrite => "CacheWriteInputTokenCount",
            Self::CacheWriteOld => "CacheWriteInputTokens",
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Stat {
    Sum,
    Samples,
    Maximum,
    P50,
    P95,
    P99,
}

impl Stat {
    /// As CloudWatch calls it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sum => "Sum",
            Self::Samples => "SampleCount",
            Self::Maximum => "Maximum",
            Self::P50 => "p50",
            Self::P95 => "p95",
            Self::P99 => "p99",
        }
    }
}

/// Over how long one data point is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Grain {
    /// The window's period.
    Finest,
    Hour,
    /// The whole window at once: percentiles cannot be put together from those of its parts.
    Whole,
}

pub type Question = (Metric, Stat, Grain);

/// Data points: seconds since 1970 at which each begins, and its value.
pub type Series = Vec<(u64, f64)>;

/// Everything that is asked about one model.
pub fn questions() -> Vec<Question> {
    use Grain::{Finest, Hour, Whole};
    use Metric::{
        CacheWrite, CacheWriteOld, ClientErrors, InputTokens, Invocations, Latency, OutputTokens, ServerErrors,
        Throttles, TimeToFirstToken,
    };
    let counted = [Invocations, Throttles, InputTokens, OutputTokens, CacheWrite, CacheWriteOld];
    let mut all: Vec<Question> = counted.map(|metric| (metric, Stat::Sum, Finest)).to_vec();
    all.extend([ClientErrors, ServerErrors].map(|metric| (metric, Stat::Sum, Hour)));
    for metric in [Latency, TimeToFirstToken, InputTokens, OutputTokens] {
        all.extend([Stat::Sum, Stat::Samples, Stat::Maximum].map(|stat| (metric, stat, Hour)));
        all.extend([Stat::P50, Stat::P95].map(|stat| (metric, stat, Whole)));
    }
    for metric in [Latency, TimeToFirstToken] {
        all.push((metric, Stat::P99, Whole));
        all.extend([Stat::P50, Stat::P95, Stat::P99].map(|stat| (metric, stat, Hour)));
    }
    all
}

/// Beyond every count, and every sum of milliseconds: what no service can mean, and sums cannot take.
const MOST: f64 = 1e13;

/// What was answered about one model.
#[derive(Clone, Debug, Default)]
pub struct Readings {
    pub model: String,
    series: BTreeMap<Question, Series>,
}

impl Readings {
    pub fn new(model: &str) -> Self {
        Self { model: model.to_owned(), series: BTreeMap::new() }
    }

    /// Adds data points, in any order.
    pub fn add(&mut self, question: Question, points: impl IntoIterator<Item = (u64, f64)>) {
        self.series
            .entry(question)
            .or_default()
            .extend(points.into_iter().filter(|(_, value)| (0.0..=MOST).contains(value)));
    }

    pub fn of(&self, metric: Metric, stat: Stat, grain: Grain) -> &[(u64, f64)] {
        self.series.get(&(metric, stat, grain)).map_or(&[], Vec::as_slice)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_that_cannot_be_meant_are_left_out() {
        let (mut readings, question) = (Readings::new("model"), (Metric::Latency, Stat::Sum, Grain::Hour));
        readings.add(question, [1.0, -1.0, 1e300, f64::NAN, f64::INFINITY, 2.0].map(|value| (7, value)));
        assert_eq!(readings.of(question.0, question.1, question.2), [(7, 1.0), (7, 2.0)]);
    }
}
