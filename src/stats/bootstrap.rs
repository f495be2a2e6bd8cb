//! The difference between two routes' quantiles, by paired block bootstrap.
//!
//! Both routes were given the same requests at the same instants, so a block of time is a pair:
//! what made it hard made it hard for both. Blocks are drawn with replacement, the same ones for
//! both, phase by phase (Künsch 1989, "The jackknife and the bootstrap for general stationary
//! observations"; Efron and Tibshirani 1993, chapter 13, for the percentile interval).

use rand::RngExt;

use super::effective::FEWEST_BLOCKS;
use super::quantile::CONFIDENCE;
use crate::core::seed::Draws;

const RESAMPLES: usize = 999;

/// The samples of one route in one block of time.
#[derive(Clone, Debug, PartialEq)]
pub struct BlockSample {
    /// Blocks are exchanged within their stratum only.
    pub stratum: usize,
    /// Values and their counts, ascending.
    pub values: Vec<(f64, u64)>,
    /// Failures, ranking above every value.
    pub failures: u64,
}

/// `b − a` at one quantile, in the unit of the values. An infinite bound means that in that tail
/// one of the routes' quantile is a failure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Difference {
    pub estimate: f64,
    pub low: f64,
    pub high: f64,
}

/// Interval of the difference of quantile `q` between `b` and `a`, block by block alike.
///
/// `None` with too few blocks to tell.
pub fn difference(a: &[BlockSample], b: &[BlockSample], q: f64, draws: &mut Draws) -> Option<Difference> {
    assert_eq!(a.len(), b.len(), "paired blocks");
    let filled = (0..a.len()).filter(|i| a[*i].n() + b[*i].n() > 0).count();
    if filled < FEWEST_BLOCKS {
        return None;
    }
    let strata = group(a);
    let (a, b) = (Levels::new(a), Levels::new(b));
    let mut differences = Vec::with_capacity(RESAMPLES);
    let mut weights = vec![0_u64; a.blocks.len()];
    for _ in 0..RESAMPLES {
        weights.fill(0);
        for blocks in &strata {
            for _ in 0..blocks.len() {
                weights[blocks[draws.random_range(0..blocks.len())]] += 1;
            }
        }
        let difference = b.quantile(&weights, q) - a.quantile(&weights, q);
        // Both failed: no difference between two things that are no numbers.
        differences.push(if difference.is_nan() { 0.0 } else { difference });
    }
    differences.sort_by(f64::total_cmp);
    let tail = (1.0 - CONFIDENCE) / 2.0;
    let at = |fraction: f64| differences[((RESAMPLES as f64 * fraction) as usize).min(RESAMPLES - 1)];
    weights.fill(1);
    let estimate = b.quantile(&weights, q) - a.quantile(&weights, q);
    Some(Difference { estimate, low: at(tail), high: at(1.0 - tail) })
}

impl BlockSample {
    fn n(&self) -> u64 {
        self.failures + self.values.iter().map(|(_, count)| count).sum::<u64>()
    }
}

fn group(blocks: &[BlockSample]) -> Vec<Vec<usize>> {
    let strata = blocks.iter().map(|block| block.stratum + 1).max().unwrap_or(0);
    let mut groups = vec![Vec::new(); strata];
    for (i, block) in blocks.iter().enumerate() {
        groups[block.stratum].push(i);
    }
    groups.retain(|group| !group.is_empty());
    groups
}

/// Blocks as counts over one common list of values, so that a resample is a weighted sum.
struct Levels {
    values: Vec<f64>,
    /// Per block: (position in `values`, count).
    blocks: Vec<Vec<(usize, u64)>>,
    sizes: Vec<u64>,
}

impl Levels {
    fn new(blocks: &[BlockSample]) -> Self {
        let mut values: Vec<f64> = blocks.iter().flat_map(|block| block.values.iter().map(|(v, _)| *v)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let position = |value: f64| values.partition_point(|v| *v < value);
        let counts = blocks.iter().map(|b| b.values.iter().map(|(v, n)| (position(*v), *n)).collect()).collect();
        Self { blocks: counts, sizes: blocks.iter().map(BlockSample::n).collect(), values }
    }

    fn quantile(&self, weights: &[u64], q: f64) -> f64 {
        let n: u64 = self.sizes.iter().zip(weights).map(|(size, weight)| size * weight).sum();
        let mut counts = vec![0_u64; self.values.len()];
        for (block, weight) in self.blocks.iter().zip(weights) {
            if *weight > 0 {
                block.iter().for_each(|(position, count)| counts[*position] += count * weight);
            }
        }
        let rank = ((q * n as f64).ceil() as u64).max(1);
        let mut below = 0;
        for (value, count) in self.values.iter().zip(counts) {
            below += count;
            if below >= rank {
                return *value;
            }
        }
        f64::INFINITY
    }
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::core::seed::{Purpose, Seed};

    fn blocks(draws: &mut Draws, shift: f64, failures: u64) -> Vec<BlockSample> {
        (0..30)
            .map(|_| {
                let mut values: Vec<_> = (0..100).map(|_| (draws.random::<f64>() * 100.0 + shift, 1)).collect();
                values.sort_by(|a, b| a.0.total_cmp(&b.0));
                BlockSample { stratum: 0, values, failures }
            })
            .collect()
    }

    #[test]
    fn a_shift_is_found_and_its_size_bracketed() {
        let mut draws = Seed(1).stream(Purpose::Resampling);
        let (a, b) = (blocks(&mut draws, 0.0, 0), blocks(&mut draws, 20.0, 0));
        let found = difference(&a, &b, 0.5, &mut draws).unwrap();
        assert!(found.low > 10.0 && found.low < 20.0 && found.high > 20.0 && found.high < 30.0, "{found:?}");
    }

    #[test]
    fn equal_routes_show_no_difference() {
        let mut draws = Seed(2).stream(Purpose::Resampling);
        let (a, b) = (blocks(&mut draws, 0.0, 0), blocks(&mut draws, 0.0, 0));
        let found = difference(&a, &b, 0.95, &mut draws).unwrap();
        assert!(found.low < 0.0 && found.high > 0.0, "{found:?}");
    }

    #[test]
    fn a_route_that_fails_in_the_tail_is_slower_without_bound() {
        let mut draws = Seed(3).stream(Purpose::Resampling);
        let (a, b) = (blocks(&mut draws, 0.0, 0), blocks(&mut draws, 0.0, 20));
        let found = difference(&a, &b, 0.95, &mut draws).unwrap();
        assert_eq!(found.low, f64::INFINITY);
    }

    #[test]
    fn few_blocks_tell_nothing() {
        let mut draws = Seed(4).stream(Purpose::Resampling);
        let a = blocks(&mut draws, 0.0, 0);
        assert_eq!(difference(&a[..3], &a[..3], 0.5, &mut draws), None);
    }
}
