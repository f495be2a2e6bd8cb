//! One arm of an experiment: from its file to what was measured.

use super::measured::Measured;
use crate::cli::exit::Failure;
use crate::cli::run::{LoadArgs, Offered, Rates, Usual};
use crate::core::Seed;
use crate::core::phase::Phases;
use crate::core::request::Timeouts;
use crate::core::units::length;
use crate::drive::sim::{ClientModel, Opening, Simulation, Workers};
use crate::measure::Recorder;
use crate::plan::Traffic;
use crate::plan::workload::Workload;
use crate::profile::experiment::Arm;
use crate::profile::{Loader, Override, Profile, Scenario};

/// An arm that can be simulated.
pub struct Ready<'a> {
    arm: &'a Arm,
    loader: Loader,
    profile: Profile,
    scenario: Scenario,
    /// Under some seed: what it says of itself.
    label: String,
}

impl<'a> Ready<'a> {
    /// `common` are the values that every arm changes.
    ///
    /// # Errors
    /// One clear line, with the arm's name, about the first thing that cannot be.
    pub fn new(arm: &'a Arm, common: &[String]) -> Result<Self, Failure> {
        let within = |what: String| Failure::usage(format!("arm `{}`: {what}", arm.name));
        let sets = common.iter().chain(&arm.set).map(|set| Ok(set.parse::<Override>()?.on(&arm.date)));
        let sets = sets.collect::<Result<Vec<_>, String>>().map_err(within)?;
        let load = |error: crate::profile::LoadError| within(error.to_string());
        let loader = Loader::new(None, arm.latency.as_deref(), sets).map_err(load)?;
        let mut profile = loader.profile(&arm.profile).map_err(load)?;
        profile.select(std::slice::from_ref(&arm.route)).map_err(within)?;
        let scenario = loader.scenario(&arm.scenario).map_err(load)?;
        let mut ready = Self { arm, loader, profile, scenario, label: String::new() };
        ready.label = ready.offered(Seed::default())?.0.label;
        Ok(ready)
    }

    pub fn name(&self) -> &str {
        &self.arm.name
    }

    pub fn setting(&self) -> String {
        let Arm { profile, route, workload, scenario, duration, .. } = self.arm;
        format!("{route} of {profile}, {workload}, {scenario}; {}, {}", self.label, length(duration.0))
    }

    fn offered(&self, seed: Seed) -> Result<(Offered, Workload), Failure> {
        let load = LoadArgs {
            rps: self.arm.rps.map(Rates::from),
            stage: Vec::new(),
            pattern: self.arm.pattern.clone(),
            start: self.arm.start,
            trace: None,
            concurrency: self.arm.concurrency,
            duration: Some(self.arm.duration),
            warmup: Some(self.arm.warmup),
            arrival: None,
            burstiness: None,
        };
        load.resolve(
            &self.loader,
            self.loader.workload(&self.arm.workload)?,
            seed,
            Usual { duration: None, clients: 1, simulated: true },
        )
    }

    /// # Errors
    /// When a number of the Region model makes no sense.
    pub fn measure(&self, seeds: &[Seed]) -> Result<Measured, Failure> {
        let runs = seeds.iter().map(|seed| self.simulate(*seed)).collect::<Result<Vec<_>, _>>()?;
        Ok(Measured { length: self.arm.duration.0, runs })
    }

    fn simulate(&self, seed: Seed) -> Result<Recorder, Failure> {
        let (offered, workload) = self.offered(seed)?;
        let phases = Phases::lay_out(offered.warmup, offered.duration, &self.scenario.phases());
        let simulation = Simulation {
            profile: &self.profile,
            scenario: &self.scenario,
            workload: &workload,
            seed,
            phases: &phases,
            client: ClientModel {
                timeouts: Timeouts::default(),
                in_flight: offered.in_flight,
                prewarm: offered.prewarm.min(offered.in_flight),
                streams: true,
                opening: Opening::First,
            },
        };
        let mut recorder = Recorder::new(phases.clone(), workload.slo.clone(), 1);
        let route = &self.profile.routes[0];
        let ended = match &offered.traffic {
            Traffic::Open(load) => simulation.run(route, 0, load.requests().peekable(), &mut recorder),
            Traffic::Closed(workers) => simulation.run(route, 0, Workers::new(workers.clone()), &mut recorder),
        };
        ended.map_err(Failure::usage)?;
        Ok(recorder)
    }
}
