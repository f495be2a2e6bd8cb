//! What it costs to write one request and its attempt down, on the collector's thread.

mod common;

use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::record::{Acquisition, AttemptRecord, HttpVersion, RequestRecord, Usage};
use bedbench::core::{Outcome, RegionId, RunTime};
use bedbench::measure::Recorder;
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const REQUESTS: u32 = 6_000;

/// A minute at 100/s; every tenth request is throttled, latencies spread over two seconds.
fn records() -> Vec<(RequestRecord, AttemptRecord)> {
    let record = |index: u32| {
        let intended = RunTime::ZERO + Duration::from_millis(10) * index;
        let after = |ms: u32| intended + Duration::from_millis(u64::from(ms));
        let ok = !index.is_multiple_of(10);
        let outcome = if ok { Outcome::Ok } else { Outcome::Throttled };
        let first_token = ok.then(|| after(400 + index * 7 % 600));
        let last_token = ok.then(|| after(1_200 + index * 13 % 800));
        let finished = last_token.unwrap_or_else(|| after(15));
        let usage = ok.then_some(Usage { input_tokens: 400, output_tokens: 150 });
        let request = RequestRecord {
            route: 0,
            index,
            phase: 0,
            intended,
            sent: Some(intended),
            last_sent: Some(intended),
            first_token,
            last_token,
            finished,
            outcome,
            attempts: 1,
            region: Some(RegionId::SYDNEY),
            usage,
            prompt_hash: Some(u64::from(index)),
        };
        let attempt = AttemptRecord {
            route: 0,
            index,
            attempt: 0,
            region: RegionId::SYDNEY,
            target: 0,
            asked_tokens: 400,
            sent: Some(intended),
            head: first_token,
            first_token,
            last_token,
            finished,
            outcome,
            http_status: Some(if ok { 200 } else { 429 }),
            error: None,
            request_id: None,
            acquisition: Some(Acquisition {
                took: Some(Duration::from_micros(40)),
                reused: true,
                version: Some(HttpVersion::Http2),
            }),
            usage,
            place: None,
            queued: None,
            service_latency: None,
        };
        (request, attempt)
    };
    (0..REQUESTS).map(record).collect()
}

fn recording(criterion: &mut Criterion) {
    let records = records();
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
