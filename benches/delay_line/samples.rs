//! Lateness: by how much what was measured differs from what was asked for.

use std::fmt;
use std::time::Duration;

pub const MEDIAN_WITHIN: Duration = Duration::from_micros(250);
pub const P99_WITHIN: Duration = Duration::from_millis(1);

/// In milliseconds; what came too soon is negative.
#[derive(Clone, Debug, Default)]
pub struct Lateness(Vec<f64>);

impl Lateness {
    pub fn push(&mut self, measured: Duration, asked: Duration) {
        self.0.push((measured.as_secs_f64() - asked.as_secs_f64()) * 1e3);
    }

    pub fn extend(&mut self, other: &Self) {
        self.0.extend(&other.0);
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Less what the client itself takes.
    #[must_use]
    pub fn beyond(&self, baseline: f64) -> Self {
        Self(self.0.iter().map(|late| late - baseline).collect())
    }

    pub fn median(&self) -> f64 {
        quantile(self.0.clone(), 0.5)
    }

    /// Too soon counts like too late.
    pub fn p99(&self) -> f64 {
        quantile(self.0.iter().map(|late| late.abs()).collect(), 0.99)
    }

    pub fn holds(&self) -> bool {
        self.median().abs() <= MEDIAN_WITHIN.as_secs_f64() * 1e3 && self.p99() <= P99_WITHIN.as_secs_f64() * 1e3
    }
}

impl fmt::Display for Lateness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:+7.3} {:7.3} {:8}", self.median(), self.p99(), self.len())
    }
}

fn quantile(mut values: Vec<f64>, q: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get((values.len() as f64 * q) as usize).copied().unwrap_or(f64::NAN)
}
