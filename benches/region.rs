//! What the Region model takes for one request: admitted, queued and served, beside other tenants.

mod common;
#[path = "common/paths.rs"]
mod paths;

use std::time::Duration;

use bedbench::core::residency::Pool;
use bedbench::core::{RegionId, RunTime, Seed};
use bedbench::profile::{Loader, builtin};
use bedbench::region::PlaceSpec;
use bedbench::region::call::Effect;
use bedbench::region::{Service, World};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const REQUESTS: u32 = 500;
const GAP: Duration = Duration::from_millis(100);

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
        let calls = paths::calls(&workload, world.path(RunTime::ZERO, &sydney), REQUESTS);
        let begun =
            paths::serve(&mut world, calls.clone(), GAP).iter().filter(|e| matches!(e, Effect::Begin(..))).count();
        assert!(begun > 100, "{begun} served in {}: refusals alone are no work", scenario.name);
        group.bench_function(&scenario.name, |bencher| {
            bencher.iter_batched(
                || {
                    let mut world = World::new(Seed::default(), places.clone(), &workload);
                    world.path(RunTime::ZERO, &sydney);
                    (world, calls.clone())
                },
                |(mut world, calls)| paths::serve(&mut world, calls, GAP),
                BatchSize::LargeInput,
            );
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = region }
criterion_main!(benches);
