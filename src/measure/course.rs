//! The course of a phase in fine stretches: for how long do requests resemble each other?

use std::time::Duration;

use crate::core::phase::Phase;
use crate::core::record::RequestRecord;
use crate::core::time::nanos;
use crate::core::{Metric, RunTime};
use crate::stats::effective::{self, correlation_times, deviations};

/// Stretches per phase: fine enough to see a correlation time that a hundredth of the phase holds.
const STRETCHES: usize = 240;

/// What is kept of the requests of one stretch.
#[derive(Clone, Copy, Debug, Default)]
struct Stretch {
    requests: f64,
    failures: f64,
    times: [Logs; Metric::ALL.len()],
}

/// How many times there are of one metric, and the sum of their logarithms.
#[derive(Clone, Copy, Debug)]
struct Logs {
    n: f64,
    sum: f64,
    /// Of times whose logarithm is not in the sum yet: one logarithm for some twenty requests.
    product: f64,
}

impl Default for Logs {
    fn default() -> Self {
        Self { n: 0.0, sum: 0.0, product: 1.0 }
    }
}

impl Logs {
    fn add(&mut self, time: Duration) {
        /// Even the longest time leaves the product finite.
        const FULL: f64 = 1e280;
        self.n += 1.0;
        self.product *= nanos(time).max(1_000) as f64;
        if self.product > FULL {
            self.sum += self.product.ln();
            self.product = 1.0;
        }
    }

    fn sum(&self) -> f64 {
        self.sum + self.product.ln()
    }
}

/// One phase of one route.
#[derive(Clone, Debug)]
pub struct Course {
    start: RunTime,
    width: Duration,
    /// None where the phase is not measured.
    stretches: Vec<Stretch>,
}

impl Course {
    pub(super) fn new(phase: &Phase) -> Self {
        let width = (phase.end.since(phase.start) / STRETCHES as u32).max(Duration::from_nanos(1));
        let stretches = vec![Stretch::default(); if phase.measured { STRETCHES } else { 0 }];
        Self { start: phase.start, width, stretches }
    }

    /// Of nothing, for those who do not ask.
    pub(super) fn untold(phase: &Phase) -> Self {
        Self { stretches: Vec::new(), ..Self::new(phase) }
    }

    pub(super) fn record(&mut self, record: &RequestRecord) {
        let outcome = record.outcome;
        let at = (nanos(record.intended.since(self.start)) / nanos(self.width)) as usize;
        // Of a width that was rounded down, the last stretch takes the rest.
        let last = self.stretches.len().saturating_sub(1);
        let counts = outcome.is_ok() || outcome.is_failure();
        let Some(stretch) = self.stretches.get_mut(at.min(last)).filter(|_| counts) else { return };
        stretch.requests += 1.0;
        if !outcome.is_ok() {
            stretch.failures += 1.0;
            return;
        }
        for metric in Metric::ALL {
            if let Some(time) = metric.of(record) {
                stretch.times[metric as usize].add(time);
            }
        }
    }
}

/// One number per stretch, of some phases of a route one after the other.
pub type Series = Vec<effective::Stretch>;

/// Logarithms of the times of successes: a mean of times would follow its few longest.
pub fn times<'a>(courses: impl IntoIterator<Item = &'a Course>, metric: Metric) -> Series {
    series(courses, |stretch| (stretch.times[metric as usize].n, stretch.times[metric as usize].sum()))
}

/// Failures among all requests.
pub fn failures<'a>(courses: impl IntoIterator<Item = &'a Course>) -> Series {
    series(courses, |stretch| (stretch.requests, stretch.failures))
}

fn series<'a>(courses: impl IntoIterator<Item = &'a Course>, of: impl Fn(&Stretch) -> (f64, f64)) -> Series {
    let all = courses.into_iter().enumerate();
    all.flat_map(|(stratum, course)| course.stretches.iter().map(move |stretch| (stratum, stretch)))
        .map(|(stratum, stretch)| {
            let (n, sum) = of(stretch);
            effective::Stretch { stratum, n, sum }
        })
        .collect()
}

/// The correlation times that a series spans; absent without a measured stretch.
pub fn span(series: &Series) -> Option<f64> {
    (!series.is_empty()).then(|| correlation_times(series))
}

/// What `b` exceeds its own mean by more than `a` does, stretch by stretch.
pub fn apart(a: &Series, b: &Series) -> Series {
    let (a, b) = (deviations(a), deviations(b));
    a.iter().zip(b).map(|(a, b)| effective::Stretch { stratum: 0, n: 0.0, sum: b - a }).collect()
}
