//! What goes along the hot paths: the same for benches that measure time and the one that counts instructions.
#![allow(dead_code, reason = "every bench compiles this file for itself, and none takes every path")]

use std::time::Duration;

use bedbench::core::record::{Acquisition, AttemptRecord, HttpVersion, RequestRecord, Usage};
use bedbench::core::{Outcome, RegionId, RequestKey, RunTime, Seed};
use bedbench::plan::sampler::Sampler;
use bedbench::plan::workload::Workload;
use bedbench::region::World;
use bedbench::region::call::{Call, Effect, Input, Path, Ticket};

pub fn calls(workload: &Workload, path: Path, requests: u32) -> Vec<Call> {
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
    (0..requests).map(call).collect()
}

/// One step per arrival and one per wake in between, as the mock and a simulator take them.
pub fn serve(world: &mut World, calls: Vec<Call>, gap: Duration) -> Vec<Effect> {
    let mut out = Vec::new();
    for (call, number) in calls.into_iter().zip(0..) {
        let now = RunTime::ZERO + gap * number;
        while let Some(due) = world.next_wake().filter(|due| *due < now) {
            world.on(due, Input::Wake, &mut out);
        }
        world.on(now, Input::Arrive(call), &mut out);
    }
    out
}

/// At 100/s; every tenth request is throttled, latencies spread over two seconds.
pub fn records(requests: u32) -> Vec<(RequestRecord, AttemptRecord)> {
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
    (0..requests).map(record).collect()
}
