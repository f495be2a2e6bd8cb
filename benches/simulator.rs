//! Simulated requests per second, recording included: what a sweep is made of.

mod common;

use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::record::{AttemptRecord, RequestRecord};
use bedbench::core::request::Timeouts;
use bedbench::core::units::Rate;
use bedbench::core::{RunTime, Seed};
use bedbench::drive::sim::{ClientModel, Opening, SimSpec, Sink, simulate};
use bedbench::measure::Recorder;
use bedbench::plan::{Plan, arrival};
use bedbench::profile::{Loader, Profile};
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

fn simulate_route(profile: &Profile, route: usize, plan: &Plan) -> Recorder {
    let loader = Loader::built_in().expect("it ships with the house");
    let (scenario, workload) = (loader.scenario("calm").expect("it ships"), common::workload());
    let phases = Phases::lay_out(Duration::ZERO, LENGTH, &scenario.phases());
    let route = &profile.routes[route];
    let spec = SimSpec {
        position: 0,
        route,
        policy: (route.policy.build)(&route.settings, Seed::default()),
        places: profile.places(|region| scenario.during(&phases, region)).expect("checked"),
        models: &profile.models,
        workload: &workload,
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
    let mut sink = Recording(Recorder::new(phases.clone(), Vec::new(), 1));
    simulate(spec, plan.requests().iter().copied(), &mut sink);
    sink.0
}

fn simulator(criterion: &mut Criterion) {
    let workload = common::workload();
    let mut arrivals = (arrival::find("poisson").expect("it is listed").build)(RPS, Seed::default());
    let plan = Plan::draw(&mut *arrivals, &workload, LENGTH, Seed::default());
    let profile = Loader::built_in().unwrap().profile("apac").expect("it ships with the house");
    let mut group = criterion.benchmark_group("simulator");
    group.throughput(Throughput::Elements(plan.len() as u64));
    for (position, route) in profile.routes.iter().enumerate() {
        let name = format!("{}, {}", route.policy.name, route.name);
        group.bench_function(name, |bencher| bencher.iter(|| simulate_route(&profile, position, &plan)));
    }
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = simulator }
criterion_main!(benches);
