//! What a gate of `bedbench compare` finds and what it makes up, over pairs of simulated runs.

use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::record::{AttemptRecord, RequestRecord};
use bedbench::core::region::Jurisdiction;
use bedbench::core::request::Timeouts;
use bedbench::core::residency::{InferenceProfiles, Residency, Standing};
use bedbench::core::units::Rate;
use bedbench::core::{Metric, RegionId, RunTime, Seed};
use bedbench::drive::sim::{ClientModel, Opening, SimSpec, Sink, simulate};
use bedbench::measure::versus::{Judgement, Pairing, Side, Versus};
use bedbench::plan::Load;
use bedbench::plan::arrival::{self, Settings};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::workload::Workload;
use bedbench::profile::Models;
use bedbench::region::conditions::Condition;
use bedbench::region::{Conditions, Law, PlaceSpec};
use bedbench::routing;

const MODEL: &str = "amazon.nova-lite-v1:0";
const REQUESTS: f64 = 3_000.0;
const SLOTS: usize = 50;
/// Of its capacity.
const LOAD: f64 = 0.6;
const TOKENS: u32 = 20;
pub const GATED: [(Metric, f64); 4] =
    [(Metric::Ttft, 0.50), (Metric::Ttft, 0.95), (Metric::Response, 0.95), (Metric::Response, 0.99)];

struct Kept(Side);

impl Sink for Kept {
    fn record(&mut self, request: &RequestRecord, _: &[AttemptRecord]) {
        self.0.record(request);
    }

    fn stop(&mut self, _: RunTime) -> bool {
        false
    }
}

/// One run, its service `slower` times as long.
fn run(seed: Seed, slower: f64) -> Side {
    let ms = |value: f64| Duration::from_secs_f64(value * slower / 1e3);
    let (ttft, tpot) = (Law::log_normal(ms(400.0), ms(900.0)), Law::log_normal(ms(15.0), ms(25.0)));
    // Of the service that is not slowed down: the load is the same on both sides.
    let service = (ttft.mean() + tpot.mean() * (TOKENS - 1)).as_secs_f64() / slower;
    let rate = LOAD * SLOTS as f64 / service;
    let length = Duration::from_secs_f64(REQUESTS / rate);
    let warmup = Duration::from_secs_f64(20.0 * service);
    let workload = Workload::fixed(1, TOKENS);
    let rates = RateCurve::level(Rate(rate), warmup + length);
    let poisson = arrival::find("poisson").expect("it is listed");
    let load = Load::new(rates, poisson, Settings::default(), &workload, seed);
    let residency = Residency::new([Jurisdiction::Australia], InferenceProfiles::default());
    let target = residency.admit(RegionId::SYDNEY, MODEL, Standing::Candidate).expect("a plain model id");
    let place = PlaceSpec {
        region: RegionId::SYDNEY,
        rtt: Duration::from_millis(2),
        jitter: Duration::ZERO,
        slots: SLOTS,
        queue: 10_000,
        ttft,
        per_input_token: Duration::ZERO,
        tpot,
        quotas: vec![],
        conditions: Conditions::constant(Condition::default()),
    };
    let patience = Duration::from_secs(600);
    let timeouts = Timeouts { connect: patience, first_token: patience, between_events: patience, request: patience };
    let phases = Phases::lay_out(warmup, length, &[]);
    let spec = SimSpec {
        position: 0,
        policy: (routing::find("pinned").expect("it is listed").build)(&routing::Settings::new(1), seed),
        targets: &[target],
        places: vec![place],
        models: &Models::built_in().expect("the shipped table is sound"),
        workload: &workload,
        seed,
        phases: &phases,
        client: ClientModel { timeouts, in_flight: 10_000, prewarm: SLOTS, streams: true, opening: Opening::First },
    };
    let mut kept = Kept(Side::new(&phases));
    simulate(spec, load.requests().peekable(), &mut kept);
    kept.0
}

/// Whether each gate at +0 % breaks for a pair of runs of different seeds, the second one `slower`. Nothing when it
/// could not be judged.
pub fn breaks(pair: u64, slower: f64) -> [Option<bool>; 4] {
    let (a, b) = (run(Seed(2 * pair + 1), 1.0), run(Seed(2 * pair + 2), slower));
    let versus = Versus::new((&a, &b), Pairing::None, &[], Seed(pair));
    GATED.map(|(metric, q)| match versus.row(metric, q).expect("it is compared").judge(0.0) {
        Judgement::Broken => Some(true),
        Judgement::Held => Some(false),
        Judgement::TooLittleData => None,
    })
}
