//! What one planned instant costs: a day at 20,000/s is 1.7 billion of them.

mod common;

use bedbench::core::Seed;
use bedbench::core::units::Rate;
use bedbench::plan::arrival::ARRIVALS;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const ARRIVED: usize = 10_000;

fn arrival(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("arrival");
    group.throughput(Throughput::Elements(ARRIVED as u64));
    for entry in ARRIVALS {
        group.bench_function(entry.name, |bencher| {
            bencher.iter_batched_ref(
                || (entry.build)(Rate(50.0), Seed::default()),
                |process| (0..ARRIVED).map(|_| process.next_arrival()).max(),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = arrival }
criterion_main!(benches);
