//! Simulated requests per second, recording included: what a sweep is made of. Beside them a bare heap that has as
//! many events for the same requests, and does nothing else: no simulator can be faster.

mod common;

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::units::Rate;
use bedbench::core::{RunTime, Seed};
use bedbench::drive::sim::{ClientModel, Simulation};
use bedbench::measure::Recorder;
use bedbench::plan::Load;
use bedbench::plan::arrival::{self, Settings};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::workload::Workload;
use bedbench::profile::{Loader, Profile, Route, Scenario};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const RPS: Rate = Rate(50.0);
const LENGTH: Duration = Duration::from_secs(600);
/// Between two events of a request, at the least.
const GAP: Duration = Duration::from_millis(300);

/// What all runs of the bench have in common.
struct House {
    profile: Profile,
    scenario: Scenario,
    workload: Workload,
    load: Load,
}

impl House {
    fn simulate(&self, route: &Route) -> Recorder {
        let phases = Phases::lay_out(Duration::ZERO, LENGTH, &self.scenario.phases());
        let simulation = Simulation {
            profile: &self.profile,
            scenario: &self.scenario,
            workload: &self.workload,
            seed: Seed::default(),
            phases: &phases,
            client: ClientModel::usual(RPS),
        };
        let mut recorder = Recorder::new(phases.clone(), Vec::new(), 1);
        simulation
            .run(route, 0, self.load.requests().peekable(), &mut recorder)
            .expect("the model ships with the house");
        recorder
    }
}

/// Of a request on a pinned route: it arrives at its Region, its slot is free again, its answer is back.
const EVENTS: u32 = 3;

/// Draws the same requests and lets each have its events, seconds apart, as in a chat.
fn bare_heap(load: &Load) -> u64 {
    let mut heap: BinaryHeap<Reverse<(RunTime, u64, u32)>> = BinaryHeap::new();
    let (mut requests, mut number, mut popped) = (load.requests().peekable(), 0, 0);
    loop {
        let due = heap.peek().map(|Reverse((at, ..))| *at);
        if let Some(request) = requests.next_if(|request| due.is_none_or(|due| request.intended <= due)) {
            number += 1;
            heap.push(Reverse((request.intended, number, EVENTS - 1)));
            continue;
        }
        let Some(Reverse((at, _, left))) = heap.pop() else { return popped };
        popped += 1;
        if let Some(left) = left.checked_sub(1) {
            number += 1;
            heap.push(Reverse((at + GAP * (1 + number as u32 % 7), number, left)));
        }
    }
}

fn simulator(criterion: &mut Criterion) {
    let loader = Loader::built_in().expect("it ships with the house");
    let workload = common::workload();
    let poisson = arrival::find("poisson").expect("it is listed");
    let rates = RateCurve::level(RPS, LENGTH);
    let load = Load::new(rates, poisson, Settings::default(), &workload, Seed::default());
    let requests = load.requests().count() as u64;
    let profile = loader.profile("apac").expect("it ships with the house");
    let house = House { profile, scenario: loader.scenario("calm").expect("it ships"), workload, load };
    let mut group = criterion.benchmark_group("simulator");
    group.throughput(Throughput::Elements(requests));
    for route in &house.profile.routes {
        let name = format!("{}, {}", route.policy.name, route.name);
        group.bench_function(name, |bencher| bencher.iter(|| house.simulate(route)));
    }
    assert_eq!(bare_heap(&house.load), requests * u64::from(EVENTS));
    group.bench_function("bare heap", |bencher| bencher.iter(|| bare_heap(&house.load)));
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = simulator }
criterion_main!(benches);
