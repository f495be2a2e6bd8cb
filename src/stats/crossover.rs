//! The loads at which one route overtakes another: none, one or several.
//!
//! The two are compared in pairs, under the same seed and so the same requests. A load counts for
//! one side only where the paired differences show it (Student's t), with the chance of a false
//! sign shared out over all loads of the grid (Bonferroni). A crossover lies between two
//! neighbouring loads that count for different sides: a touch has the same side on both ends, and
//! noise around zero has none.

use std::cmp::Ordering;
use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::crossing::{Crossing, FEWEST_SEEDS, locate};
use super::quantile::CONFIDENCE;
use super::student::sign;

/// One change of sign of the mean difference.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Crossover {
    #[serde(flatten)]
    pub crossing: Crossing,
    /// The difference is above zero beyond it, and below zero before.
    pub rising: bool,
}

/// What the scan of a pair has shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Crossovers {
    /// Ascending by load.
    pub found: Vec<Crossover>,
    /// By load of the grid, on which side of zero the difference is shown to be.
    pub sides: Vec<Ordering>,
}

/// By load of `grid`, on which side of zero the difference is shown to be.
pub fn sides(grid: &[f64], seeds: u64, difference: &mut dyn FnMut(f64, Range<u64>) -> Vec<f64>) -> Vec<Ordering> {
    let shared = 1.0 - (1.0 - CONFIDENCE) / grid.len() as f64;
    grid.iter().map(|load| sign(&difference(*load, 0..seeds), shared)).collect()
}

/// Scans `grid`, ascending, for changes of sign and locates each. `difference` gives, at one load and
/// under a range of seeds, one route less the other.
pub fn find(grid: &[f64], seeds: u64, difference: &mut dyn FnMut(f64, Range<u64>) -> Vec<f64>) -> Crossovers {
    let sides = sides(grid, seeds, difference);
    let shown: Vec<_> = (0..grid.len()).filter(|i| sides[*i].is_ne()).collect();
    let changes = shown.windows(2).map(|pair| (pair[0], pair[1])).filter(|(a, b)| sides[*a] != sides[*b]);
    let mut found = Vec::new();
    for (from, to) in changes {
        // Seeds that did not pick the bracket have to bear it out.
        let all = seeds.max(FEWEST_SEEDS);
        let mut stands = |i: usize| sign(&difference(grid[i], 0..all), CONFIDENCE) == sides[i];
        if stands(from) && stands(to) {
            let rising = sides[to].is_gt();
            let turn = if rising { -1.0 } else { 1.0 };
            let mut falling = |load: f64, seeds: Range<u64>| -> Vec<f64> {
                difference(load, seeds).into_iter().map(|value| turn * value).collect()
            };
            found.push(Crossover { crossing: locate(&mut falling, grid, (from, to), seeds), rising });
        }
    }
    Crossovers { found, sides }
}

#[cfg(test)]
mod tests {
    use super::super::crossing::tests::{GRID, noise};
    use super::*;

    /// The crossovers of `curve` under noise of standard deviation `sigma`.
    fn crossovers(curve: impl Fn(f64) -> f64, sigma: f64, world: u64) -> Vec<Crossover> {
        let mut difference =
            |load: f64, seeds: Range<u64>| seeds.map(|s| curve(load) + noise(sigma, load, s + 1_000 * world)).collect();
        find(&GRID, 5, &mut difference).found
    }

    #[test]
    fn one_crossover_is_found_with_its_direction_and_interval() {
        let found = crossovers(|load| 0.05 * (47.0 - load), 0.1, 0);
        let [one] = found[..] else { panic!("{found:?}") };
        assert!(!one.rising && (one.crossing.at - 47.0).abs() < 1.5, "{one:?}");
        assert!(one.crossing.low.unwrap() < 47.5 && 46.5 < one.crossing.high.unwrap(), "{one:?}");
        assert_eq!(one.crossing.seeds, 10);
    }

    #[test]
    fn several_crossovers_come_in_order() {
        // Zero at 20, 60 and 100.
        let found = crossovers(|load| (load - 20.0) * (load - 60.0) * (load - 100.0) / 5_000.0, 0.1, 0);
        let places: Vec<_> = found.iter().map(|one| (one.crossing.at.round(), one.rising)).collect();
        assert_eq!(places, [(20.0, true), (60.0, false), (100.0, true)]);
    }

    #[test]
    fn a_touch_is_no_crossover() {
        assert_eq!(crossovers(|load| (load - 55.0).powi(2) / 500.0, 0.05, 0), []);
    }

    #[test]
    fn noise_around_zero_crosses_nothing() {
        let phantoms: usize = (0..200).map(|world| crossovers(|_| 0.0, 1.0, world).len()).sum();
        assert!(phantoms <= 2, "{phantoms} phantoms in 200 sweeps");
    }

    #[test]
    fn equal_routes_cross_nowhere_and_no_side_is_shown() {
        let found = find(&GRID, 5, &mut |_, seeds| seeds.map(|_| 0.0).collect());
        assert!(found.found.is_empty() && found.sides.iter().all(|side| side.is_eq()));
    }

    #[test]
    fn a_stretch_without_difference_between_two_sides_holds_one_crossover() {
        let found = crossovers(
            |load: f64| {
                if load < 40.0 {
                    1.0
                } else if load > 70.0 {
                    -1.0
                } else {
                    0.0
                }
            },
            0.1,
            0,
        );
        let [one] = found[..] else { panic!("{found:?}") };
        assert!((35.0..=75.0).contains(&one.crossing.at), "{one:?}");
    }
}
