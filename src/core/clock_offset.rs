//! By how much the clock of this machine is ahead of another's, and how sure that is.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// An estimate with its bounds, or the reason why there is none.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct ClockOffset {
    /// This clock minus the other, in milliseconds; absent where nobody knows.
    pub ahead_ms: Option<f64>,
    /// The truth lies within so many milliseconds on either side of it.
    pub uncertainty_ms: Option<f64>,
    /// How it was estimated, or why it was not.
    pub method: String,
}

impl ClockOffset {
    /// From an answer that was stamped with a whole second, cut off: at some instant between `sent` and `received` by this
    /// clock (nanoseconds since 1970) the other showed a time from `second` on, and before the next one.
    pub fn from_second((sent, received): (u64, u64), second: i64, whose: &str) -> Self {
        // Whole nanoseconds: a time of day has more digits than a float.
        let since = |at: u64, second: i64| i128::from(at) - i128::from(second) * 1_000_000_000;
        let (least, most) = (since(sent, second + 1), since(received, second));
        let round_trip = (received - sent) as f64 / 1e6;
        Self {
            ahead_ms: Some(((least + most) as f64 / 2e6).round()),
            uncertainty_ms: Some(((most - least) as f64 / 2e6).ceil()),
            method: format!("Date header of {whose}, whole seconds, round trip {round_trip:.1} ms"),
        }
    }

    pub fn unknown(why: impl Into<String>) -> Self {
        Self { ahead_ms: None, uncertainty_ms: None, method: why.into() }
    }
}

impl fmt::Display for ClockOffset {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.ahead_ms, self.uncertainty_ms) {
            (Some(ahead), Some(within)) => write!(f, "{ahead:+} ms ± {within} ms, by the {}", self.method),
            _ => write!(f, "unknown: {}", self.method),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server that cuts its seconds off, and whose clock is behind ours by so many milliseconds.
    fn estimate(ours_ms: u64, round_trip_ms: u64, behind_ms: i64) -> ClockOffset {
        let stamped = (ours_ms + round_trip_ms / 2) as i64 - behind_ms;
        let (sent, received) = (ours_ms * 1_000_000, (ours_ms + round_trip_ms) * 1_000_000);
        ClockOffset::from_second((sent, received), stamped.div_euclid(1_000), "a server")
    }

    #[test]
    fn the_truth_lies_within_the_bounds() {
        for behind in [-90_000, -700, 0, 300, 12_345] {
            for instant in (1_800_000_000_000_u64..).step_by(137).take(50) {
                for round_trip in [0, 4, 250] {
                    let offset = estimate(instant, round_trip, behind);
                    let (ahead, within) = (offset.ahead_ms.unwrap(), offset.uncertainty_ms.unwrap());
                    assert!((ahead - behind as f64).abs() <= within + 0.5, "{behind}: {offset}");
                    assert_eq!(within, (500.0 + round_trip as f64 / 2.0).ceil());
                }
            }
        }
    }

    #[test]
    fn what_is_not_known_is_not_zero() {
        let unknown = ClockOffset::unknown("no answer had a Date header");
        assert_eq!(unknown.to_string(), "unknown: no answer had a Date header");
        assert_eq!(unknown.ahead_ms, None);
    }
}
