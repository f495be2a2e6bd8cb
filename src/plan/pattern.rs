//! Daily patterns: how load comes and goes over 24 hours of local time, with bursts at fixed times.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::rate_curve::Piece;
use crate::core::units::{Rate, Span};

const DAY: f64 = 86_400.0;

/// A time of day, to the minute: `09:30`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct TimeOfDay {
    minutes: u16,
}

impl TimeOfDay {
    /// Since midnight.
    fn seconds(self) -> f64 {
        f64::from(self.minutes) * 60.0
    }
}

impl FromStr for TimeOfDay {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let parts =
            text.trim().split_once(':').and_then(|(h, m)| Some((h.parse::<u16>().ok()?, m.parse::<u16>().ok()?)));
        match parts {
            Some((hours @ 0..24, minutes @ 0..60)) => Ok(Self { minutes: hours * 60 + minutes }),
            _ => Err(format!("`{text}` is not a time of day; write it like 09:30")),
        }
    }
}

impl fmt::Display for TimeOfDay {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:02}:{:02}", self.minutes / 60, self.minutes % 60)
    }
}

impl TryFrom<String> for TimeOfDay {
    type Error = String;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<TimeOfDay> for String {
    fn from(time: TimeOfDay) -> Self {
        time.to_string()
    }
}

/// A day of load, in any unit: only the shape counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Pattern {
    pub schema: u32,
    pub name: String,
    pub summary: String,
    /// Straight lines between the points, and over midnight from the last to the first.
    pub curve: Vec<Point>,
    /// On top of the curve.
    #[serde(default)]
    pub burst: Vec<Burst>,
    pub source: String,
    pub date: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Point {
    pub at: TimeOfDay,
    pub load: f64,
}

/// Load that is there from one moment to the next and dies away in a straight line.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burst {
    pub name: String,
    pub at: TimeOfDay,
    pub length: Span,
    /// At its start, in the unit of the curve.
    pub height: f64,
    pub source: String,
    pub date: String,
}

impl Burst {
    /// What it adds, so many seconds after its start.
    fn load(&self, after: f64) -> f64 {
        self.height * (1.0 - after / self.length.0.as_secs_f64()).max(0.0)
    }
}

impl Pattern {
    /// # Errors
    /// When a number in it makes no sense.
    pub fn check(&self) -> Result<(), String> {
        let sensible = |load: f64| load.is_finite() && load >= 0.0;
        if self.curve.is_empty() {
            return Err("curve needs at least one point, as { at = \"09:00\", load = 1.0 }".into());
        }
        if let Some(pair) = self.curve.windows(2).find(|pair| pair[1].at <= pair[0].at) {
            return Err(format!("curve: {} does not come after {}", pair[1].at, pair[0].at));
        }
        if let Some(point) = self.curve.iter().find(|point| !sensible(point.load)) {
            return Err(format!("curve: load at {} must be 0 or more, not {}", point.at, point.load));
        }
        for burst in &self.burst {
            if !sensible(burst.height) {
                return Err(format!("burst `{}`: height must be 0 or more, not {}", burst.name, burst.height));
            }
            let length = burst.length.0.as_secs_f64();
            if !(length > 0.0 && length <= DAY) {
                return Err(format!("burst `{}`: length must be above 0 and at most 24h", burst.name));
            }
        }
        if self.curve.iter().all(|point| point.load == 0.0) && self.burst.iter().all(|burst| burst.height == 0.0) {
            return Err("there is no load in it at any time".into());
        }
        Ok(())
    }

    /// One day of rates, beginning at `start`, whose mean over the day is `mean`.
    pub fn day_from(&self, start: TimeOfDay, mean: Rate) -> Vec<Piece> {
        let start = start.seconds();
        let ends = self.burst.iter().map(|burst| burst.at.seconds() + burst.length.0.as_secs_f64());
        let starts = self.burst.iter().map(|burst| burst.at.seconds());
        let points = self.curve.iter().map(|point| point.at.seconds());
        let mut edges: Vec<f64> = points.chain(starts).chain(ends).map(|edge| (edge - start).rem_euclid(DAY)).collect();
        edges.extend([0.0, DAY]);
        edges.sort_by(f64::total_cmp);
        edges.dedup();
        let pieces =
            edges.windows(2).map(|edge| (edge[1] - edge[0], self.after(start + edge[0]), self.before(start + edge[1])));
        let pieces: Vec<(f64, f64, f64)> = pieces.collect();
        let load: f64 = pieces.iter().map(|(seconds, from, to)| seconds * (from + to) / 2.0).sum();
        let rate = |load_then: f64| Rate(mean.0 * load_then * DAY / load);
        let piece =
            |(seconds, from, to)| Piece { length: Duration::from_secs_f64(seconds), from: rate(from), to: rate(to) };
        pieces.into_iter().map(piece).collect()
    }

    /// Load just after the moment `at`, in seconds since some midnight.
    fn after(&self, at: f64) -> f64 {
        let bursts = self.burst.iter().map(|burst| burst.load((at - burst.at.seconds()).rem_euclid(DAY)));
        self.curve_at(at) + bursts.sum::<f64>()
    }

    /// Load just before it: a burst that begins there was last seen a day ago.
    fn before(&self, at: f64) -> f64 {
        let since = |burst: &Burst| DAY - (burst.at.seconds() - at).rem_euclid(DAY);
        self.curve_at(at) + self.burst.iter().map(|burst| burst.load(since(burst))).sum::<f64>()
    }

    fn curve_at(&self, at: f64) -> f64 {
        let at = at.rem_euclid(DAY);
        let next = self.curve.partition_point(|point| point.at.seconds() <= at);
        let (last, next) = (next.checked_sub(1).unwrap_or(self.curve.len() - 1), next % self.curve.len());
        let (last, next) = (self.curve[last], self.curve[next]);
        let between = (next.at.seconds() - last.at.seconds()).rem_euclid(DAY);
        if between == 0.0 {
            return last.load;
        }
        let passed = (at - last.at.seconds()).rem_euclid(DAY) / between;
        last.load + (next.load - last.load) * passed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(curve: &[(&str, f64)], bursts: &[(&str, &str, f64)]) -> Pattern {
        let (source, date) = ("test".to_owned(), "2026-11-23".to_owned());
        let burst = |(at, length, height): &(&str, &str, f64)| Burst {
            name: "burst".into(),
            at: at.parse().unwrap(),
            length: length.parse().unwrap(),
            height: *height,
            source: source.clone(),
            date: date.clone(),
        };
        Pattern {
            schema: 1,
            name: "test".into(),
            summary: "test".into(),
            curve: curve.iter().map(|(at, load)| Point { at: at.parse().unwrap(), load: *load }).collect(),
            burst: bursts.iter().map(burst).collect(),
            source: source.clone(),
            date: date.clone(),
        }
    }

    fn day(pattern: &Pattern, start: &str, mean: f64) -> Vec<(u64, f64, f64)> {
        pattern.check().unwrap();
        let day = pattern.day_from(start.parse().unwrap(), Rate(mean));
        assert_eq!(day.iter().map(|piece| piece.length).sum::<Duration>(), Duration::from_secs(86_400));
        let rounded = |rate: Rate| (rate.0 * 1e9).round() / 1e9;
        day.iter().map(|piece| (piece.length.as_secs() / 60, rounded(piece.from), rounded(piece.to))).collect()
    }

    #[test]
    fn a_day_has_the_mean_that_was_asked_for_and_runs_on_over_midnight() {
        // 0 at midnight, 2 at noon: the mean is 1.
        let tent = pattern(&[("00:00", 0.0), ("12:00", 2.0)], &[]);
        assert_eq!(day(&tent, "00:00", 10.0), [(720, 0.0, 20.0), (720, 20.0, 0.0)]);
        assert_eq!(day(&tent, "18:00", 10.0), [(360, 10.0, 0.0), (720, 0.0, 20.0), (360, 20.0, 10.0)]);
        let level = pattern(&[("07:00", 5.0)], &[]);
        assert_eq!(day(&level, "06:00", 3.0), [(60, 3.0, 3.0), (1_380, 3.0, 3.0)]);
    }

    #[test]
    fn a_burst_is_there_at_once_and_dies_away() {
        // 12 h at a mean of 4 are 48, 24 h at 2 are 48: as much again in the burst.
        let noon = pattern(&[("00:00", 2.0)], &[("12:00", "12h", 8.0)]);
        assert_eq!(day(&noon, "00:00", 4.0), [(720, 2.0, 2.0), (720, 10.0, 2.0)]);
        // Over midnight, and started in its middle.
        let night = pattern(&[("00:00", 2.0)], &[("18:00", "12h", 8.0)]);
        assert_eq!(day(&night, "00:00", 4.0), [(360, 6.0, 2.0), (720, 2.0, 2.0), (360, 10.0, 6.0)]);
    }

    #[test]
    fn numbers_without_sense_are_refused() {
        let refusal = |curve: &[_], bursts: &[_]| pattern(curve, bursts).check().unwrap_err();
        assert!(refusal(&[], &[]).contains("at least one point"));
        assert_eq!(refusal(&[("09:00", 1.0), ("08:00", 1.0)], &[]), "curve: 08:00 does not come after 09:00");
        assert!(refusal(&[("09:00", -1.0)], &[]).contains("load at 09:00 must be 0 or more"));
        assert!(refusal(&[("09:00", 0.0)], &[]).contains("no load"));
        assert!(refusal(&[("09:00", 1.0)], &[("10:00", "0s", 1.0)]).contains("`burst`: length"));
        assert!(refusal(&[("09:00", 1.0)], &[("10:00", "25h", 1.0)]).contains("`burst`: length"));
        assert!(refusal(&[("09:00", 1.0)], &[("10:00", "1h", f64::NAN)]).contains("`burst`: height"));
    }

    #[test]
    fn times_of_day_are_read_as_clocks_show_them() {
        for (text, shown) in [("09:30", "09:30"), ("9:05", "09:05"), ("00:00", "00:00"), ("23:59", "23:59")] {
            assert_eq!(text.parse::<TimeOfDay>().unwrap().to_string(), shown);
        }
        for text in ["24:00", "9", "09:60", "half past nine", "-1:00", "09:30:00", ""] {
            assert!(text.parse::<TimeOfDay>().is_err(), "{text} was accepted");
        }
    }
}
