//! `sweep.json`: every point of a sweep, and what follows from them.
//!
//! Loads are requests per second, times milliseconds; `null` means that there is no such number.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::point::{Point, Watched};
use crate::core::price::PricedTarget;
use crate::core::region::Jurisdiction;
use crate::core::run::{RouteHead, World};
use crate::core::slo::Slo;
use crate::core::units::Span;
use crate::stats::crossing::Crossing;
use crate::stats::knee::Knee;

pub const SCHEMA: u32 = 1;

/// What was swept, with what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Setting {
    pub profile: String,
    pub workload: String,
    /// Absent in a live sweep: nobody schedules what AWS does.
    pub scenario: Option<String>,
    /// Service times, where others than the built-in ones were asked for.
    pub latency: Option<String>,
    /// Single values from the command line, `path=value`.
    pub set: Vec<String>,
    pub arrival: String,
    /// Of each point.
    pub warmup: Span,
    /// Of each point, behind the warm-up.
    pub duration: Span,
    /// Longest time for a request: what a failed percentile counts as where numbers are compared.
    pub deadline: Span,
    pub residency: Vec<Jurisdiction>,
    /// The first of the seeds, which follow one another.
    pub seed: u64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Sweep {
    pub schema: u32,
    /// Version of bedbench.
    pub version: String,
    pub world: World,
    /// UTC, RFC 3339.
    pub started: String,
    pub setting: Setting,
    /// The grid, ascending.
    pub loads: Vec<f64>,
    /// Seeds at each load of the grid.
    pub seeds: u64,
    /// Whether more was measured where something turns; else knees and crossovers lie somewhere between two
    /// loads of the grid.
    pub closer: bool,
    /// All decide the knees; the percentile of the first decides the crossovers.
    pub slos: Vec<Slo>,
    pub routes: Vec<RouteSweep>,
    pub pairs: Vec<Pair>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RouteSweep {
    #[serde(flatten)]
    pub head: RouteHead,
    pub prices: Vec<PricedTarget>,
    /// The highest load that meets every SLO.
    pub knee: Knee,
    /// Ascending by load and seed: the grid, and what was added where something turns.
    pub points: Vec<Point>,
}

/// Two routes, by the deciding percentile.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pair {
    pub base: String,
    pub other: String,
    /// Ascending by load.
    pub crossovers: Vec<Overtaking>,
    /// By load of the grid, the route that is shown to be lower.
    pub lower: Vec<Option<String>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Overtaking {
    #[serde(flatten)]
    pub crossing: Crossing,
    /// The route that is the lower one from there on.
    pub lower_beyond: String,
}

/// The middle seed, and the extremes of all.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Spread<T> {
    pub low: T,
    pub middle: T,
    pub high: T,
}

impl<T: PartialOrd + Copy> Spread<T> {
    /// Of an even number the upper middle, so that nothing looks better than it is. Absent for none.
    pub fn of(values: impl IntoIterator<Item = T>) -> Option<Self> {
        let mut values: Vec<_> = values.into_iter().collect();
        values.sort_by(|a, b| a.partial_cmp(b).expect("no value is NaN"));
        let (low, high) = (*values.first()?, *values.last()?);
        Some(Self { low, middle: values[values.len() / 2], high })
    }
}

impl Sweep {
    /// The percentile by which routes are compared.
    pub fn decisive(&self) -> Watched {
        Watched::from(&self.slos[0])
    }
}

impl RouteSweep {
    /// Ascending: the grid, and what was added where something turns.
    pub fn loads(&self) -> Vec<f64> {
        let mut loads: Vec<_> = self.points.iter().map(|point| point.rps).collect();
        loads.dedup();
        loads
    }

    /// All seeds at one load.
    pub fn at(&self, load: f64) -> impl Iterator<Item = &Point> + Clone {
        self.points.iter().filter(move |point| point.rps == load)
    }

    /// One number over the seeds at one load; absent where no seed has it.
    pub fn spread<T: PartialOrd + Copy>(&self, load: f64, of: impl Fn(&Point) -> Option<T>) -> Option<Spread<T>> {
        Spread::of(self.at(load).filter_map(of))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::fixture::swept;

    #[test]
    fn a_sweep_reads_back_as_it_was_written() {
        let sweep = swept();
        let json = serde_json::to_string(sweep).unwrap();
        assert_eq!(&serde_json::from_str::<Sweep>(&json).unwrap(), sweep);
    }

    #[test]
    fn the_middle_seed_is_the_upper_of_two() {
        assert_eq!(Spread::of([3, 1, 2]), Some(Spread { low: 1, middle: 2, high: 3 }));
        assert_eq!(Spread::of([1, 2]), Some(Spread { low: 1, middle: 2, high: 2 }));
        assert_eq!(Spread::<u32>::of([]), None);
    }
}
