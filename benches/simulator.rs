//! Simulated requests per second, recording included: what a sweep is made of.

mod common;

use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::record::{AttemptRecord, RequestRecord};
use bedbench::core::request::Timeouts;
use bedbench::core::units::Rate;
use bedbench::core::{RunTime, Seed};
use bedbench::drive::sim::{ClientModel, Opening, Simulation, Sink};
use bedbench::measure::Recorder;
use bedbench::plan::workload::Workload;
use bedbench::plan::{Plan, arrival};
use bedbench::profile::{Loader, Profile, Scenario};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RPS: Rate = Rate(50.0);
const LENGTH: Duration = Duration::from_secs(600);

struct Recording(Recorder);

impl Sink for Recording {
    fn record(&mut self, request: &RequestRecord, attempts: &[AttemptRecord]) {
        attempts.iter().for_each(|attempt| self.0.attempt(attempt, request.intended));
        self.0.request(request);
    }

    fn stop(&mut self, _: RunTime) -> bool {
        false
    }
}

/// What all runs of the bench have in common.
struct House {
    profile: Profile,
    scenario: Scenario,
    workload: Workload,
    plan: Plan,
}

impl House {
    fn simulate(&self, route: usize) -> Recorder {
        let phases = Phases::lay_out(Duration::ZERO, LENGTH, &self.scenario.phases());
        let simulation = Simulation {
            profile: &self.profile,
            scenario: &self.scenario,
            workload: &self.workload,
            seed: Seed::default(),
            phases: &phases,
            client: ClientModel {
                timeouts: Timeouts::default(),
                in_flight: 1_000,
                prewarm: 100,
                streams: true,
                opening: Opening::First,
            },
        };
        let mut sink = Recording(Recorder::new(phases.clone(), Vec::new(), self.profile.routes.len()));
        simulation.run(route, self.plan.requests().iter().copied(), &mut sink).expect("the model ships with the house");
        sink.0
    }
}

fn simulator(criterion: &mut Criterion) {
    let loader = Loader::built_in().expect("it ships with the house");
    let workload = common::workload();
    let mut arrivals = (arrival::find("poisson").expect("it is listed").build)(RPS, Seed::default());
    let plan = Plan::draw(&mut *arrivals, &workload, LENGTH, Seed::default());
    let profile = loader.profile("apac").expect("it ships with the house");
    let house = House { profile, scenario: loader.scenario("calm").expect("it ships"), workload, plan };
    let mut group = criterion.benchmark_group("simulator");
    group.throughput(Throughput::Elements(house.plan.len() as u64));
    for (position, route) in house.profile.routes.iter().enumerate() {
        let name = format!("{}, {}", route.policy.name, route.name);
        group.bench_function(name, |bencher| bencher.iter(|| house.simulate(position)));
    }
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = simulator }
criterion_main!(benches);
