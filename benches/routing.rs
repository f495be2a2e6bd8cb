//! What a policy's decision costs. It is taken under a lock that all requests of a route share.

mod common;

use std::time::Duration;

use bedbench::core::{Outcome, RequestKey, RunTime, Seed};
use bedbench::routing::journey::{Journey, Step};
use bedbench::routing::{Asked, Ended, POLICIES, Policy, Settings};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const REQUESTS: u64 = 1_000;

/// Every tenth request meets a throttle first, wherever it is sent.
fn outcome(request: u64, attempt: usize) -> Outcome {
    if request.is_multiple_of(10) && attempt == 0 { Outcome::Throttled } else { Outcome::Ok }
}

/// From each arrival to the policy's last word on it; returns the attempts made.
fn route(policy: &mut dyn Policy) -> usize {
    let mut attempts = 0;
    let mut journey = Journey::new(asked(0));
    for request in 0..REQUESTS {
        let mut now = RunTime::ZERO + Duration::from_millis(20) * request as u32;
        journey.restart(asked(request));
        let mut step = journey.arrive(now, policy);
        while let Step::Send { attempt, .. } = step {
            now = now + Duration::from_millis(5);
            let ended = Ended { at: now, outcome: outcome(request, attempt), first_token: None, usage: None };
            step = journey.end(attempt, ended, policy);
        }
        attempts += journey.tried().len();
    }
    attempts
}

fn asked(request: u64) -> Asked {
    let deadline = RunTime::from_secs_f64(1e6);
    Asked { key: RequestKey(request), input_tokens: 400, max_tokens: 256, deadline }
}

fn routing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("routing");
    group.throughput(Throughput::Elements(REQUESTS));
    for entry in POLICIES {
        let settings = Settings::example(entry);
        group.bench_function(entry.name, |bencher| {
            bencher.iter_batched_ref(
                || (entry.build)(&settings, Seed(1)),
                |policy| route(&mut **policy),
                BatchSize::SmallInput,
            );
        });
    }
    group.finish();
}

criterion_group! { name = benches; config = common::settings(); targets = routing }
criterion_main!(benches);
