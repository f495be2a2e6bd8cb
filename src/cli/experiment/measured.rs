//! What one arm came to, over its seeds.

use std::time::Duration;

use crate::core::units::{Span, per_second, percentile, range};
use crate::core::{Metric, Outcome, RegionId};
use crate::measure::Recorder;
use crate::measure::recorder::RouteSeries;
use crate::measure::series::Level;
use crate::stats::student;

pub const CONFIDENCE: f64 = 0.95;

/// A mean over seeds with its interval.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Estimate {
    pub mean: f64,
    pub low: f64,
    pub high: f64,
}

impl Estimate {
    /// Of something that cannot be negative.
    fn of(values: &[f64]) -> Self {
        let mean = student::mean(values);
        let half = student::half_width(values, CONFIDENCE).unwrap_or(f64::INFINITY);
        Self { mean, low: (mean - half).max(0.0), high: mean + half }
    }
}

/// An arm, simulated under each seed.
pub struct Measured {
    /// Measured time.
    pub length: Duration,
    /// Each with one route, by seed.
    pub runs: Vec<Recorder>,
}

impl Measured {
    fn series(&self) -> impl Iterator<Item = &RouteSeries> {
        self.runs.iter().map(|recorder| &recorder.routes()[0])
    }

    /// Requests answered per second of measured time.
    pub fn throughput(&self) -> Estimate {
        let done = |series: &RouteSeries| series.buckets.iter().map(|bucket| bucket.done).sum::<u64>() as f64;
        Estimate::of(&self.series().map(|series| done(series) / self.length.as_secs_f64()).collect::<Vec<_>>())
    }

    fn attempts(series: &RouteSeries, counted: impl Fn(Outcome) -> bool) -> u64 {
        let outcomes = series.regions.values().flat_map(|share| share.attempts.occurred());
        outcomes.filter(|(outcome, _)| counted(*outcome)).map(|(_, count)| count).sum()
    }

    /// Of all attempts.
    pub fn throttled(&self) -> Estimate {
        let share = |series| {
            let throttled = Self::attempts(series, |outcome| outcome == Outcome::Throttled);
            throttled as f64 / Self::attempts(series, |_| true).max(1) as f64
        };
        Estimate::of(&self.series().map(share).collect::<Vec<_>>())
    }

    /// Seconds by seed; `None` where the percentile is a failure under one of them, or nothing was measured.
    pub fn seconds(&self, metric: Metric, q: f64) -> Option<Vec<f64>> {
        let level = |recorder: &Recorder| recorder.routes()[0].whole(recorder.phases()).sample(metric).at(q);
        self.runs.iter().map(|recorder| Some(level(recorder).and_then(Level::time)?.as_secs_f64())).collect()
    }

    pub fn time(&self, metric: Metric, q: f64) -> Option<Estimate> {
        self.seconds(metric, q).map(|seconds| Estimate::of(&seconds))
    }

    /// Whether the Region was asked for anything, or processed anything.
    pub fn reaches(&self, region: RegionId) -> bool {
        self.series().any(|series| series.regions.contains_key(&region) || series.processed.contains_key(&region))
    }

    /// Its numbers in one line.
    pub fn sentence(&self) -> String {
        let throughput = self.throughput();
        let times = [0.50, 0.95].map(|q| {
            let time = self.time(Metric::Response, q).map_or_else(|| "failed".to_owned(), |time| in_time(&time));
            format!("response {} {time}", percentile(q))
        });
        format!(
            "{} done ({}–{}); {}; throttled {}",
            per_second(throughput.mean),
            per_second(throughput.low).trim_end_matches("/s"),
            per_second(throughput.high),
            times.join(", "),
            in_percent(&self.throttled()),
        )
    }
}

fn span(seconds: f64) -> Span {
    Span(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX))
}

/// `280 ms (275–285 ms)`
pub fn in_time(of: &Estimate) -> String {
    format!("{} ({})", span(of.mean), range(span(of.low), span(of.high)))
}

/// `2.1 % (1.9–2.3) of the attempts`
pub fn in_percent(of: &Estimate) -> String {
    format!("{:.2} % ({:.2}–{:.2}) of the attempts", of.mean * 100.0, of.low * 100.0, of.high * 100.0)
}
