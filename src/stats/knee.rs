//! The knee of a route: the highest load at which it still meets its objectives.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::crossing::{Crossing, locate, median};

/// Where the margin of the median seed ceases to be above zero for the first time.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "found")]
pub enum Knee {
    /// Already the smallest load misses.
    BelowSmallest {
        smallest: f64,
    },
    At(Crossing),
    /// Every load tried meets.
    AboveLargest {
        largest: f64,
    },
}

/// Looks over the ascending loads of `grid` and then between the last that meets and the first that
/// misses. `margin` gives, at one load and under a range of seeds, by how much the objectives are met:
/// above zero when they are.
pub fn find(grid: &[f64], seeds: u64, margin: &mut dyn FnMut(f64, Range<u64>) -> Vec<f64>) -> Knee {
    // A load beyond one that misses is no knee, even if it meets again.
    let misses = grid.iter().position(|load| median(&margin(*load, 0..seeds)) <= 0.0);
    match misses {
        Some(0) => Knee::BelowSmallest { smallest: grid[0] },
        Some(first) => Knee::At(locate(margin, grid, (first - 1, first), seeds)),
        None => Knee::AboveLargest { largest: grid[grid.len() - 1] },
    }
}

#[cfg(test)]
mod tests {
    use super::super::crossing::tests::{GRID, noise};
    use super::*;

    fn found(knee: Knee) -> Crossing {
        let Knee::At(crossing) = knee else { panic!("{knee:?}") };
        crossing
    }

    /// M/M/1: response time has the quantile −ln(1 − q) / (μ − λ), so the knee is at μ + ln(1 − q) / limit.
    #[test]
    fn the_knee_of_a_queue_is_where_theory_has_it() {
        let (service_rate, limit, q) = (100.0, 0.1, 0.95_f64);
        let expected = service_rate + (1.0 - q).ln() / limit;
        let level = |load: f64| if load < service_rate { -(1.0 - q).ln() / (service_rate - load) } else { 60.0 };
        let mut margin = |load: f64, seeds: Range<u64>| -> Vec<f64> {
            seeds.map(|seed| (limit / level(load)).ln() + noise(0.02, load, seed)).collect()
        };
        let knee = found(find(&GRID, 5, &mut margin));
        assert!((knee.at - expected).abs() < 1.0, "{knee:?} for {expected}");
        assert!(knee.low.unwrap() <= expected + 0.5 && expected - 0.5 <= knee.high.unwrap(), "{knee:?}");
    }

    #[test]
    fn loads_that_all_meet_or_all_miss_have_their_knee_outside() {
        let mut meets = |_: f64, seeds: Range<u64>| seeds.map(|_| 1.0).collect();
        assert_eq!(find(&GRID, 5, &mut meets), Knee::AboveLargest { largest: 115.0 });
        let mut misses = |_: f64, seeds: Range<u64>| seeds.map(|_| 0.0).collect();
        assert_eq!(find(&GRID, 5, &mut misses), Knee::BelowSmallest { smallest: 5.0 });
    }

    #[test]
    fn a_load_beyond_one_that_misses_is_no_knee() {
        let mut margin = |load: f64, seeds: Range<u64>| {
            seeds.map(|_| if (50.0..80.0).contains(&load) { -1.0 } else { 1.0 }).collect()
        };
        let knee = found(find(&GRID, 5, &mut margin));
        assert!((45.0..55.0).contains(&knee.at), "{knee:?}");
    }

    #[test]
    fn the_first_miss_is_the_last_load_that_is_tried_in_full() {
        let mut tried = Vec::new();
        find(&GRID, 5, &mut |load, seeds| {
            tried.push(load);
            seeds.map(|_| 30.0 - load).collect()
        });
        assert!(tried.iter().all(|load| *load <= 35.0), "{tried:?}");
    }
}
