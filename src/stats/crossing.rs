//! Where noisy curves over the load fall through zero: what knees and crossovers have in common.
//!
//! Every seed is a curve of its own: the same arrivals at every load and on every route. The fall is
//! that of the median seed, and two order statistics of the seeds' own falls bracket it, whatever
//! their distribution. A mean would follow the number that stands in for a failure, and an interval
//! by Student's t would need a number from every seed: one that falls beyond the loads tried has
//! none, but it has a rank.

use std::ops::Range;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::quantile::bracket;
use crate::core::units::readable;

/// Fewer falls than this do not make an interval.
pub const FEWEST_SEEDS: u64 = 10;

/// The fall is looked for until it is known to this share of the load; the rest is linear.
const TOLERANCE: f64 = 0.06;

/// The values at one load under a range of seeds, in their order.
pub type Curves<'a> = dyn FnMut(f64, Range<u64>) -> Vec<f64> + 'a;

/// A load with its 95 % interval, in the unit of the loads.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Crossing {
    pub at: f64,
    /// Absent where the bound lies below the smallest load tried.
    pub low: Option<f64>,
    /// Absent where the bound lies above the largest load tried.
    pub high: Option<f64>,
    /// How many the interval is from.
    pub seeds: u64,
}

/// Locates the fall between two loads of `grid`, by position, at which the median of `seeds` is above
/// and not above zero. The interval is from [`FEWEST_SEEDS`] at least; each seed is asked for near the
/// fall, and as far away from it as its own lies.
pub fn locate(curves: &mut Curves<'_>, grid: &[f64], between: (usize, usize), seeds: u64) -> Crossing {
    let (mut above, mut below) = (grid[between.0], grid[between.1]);
    let mut ladder = grid.to_vec();
    while below - above > TOLERANCE * below {
        // Rounded alike, so that what looks for another fall here finds it simulated.
        let middle = readable((above + below) / 2.0);
        if median(&curves(middle, 0..seeds)) > 0.0 {
            above = middle
        } else {
            below = middle
        }
        ladder.push(middle);
    }
    ladder.sort_by(f64::total_cmp);
    ladder.dedup();

    let all = seeds.max(FEWEST_SEEDS);
    let (left, right) = (curves(above, 0..all), curves(below, 0..all));
    let rung = |load: f64| ladder.partition_point(|rung| *rung < load);
    let between = (rung(above), rung(below));
    let mut falls: Vec<_> = (0..all)
        .zip(left.into_iter().zip(right))
        .map(|(seed, (left, right))| {
            let curve = vec![(above, left), (below, right)];
            fall(&widen(curve, &mut |load| curves(load, seed..seed + 1)[0], &ladder, between))
        })
        .collect();
    falls.sort_by(f64::total_cmp);
    let bracket = bracket(all as f64, 0.5);
    let ranked = |fraction: f64| falls[(fraction * all as f64).round() as usize - 1];
    // Beyond the grid nobody knows where: its edge is the nearest that can be said.
    let within = |load: f64| load.clamp(grid[0], grid[grid.len() - 1]);
    Crossing {
        at: median(&falls.iter().copied().map(within).collect::<Vec<_>>()),
        low: bracket.low.map(ranked).filter(|load| load.is_finite()),
        high: bracket.high.map(ranked).filter(|load| load.is_finite()),
        seeds: all,
    }
}

/// Of an even number, between the two in the middle.
pub fn median(values: &[f64]) -> f64 {
    let mut values = values.to_vec();
    values.sort_by(f64::total_cmp);
    let upper = values.len() / 2;
    if values.len() % 2 == 1 { values[upper] } else { (values[upper - 1] + values[upper]) / 2.0 }
}

type Curve = Vec<(f64, f64)>;

/// Follows one seed's curve out over the loads tried until it holds a fall, or they end.
fn widen(mut curve: Curve, value: &mut dyn FnMut(f64) -> f64, ladder: &[f64], between: (usize, usize)) -> Curve {
    for load in ladder[..between.0].iter().rev() {
        if curve[0].1 > 0.0 {
            break;
        }
        curve.insert(0, (*load, value(*load)));
    }
    for load in &ladder[between.1 + 1..] {
        if curve[curve.len() - 1].1 <= 0.0 {
            break;
        }
        curve.push((*load, value(*load)));
    }
    curve
}

/// Where a curve falls through zero; where noise takes it through several times, the middle of the
/// first and the last. Infinite where it is on one side throughout.
fn fall(curve: &[(f64, f64)]) -> f64 {
    match curve {
        [(_, first), ..] if *first <= 0.0 => return f64::NEG_INFINITY,
        [.., (_, last)] if *last > 0.0 => return f64::INFINITY,
        _ => {}
    }
    let falls = curve.windows(2).filter(|pair| pair[0].1 > 0.0 && pair[1].1 <= 0.0);
    let falls = falls.map(|pair| {
        let ((a, from), (b, to)) = (pair[0], pair[1]);
        a + (b - a) * from / (from - to)
    });
    let (first, last) = falls.fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), at| (low.min(at), high.max(at)));
    (first + last) / 2.0
}

#[cfg(test)]
pub(super) mod tests {
    use rand_distr::{Distribution, Normal};

    use super::*;
    use crate::core::seed::{Purpose, Seed};

    /// Noise of standard deviation `sigma` that is the same for the same load and seed.
    pub fn noise(sigma: f64, load: f64, seed: u64) -> f64 {
        Normal::new(0.0, sigma).unwrap().sample(&mut Seed(seed).indexed(Purpose::Resampling, load.to_bits()))
    }

    pub const GRID: [f64; 12] = [5.0, 15.0, 25.0, 35.0, 45.0, 55.0, 65.0, 75.0, 85.0, 95.0, 105.0, 115.0];

    #[test]
    fn a_smooth_fall_is_found_where_it_is() {
        let found = locate(&mut |load, seeds| seeds.map(|_| 1_600.0 - load * load).collect(), &GRID, (3, 4), 5);
        assert!((found.at - 40.0).abs() < 0.01, "{found:?}");
        assert_eq!((found.low, found.high, found.seeds), (Some(found.at), Some(found.at), 10));
    }

    #[test]
    fn seeds_that_fall_elsewhere_widen_the_interval_as_far_as_they_do() {
        // Seed s falls at 40 + 2 (s − 4.5): 31, 33, … 49. Ranks 2 and 9 of 10 bracket the median.
        let place = |seed: u64| 40.0 + 2.0 * (seed as f64 - 4.5);
        let found = locate(&mut |load, seeds| seeds.map(|s| place(s) - load).collect(), &GRID, (3, 4), 10);
        assert!((found.at - 40.0).abs() < 1e-9, "{found:?}");
        let close = |found: Option<f64>, wanted: f64| (found.unwrap() - wanted).abs() < 1e-9;
        assert!(close(found.low, 33.0) && close(found.high, 47.0), "{found:?}");
    }

    #[test]
    fn how_badly_some_seeds_fail_does_not_move_the_fall() {
        let at = |failed: f64| {
            let value = |seed, load: f64| if seed < 2 && load > 35.0 { failed } else { 42.0 - load };
            locate(&mut |load, seeds| seeds.map(|s| value(s, load)).collect(), &GRID, (3, 4), 5).at
        };
        assert!((at(-1.0) - 42.0).abs() < 0.01, "{}", at(-1.0));
        assert_eq!(at(-1.0), at(-1e6));
    }

    #[test]
    fn a_bound_beyond_the_loads_tried_is_absent() {
        let grid = [10.0, 20.0];
        let place = |seed: u64| if seed < 4 { 100.0 } else { 15.0 };
        let found = locate(&mut |load, seeds| seeds.map(|s| (place(s) - load).min(1.0)).collect(), &grid, (0, 1), 10);
        assert_eq!(found.high, None);
        assert!(found.low.is_some(), "{found:?}");
    }

    #[test]
    fn intervals_hold_the_truth_as_often_as_they_say() {
        let mut held = 0;
        for run in 0..300 {
            // The whole curve of a seed is shifted, as common arrivals shift it.
            let shift = |seed| noise(4.0, f64::from(run), seed);
            let found = locate(&mut |load, seeds| seeds.map(|s| 40.0 + shift(s) - load).collect(), &GRID, (3, 4), 5);
            held += u32::from(found.low.unwrap() <= 40.0 && 40.0 <= found.high.unwrap());
        }
        // Ranks 2 and 9 of 10: 97.9 %.
        assert!((283..=300).contains(&held), "{held} of 300");
    }
}
