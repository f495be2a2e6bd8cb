//! Instructions of the hot paths, counted by callgrind: a gate that does not depend on how busy the machine is.
//!
//! `.ci/instructions` runs it and fails where one needs 5 % more than the figure below. It is built as tests are in a
//! fresh clone, so that CI builds nothing for it alone: the figures say what has changed, and not what a release needs.
//!
//! To renew a figure after a change that is worth it: run `.ci/instructions`, take the count under `Instructions`,
//! and say in the commit what it was spent on.

#[path = "common/paths.rs"]
mod paths;

use std::hint::black_box;
use std::time::Duration;

use aws_smithy_eventstream::frame::{DecodedFrame, MessageFrameDecoder, write_message_to};
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bedbench::core::phase::Phases;
use bedbench::core::record::{AttemptRecord, RequestRecord};
use bedbench::core::residency::Pool;
use bedbench::core::units::Rate;
use bedbench::core::{Outcome, RegionId, RequestKey, RunTime, Seed};
use bedbench::measure::Recorder;
use bedbench::plan::Load;
use bedbench::plan::arrival::{self, Settings as ArrivalSettings};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::workload::Workload;
use bedbench::profile::Loader;
use bedbench::region::call::{Call, Effect};
use bedbench::region::{Service, World};
use bedbench::routing::journey::{Journey, Step};
use bedbench::routing::{Asked, Ended, POLICIES, Policy, Settings};
use gungraun::prelude::*;
use gungraun::{Callgrind, EventKind};

/// Requests, or frames, of each bench.
const MANY: u32 = 2_000;

/// Instructions of each bench.
const ARRIVALS: u64 = 1_731_068;
const ROUTING: u64 = 1_831_945;
const REGION: u64 = 2_684_672;
const RECORDING: u64 = 8_769_118;
const FRAMES: u64 = 31_210_983;

/// Fails above 5 % more than `figure`.
fn at_most(figure: u64) -> LibraryBenchmarkConfig {
    let limit = figure + figure / 20;
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, limit)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

fn workload() -> Workload {
    Loader::built_in().unwrap().workload("chat").unwrap()
}

fn load() -> Load {
    let rates = RateCurve::level(Rate(1.0), Duration::from_secs(86_400));
    let poisson = arrival::find("poisson").unwrap();
    Load::new(rates, poisson, ArrivalSettings::default(), &workload(), Seed::default())
}

// Instant, key and lengths of a planned request.
#[library_benchmark(config = at_most(ARRIVALS))]
#[bench::poisson(setup = load)]
fn arrivals(load: Load) -> Option<RunTime> {
    black_box(load.requests().take(MANY as usize).map(|request| request.intended).max())
}

fn fallback() -> Box<dyn Policy> {
    let entry = POLICIES.iter().find(|entry| entry.name == "fallback").unwrap();
    (entry.build)(&Settings::example(entry), Seed(1))
}

// From arrival to the policy's last word; every tenth request meets a throttle first.
#[library_benchmark(config = at_most(ROUTING))]
#[bench::fallback(setup = fallback)]
fn routing(mut policy: Box<dyn Policy>) -> usize {
    let deadline = RunTime::from_secs_f64(1e6);
    let asked = |key| Asked { key: RequestKey(key), input_tokens: 400, max_tokens: 256, deadline };
    let mut journey = Journey::new(asked(0));
    let mut attempts = 0;
    for request in 0..MANY {
        let mut now = RunTime::ZERO + Duration::from_millis(20) * request;
        journey.restart(asked(u64::from(request)));
        let mut step = journey.arrive(now, &mut *policy);
        while let Step::Send { attempt, .. } = step {
            now = now + Duration::from_millis(5);
            let throttled = request.is_multiple_of(10) && attempt == 0;
            let outcome = if throttled { Outcome::Throttled } else { Outcome::Ok };
            step = journey.end(attempt, Ended { at: now, outcome, first_token: None, usage: None }, &mut *policy);
        }
        attempts += journey.tried().len();
    }
    black_box(attempts)
}

fn sydney() -> (World, Vec<Call>) {
    let loader = Loader::built_in().unwrap();
    let (profile, scenario) = (loader.profile("apac").unwrap(), loader.scenario("congested").unwrap());
    let places = profile.places(|region| scenario.repeating(region)).unwrap();
    let workload = workload();
    let mut world = World::new(Seed::default(), places, &workload);
    let sydney = Service {
        endpoint: RegionId::SYDNEY,
        pool: Pool::InRegion,
        model: "anthropic.claude-sonnet-5".into(),
        destinations: vec![RegionId::SYDNEY],
    };
    let path = world.path(RunTime::ZERO, &sydney);
    let calls = paths::calls(&workload, path, MANY / 10);
    (world, calls)
}

// Admitted or refused, queued and served, beside the other tenants of a congested Sydney.
#[library_benchmark(config = at_most(REGION))]
#[bench::congested(setup = sydney)]
fn region((mut world, calls): (World, Vec<Call>)) -> Vec<Effect> {
    black_box(paths::serve(&mut world, calls, Duration::from_millis(20)))
}

fn records() -> (Recorder, Vec<(RequestRecord, AttemptRecord)>) {
    let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
    (Recorder::new(phases, workload().slo, 1), paths::records(MANY))
}

// A request and its attempt into the histograms.
#[library_benchmark(config = at_most(RECORDING))]
#[bench::minute(setup = records)]
fn recording((mut recorder, records): (Recorder, Vec<(RequestRecord, AttemptRecord)>)) -> Recorder {
    for (request, attempt) in &records {
        recorder.count(request, std::slice::from_ref(attempt));
    }
    black_box(recorder)
}

fn frames() -> Vec<u8> {
    let mut bytes = Vec::new();
    let text = |text: &'static str| HeaderValue::String(text.into());
    for _ in 0..MANY {
        let frame = Message::new(&br#"{"contentBlockIndex":0,"delta":{"text":"harbour ledger latency the"}}"#[..])
            .add_header(Header::new(":message-type", text("event")))
            .add_header(Header::new(":event-type", text("contentBlockDelta")))
            .add_header(Header::new(":content-type", text("application/json")));
        write_message_to(&frame, &mut bytes).unwrap();
    }
    bytes
}

// Frames of an answer, as they come off the wire.
#[library_benchmark(config = at_most(FRAMES))]
#[bench::deltas(setup = frames)]
fn decoding(bytes: Vec<u8>) -> usize {
    let (mut decoder, mut rest, mut events) = (MessageFrameDecoder::new(), &bytes[..], 0);
    while let Ok(DecodedFrame::Complete(message)) = decoder.decode_frame(&mut rest) {
        events += message.payload().len();
    }
    black_box(events)
}

library_benchmark_group!(name = hot_paths, benchmarks = [arrivals, routing, region, recording, decoding]);

main!(library_benchmark_groups = hot_paths);
