//! Confidence intervals for a quantile, free of any assumption about the distribution.
//!
//! The number of samples below the true quantile is binomial, so two order statistics bracket it
//! with a known confidence (David and Nagaraja, "Order Statistics", 3rd ed., section 7.1).
//! Latencies under queueing are not independent: neighbours wait in the same queue. Their interval
//! is taken for the effective sample size ([`super::effective`]).

/// Two-sided confidence of every interval that bedbench prints.
pub const CONFIDENCE: f64 = 0.95;

/// Positions in a sample, as fractions of it, that bracket the quantile `q`.
///
/// `None` on a side where even the extreme of the sample is no bound.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bracket {
    pub low: Option<f64>,
    pub high: Option<f64>,
}

/// Brackets quantile `q` of a sample worth `n` independent observations.
pub fn bracket(n: f64, q: f64) -> Bracket {
    let n = n.floor().max(0.0) as u64;
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let weights = binomial(n, q);
    // Largest l with P(B < l) <= tail, smallest u with P(B >= u) <= tail; X(l), X(u) bracket.
    let mut below = 0.0;
    let mut low = weights.first;
    for weight in &weights.mass {
        if below + weight > tail {
            break;
        }
        below += weight;
        low += 1;
    }
    let mut above = 0.0;
    let mut high = weights.first + weights.mass.len() as u64;
    for weight in weights.mass.iter().rev() {
        if above + weight > tail {
            break;
        }
        above += weight;
        high -= 1;
    }
    let fraction = |rank: u64| (1..=n).contains(&rank).then(|| rank as f64 / n as f64);
    Bracket { low: fraction(low), high: fraction(high) }
}

/// The fewest samples with which a sample has a quantile `q`: 3 / (1 − q), so 300 for p99.
///
/// With fewer, the sample holds nothing beyond the true quantile in more than one of twenty cases, and
/// its own is most likely too short (Hanley and Lippman-Hand 1983, "If nothing goes wrong, is
/// everything all right?", the rule of three).
pub fn fewest_samples(q: f64) -> u64 {
    // 3 / (1 − 0.99) is a little more than 300 in binary.
    (3.0 / (1.0 - q) - 1e-6).ceil() as u64
}

/// The fewest independent samples with which quantile `q` has an upper bound: of fewer, even the
/// largest is none.
pub fn fewest_for_bound(q: f64) -> u64 {
    (((1.0 - CONFIDENCE) / 2.0).ln() / q.ln()).ceil() as u64
}

struct Weights {
    first: u64,
    mass: Vec<f64>,
}

/// The binomial distribution, where it has weight: outwards from its mode by the ratio of
/// neighbours, then normalised. Needs no gamma function and loses no digits for large n.
fn binomial(n: u64, p: f64) -> Weights {
    const NEGLIGIBLE: f64 = 1e-18;
    let mode = (((n + 1) as f64 * p) as u64).min(n);
    let odds = p / (1.0 - p);
    let mut down = Vec::new();
    let mut weight = 1.0;
    for k in (1..=mode).rev() {
        weight *= k as f64 / ((n - k + 1) as f64 * odds);
        if weight < NEGLIGIBLE {
            break;
        }
        down.push(weight);
    }
    let first = mode - down.len() as u64;
    let mut mass: Vec<f64> = down.into_iter().rev().collect();
    mass.push(1.0);
    weight = 1.0;
    for k in mode..n {
        weight *= (n - k) as f64 * odds / (k + 1) as f64;
        if weight < NEGLIGIBLE {
            break;
        }
        mass.push(weight);
    }
    let total: f64 = mass.iter().sum();
    mass.iter_mut().for_each(|weight| *weight /= total);
    Weights { first, mass }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::core::seed::{Purpose, Seed};

    #[test]
    fn ranks_agree_with_published_tables() {
        // Conover, "Practical Nonparametric Statistics": the median of n = 20 lies between the
        // 6th and the 15th of the sample with 95.9 % confidence.
        let found = bracket(20.0, 0.5);
        assert_eq!((found.low, found.high), (Some(6.0 / 20.0), Some(15.0 / 20.0)));
    }

    #[test]
    fn a_percentile_without_enough_samples_has_no_upper_bound() {
        assert_eq!(fewest_for_bound(0.99), 368);
        assert_eq!(bracket(367.0, 0.99).high, None);
        assert!(bracket(368.0, 0.99).high.is_some());
        assert_eq!(bracket(0.0, 0.5), Bracket { low: None, high: None });
    }

    #[test]
    fn a_percentile_needs_three_samples_beyond_it() {
        assert_eq!([0.5, 0.9, 0.95, 0.99, 0.999].map(fewest_samples), [6, 30, 60, 300, 3_000]);
    }

    #[test]
    fn intervals_cover_the_truth_as_often_as_they_say() {
        let mut draws = Seed(5).stream(Purpose::Resampling);
        for q in [0.5, 0.95, 0.99] {
            let covered = (0..2_000)
                .filter(|_| {
                    // Uniform samples: the true quantile is q itself.
                    let mut sample: Vec<f64> = (0..500).map(|_| draws.random()).collect();
                    sample.sort_by(f64::total_cmp);
                    let at = |fraction: f64| sample[(fraction * 500.0).round() as usize - 1];
                    let found = bracket(500.0, q);
                    found.low.is_none_or(|low| at(low) <= q) && found.high.is_none_or(|high| q < at(high))
                })
                .count();
            assert!((1_880..=1_985).contains(&covered), "p{}: {covered} of 2,000", q * 100.0);
        }
    }

    #[test]
    fn large_samples_keep_their_digits() {
        let found = bracket(4_000_000.0, 0.99);
        // Normal approximation: 0.99 ± 1.96 sqrt(0.99 · 0.01 / 4e6).
        assert!((found.low.unwrap() - 0.989_902_5).abs() < 1e-6);
        assert!((found.high.unwrap() - 0.990_097_5).abs() < 1e-6);
    }
}
