//! What it costs to write one request and its attempt down, on the collector's thread.

mod common;
#[path = "common/paths.rs"]
mod paths;

use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::measure::Recorder;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const REQUESTS: u32 = 6_000;

fn recording(criterion: &mut Criterion) {
    let records = paths::records(REQUESTS);
    let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
    let slos = common::workload().slo;
    let mut group = criterion.benchmark_group("recording");
    group.throughput(Throughput::Elements(u64::from(REQUESTS)));
    group.bench_function("request and attempt", |bencher| {
        bencher.iter_batched_ref(
            || Recorder::new(phases.clone(), slos.clone(), 1),
            |recorder| {
                for (request, attempt) in &records {
                    recorder.count(request, std::slice::from_ref(attempt));
                }
            },
            BatchSize::LargeInput,
        );
    });
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = recording }
criterion_main!(benches);
