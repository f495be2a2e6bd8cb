//! Where the time went is what the simulation knows that it spent: each part against the law that made it, not
//! against the stamps that it is read from.

use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::record::{AttemptRecord, RequestRecord};
use bedbench::core::region::Jurisdiction;
use bedbench::core::request::Timeouts;
use bedbench::core::residency::{InferenceProfiles, Residency, Standing};
use bedbench::core::units::Rate;
use bedbench::core::{RegionId, RunTime, Seed};
use bedbench::drive::sim::{ClientModel, Opening, SimSpec, Sink, simulate};
use bedbench::measure::Recorder;
use bedbench::measure::parts::{Part, PartsSummary};
use bedbench::plan::Load;
use bedbench::plan::arrival::{self, Settings};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::workload::Workload;
use bedbench::profile::Models;
use bedbench::region::conditions::Condition;
use bedbench::region::{Conditions, Law, PlaceSpec};
use bedbench::routing;

const TTFT: Duration = Duration::from_millis(500);
const GAP: Duration = Duration::from_millis(10);
const TOKENS: u32 = 11;
const STREAM: Duration = Duration::from_millis(100);
const LENGTH: Duration = Duration::from_secs(600);

/// Region, round trip and slots. The first is too small for the load: some wait in its queue of two, and
/// others are refused and go to the second.
const PLACES: [(&str, Duration, usize); 2] =
    [("ap-southeast-2", Duration::from_millis(40), 3), ("ap-southeast-4", Duration::from_millis(60), 10)];

/// Sums over the answered requests, from what was put into the simulation.
struct Truth {
    recorder: Recorder,
    n: u64,
    fell_back: u64,
    queue: Duration,
    connection: Duration,
    others: Duration,
    network: Duration,
    response: Duration,
}

impl Sink for Truth {
    fn record(&mut self, request: &RequestRecord, attempts: &[AttemptRecord]) {
        self.recorder.count(request, attempts);
        if !request.outcome.is_ok() {
            return;
        }
        let Some((settled, others)) = attempts.split_last() else { return };
        self.n += 1;
        self.fell_back += u64::from(!others.is_empty());
        self.queue += settled.queued.expect("the simulation knows");
        self.connection += settled.acquisition.and_then(|acquisition| acquisition.took).unwrap_or_default();
        self.others += others.iter().map(|attempt| attempt.finished.since(attempt.sent.unwrap())).sum::<Duration>();
        let (_, rtt, _) = PLACES.into_iter().find(|(code, ..)| *code == settled.region.code()).unwrap();
        self.network += rtt;
        self.response += request.finished.since(request.intended);
    }

    fn stop(&mut self, _: RunTime) -> bool {
        false
    }
}

fn play(jitter: Duration) -> (Truth, PartsSummary) {
    let residency = Residency::new([Jurisdiction::Australia], InferenceProfiles::default());
    let region = |code: &str| code.parse::<RegionId>().unwrap();
    let targets = PLACES.map(|(code, ..)| {
        residency.admit(region(code), "amazon.nova-lite-v1:0", Standing::Candidate).expect("it stays in Australia")
    });
    let place = |(code, rtt, slots): (&str, Duration, usize)| PlaceSpec {
        region: region(code),
        rtt,
        jitter,
        slots,
        queue: 2,
        ttft: Law::Fixed(TTFT),
        per_input_token: Duration::ZERO,
        tpot: Law::Fixed(GAP),
        quotas: vec![],
        conditions: Conditions::constant(Condition::default()),
    };
    let (seed, workload) = (Seed(7), Workload::fixed(10, TOKENS));
    let phases = Phases::lay_out(Duration::ZERO, LENGTH, &[]);
    let rates = RateCurve::level(Rate(5.0), LENGTH);
    let load = Load::new(rates, arrival::find("poisson").unwrap(), Settings::default(), &workload, seed);
    let spec = SimSpec {
        position: 0,
        policy: (routing::find("fallback").unwrap().build)(&routing::Settings::new(2), seed),
        targets: &targets,
        places: PLACES.map(place).into(),
        models: &Models::built_in().unwrap(),
        workload: &workload,
        seed,
        phases: &phases,
        client: ClientModel {
            timeouts: Timeouts::default(),
            in_flight: 1_000,
            prewarm: 0,
            streams: true,
            opening: Opening::First,
        },
    };
    let mut truth = Truth {
        recorder: Recorder::new(phases.clone(), vec![], 1),
        n: 0,
        fell_back: 0,
        queue: Duration::ZERO,
        connection: Duration::ZERO,
        others: Duration::ZERO,
        network: Duration::ZERO,
        response: Duration::ZERO,
    };
    simulate(spec, load.requests().peekable(), &mut truth);
    let whole = truth.recorder.routes()[0].whole(truth.recorder.phases());
    let parts = whole.parts.summary().expect("some requests were answered");
    (truth, parts)
}

fn mean(sum: Duration, n: u64) -> f64 {
    sum.as_secs_f64() * 1e3 / n as f64
}

#[test]
fn every_part_is_what_the_simulation_spent() {
    let (truth, parts) = play(Duration::ZERO);
    assert!(truth.n > 2_000 && truth.fell_back > 100 && truth.queue > Duration::from_secs(10), "a dull run");
    assert_eq!((parts.n, parts.untold), (truth.n, 0));
    for (part, expected) in [
        (Part::Client, 0.0),
        (Part::OtherAttempts, mean(truth.others, truth.n)),
        (Part::Connection, mean(truth.connection, truth.n)),
        (Part::Network, mean(truth.network, truth.n)),
        (Part::Queue, mean(truth.queue, truth.n)),
        (Part::Model, mean(TTFT, 1)),
        (Part::Stream, mean(STREAM, 1)),
    ] {
        assert!((parts.of(part) - expected).abs() < 1e-6, "{part:?}: {} ms, in truth {expected}", parts.of(part));
    }
    assert!((parts.total() - mean(truth.response, truth.n)).abs() < 1e-6);
}

#[test]
fn jitter_is_put_down_to_the_network_and_not_to_the_service() {
    let (truth, parts) = play(Duration::from_millis(8));
    for (part, expected) in [
        (Part::Queue, mean(truth.queue, truth.n)),
        (Part::Model, mean(TTFT, 1)),
        (Part::Stream, mean(STREAM, 1)),
        (Part::Network, mean(truth.network, truth.n) + 8.0),
    ] {
        let apart = (parts.of(part) - expected).abs();
        assert!(apart < 0.5, "{part:?}: {} ms, in truth {expected}", parts.of(part));
    }
    assert!((parts.total() - mean(truth.response, truth.n)).abs() < 1e-6);
}
