//! A percentile of what was seen lately.

use std::time::Duration;

use hdrhistogram::Histogram;

/// What is needed before anything is said, and how often it is looked up afresh.
pub const ENOUGH: u64 = 100;
/// The percentile is over the latest of these, up to twice as many.
const WINDOW: u64 = 1_000;
/// The histogram counts in tenths of a millisecond, up to an hour, to two significant digits.
const TICK: Duration = Duration::from_micros(100);
const MOST_TICKS: u64 = 36_000_000;

pub struct Recent {
    quantile: f64,
    /// The window that is being filled, and with it the one before.
    filling: Histogram<u32>,
    both: Histogram<u32>,
    value: Option<Duration>,
}

impl Recent {
    /// `quantile` is in (0, 1).
    pub fn new(quantile: f64) -> Self {
        let empty = Histogram::new_with_bounds(1, MOST_TICKS, 2).expect("the bounds are in order");
        Self { quantile, filling: empty.clone(), both: empty, value: None }
    }

    pub fn record(&mut self, latency: Duration) {
        let ticks = u64::try_from(latency.as_nanos() / TICK.as_nanos()).unwrap_or(MOST_TICKS);
        self.filling.saturating_record(ticks);
        self.both.saturating_record(ticks);
        // A look-up walks the whole histogram: too dear for every request.
        if self.filling.len().is_multiple_of(ENOUGH) {
            self.value = Some(TICK * self.both.value_at_quantile(self.quantile) as u32);
        }
        if self.filling.len() == WINDOW {
            self.both.clone_from(&self.filling);
            self.filling.reset();
        }
    }

    /// The percentile; absent until enough has been seen.
    pub fn value(&self) -> Option<Duration> {
        self.value
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_said_until_enough_has_been_seen() {
        let mut recent = Recent::new(0.95);
        (1..ENOUGH).for_each(|ms| recent.record(Duration::from_millis(ms)));
        assert_eq!(recent.value(), None);
        recent.record(Duration::from_millis(ENOUGH));
        let p95 = recent.value().unwrap().as_secs_f64();
        assert!((p95 / 0.095 - 1.0).abs() < 0.01, "{p95}");
    }

    #[test]
    fn what_is_long_past_counts_no_more() {
        let mut recent = Recent::new(0.5);
        (0..5_000).for_each(|_| recent.record(Duration::from_secs(2)));
        (0..2 * WINDOW).for_each(|_| recent.record(Duration::from_millis(300)));
        let p50 = recent.value().unwrap().as_secs_f64();
        assert!((p50 / 0.3 - 1.0).abs() < 0.01, "{p50}");
    }
}
