//! A set of times, failures included: what percentiles are read from.

use std::borrow::Cow;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize, Serializer};

use crate::core::time::nanos;

/// Times in nanoseconds are kept in microseconds, to three significant digits (HdrHistogram).
#[derive(Clone, Debug)]
pub struct Histogram(hdrhistogram::Histogram<u32>);

impl Histogram {
    /// Three digits: for what is printed.
    pub fn fine() -> Self {
        Self::with_digits(3)
    }

    /// Two digits: for the many small histograms of the time buckets.
    pub fn coarse() -> Self {
        Self::with_digits(2)
    }

    fn with_digits(digits: u8) -> Self {
        Self(hdrhistogram::Histogram::new(digits).expect("two or three digits are in range"))
    }

    pub fn record(&mut self, time: Duration) {
        let micros = nanos(time).div_ceil(1_000);
        // Auto-resizing, so only a value beyond 2^63 µs could be refused.
        self.0.record(micros.max(1)).expect("the histogram grows with its values");
    }

    pub fn add(&mut self, other: &Self) {
        self.0.add(&other.0).expect("the histogram grows with its values");
    }

    /// In microseconds.
    pub fn hdr(&self) -> &hdrhistogram::Histogram<u32> {
        &self.0
    }

    pub fn len(&self) -> u64 {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn max(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.0.max()))
    }

    pub fn min(&self) -> Option<Duration> {
        (!self.is_empty()).then(|| Duration::from_micros(self.0.min()))
    }

    /// Value at 1-based `rank`.
    pub fn at_rank(&self, rank: u64) -> Duration {
        let q = (rank as f64 - 0.5) / self.len() as f64;
        Duration::from_micros(self.0.value_at_quantile(q.clamp(0.0, 1.0)))
    }

    /// How many values lie at or below `time`, to the histogram's resolution.
    pub fn count_to(&self, time: Duration) -> u64 {
        let (least, most) = (self.0.min(), u64::try_from(time.as_micros()).unwrap_or(u64::MAX));
        // It adds up every count from the one to the other: from zero, that would be most of the work.
        if self.is_empty() || most < least { 0 } else { self.0.count_between(least, most) }
    }

    /// Recorded values with their counts, ascending.
    pub fn values(&self) -> impl Iterator<Item = (Duration, u64)> + '_ {
        self.0.iter_recorded().map(|v| (Duration::from_micros(v.value_iterated_to()), v.count_since_last_iteration()))
    }
}

/// A time, or a rank that only failures reach.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub enum Level {
    At(Duration),
    /// Above every success.
    Failed,
}

impl Level {
    pub fn time(self) -> Option<Duration> {
        match self {
            Self::At(time) => Some(time),
            Self::Failed => None,
        }
    }
}

impl Serialize for Level {
    /// Milliseconds, or `"failed"`.
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::At(time) => serializer.serialize_f64(time.as_nanos() as f64 / 1e6),
            Self::Failed => serializer.serialize_str("failed"),
        }
    }
}

impl<'de> Deserialize<'de> for Level {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Raw {
            Ms(f64),
            Word(String),
        }
        match Raw::deserialize(deserializer)? {
            Raw::Ms(ms) => Duration::try_from_secs_f64(ms / 1e3).map(Level::At).map_err(serde::de::Error::custom),
            Raw::Word(word) if word == "failed" => Ok(Level::Failed),
            Raw::Word(word) => Err(serde::de::Error::custom(format!("`{word}` is neither milliseconds nor `failed`"))),
        }
    }
}

impl JsonSchema for Level {
    fn schema_name() -> Cow<'static, str> {
        "Level".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "Milliseconds, or `failed` where only failures rank",
            "oneOf": [{ "type": "number", "minimum": 0 }, { "const": "failed" }]
        })
    }
}

/// Times of the requests that succeeded, and how many failed. Failures rank above every success,
/// so they cannot flatter a percentile in either direction.
#[derive(Clone, Copy, Debug)]
pub struct Sample<'a> {
    pub ok: &'a Histogram,
    pub failures: u64,
}

impl Sample<'_> {
    pub fn n(&self) -> u64 {
        self.ok.len() + self.failures
    }

    /// Level at a fraction of the sample in (0, 1]; absent for an empty one.
    pub fn at(&self, fraction: f64) -> Option<Level> {
        let n = self.n();
        if n == 0 {
            return None;
        }
        // Nearest rank, as HdrHistogram defines a percentile.
        let rank = ((fraction * n as f64) - 1e-9).ceil().clamp(1.0, n as f64) as u64;
        Some(if rank <= self.ok.len() { Level::At(self.ok.at_rank(rank)) } else { Level::Failed })
    }

    /// How many lie at or below `level`.
    pub fn count_to(&self, level: Level) -> u64 {
        match level {
            Level::At(time) => self.ok.count_to(time),
            Level::Failed => self.n(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    #[test]
    fn failures_rank_above_every_success() {
        let mut ok = Histogram::fine();
        (1..=90).for_each(|value| ok.record(ms(value)));
        let sample = Sample { ok: &ok, failures: 10 };
        let near = |q: f64, expected: u64| {
            let found = sample.at(q).unwrap().time().unwrap().as_secs_f64() * 1e3;
            assert!((found / expected as f64 - 1.0).abs() < 0.001, "p{}: {found} ms", q * 100.0);
        };
        near(0.50, 50);
        near(0.90, 90);
        assert_eq!(sample.at(0.91), Some(Level::Failed));
        assert_eq!(sample.count_to(Level::Failed), 100);
        assert_eq!(sample.count_to(sample.at(0.5).unwrap()), 50);
        assert_eq!((ok.count_to(Duration::ZERO), ok.count_to(ms(1)), ok.count_to(Duration::MAX)), (0, 1, 90));
    }

    #[test]
    fn an_empty_sample_is_absent_not_zero() {
        let ok = Histogram::fine();
        assert_eq!(Sample { ok: &ok, failures: 0 }.at(0.5), None);
        assert_eq!(ok.max(), None);
    }

    #[test]
    fn levels_survive_json() {
        for level in [Level::At(ms(1_234)), Level::Failed] {
            let json = serde_json::to_string(&level).unwrap();
            assert_eq!(serde_json::from_str::<Level>(&json).unwrap(), level);
        }
    }
}
