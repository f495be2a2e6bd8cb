//! One route at one load under one seed, in virtual time: what a sweep and an advice are made of.

use std::time::Duration;

use crate::core::Seed;
use crate::core::phase::Phases;
use crate::core::price::PricedTarget;
use crate::core::request::Timeouts;
use crate::core::slo::Slo;
use crate::core::units::Rate;
use crate::drive::sim::{ClientModel, Simulation};
use crate::measure::Recorder;
use crate::plan::Load;
use crate::plan::arrival::{Entry, Settings};
use crate::plan::rate_curve::RateCurve;
use crate::plan::workload::Workload;
use crate::profile::{Profile, Scenario};
use crate::sweep::{Key, Point, Watched};

/// What all points have in common.
pub struct Bench<'a> {
    pub profile: &'a Profile,
    pub scenario: &'a Scenario,
    pub workload: &'a Workload,
    pub arrival: &'static Entry,
    pub phases: &'a Phases,
    /// Warm-up and measured time together.
    pub length: Duration,
    pub timeouts: Timeouts,
    pub slos: &'a [Slo],
    /// By route.
    pub prices: &'a [Vec<PricedTarget>],
    /// The first of the seeds.
    pub seed: u64,
}

impl Bench<'_> {
    /// The Region model must have been built once: here it is too late to say that it cannot be.
    pub fn measure(&self, key: Key, watched: &[Watched]) -> Point {
        let (rate, seed) = (Rate(key.rps()), Seed(self.seed.wrapping_add(key.seed)));
        let rates = RateCurve::level(rate, self.length);
        let load = Load::new(rates, self.arrival, Settings::default(), self.workload, seed);
        let simulation = Simulation {
            profile: self.profile,
            scenario: self.scenario,
            workload: self.workload,
            seed,
            phases: self.phases,
            client: ClientModel { timeouts: self.timeouts, ..ClientModel::usual(rate) },
        };
        let mut recorder = Recorder::of_totals(self.phases.clone(), self.slos.to_vec(), 1);
        let route = &self.profile.routes[key.route];
        let ran = simulation.run(route, 0, load.requests().peekable(), &mut recorder);
        ran.expect("the Region model was built before");
        Point::read((&recorder, 0), (key.rps(), seed.0), watched, &self.prices[key.route])
    }
}

/// How many points are simulated at once.
pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}
