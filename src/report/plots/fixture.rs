//! A run that never happened, with everything in it that a plot must cope with.

use std::collections::BTreeMap;
use std::time::Duration;

use rand_distr::{Distribution, LogNormal};

use crate::core::phase::{PhaseShare, Phases};
use crate::core::record::{AttemptRecord, RequestRecord, Usage};
use crate::core::residency::Standing;
use crate::core::run::{Loop, RouteHead, World};
use crate::core::seed::{Draws, Purpose};
use crate::core::units::{Rate, Span};
use crate::core::{Outcome, RegionId, RunTime, Seed};
use crate::measure::Context;
use crate::measure::verdict::Evidence;
use crate::measure::{Recorder, Summary};
use crate::report::Report;
use crate::store::Manifest;
use crate::store::manifest::{EffectiveConfig, Finished, Host, SCHEMA};

pub const SEED: Seed = Seed(20_260_214);
const RPS: u32 = 50;
const WARMUP: f64 = 5.0;

pub struct Run {
    pub manifest: Manifest,
    pub summary: Summary,
    pub recorder: Recorder,
}

impl Run {
    pub fn report(&self) -> Report<'_> {
        Report { manifest: &self.manifest, summary: &self.summary, recorder: &self.recorder }
    }
}

/// How a route of the fixture behaves.
#[derive(Clone, Copy)]
pub enum Kind {
    /// One Region, which throttles and queues while it is congested.
    Home,
    /// The same, but what it throttles is answered in Singapore.
    Spill,
    /// Answered at home, twice as far as it needs to be.
    Profile,
    /// One Region that throttles everything.
    Dead,
    /// Far away and never congested.
    Far,
}

pub fn heads() -> Vec<(RouteHead, Kind)> {
    let head = |name: &str, label: &str, policy: &str, standing| RouteHead {
        name: name.into(),
        label: label.into(),
        policy: policy.into(),
        standing,
        targets: vec![],
    };
    use Standing::{Candidate, Reference};
    vec![
        (head("sydney", "Sydney", "patient", Candidate), Kind::Home),
        (head("sydney→singapore", "Sydney, else Singapore", "fallback", Candidate), Kind::Spill),
        (head("au-profile", "au. from Sydney: Sydney or Melbourne", "pinned", Candidate), Kind::Profile),
        (head("oregon", "Oregon", "pinned", Reference), Kind::Far),
    ]
}

pub fn full() -> Run {
    run(heads(), 60.0, f64::INFINITY)
}

/// `routes` over `seconds` of measured time, of which nothing after `stop` was fired.
pub fn run(routes: Vec<(RouteHead, Kind)>, seconds: f64, stop: f64) -> Run {
    let share = |name: &str, share| PhaseShare { name: name.into(), share, steady: true };
    let shares = [share("calm", 1.0), share("congested", 1.0), share("recovery", 1.0)];
    let phases = Phases::lay_out(Duration::from_secs_f64(WARMUP), Duration::from_secs_f64(seconds), &shares);
    let mut recorder = Recorder::new(phases.clone(), vec![], routes.len());
    for index in 0..((WARMUP + seconds) * f64::from(RPS)) as u32 {
        let intended = f64::from(index) / f64::from(RPS);
        if intended >= stop {
            break;
        }
        let at = RunTime::from_secs_f64(intended);
        (0..routes.len()).for_each(|route| recorder.planned_for(route, at));
        for (route, (_, kind)) in routes.iter().enumerate() {
            let phase = phases.index_at(at);
            let congestion = if phases.get(phase).name == "congested" { 1.0 } else { 0.0 };
            let mut draws = SEED.indexed(Purpose::FirstToken, u64::from(index) * 64 + route as u64);
            let fired = fire(*kind, congestion, &mut draws);
            put(&mut recorder, (route as u16, index, phase as u16), at, &fired);
        }
    }
    let heads: Vec<_> = routes.into_iter().map(|(head, _)| head).collect();
    let interrupted = stop.is_finite();
    let stopped = interrupted.then(|| RunTime::from_secs_f64(stop));
    let context = Context {
        world: World::Mock,
        kind: Loop::Open,
        seed: SEED,
        stopped,
        blocks: vec![],
        routes: heads.clone(),
        prices: vec![],
        evidence: Evidence::default(),
    };
    let summary = Summary::new(&recorder, context);
    Run { manifest: manifest(phases, seconds, heads, interrupted), summary, recorder }
}

struct Fired {
    /// Each attempt: where, how long, how it ended.
    attempts: Vec<(RegionId, f64, Outcome)>,
    /// Waits between attempts.
    pause: f64,
}

fn fire(kind: Kind, congestion: f64, draws: &mut Draws) -> Fired {
    let region = |code: &str| code.parse::<RegionId>().unwrap();
    let mut around = |median: f64, spread: f64| LogNormal::new(median.ln(), spread).unwrap().sample(draws);
    // Log-normal around 1 with spread 1: above 1.4 with a chance of 37 %.
    let (luck, again) = (around(1.0, 1.0), around(1.0, 1.0));
    let throttled = congestion > 0.0 && luck > 1.4;
    let home = RegionId::SYDNEY;
    let refused = (home, around(0.06, 0.2), Outcome::Throttled);
    let local = around(1.1 * (1.0 + 1.2 * congestion), 0.35);
    let attempts = match kind {
        Kind::Home if throttled && again > 1.4 => vec![refused, refused, refused],
        Kind::Home if throttled => vec![refused, refused, (home, local, Outcome::Ok)],
        Kind::Dead => vec![refused],
        Kind::Spill if throttled => vec![refused, (region("ap-southeast-1"), around(1.45, 0.3), Outcome::Ok)],
        Kind::Profile => vec![(home, around(1.25 * (1.0 + 0.4 * congestion), 0.4), Outcome::Ok)],
        Kind::Far => vec![(region("us-west-2"), around(1.3, 0.3), Outcome::Ok)],
        Kind::Home | Kind::Spill => vec![(home, local, Outcome::Ok)],
    };
    let pause = if matches!(kind, Kind::Home) { around(0.9, 0.5) } else { 0.0 };
    Fired { attempts, pause }
}

fn put(recorder: &mut Recorder, (route, index, phase): (u16, u32, u16), intended: RunTime, fired: &Fired) {
    let (mut now, mut last_sent) = (intended, intended);
    let mut attempts = Vec::new();
    for (i, (region, took, outcome)) in fired.attempts.iter().enumerate() {
        if i > 0 {
            now = now + Duration::from_secs_f64(fired.pause * i as f64);
        }
        last_sent = now;
        now = now + Duration::from_secs_f64(*took);
        let answered = outcome.is_ok();
        let attempt = AttemptRecord {
            route,
            index,
            attempt: i as u16,
            region: *region,
            target: 0,
            asked_tokens: 400,
            sent: Some(last_sent),
            head: None,
            first_token: answered.then(|| last_sent + Duration::from_secs_f64(took * 0.4)),
            last_token: answered.then_some(now),
            finished: now,
            outcome: *outcome,
            http_status: None,
            error: None,
            request_id: None,
            acquisition: None,
            usage: answered.then_some(Usage { input_tokens: 400, output_tokens: 60 }),
            place: None,
            queued: None,
            service_latency: answered.then(|| Duration::from_secs_f64(took * 0.9)),
        };
        attempts.push(attempt);
    }
    let (region, _, outcome) = fired.attempts[fired.attempts.len() - 1];
    let request = RequestRecord {
        route,
        index,
        phase,
        intended,
        sent: Some(intended),
        last_sent: Some(last_sent),
        first_token: attempts.last().and_then(|attempt| attempt.first_token),
        last_token: None,
        finished: now,
        outcome,
        attempts: fired.attempts.len() as u16,
        region: Some(region),
        usage: None,
        prompt_hash: None,
    };
    recorder.count(&request, &attempts);
}

fn manifest(phases: Phases, seconds: f64, routes: Vec<RouteHead>, interrupted: bool) -> Manifest {
    let span = |seconds| Span(Duration::from_secs_f64(seconds));
    let config = EffectiveConfig {
        profile: "apac".into(),
        workload: "chat".into(),
        scenario: Some("congested-sydney".into()),
        workload_facts: vec![],
        latency: None,
        set: vec![],
        api: "converse-stream".into(),
        load: format!("{RPS}/s poisson"),
        kind: Loop::Open,
        clients: 1,
        concurrency: None,
        arrival: Some("poisson".into()),
        rps: Some(Rate(f64::from(RPS))),
        stages: vec![],
        trace: None,
        blocks: 1,
        duration: span(seconds),
        warmup: span(WARMUP),
        seed: SEED,
        slos: vec![],
        gates: vec![],
        in_flight: 1_000,
        prewarm: 8,
        connections: 4,
        connect_timeout: span(5.0),
        first_token_timeout: span(30.0),
        event_timeout: span(30.0),
        request_timeout: span(60.0),
        residency: vec![],
        endpoints: BTreeMap::new(),
        routes,
        files: Default::default(),
        phases,
    };
    Manifest {
        schema: SCHEMA,
        version: "0.1.0".into(),
        world: World::Mock,
        started: "2026-02-14T03:04:05Z".into(),
        started_unix_nanos: 0,
        host: Host { os: "linux".into(), arch: "x86_64".into(), cores: 8 },
        config_hash: config.hash(),
        prices: vec![],
        config,
        blocks: vec![],
        shard: None,
        start_at: None,
        clock: None,
        merged: vec![],
        finished: Some(Finished {
            unix_nanos: 0,
            interrupted,
            stopped: None,
            requests: 0,
            evidence: Default::default(),
        }),
    }
}
