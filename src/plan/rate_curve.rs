//! The rate of arrivals over time, in straight pieces: its integral, the number of arrivals to
//! expect, and the inverse of that have closed forms, so that nothing drifts over a day.

use std::iter;
use std::sync::Arc;
use std::time::Duration;

use crate::core::RunTime;
use crate::core::units::Rate;

/// A stretch of time over which the rate changes in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Piece {
    pub length: Duration,
    /// At its start.
    pub from: Rate,
    /// At its end.
    pub to: Rate,
}

impl Piece {
    pub const fn level(length: Duration, rate: Rate) -> Self {
        Self { length, from: rate, to: rate }
    }

    pub fn is_level(&self) -> bool {
        self.from == self.to
    }

    fn arrivals(&self) -> f64 {
        (self.from.0 + self.to.0) / 2.0 * self.length.as_secs_f64()
    }

    /// Per second, every second.
    fn slope(&self) -> f64 {
        (self.to.0 - self.from.0) / self.length.as_secs_f64()
    }

    /// Its beginning, of at most `length`.
    fn cut(self, length: Duration) -> Self {
        if self.length <= length {
            return self;
        }
        Self { length, to: Rate(self.from.0 + self.slope() * length.as_secs_f64()), ..self }
    }
}

/// λ(t) over a run, per second of run time, and Λ(t), its integral. Cheap to clone.
#[derive(Clone, Debug, PartialEq)]
pub struct RateCurve {
    segments: Arc<[Segment]>,
    arrivals: f64,
    peak: Rate,
}

/// A piece in its place; it lasts until the next one.
#[derive(Clone, Debug, PartialEq)]
struct Segment {
    /// Seconds of run time.
    start: f64,
    /// Λ there.
    before: f64,
    /// λ there.
    rate: f64,
    slope: f64,
}

impl Segment {
    /// Seconds from its start in which `arrivals` are to be expected: the root of
    /// rate·x + slope·x²/2 = arrivals, in the form that subtracts nothing when rates rise, and
    /// still holds where the slope is zero.
    fn time_for(&self, arrivals: f64) -> f64 {
        if arrivals <= 0.0 {
            return 0.0;
        }
        // Rounding may lead below zero at the end of a ramp that falls to zero.
        let root = (self.rate * self.rate + 2.0 * self.slope * arrivals).max(0.0).sqrt();
        2.0 * arrivals / (self.rate + root)
    }

    fn arrivals_in(&self, seconds: f64) -> f64 {
        seconds * (self.rate + self.slope * seconds / 2.0)
    }
}

impl RateCurve {
    /// `pieces` one after the other over the `measured` time, whatever is beyond it cut off; before
    /// them the warm-up, at the rate that they begin with.
    pub fn new(warmup: Duration, measured: Duration, pieces: impl IntoIterator<Item = Piece>) -> Self {
        let mut pieces = pieces.into_iter().peekable();
        let first = pieces.peek().map_or(Rate(0.0), |piece| piece.from);
        let mut segments: Vec<Segment> = Vec::new();
        let (mut arrivals, mut peak) = (0.0, Rate(0.0));
        let (mut at, end) = (Duration::ZERO, warmup + measured);
        for piece in iter::once(Piece::level(warmup, first)).chain(pieces) {
            let piece = piece.cut(end - at);
            if piece.length.is_zero() {
                if at == end {
                    break;
                }
                continue;
            }
            let segment =
                Segment { start: at.as_secs_f64(), before: arrivals, rate: piece.from.0, slope: piece.slope() };
            // A level rate that goes on is one segment: the warm-up changes nothing about it.
            let goes_on = segments.last().is_some_and(|last| (last.rate, last.slope) == (segment.rate, 0.0));
            if !(goes_on && piece.is_level()) {
                segments.push(segment);
            }
            at += piece.length;
            arrivals += piece.arrivals();
            peak = Rate(peak.0.max(piece.from.0).max(piece.to.0));
        }
        Self { segments: segments.into(), arrivals, peak }
    }

    /// One rate all the time.
    pub fn level(rate: Rate, length: Duration) -> Self {
        Self::new(Duration::ZERO, length, [Piece::level(length, rate)])
    }

    /// When so many `arrivals` are to be expected since the start: Λ⁻¹. `None` at the end and beyond.
    pub fn when(&self, arrivals: f64) -> Option<RunTime> {
        if arrivals >= self.arrivals {
            return None;
        }
        // The last one that begins with so few: never a pause, in which nothing arrives.
        let position = self.segments.partition_point(|segment| segment.before <= arrivals);
        let segment = &self.segments[position.saturating_sub(1)];
        Some(RunTime::from_secs_f64(segment.start + segment.time_for(arrivals - segment.before)))
    }

    /// Λ: arrivals to expect from the start until `at`.
    pub fn arrivals_by(&self, at: RunTime) -> f64 {
        let at = at.as_secs_f64();
        let position = self.segments.partition_point(|segment| segment.start <= at);
        let Some(segment) = self.segments.get(position.saturating_sub(1)) else { return 0.0 };
        (segment.before + segment.arrivals_in(at - segment.start)).min(self.arrivals)
    }

    /// Arrivals to expect in all.
    pub fn arrivals(&self) -> f64 {
        self.arrivals
    }

    /// The highest rate.
    pub fn peak(&self) -> Rate {
        self.peak
    }

    pub fn is_level(&self) -> bool {
        matches!(&*self.segments, [only] if only.slope == 0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn seconds(n: u64) -> Duration {
        Duration::from_secs(n)
    }

    fn ramp(length: Duration, from: f64, to: f64) -> Piece {
        Piece { length, from: Rate(from), to: Rate(to) }
    }

    fn at(seconds: f64) -> RunTime {
        RunTime::from_secs_f64(seconds)
    }

    #[test]
    fn a_ramp_is_integrated_and_inverted_as_by_hand() {
        // 2 s at 10/s, then from 10 to 30/s over 10 s: 20 + 10x + x².
        let curve = RateCurve::new(seconds(2), seconds(10), [ramp(seconds(10), 10.0, 30.0)]);
        assert_eq!((curve.arrivals(), curve.peak(), curve.is_level()), (220.0, Rate(30.0), false));
        for (time, arrivals) in [(0.0, 0.0), (1.0, 10.0), (2.0, 20.0), (3.0, 31.0), (7.0, 95.0), (11.0, 191.0)] {
            assert_eq!(curve.arrivals_by(at(time)), arrivals, "Λ({time})");
            assert_eq!(curve.when(arrivals), Some(at(time)), "Λ⁻¹({arrivals})");
        }
        assert_eq!(curve.when(220.0), None);
        assert_eq!(curve.arrivals_by(at(1e6)), 220.0, "nothing arrives after the end");
    }

    #[test]
    fn the_inverse_finds_every_instant_of_a_day_again() {
        let day = [
            ramp(seconds(36_000), 0.0, 900.0),
            ramp(seconds(600), 20_000.0, 900.0),
            Piece::level(seconds(3_600), Rate(0.0)),
            ramp(seconds(6_200), 900.0, 899.999),
            ramp(seconds(40_000), 900.0, 0.0),
        ];
        let curve = RateCurve::new(seconds(60), seconds(86_400), day);
        let mut last = RunTime::ZERO;
        for step in 1..86_400 {
            let time = at(60.0 + f64::from(step) - 0.123_456_789);
            let found = curve.when(curve.arrivals_by(time)).unwrap();
            assert!(found >= last, "went back at {time}");
            last = found;
            let paused = (36_660.0..40_260.0).contains(&time.as_secs_f64());
            // Near a rate of zero an instant is as uncertain as Λ, which is exact to 1e-8 of 32 million.
            let off = found.as_secs_f64() - time.as_secs_f64();
            assert!(paused || off.abs() < 2e-6, "{time} was found again {off} s off");
        }
    }

    #[test]
    fn nothing_arrives_in_a_pause_and_what_is_due_at_its_end_comes_then() {
        let pieces =
            [Piece::level(seconds(1), Rate(5.0)), Piece::level(seconds(9), Rate(0.0)), ramp(seconds(2), 0.0, 8.0)];
        let curve = RateCurve::new(Duration::ZERO, seconds(12), pieces);
        assert_eq!(curve.when(4.0), Some(at(0.8)));
        assert_eq!(curve.when(5.0), Some(at(10.0)));
        assert_eq!(curve.when(7.0), Some(at(11.0)));
        let ends_in_a_pause = RateCurve::new(Duration::ZERO, seconds(10), pieces);
        assert_eq!(ends_in_a_pause.when(5.0), None);
    }

    #[test]
    fn a_level_rate_stays_one_through_warm_up_and_days() {
        let day = iter::repeat(Piece::level(seconds(3_600), Rate(3.0)));
        let curve = RateCurve::new(seconds(7), seconds(1_000_000), day);
        assert!(curve.is_level());
        assert_eq!(curve.when(3_000_000.0), Some(at(1_000_000.0)), "no drift");
    }

    #[test]
    fn what_is_beyond_the_measured_time_is_cut_off() {
        let curve = RateCurve::new(seconds(1), seconds(5), [ramp(seconds(10), 0.0, 40.0)]);
        assert_eq!((curve.arrivals(), curve.peak()), (50.0, Rate(20.0)));
        assert_eq!(curve.arrivals_by(at(1.0)), 0.0, "the warm-up runs at the first rate");
    }
}
