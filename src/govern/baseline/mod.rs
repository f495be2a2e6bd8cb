//! What an account really did: rates, latencies, throttles and tokens per request from CloudWatch's data points.
//!
//! Three rules. A percentile is CloudWatch's own, of the time that it was asked for: percentiles of hours are neither
//! averaged nor added up to one of days. Throttled calls are not in `Invocations`, so a share of them is of both. What
//! has no data point was not called: CloudWatch leaves out, and sends no zeros.

mod emit;
mod quotas;
mod reading;
mod window;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use serde::Serialize;

use crate::stats::quantile::fewest_samples;

pub use emit::{Source, instant, pattern, profile, slug, workload};
pub use quotas::{AccountQuota, Headroom, Known, headroom, of_model};
pub use reading::{Grain, Metric, Question, Readings, Series, Stat, questions};
pub use window::{DAY, HOUR, Window};

/// One model in one Region, over the window.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Baseline {
    pub model: String,
    /// Hours, in seconds since 1970, of the first and the last call.
    pub first: u64,
    pub last: u64,
    pub invocations: u64,
    /// Not among the invocations.
    pub throttled: u64,
    pub client_errors: u64,
    pub server_errors: u64,
    /// Calls per second over the whole window, the throttled ones included.
    pub per_second: f64,
    /// The busiest period; absent where nothing was called.
    pub busiest: Option<Busiest>,
    /// The period with the most tokens.
    pub busiest_tokens: Option<BusiestTokens>,
    pub latency: Times,
    pub ttft: Times,
    pub input: Lengths,
    pub output: Lengths,
    /// Every hour of the window in which something was called.
    pub hours: Vec<Hour>,
    /// From midnight to midnight, UTC.
    pub hours_of_day: Vec<HourOfDay>,
}

/// Calls of the busiest period, per minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Busiest {
    pub at: u64,
    pub requests_per_minute: f64,
}

/// Tokens of the period that used the most, per minute.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct BusiestTokens {
    pub at: u64,
    /// Input, what was written to a cache, and output times the model's burndown: what is settled when calls have ended.
    pub settled_per_minute: f64,
}

/// In seconds. A percentile is absent where CloudWatch gave none, or too few samples stand behind it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Times {
    pub n: u64,
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
    pub max: Option<f64>,
    /// The lowest and the highest p95 of an hour: how far hours differ, and no p95 of the window.
    pub hourly_p95: Option<(f64, f64)>,
}

/// Tokens per call.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Lengths {
    pub n: u64,
    pub mean: Option<f64>,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub max: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Hour {
    pub start: u64,
    pub invocations: u64,
    pub throttled: u64,
    pub per_second: f64,
    /// Of the busiest period in it.
    pub busiest_per_minute: f64,
    /// Latency, in seconds, of the calls of this hour.
    pub n: u64,
    pub p50: Option<f64>,
    pub p95: Option<f64>,
    pub p99: Option<f64>,
}

/// The same hour of every day of the window.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HourOfDay {
    pub hour: u8,
    /// Over all days, those without a call included.
    pub per_second: f64,
    pub requests_per_minute: f64,
    /// Of the busiest period on any day.
    pub busiest_per_minute: f64,
    pub throttled: u64,
    /// Absent where nothing was called.
    pub throttled_share: Option<f64>,
    /// Latency: the lowest and the highest p95, in seconds, that this hour had on a day.
    pub p95: Option<(f64, f64)>,
}

/// Share of the calls that were throttled: those are not in `invocations`. Absent without a call.
pub fn throttled_share(invocations: u64, throttled: u64) -> Option<f64> {
    let calls = invocations + throttled;
    (calls > 0).then(|| throttled as f64 / calls as f64)
}

impl Baseline {
    /// Absent where the model was not called in the window. `burndown` is the quota that one output token uses.
    pub fn of(readings: &Readings, window: &Window, burndown: f64) -> Option<Self> {
        let sums = |metric| by_time(window, readings.of(metric, Stat::Sum, Grain::Finest));
        let (invoked, throttled) = (sums(Metric::Invocations), sums(Metric::Throttles));
        let calls = added(&[(&invoked, 1.0), (&throttled, 1.0)]);
        let called = || calls.iter().filter(|(_, calls)| **calls > 0.0);
        let (first, last) = (*called().next()?.0, *called().next_back()?.0);
        let per_minute = 60.0 / f64::from(window.period);
        let hourly =
            Hourly { invoked: by_hour(&invoked), throttled: by_hour(&throttled), busiest: busiest_by_hour(&calls) };
        let hours = hourly.hours(readings, window, per_minute);
        let total = |series: &BTreeMap<u64, f64>| count(series.values().sum());
        let errors = |metric| total(&by_time(window, readings.of(metric, Stat::Sum, Grain::Hour)));
        // The two names are one metric.
        let cache = [Metric::CacheWrite, Metric::CacheWriteOld].map(sums).into_iter().find(|series| !series.is_empty());
        let tokens = added(&[
            (&sums(Metric::InputTokens), 1.0),
            (&cache.unwrap_or_default(), 1.0),
            (&sums(Metric::OutputTokens), burndown),
        ]);
        Some(Self {
            model: readings.model.clone(),
            first: first / HOUR * HOUR,
            last: last / HOUR * HOUR,
            invocations: total(&invoked),
            throttled: total(&throttled),
            client_errors: errors(Metric::ClientErrors),
            server_errors: errors(Metric::ServerErrors),
            per_second: calls.values().sum::<f64>() / window.seconds() as f64,
            busiest: greatest(&calls).map(|(at, calls)| Busiest { at, requests_per_minute: calls * per_minute }),
            busiest_tokens: greatest(&tokens)
                .map(|(at, tokens)| BusiestTokens { at, settled_per_minute: tokens * per_minute }),
            latency: times(readings, window, Metric::Latency),
            ttft: times(readings, window, Metric::TimeToFirstToken),
            input: lengths(readings, window, Metric::InputTokens),
            output: lengths(readings, window, Metric::OutputTokens),
            hours_of_day: hours_of_day(&hours, window),
            hours,
        })
    }

    pub fn calls(&self) -> u64 {
        self.invocations + self.throttled
    }

    pub fn throttled_share(&self) -> Option<f64> {
        throttled_share(self.invocations, self.throttled)
    }

    /// The hour with the most calls.
    pub fn busiest_hour(&self) -> Option<&Hour> {
        self.hours.iter().max_by_key(|hour| (hour.invocations + hour.throttled, std::cmp::Reverse(hour.start)))
    }
}

/// CloudWatch's sums are floats; what they count is whole.
fn count(sum: f64) -> u64 {
    sum.round().max(0.0) as u64
}

/// Data points of one instant belong together: an answer in pages may part them.
fn by_time(window: &Window, points: &[(u64, f64)]) -> BTreeMap<u64, f64> {
    let mut sums = BTreeMap::new();
    for (at, value) in points.iter().filter(|(at, _)| window.holds(*at)) {
        *sums.entry(*at).or_default() += *value;
    }
    sums
}

fn added(parts: &[(&BTreeMap<u64, f64>, f64)]) -> BTreeMap<u64, f64> {
    let mut sum = BTreeMap::new();
    for (series, weight) in parts {
        for (at, value) in *series {
            *sum.entry(*at).or_default() += value * weight;
        }
    }
    sum
}

fn greatest(series: &BTreeMap<u64, f64>) -> Option<(u64, f64)> {
    let later_wins_not = |a: &(&u64, &f64), b: &(&u64, &f64)| a.1.total_cmp(b.1).then(b.0.cmp(a.0));
    series.iter().max_by(later_wins_not).map(|(at, value)| (*at, *value)).filter(|(_, value)| *value > 0.0)
}

fn by_hour(series: &BTreeMap<u64, f64>) -> BTreeMap<u64, f64> {
    let mut hours = BTreeMap::new();
    for (at, value) in series {
        *hours.entry(at / HOUR * HOUR).or_default() += *value;
    }
    hours
}

fn busiest_by_hour(series: &BTreeMap<u64, f64>) -> BTreeMap<u64, f64> {
    let mut hours: BTreeMap<u64, f64> = BTreeMap::new();
    for (at, value) in series {
        let busiest = hours.entry(at / HOUR * HOUR).or_default();
        *busiest = busiest.max(*value);
    }
    hours
}

/// Counts by the start of the hour.
struct Hourly {
    invoked: BTreeMap<u64, f64>,
    throttled: BTreeMap<u64, f64>,
    /// Calls of the busiest period in it.
    busiest: BTreeMap<u64, f64>,
}

impl Hourly {
    fn hours(&self, readings: &Readings, window: &Window, per_minute: f64) -> Vec<Hour> {
        let of = |stat| by_time(window, readings.of(Metric::Latency, stat, Grain::Hour));
        let samples = of(Stat::Samples);
        let percentiles = [Stat::P50, Stat::P95, Stat::P99].map(of);
        let hour = |(start, busiest): (&u64, &f64)| {
            let sum = |series: &BTreeMap<u64, f64>| series.get(start).copied().unwrap_or_default();
            let (invoked, throttled) = (sum(&self.invoked), sum(&self.throttled));
            let n = count(sum(&samples));
            let at = |i: usize, q| enough(n, q, percentiles[i].get(start).copied());
            Hour {
                start: *start,
                invocations: count(invoked),
                throttled: count(throttled),
                per_second: (invoked + throttled) / HOUR as f64,
                busiest_per_minute: busiest * per_minute,
                n,
                p50: at(0, 0.5),
                p95: at(1, 0.95),
                p99: at(2, 0.99),
            }
        };
        self.busiest.iter().filter(|(_, busiest)| **busiest > 0.0).map(hour).collect()
    }
}

/// A percentile in milliseconds as seconds, where enough samples stand behind it.
fn enough(n: u64, q: f64, millis: Option<f64>) -> Option<f64> {
    millis.filter(|_| n >= fewest_samples(q)).map(|millis| millis / 1e3)
}

/// One number for the whole window. Several cannot be put together.
fn whole(readings: &Readings, metric: Metric, stat: Stat) -> Option<f64> {
    match readings.of(metric, stat, Grain::Whole) {
        [(_, value)] => Some(*value),
        _ => None,
    }
}

/// Number, mean and greatest, from hours: these can be put together.
fn combined(readings: &Readings, window: &Window, metric: Metric) -> (u64, Option<f64>, Option<f64>) {
    let of = |stat| by_time(window, readings.of(metric, stat, Grain::Hour));
    let n: f64 = of(Stat::Samples).values().sum();
    let sum: f64 = of(Stat::Sum).values().sum();
    let max = of(Stat::Maximum).into_values().reduce(f64::max);
    (count(n), (n > 0.0).then(|| sum / n), max)
}

fn times(readings: &Readings, window: &Window, metric: Metric) -> Times {
    let (n, mean, max) = combined(readings, window, metric);
    let at = |stat, q| enough(n, q, whole(readings, metric, stat));
    let samples = by_time(window, readings.of(metric, Stat::Samples, Grain::Hour));
    let hourly = by_time(window, readings.of(metric, Stat::P95, Grain::Hour));
    let hourly = hourly
        .iter()
        .filter_map(|(at, p95)| enough(count(samples.get(at).copied().unwrap_or_default()), 0.95, Some(*p95)));
    Times {
        n,
        mean: mean.map(|millis| millis / 1e3),
        p50: at(Stat::P50, 0.5),
        p95: at(Stat::P95, 0.95),
        p99: at(Stat::P99, 0.99),
        max: max.map(|millis| millis / 1e3),
        hourly_p95: extremes(hourly),
    }
}

fn lengths(readings: &Readings, window: &Window, metric: Metric) -> Lengths {
    let (n, mean, max) = combined(readings, window, metric);
    let at = |stat, q| whole(readings, metric, stat).filter(|_| n >= fewest_samples(q));
    Lengths { n, mean, p50: at(Stat::P50, 0.5), p95: at(Stat::P95, 0.95), max }
}

fn extremes(values: impl Iterator<Item = f64>) -> Option<(f64, f64)> {
    values.fold(None, |found, value| {
        let (low, high) = found.unwrap_or((value, value));
        Some((low.min(value), high.max(value)))
    })
}

fn hours_of_day(hours: &[Hour], window: &Window) -> Vec<HourOfDay> {
    let days = window.seconds() as f64 / DAY as f64;
    let of_day = |hour: u8| {
        let these = || hours.iter().filter(move |of| of.start / HOUR % 24 == u64::from(hour));
        let invocations: u64 = these().map(|of| of.invocations).sum();
        let throttled: u64 = these().map(|of| of.throttled).sum();
        let per_second = (invocations + throttled) as f64 / (days * HOUR as f64);
        HourOfDay {
            hour,
            per_second,
            requests_per_minute: per_second * 60.0,
            busiest_per_minute: these().map(|of| of.busiest_per_minute).fold(0.0, f64::max),
            throttled,
            throttled_share: throttled_share(invocations, throttled),
            p95: extremes(these().filter_map(|of| of.p95)),
        }
    };
    (0..24).map(of_day).collect()
}
