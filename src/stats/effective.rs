//! How many independent samples a sample of neighbours is worth.
//!
//! Requests that wait in the same queue resemble each other. Blocks of time measure by how much: the
//! variance of their counts over what independent samples would have is the design effect (Kish,
//! "Survey Sampling", 1965), and n over it the effective sample size. That holds only where the run
//! is long against the time for which requests resemble each other, which the second function
//! measures. Derivation and coverage: docs/method.md.

use super::quantile::CONFIDENCE;
use super::student;

/// One block of consecutive samples: how many there are, and how many lie at or below a level.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    /// Blocks of different strata (phases of a scenario) differ by plan, not by chance.
    pub stratum: usize,
    pub n: u64,
    pub below: u64,
}

/// Fewer blocks than this say nothing reliable about their spread.
pub const FEWEST_BLOCKS: usize = 8;

/// Quantiles of the normal distribution: two-sided at 95 %, one-sided at 95 %.
const TWO_SIDED: f64 = 1.959_964;
const ONE_SIDED: f64 = 1.644_854;

/// By how much neighbours resemble each other: 1 for independent samples, more under queueing.
/// `None` with too few blocks to tell.
///
/// A spread that independent blocks exceed once in twenty times shows nothing and counts as 1. One
/// that does is widened as Student's t widens a normal interval, because it is an estimate itself.
pub fn design_effect(blocks: &[Block]) -> Option<f64> {
    let filled = blocks.iter().filter(|block| block.n > 0);
    if filled.clone().count() < FEWEST_BLOCKS {
        return None;
    }
    let strata = blocks.iter().map(|block| block.stratum).max()? + 1;
    let (mut observed, mut expected, mut freedom) = (0.0, 0.0, 0);
    for stratum in 0..strata {
        let blocks: Vec<_> = filled.clone().filter(|block| block.stratum == stratum).collect();
        let n: u64 = blocks.iter().map(|block| block.n).sum();
        if blocks.len() < 2 {
            continue;
        }
        let share = blocks.iter().map(|block| block.below).sum::<u64>() as f64 / n as f64;
        let spread: f64 = blocks.iter().map(|b| (b.below as f64 - share * b.n as f64).powi(2)).sum();
        observed += spread * blocks.len() as f64 / (blocks.len() - 1) as f64;
        expected += n as f64 * share * (1.0 - share);
        freedom += blocks.len() - 1;
    }
    let effect = if expected > 0.0 { observed / expected } else { 1.0 };
    // The variance of an estimated variance is 2/freedom of its square.
    if effect <= 1.0 + ONE_SIDED * (2.0 / freedom as f64).sqrt() {
        return Some(1.0);
    }
    Some(effect * (student::quantile(freedom, CONFIDENCE) / TWO_SIDED).powi(2))
}

/// One stretch of time: how many samples there are, and their sum.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stretch {
    pub stratum: usize,
    pub n: f64,
    pub sum: f64,
}

/// A run that spans fewer correlation times than this has no interval: its blocks resemble each
/// other too, or it may not have seen what the service does at its worst.
pub const FEWEST_CORRELATION_TIMES: f64 = 75.0;

/// How many correlation times the stretches span: their number over 1 + 2 Σ ρ(k), the sum taken up to
/// the first lag at which the autocorrelation ρ is not positive (after Geyer 1992, "Practical Markov
/// chain Monte Carlo").
pub fn correlation_times(stretches: &[Stretch]) -> f64 {
    let deviations = deviations(stretches);
    let at = |lag: usize| -> f64 { deviations.iter().zip(&deviations[lag..]).map(|(a, b)| a * b).sum() };
    let variance = at(0);
    if variance <= 0.0 {
        return stretches.len() as f64;
    }
    let lags = (1..deviations.len() / 2).map(|lag| at(lag) / variance).take_while(|correlation| *correlation > 0.0);
    stretches.len() as f64 / (1.0 + 2.0 * lags.sum::<f64>())
}

/// By how much the sum of each stretch exceeds what its number of samples lets expect.
pub fn deviations(stretches: &[Stretch]) -> Vec<f64> {
    let strata = stretches.iter().map(|stretch| stretch.stratum + 1).max().unwrap_or(0);
    let mut totals = vec![(0.0, 0.0); strata];
    for stretch in stretches {
        totals[stretch.stratum].0 += stretch.n;
        totals[stretch.stratum].1 += stretch.sum;
    }
    let mean = |stratum: usize| if totals[stratum].0 > 0.0 { totals[stratum].1 / totals[stratum].0 } else { 0.0 };
    stretches.iter().map(|stretch| stretch.sum - mean(stretch.stratum) * stretch.n).collect()
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, StandardNormal};

    use super::*;
    use crate::core::seed::{Purpose, Seed};

    #[test]
    fn queueing_neighbours_are_worth_less_than_independent_samples() {
        let block = |stratum, below| Block { stratum, n: 100, below };
        let alike: Vec<_> = (0..20).map(|i| block(0, if i < 10 { 100 } else { 0 })).collect();
        assert!(design_effect(&alike).unwrap() > 90.0);
        let even: Vec<_> = (0..20).map(|_| block(0, 50)).collect();
        assert_eq!(design_effect(&even), Some(1.0));
        // The same split, but scheduled: two phases, each even within.
        let phases: Vec<_> = (0..20).map(|i| block(i / 10, if i < 10 { 90 } else { 10 })).collect();
        assert_eq!(design_effect(&phases), Some(1.0));
        assert_eq!(design_effect(&even[..3]), None);
    }

    /// A process that forgets by the factor e every `time` stretches.
    fn forgetting(time: f64, length: usize) -> Vec<Stretch> {
        let mut draws = Seed(1).stream(Purpose::Resampling);
        let mut normal = move || -> f64 { StandardNormal.sample(&mut draws) };
        let memory = (-1.0 / time).exp();
        let fresh = (1.0 - memory * memory).sqrt();
        let mut state = normal();
        let mut next = || {
            state = memory * state + fresh * normal();
            Stretch { stratum: 0, n: 10.0, sum: 50.0 + state }
        };
        (0..length).map(|_| next()).collect()
    }

    #[test]
    fn correlation_times_are_those_of_a_process_that_is_known() {
        // 1 + 2 Σ e^(−k/8) = coth(1/16) = 16.02.
        let found = correlation_times(&forgetting(8.0, 100_000));
        assert!((found / (100_000.0 / 16.02) - 1.0).abs() < 0.1, "{found}");
        let independent = correlation_times(&forgetting(0.01, 240));
        assert!(independent > 150.0, "{independent}");
        let short = correlation_times(&forgetting(40.0, 240));
        assert!(short < FEWEST_CORRELATION_TIMES / 2.0, "{short}");
    }

    #[test]
    fn a_difference_between_scheduled_phases_is_no_correlation() {
        let phase = |stratum| (0..120).map(move |_| Stretch { stratum, n: 3.0, sum: 3.0 * stratum as f64 });
        let stretches: Vec<_> = phase(0).chain(phase(5)).collect();
        assert_eq!(correlation_times(&stretches), 240.0);
    }
}
