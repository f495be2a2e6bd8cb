//! From values to pixels, and what to write beside the axis.

use super::canvas::{Canvas, Point, stroke};
use super::style::{AXIS, GRID, TICK};

/// Beyond this ratio the small values of a linear axis can no longer be told apart.
const LOG_FROM: f64 = 8.0;

/// Maps values to pixels, linearly or by their logarithm.
#[derive(Clone, Copy)]
pub struct Scale {
    low: f64,
    high: f64,
    log: bool,
    from: f64,
    to: f64,
}

impl Scale {
    pub fn linear(low: f64, high: f64) -> Self {
        Self { low, high, log: false, from: 0.0, to: 1.0 }
    }

    /// Logarithmic where the spread needs it, else linear from zero. `low` and `high` in seconds.
    pub fn times(low: f64, high: f64) -> Self {
        let high = if high > 0.0 { high } else { 1.0 };
        if low > 0.0 && high / low > LOG_FROM {
            return Self { low: low / 1.1, high: high * 1.1, log: true, from: 0.0, to: 1.0 };
        }
        Self::linear(0.0, high * 1.06)
    }

    /// Logarithmic, and fitted to the values: no smaller than a factor of two, so that no trifle looks great.
    pub fn fitted(low: f64, high: f64) -> Self {
        if low <= 0.0 || high < low {
            return Self::times(low, high);
        }
        let margin = (2.0 * low / high).sqrt().max(1.06);
        Self { low: low / margin, high: high * margin, log: true, from: 0.0, to: 1.0 }
    }

    pub fn over(self, from: f64, to: f64) -> Self {
        Self { from, to, ..self }
    }

    pub fn is_log(&self) -> bool {
        self.log
    }

    pub fn holds(&self, value: f64) -> bool {
        (self.low..=self.high).contains(&value)
    }

    pub fn at(&self, value: f64) -> f64 {
        let share = if self.log {
            (value.max(self.low) / self.low).ln() / (self.high / self.low).ln()
        } else {
            (value - self.low) / (self.high - self.low)
        };
        self.from + share.clamp(0.0, 1.0) * (self.to - self.from)
    }

    /// Round values on the axis, `most` at the utmost, and four at least where there is room for them.
    pub fn ticks(&self, most: usize) -> Vec<f64> {
        const DIGITS: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 2.0, 3.0, 5.0], &[1.0, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0]];
        const SPARSE: [&[f64]; 3] = [&[1.0, 2.0, 5.0], &[1.0, 3.0], &[1.0]];
        let among = |sets: [&[f64]; 3], least: usize| {
            let mut ticks = sets.into_iter().map(|digits| self.log_ticks(digits));
            ticks.find(|ticks| (least..=most).contains(&ticks.len()))
        };
        let wide = self.log && self.high / self.low > LOG_FROM;
        let log = self.log.then(|| among(DIGITS, 4.min(most))).flatten();
        if let Some(ticks) = log.or_else(|| wide.then(|| among(SPARSE, 2)).flatten()) {
            return ticks;
        }
        let span = self.high - self.low;
        let rough = span / most as f64;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|m| m * power).find(|step| *step >= rough * 0.999);
        let step = step.unwrap_or(10.0 * power);
        let first = (self.low / step - 1e-9).ceil() as i64;
        let last = (self.high / step + 1e-9).floor() as i64;
        (first..=last).map(|i| i as f64 * step).filter(|tick| !self.log || *tick > 0.0).collect()
    }

    fn log_ticks(&self, digits: &[f64]) -> Vec<f64> {
        let decades = self.low.log10().floor() as i32..=self.high.log10().ceil() as i32;
        decades
            .flat_map(|decade| digits.iter().map(move |digit| digit * 10f64.powi(decade)))
            .filter(|tick| (self.low..=self.high).contains(tick))
            .collect()
    }
}

/// A tick of a time axis: `500 ms`, `1.5 s`, `20 min`.
pub fn time_tick(seconds: f64) -> String {
    let (value, unit) = match seconds {
        s if s <= 0.0 => return "0".into(),
        s if s < 0.999e-3 => (s * 1e6, "µs"),
        s if s < 0.999 => (s * 1e3, "ms"),
        s if s < 599.0 => (s, "s"),
        s => (s / 60.0, "min"),
    };
    format!("{} {unit}", plain(value))
}

/// Three significant digits at most, without idle zeros.
pub fn plain(value: f64) -> String {
    let text = format!("{value:.3}");
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

/// Horizontal grid lines from `left` to `right`, labelled at the left.
pub fn rows(canvas: &Canvas<'_>, scale: &Scale, ticks: &[f64], (left, right): Point, label: fn(f64) -> String) {
    for tick in ticks {
        let y = scale.at(*tick);
        canvas.line(&[(left, y), (right, y)], stroke(GRID, 1.0));
        canvas.text(&label(*tick), (left - 8.0, y), TICK.right());
    }
}

/// Tick marks under a horizontal axis at height `y`, with labels that keep their distance.
pub fn columns(canvas: &Canvas<'_>, scale: &Scale, ticks: &[f64], y: f64, label: impl Fn(f64) -> String) {
    canvas.line(&[(scale.from, y), (scale.to, y)], stroke(AXIS, 1.0));
    let mut free = f64::NEG_INFINITY;
    for tick in ticks {
        let (x, text) = (scale.at(*tick), label(*tick));
        canvas.line(&[(x, y), (x, y + 4.0)], stroke(AXIS, 1.0));
        let half = TICK.width(&text) / 2.0;
        if x - half > free {
            canvas.text(&text, (x, y + 14.0), TICK.centred());
            free = x + half + 6.0;
        }
    }
}

/// Moves blocks of the given heights apart, together as little as they can be from the middles that they want and
/// in the same order, all between `top` and `bottom` if they fit. Gives their middles.
pub fn spread(wanted: &[f64], heights: &[f64], top: f64, bottom: f64) -> Vec<f64> {
    let mut order: Vec<usize> = (0..wanted.len()).collect();
    order.sort_by(|a, b| wanted[*a].total_cmp(&wanted[*b]));
    // Crowds: where the first block would begin if the others did not exist, summed, and how many they are.
    let mut crowds: Vec<(f64, usize)> = Vec::new();
    let mut above = 0.0;
    for &i in &order {
        let mut crowd = (wanted[i] - above - heights[i] / 2.0, 1);
        above += heights[i];
        let mean = |(sum, n): (f64, usize)| sum / n as f64;
        while let Some(before) = crowds.pop_if(|before| mean(*before) > mean(crowd)) {
            crowd = (crowd.0 + before.0, crowd.1 + before.1);
        }
        crowds.push(crowd);
    }
    let starts = crowds.iter().flat_map(|(sum, n)| std::iter::repeat_n(sum / *n as f64, *n));
    let mut middles = wanted.to_vec();
    let mut passed = 0.0;
    for (&i, start) in order.iter().zip(starts) {
        middles[i] = start.min(bottom - above).max(top) + passed + heights[i] / 2.0;
        passed += heights[i];
    }
    middles
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ticks_are_round_few_and_on_the_axis() {
        for (low, high) in [(0.3, 30.0), (0.9, 1.2), (0.0001, 300.0), (1.0, 9.5), (0.0, 0.0)] {
            let scale = Scale::times(low, high);
            let ticks = scale.ticks(7);
            assert!((2..=8).contains(&ticks.len()), "{low}–{high}: {ticks:?}");
            assert!(ticks.iter().all(|tick| *tick >= scale.low && *tick <= scale.high * 1.001), "{ticks:?}");
        }
    }

    #[test]
    fn a_fitted_axis_has_four_ticks_at_least_and_no_empty_third() {
        for (low, high) in [(0.9, 6.5), (1.0, 5.0), (1.0, 1.02), (0.3, 0.9), (0.02, 40.0), (2.1, 9.4)] {
            let scale = Scale::fitted(low, high);
            let ticks = scale.ticks(9);
            assert!((4..=9).contains(&ticks.len()), "{low}–{high}: {ticks:?}");
            assert!(high / low < 2.0 || (scale.at(low) < 0.1 && scale.at(high) > 0.9), "{low}–{high}");
        }
    }

    #[test]
    fn a_wide_spread_is_drawn_by_its_logarithm() {
        assert!(Scale::times(0.1, 5.0).is_log());
        assert!(!Scale::times(1.0, 5.0).is_log());
    }

    #[test]
    fn blocks_are_moved_apart_and_stay_inside_and_in_order() {
        let middles = spread(&[10.0, 12.0, 98.0], &[20.0, 20.0, 20.0], 0.0, 100.0);
        assert_eq!(middles, [10.0, 30.0, 90.0]);
        // A crowd spreads to both sides of where it wants to be.
        assert_eq!(spread(&[52.0, 50.0, 51.0], &[10.0, 10.0, 10.0], 0.0, 100.0), [61.0, 41.0, 51.0]);
    }

    #[test]
    fn ticks_name_their_unit() {
        let words: Vec<_> = [0.0, 0.0005, 0.5, 1.5, 20.0, 1200.0].into_iter().map(time_tick).collect();
        assert_eq!(words, ["0", "500 µs", "500 ms", "1.5 s", "20 s", "20 min"]);
    }
}
