//! What one planned request costs: a day at 1,000/s is 86 million of them.

mod common;

use std::time::Duration;

use bedbench::core::Seed;
use bedbench::core::units::Rate;
use bedbench::plan::Load;
use bedbench::plan::arrival::{self, ARRIVALS, Settings};
use bedbench::plan::rate_curve::{Piece, RateCurve};
use bedbench::plan::trace::Trace;
use bedbench::plan::workload::Workload;
use bedbench::profile::Loader;
use criterion::measurement::WallTime;
use criterion::{BenchmarkGroup, Criterion, Throughput, criterion_group, criterion_main};

const ARRIVED: usize = 10_000;
const DAY: Duration = Duration::from_secs(86_400);

fn draw(group: &mut BenchmarkGroup<'_, WallTime>, name: &str, load: &Load) {
    group.bench_function(name, |bencher| {
        bencher.iter(|| load.requests().take(ARRIVED).map(|request| request.intended).max());
    });
}

/// Every process, at one rate.
fn processes(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("arrival");
    group.throughput(Throughput::Elements(ARRIVED as u64));
    let rows: String = (0..ARRIVED).map(|second| format!("{second},400,60\n")).collect();
    let trace = Trace::read(format!("offset,input_tokens,output_tokens\n{rows}").as_bytes()).expect("it is sound");
    for entry in ARRIVALS {
        let settings = Settings { burstiness: Some(0.5), trace: Some(trace.clone()) };
        let rates = RateCurve::level(Rate(1.0), DAY);
        draw(&mut group, entry.name, &Load::new(rates, entry, settings, &common::workload(), Seed::default()));
    }
    group.finish();
}

/// One process, at rates that change.
fn rates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("arrival/rates");
    group.throughput(Throughput::Elements(ARRIVED as u64));
    let weekday = Loader::built_in().unwrap().pattern("weekday").expect("it ships with the house");
    let weekday = weekday.day_from("09:55".parse().expect("a time of day"), Rate(10.0));
    for (name, pieces) in [("ramp", vec![Piece { length: DAY, from: Rate(0.0), to: Rate(80.0) }]), ("weekday", weekday)]
    {
        let rates = RateCurve::new(Duration::ZERO, DAY, pieces);
        let poisson = arrival::find("poisson").expect("it is in the list");
        let load = Load::new(rates, poisson, Settings::default(), &Workload::fixed(400, 60), Seed::default());
        draw(&mut group, name, &load);
    }
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = processes, rates }
criterion_main!(benches);
