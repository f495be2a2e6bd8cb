//! The only notion of time in pure code.

use std::fmt;
use std::ops::Add;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Longer than anybody waits for an answer. Far longer spans are not printed to the nanosecond, and so would not be read
/// back; and sums of many of them are still within what a `Duration` holds.
pub const DAY: Duration = Duration::from_secs(86_400);

/// Nanoseconds since the run started. The warm-up starts at zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct RunTime(u64);

impl RunTime {
    pub const ZERO: Self = Self(0);

    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    pub fn from_duration(since_start: Duration) -> Self {
        Self(nanos(since_start))
    }

    /// `seconds` must be finite and not negative; anything else is taken as zero.
    pub fn from_secs_f64(seconds: f64) -> Self {
        Self((seconds * 1e9).round() as u64)
    }

    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    pub fn as_secs_f64(self) -> f64 {
        self.0 as f64 / 1e9
    }

    pub const fn since_start(self) -> Duration {
        Duration::from_nanos(self.0)
    }

    /// `span` earlier, but not before the start.
    pub fn before(self, span: Duration) -> Self {
        Self(self.0.saturating_sub(nanos(span)))
    }

    /// Time from `earlier` to `self`; zero if `earlier` is in fact later.
    pub const fn since(self, earlier: Self) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(earlier.0))
    }
}

impl Add<Duration> for RunTime {
    type Output = Self;

    fn add(self, span: Duration) -> Self {
        Self(self.0.saturating_add(nanos(span)))
    }
}

impl fmt::Display for RunTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3} s", self.as_secs_f64())
    }
}

/// `span` in nanoseconds, as far as 64 bits go: some 584 years. Half the work of `Duration::as_nanos`.
pub const fn nanos(span: Duration) -> u64 {
    span.as_secs().saturating_mul(1_000_000_000).saturating_add(span.subsec_nanos() as u64)
}

/// `seconds` as a span, in nanoseconds: what `Duration::from_secs_f64` does with more digits and for
/// more of a simulation's time. Not finite or negative is zero.
pub fn span_of(seconds: f64) -> Duration {
    Duration::from_nanos((seconds * 1e9) as u64)
}

/// `span` times `factor`, in nanoseconds.
pub fn scale(span: Duration, factor: f64) -> Duration {
    if factor == 1.0 { span } else { span_of(span.as_secs_f64() * factor) }
}
