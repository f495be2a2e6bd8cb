//! What the Region model takes for one request: admitted, queued and served, beside other tenants.

mod common;

use std::time::Duration;

use bedbench::core::residency::Pool;
use bedbench::core::{RegionId, RequestKey, RunTime, Seed};
use bedbench::plan::sampler::Sampler;
use bedbench::plan::workload::Workload;
use bedbench::profile::{Loader, builtin};
use bedbench::region::PlaceSpec;
use bedbench::region::call::{Call, Effect, Input, Path, Ticket};
use bedbench::region::{Service, World};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const REQUESTS: u32 = 500;
const GAP: Duration = Duration::from_millis(100);

fn calls(workload: &Workload, path: Path) -> Vec<Call> {
    let sampler = Sampler::new(workload, Seed::default());
    let call = |number: u32| {
        let key = RequestKey(u64::from(number));
        Call {
            ticket: Ticket(key.0),
            path,
            key,
            attempt: 0,
            input_tokens: sampler.request(number, RunTime::ZERO).input_tokens,
            max_tokens: workload.max_tokens,
            output_tokens: sampler.output(key),
            burndown: 1.0,
            fault: None,
        }
    };
    (0..REQUESTS).map(call).collect()
}

/// One step per arrival and one per wake in between, as the mock and a simulator take them.
fn serve(world: &mut World, calls: Vec<Call>) -> Vec<Effect> {
    let mut out = Vec::new();
    for (call, number) in calls.into_iter().zip(0..) {
        let now = RunTime::ZERO + GAP * number;
        while let Some(due) = world.next_wake().filter(|due| *due < now) {
            world.on(due, Input::Wake, &mut out);
        }
        world.on(now, Input::Arrive(call), &mut out);
    }
    out
}

fn region(criterion: &mut Criterion) {
    let workload = common::workload();
    let sydney = Service {
        endpoint: RegionId::SYDNEY,
        pool: Pool::InRegion,
        model: "anthropic.claude-sonnet-5".into(),
        destinations: vec![RegionId::SYDNEY],
    };
    let profile = Loader::built_in().unwrap().profile("apac").expect("it ships with the house");
    let mut group = criterion.benchmark_group("region");
    group.throughput(Throughput::Elements(u64::from(REQUESTS)));
    for scenario in builtin::SCENARIOS {
        let scenario = Loader::built_in().unwrap().scenario(scenario.name).expect("it ships with the house");
        let places: Vec<PlaceSpec> = profile.places(|region| scenario.repeating(region)).expect("checked");
        let mut world = World::new(Seed::default(), places.clone(), &workload);
        let calls = calls(&workload, world.path(RunTime::ZERO, &sydney));
        let begun = serve(&mut world, calls.clone()).iter().filter(|e| matches!(e, Effect::Begin(..))).count();
        assert!(begun > 100, "{begun} served in {}: refusals alone are no work", scenario.name);
        group.bench_function(&scenario.name, |bencher| {
            bencher.iter_batched(
                || {
                    let mut world = World::new(Seed::default(), places.clone(), &workload);
                    world.path(RunTime::ZERO, &sydney);
                    (world, calls.clone())
                },
                |(mut world, calls)| serve(&mut world, calls),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = region }
criterion_main!(benches);
