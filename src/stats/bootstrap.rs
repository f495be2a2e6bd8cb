//! The difference between two routes' quantiles, by paired block bootstrap.
//!
//! Both routes were given the same requests at the same instants, so a block of time is a pair:
//! what made it hard made it hard for both. Blocks are drawn with replacement, the same ones for
//! both, phase by phase (Künsch 1989, "The jackknife and the bootstrap for general stationary
//! observations"; Efron and Tibshirani 1993, chapter 13, for the percentile interval).

use rand::RngExt;

use super::effective::FEWEST_BLOCKS;
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

/// What is compared of two samples.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Statistic {
    Quantile(f64),
    /// Failures among all.
    FailedShare,
}

/// How the blocks of two samples belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blocks {
    /// The same ones are drawn from both: what made one hard made the other hard.
    Alike,
    /// Each sample's are drawn for themselves.
    Apart,
}

/// `b − a`, in the unit of the values: as it is, and as it came out over the resamples. Infinite where one of
/// the two quantiles is a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct Resampled {
    pub estimate: f64,
    /// Ascending.
    differences: Vec<f64>,
}

impl Resampled {
    /// Both bounds of the interval of so much confidence.
    pub fn interval(&self, confidence: f64) -> [f64; 2] {
        let tail = (1.0 - confidence) / 2.0;
        [self.at(tail), self.at(1.0 - tail)]
    }

    /// The bound above which the difference lies with so much confidence.
    pub fn lower(&self, confidence: f64) -> f64 {
        self.at(1.0 - confidence)
    }

    fn at(&self, fraction: f64) -> f64 {
        self.differences[((RESAMPLES as f64 * fraction) as usize).min(RESAMPLES - 1)]
    }
}

/// Resamples the difference of one statistic between `b` and `a`. Blocks that are drawn alike are paired by
/// position.
///
/// `None` with too few blocks to tell.
pub fn difference(
    (a, b): (&[BlockSample], &[BlockSample]),
    blocks: Blocks,
    of: Statistic,
    draws: &mut Draws,
) -> Option<Resampled> {
    let filled = |blocks: &[BlockSample]| blocks.iter().filter(|block| block.n() > 0).count();
    let fewest = match blocks {
        Blocks::Alike => {
            assert_eq!(a.len(), b.len(), "paired blocks");
            (0..a.len()).filter(|i| a[*i].n() + b[*i].n() > 0).count()
        }
        Blocks::Apart => filled(a).min(filled(b)),
    };
    if fewest < FEWEST_BLOCKS {
        return None;
    }
    let strata = [group(a), group(b)];
    let (a, b) = (Levels::new(a), Levels::new(b));
    let mut differences = Vec::with_capacity(RESAMPLES);
    let mut weights = [vec![0_u64; a.blocks.len()], vec![0_u64; b.blocks.len()]];
    for _ in 0..RESAMPLES {
        draw(&strata[0], &mut weights[0], draws);
        match blocks {
            Blocks::Alike => weights[1] = weights[0].clone(),
            Blocks::Apart => draw(&strata[1], &mut weights[1], draws),
        }
        let difference = b.value(&weights[1], of) - a.value(&weights[0], of);
        // Both failed: no difference between two things that are no numbers.
        differences.push(if difference.is_nan() { 0.0 } else { difference });
    }
    differences.sort_by(f64::total_cmp);
    weights.iter_mut().for_each(|weights| weights.fill(1));
    let estimate = b.value(&weights[1], of) - a.value(&weights[0], of);
    Some(Resampled { estimate: if estimate.is_nan() { 0.0 } else { estimate }, differences })
}

/// The statistic of a whole sample; infinite for a quantile that is a failure, absent for an empty sample.
pub fn value(blocks: &[BlockSample], of: Statistic) -> Option<f64> {
    let empty = blocks.iter().all(|block| block.n() == 0);
    (!empty).then(|| Levels::new(blocks).value(&vec![1; blocks.len()], of))
}

fn draw(strata: &[Vec<usize>], weights: &mut [u64], draws: &mut Draws) {
    weights.fill(0);
    for blocks in strata {
        for _ in 0..blocks.len() {
            weights[blocks[draws.random_range(0..blocks.len())]] += 1;
        }
    }
}

impl BlockSample {
    pub fn n(&self) -> u64 {
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
    failures: Vec<u64>,
}

impl Levels {
    fn new(blocks: &[BlockSample]) -> Self {
        let mut values: Vec<f64> = blocks.iter().flat_map(|block| block.values.iter().map(|(v, _)| *v)).collect();
        values.sort_by(f64::total_cmp);
        values.dedup();
        let position = |value: f64| values.partition_point(|v| *v < value);
        let counts = blocks.iter().map(|b| b.values.iter().map(|(v, n)| (position(*v), *n)).collect()).collect();
        Self {
            blocks: counts,
            sizes: blocks.iter().map(BlockSample::n).collect(),
            failures: blocks.iter().map(|block| block.failures).collect(),
            values,
        }
    }

    fn value(&self, weights: &[u64], of: Statistic) -> f64 {
        match of {
            Statistic::Quantile(q) => self.quantile(weights, q),
            Statistic::FailedShare => {
                let sum = |of: &[u64]| of.iter().zip(weights).map(|(count, weight)| count * weight).sum::<u64>();
                sum(&self.failures) as f64 / sum(&self.sizes).max(1) as f64
            }
        }
    }

    fn quantile(&self, weights: &[u64], q: f64) -> f64 {
        let n: u64 = self.sizes.iter().zip(weights).map(|(size, weight)| size * weight).sum();
        let mut counts = vec![0_u64; self.values.len()];
        for (block, weight) in self.blocks.iter().zip(weights) {
            if *weight > 0 {
                block.iter().for_each(|(position, count)| counts[*position] += count * weight);
            }
        }
        let rank = ((q * n as f64 - 1e-9).ceil() as u64).max(1);
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

    fn of(a: &[BlockSample], b: &[BlockSample], q: f64, draws: &mut Draws) -> Option<Resampled> {
        difference((a, b), Blocks::Alike, Statistic::Quantile(q), draws)
    }

    #[test]
    fn a_shift_is_found_and_its_size_bracketed() {
        let mut draws = Seed(1).stream(Purpose::Resampling);
        let (a, b) = (blocks(&mut draws, 0.0, 0), blocks(&mut draws, 20.0, 0));
        for how in [Blocks::Alike, Blocks::Apart] {
            let found = difference((&a, &b), how, Statistic::Quantile(0.5), &mut draws).unwrap();
            let [low, high] = found.interval(0.95);
            assert!(low > 10.0 && low < 20.0 && high > 20.0 && high < 30.0, "{found:?}");
            assert!(found.lower(0.99) < found.lower(0.95) && found.lower(0.99) > 0.0);
        }
    }

    #[test]
    fn equal_routes_show_no_difference() {
        let mut draws = Seed(2).stream(Purpose::Resampling);
        let (a, b) = (blocks(&mut draws, 0.0, 0), blocks(&mut draws, 0.0, 0));
        let [low, high] = of(&a, &b, 0.95, &mut draws).unwrap().interval(0.95);
        assert!(low < 0.0 && high > 0.0, "{low} {high}");
    }

    #[test]
    fn what_both_met_alike_does_not_hide_a_difference() {
        let mut draws = Seed(5).stream(Purpose::Resampling);
        // Every block has a level of its own, the same for both.
        let at = |shift: f64| -> Vec<_> {
            let block = |i| BlockSample { stratum: 0, values: vec![(f64::from(i) * 50.0 + shift, 100)], failures: 0 };
            (0..30).map(block).collect()
        };
        let (a, b) = (at(0.0), at(10.0));
        let alike = of(&a, &b, 0.5, &mut draws).unwrap().interval(0.95);
        assert_eq!(alike, [10.0, 10.0]);
        let apart = difference((&a, &b), Blocks::Apart, Statistic::Quantile(0.5), &mut draws).unwrap();
        assert!(apart.interval(0.95)[0] < 0.0);
    }

    #[test]
    fn a_route_that_fails_in_the_tail_is_slower_without_bound() {
        let mut draws = Seed(3).stream(Purpose::Resampling);
        let (a, b) = (blocks(&mut draws, 0.0, 0), blocks(&mut draws, 0.0, 20));
        assert_eq!(of(&a, &b, 0.95, &mut draws).unwrap().lower(0.99), f64::INFINITY);
        let share = difference((&a, &b), Blocks::Alike, Statistic::FailedShare, &mut draws).unwrap();
        assert!((share.estimate - 20.0 / 120.0).abs() < 1e-12, "{share:?}");
    }

    #[test]
    fn few_blocks_tell_nothing() {
        let mut draws = Seed(4).stream(Purpose::Resampling);
        let a = blocks(&mut draws, 0.0, 0);
        assert_eq!(of(&a[..3], &a[..3], 0.5, &mut draws), None);
        assert_eq!(value(&[], Statistic::Quantile(0.5)), None);
    }
}
