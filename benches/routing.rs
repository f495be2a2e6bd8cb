//! What a policy's decision costs. It is taken under a lock that all requests of a route share.

mod common;

use std::time::Duration;

use bedbench::core::{Outcome, RequestKey, RunTime, Seed};
use bedbench::routing::{Command, Event, POLICIES, Policy, Settings, Tried};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};

const REQUESTS: u64 = 1_000;

/// Every tenth request meets a throttle first, wherever it is sent.
fn outcome(request: u64, attempt: usize) -> Outcome {
    if request.is_multiple_of(10) && attempt == 0 { Outcome::Throttled } else { Outcome::Ok }
}

/// From each arrival to the policy's last word on it; returns the attempts made.
fn route(policy: &mut dyn Policy) -> usize {
    let mut attempts = 0;
    let mut tried = Vec::new();
    for request in 0..REQUESTS {
        let mut now = RunTime::ZERO + Duration::from_millis(20) * request as u32;
        tried.clear();
        let mut command = policy.on(now, Event::Arrived { key: RequestKey(request) });
        while let Command::Attempt(target) = command {
            tried.push(Tried { target, outcome: outcome(request, tried.len()) });
            now = now + Duration::from_millis(5);
            command = policy.on(now, Event::AttemptEnded { tried: &tried });
        }
        attempts += tried.len();
    }
    attempts
}

fn routing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("routing");
    group.throughput(Throughput::Elements(REQUESTS));
    for entry in POLICIES {
        let targets = (*entry.targets.end()).min(3);
        let weights = vec![1.0 / targets as f64; targets];
        let settings = Settings { targets, cooldown: Duration::from_secs(1), weights };
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
