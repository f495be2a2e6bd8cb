//! A sweep over queues that never were: M/M/c behind a round trip, in place of a simulator.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{LazyLock, Mutex};
use std::time::Duration;

use rand_distr::{Distribution, Exp};

use super::*;
use crate::core::phase::Phases;
use crate::core::price::{Price, PricedTarget};
use crate::core::record::{AttemptRecord, RequestRecord, Usage};
use crate::core::region::Jurisdiction;
use crate::core::residency::Standing;
use crate::core::run::{RouteHead, TargetHead, World};
use crate::core::seed::Purpose;
use crate::core::units::Span;
use crate::core::{Outcome, RegionId, RequestKey, RunTime, Seed};
use crate::measure::Recorder;
use crate::measure::series::Level;

const WARMUP: Duration = Duration::from_secs(10);
const MEASURED: Duration = Duration::from_secs(60);
const DEADLINE: Duration = Duration::from_secs(60);
const USAGE: Usage = Usage { input_tokens: 400, output_tokens: 60 };

/// A Region of the fixture.
pub struct Queue {
    region: &'static str,
    /// Seconds.
    round_trip: f64,
    /// Mean time in a slot, exponential, in seconds.
    pub service: f64,
    pub slots: usize,
    /// Requests per second beyond which it throttles, as a steady trickle.
    quota: f64,
}

pub const NEAR: usize = 0;

pub const QUEUES: [Queue; 2] = [
    Queue { region: "ap-southeast-2", round_trip: 0.004, service: 0.8, slots: 40, quota: 45.0 },
    Queue { region: "us-west-2", round_trip: 0.14, service: 0.95, slots: 200, quota: f64::INFINITY },
];

/// Queues in the order in which a route of that name tries them.
fn tried(route: &str) -> &'static [usize] {
    match route {
        "oregon" => &[1],
        "sydney→oregon" => &[0, 1],
        _ => &[0],
    }
}

/// Slots that become free, in nanoseconds, and when the quota has room again, in seconds.
struct Busy(BinaryHeap<Reverse<u64>>, f64);

/// One route at one load under one seed; remembered, for the tests all ask for the same.
fn simulate(route: &str, rps: f64, seed: u64, question: &Question) -> Point {
    type Known = BTreeMap<(&'static [usize], u64, u64), Point>;
    static KNOWN: Mutex<Known> = Mutex::new(BTreeMap::new());
    let key = (tried(route), rps.to_bits(), seed);
    let known = KNOWN.lock().unwrap().get(&key).cloned();
    known.unwrap_or_else(|| {
        let point = fire(route, rps, seed, question);
        KNOWN.lock().unwrap().insert(key, point.clone());
        point
    })
}

fn fire(route: &str, rps: f64, seed: u64, question: &Question) -> Point {
    let phases = Phases::lay_out(WARMUP, MEASURED, &[]);
    let mut recorder = Recorder::new(phases.clone(), question.slos.clone(), 1);
    let mut arrivals = Seed(seed).stream(Purpose::Arrivals);
    let gap = Exp::new(1.0).unwrap();
    let mut busy = QUEUES.map(|queue| Busy(BinaryHeap::from(vec![Reverse(0); queue.slots]), 0.0));
    let (mut at, end) = (0.0, (WARMUP + MEASURED).as_secs_f64());
    for index in 0.. {
        at += gap.sample(&mut arrivals) / rps;
        if at >= end {
            break;
        }
        let intended = RunTime::from_secs_f64(at);
        recorder.planned_for(0, intended);
        let (mut now, mut outcome, mut region) = (at, Outcome::Throttled, RegionId::SYDNEY);
        let mut first_token = None;
        let tried = tried(route);
        for (attempt, queue) in tried.iter().enumerate() {
            let (busy, queue) = (&mut busy[*queue], &QUEUES[*queue]);
            region = queue.region.parse().unwrap();
            if busy.1 > now {
                outcome = Outcome::Throttled;
                now += queue.round_trip;
            } else {
                busy.1 = busy.1.max(now - 1.0) + 1.0 / queue.quota;
                let draw = Exp::new(1.0 / queue.service).unwrap();
                let key = RequestKey(u64::from(index));
                let service: f64 = draw.sample(&mut Seed(seed).stem(Purpose::FirstToken, region).draws(key, 0));
                let free = RunTime::from_nanos(busy.0.pop().unwrap().0).as_secs_f64();
                let start = (now + queue.round_trip / 2.0).max(free);
                busy.0.push(Reverse(RunTime::from_secs_f64(start + service).as_nanos()));
                now = (start + service + queue.round_trip / 2.0).min(at + DEADLINE.as_secs_f64());
                outcome = if now - at < DEADLINE.as_secs_f64() { Outcome::Ok } else { Outcome::Timeout };
                first_token = Some(start + service * 0.4 + queue.round_trip / 2.0).filter(|_| outcome.is_ok());
            }
            let usage = outcome.is_ok().then_some(USAGE);
            recorder.attempt(&record(attempt as u16, region, now, outcome, usage), intended);
            if outcome != Outcome::Throttled {
                break;
            }
        }
        recorder.request(&RequestRecord {
            route: 0,
            index,
            phase: phases.index_at(intended) as u16,
            intended,
            sent: Some(intended),
            last_sent: Some(intended),
            first_token: first_token.map(RunTime::from_secs_f64),
            last_token: None,
            finished: RunTime::from_secs_f64(now),
            outcome,
            attempts: 1,
            region: Some(region),
            usage: None,
            prompt_hash: None,
        });
    }
    Point::read((&recorder, 0), (rps, seed), &Watched::for_slos(&question.slos), &prices(route))
}

fn record(attempt: u16, region: RegionId, finished: f64, outcome: Outcome, usage: Option<Usage>) -> AttemptRecord {
    AttemptRecord {
        asked_tokens: 400,
        place: None,
        route: 0,
        index: 0,
        attempt,
        region,
        target: attempt,
        sent: None,
        head: None,
        first_token: None,
        last_token: None,
        finished: RunTime::from_secs_f64(finished),
        outcome,
        http_status: None,
        error: None,
        request_id: None,
        acquisition: None,
        usage,
        queued: None,
        service_latency: None,
    }
}

fn prices(route: &str) -> Vec<PricedTarget> {
    let target = |queue: &usize| {
        let price = Price { input: 2.2, output: 11.0, source: "test".into(), date: "2026-11-23".into() };
        PricedTarget { region: QUEUES[*queue].region.parse().unwrap(), model: "model".into(), price }
    };
    tried(route).iter().map(target).collect()
}

/// A point without a measurement.
pub fn bare_point(key: Key) -> Point {
    Point {
        rps: key.rps(),
        seed: key.seed,
        planned: 0,
        outcomes: BTreeMap::new(),
        good: 0,
        levels: vec![],
        attempts: 0,
        throttled_attempts: 0,
        processed_tokens: BTreeMap::new(),
        cost_usd: 0.0,
    }
}

pub fn question() -> Question {
    Question {
        routes: vec!["sydney".into(), "oregon".into()],
        loads: (0..12).map(|i| 5.0 + f64::from(i) * 115.0 / 11.0).collect(),
        seeds: 5,
        slos: vec!["ttft:p95<1500ms".parse().unwrap()],
        deadline: DEADLINE,
        closer: true,
    }
}

pub fn explored(question: &Question, cores: usize) -> (Findings, Vec<Vec<Point>>) {
    let measure = |key: Key| simulate(&question.routes[key.route], key.rps(), 42 + key.seed, question);
    let mut engine = Engine::new(measure, cores, &Unwatched);
    let findings = explore(&mut engine, question);
    (findings, engine.into_points(question.routes.len()))
}

/// Three routes, one of which throttles and one of which falls back.
pub fn swept() -> &'static Sweep {
    static SWEPT: LazyLock<Sweep> = LazyLock::new(|| sweep_of(&["sydney", "oregon", "sydney→oregon"]));
    &SWEPT
}

pub fn sweep_of(routes: &[&str]) -> Sweep {
    let question = Question { routes: routes.iter().map(|route| (*route).to_owned()).collect(), ..question() };
    let (findings, points) = explored(&question, 4);
    let head = |name: &String| RouteHead {
        name: name.clone(),
        label: name.clone(),
        policy: if tried(name).len() > 1 { "fallback" } else { "pinned" }.into(),
        standing: if name == "oregon" { Standing::Reference } else { Standing::Candidate },
        targets: tried(name).iter().map(|queue| target_head(QUEUES[*queue].region)).collect(),
    };
    let routes = question.routes.iter().zip(findings.knees).zip(points).map(|((name, knee), points)| RouteSweep {
        head: head(name),
        prices: prices(name),
        knee,
        points,
    });
    Sweep {
        schema: SCHEMA,
        version: "0.1.0".into(),
        world: World::Sim,
        started: "2026-11-23T03:04:05Z".into(),
        setting: Setting {
            profile: "candidates".into(),
            workload: "chat".into(),
            scenario: Some("congested".into()),
            latency: None,
            set: vec![],
            arrival: "poisson".into(),
            warmup: Span(WARMUP),
            duration: Span(MEASURED),
            deadline: Span(DEADLINE),
            residency: vec![Jurisdiction::Australia],
            seed: 42,
        },
        loads: question.loads.clone(),
        seeds: question.seeds,
        closer: question.closer,
        slos: question.slos.clone(),
        routes: routes.collect(),
        pairs: findings.pairs,
    }
}

fn target_head(region: &str) -> TargetHead {
    let region: RegionId = region.parse().unwrap();
    TargetHead { region, model: "model".into(), processed_in: region.name().into() }
}

/// A candidate that was simulated to this TTFT p95 and USD per 1,000 good answers, against 1.5 s; at twice the load
/// it is a second more.
pub fn candidate(name: &str, ttft_ms: u64, cost: f64) -> advice::Candidate {
    let held = |rps: f64, ttft_ms: u64| {
        let slo: crate::core::slo::Slo = "ttft:p95<1500ms".parse().unwrap();
        let time = Duration::from_millis(ttft_ms);
        let seeds = [time, time.mul_f64(0.99), time.mul_f64(0.98)];
        let met = seeds.iter().filter(|time| **time < slo.limit).count();
        let value = Spread::of(seeds.map(Level::At));
        advice::Held {
            rps,
            planned: 108_000,
            slos: vec![advice::HeldSlo { slo, value, met, seeds: 3 }],
            ttft_p95: value,
            response_p95: value,
            cost_per_thousand_good: Spread::of([cost]),
            good_share: 0.99,
            throttled_share: 0.012,
        }
    };
    let head = RouteHead {
        name: name.into(),
        label: name.into(),
        policy: if tried(name).len() > 1 { "fallback" } else { "pinned" }.into(),
        standing: Standing::Candidate,
        targets: tried(name).iter().map(|queue| target_head(QUEUES[*queue].region)).collect(),
    };
    advice::Candidate { head, refused: None, asked: held(20.0, ttft_ms), doubled: held(40.0, ttft_ms + 1_000) }
}
