//! A synthetic run for the tests of every report: small enough to reason about, rich enough to
//! show what reports get wrong.

use std::sync::LazyLock;
use std::time::Duration;

use rand_distr::{Distribution, LogNormal};

use super::Report;
use crate::core::phase::{PhaseShare, Phases};
use crate::core::price::{Price, PricedTarget, RoutePrices, UnpricedTarget};
use crate::core::record::{Acquisition, AttemptRecord, HttpVersion, RequestRecord, Usage};
use crate::core::region::Jurisdiction;
use crate::core::residency::Standing;
use crate::core::run::{Loop, RouteHead, TargetHead, World};
use crate::core::seed::Purpose;
use crate::core::units::{Rate, Span};
use crate::core::{Outcome, RegionId, RunTime, Seed};
use crate::measure::Context;
use crate::measure::Recorder;
use crate::measure::summary::Summary;
use crate::measure::verdict::Evidence;
use crate::store::Manifest;
use crate::store::manifest::{EffectiveConfig, Finished, Host, SCHEMA};

const SEED: Seed = Seed(42);
const RPS: u32 = 50;
const WARMUP: u64 = 5;

#[derive(Clone)]
pub struct Run {
    pub manifest: Manifest,
    pub recorder: Recorder,
    pub summary: Summary,
}

impl Run {
    pub fn report(&self) -> Report<'_> {
        Report { manifest: &self.manifest, summary: &self.summary, recorder: &self.recorder }
    }
}

/// Four routes for a minute: Sydney is congested for the middle third and throttles, the spill
/// route escapes to Singapore, and Oregon is outside the residency.
pub fn congested() -> &'static Run {
    static RUN: LazyLock<Run> = LazyLock::new(|| run(60, true));
    &RUN
}

/// The same routes, interrupted before anything was fired.
pub fn empty() -> Run {
    let mut run = run(0, true);
    run.summary.interrupted = true;
    run
}

/// Sydney alone and undisturbed: nothing to compare, one phase.
pub fn alone() -> Run {
    run(60, false)
}

fn region(code: &str) -> RegionId {
    code.parse().expect("a Region that bedbench knows")
}

fn head(name: &str, label: &str, policy: &str, standing: Standing, targets: &[&str]) -> RouteHead {
    let targets = targets.iter().map(|code| TargetHead {
        region: region(code),
        model: "vendor.model-v1:0".into(),
        processed_in: region(code).name().into(),
    });
    RouteHead { name: name.into(), label: label.into(), policy: policy.into(), standing, targets: targets.collect() }
}

fn heads() -> Vec<RouteHead> {
    use Standing::{Candidate, Reference};
    let (sydney, singapore) = ("ap-southeast-2", "ap-southeast-1");
    vec![
        head("sydney", "Sydney", "pinned", Candidate, &[sydney]),
        head("sydney→singapore", "Sydney, then Singapore", "fallback", Candidate, &[sydney, singapore]),
        head("singapore", "Singapore", "pinned", Candidate, &[singapore]),
        head("oregon", "Oregon", "pinned", Reference, &["us-west-2"]),
    ]
}

/// Everything is priced but Singapore.
fn prices(routes: &[RouteHead]) -> Vec<RoutePrices> {
    let of_route = |route: &RouteHead| {
        let (unknown, known): (Vec<_>, Vec<_>) =
            route.targets.iter().partition(|t| t.region == region("ap-southeast-1"));
        let price = Price { input: 2.2, output: 11.0, source: "a price list".into(), date: "2026-11-20".into() };
        let priced = |target: &&TargetHead| PricedTarget {
            region: target.region,
            model: target.model.clone(),
            price: price.clone(),
        };
        let unpriced = |target: &&TargetHead| UnpricedTarget {
            region: target.region,
            model: target.model.clone(),
            reason: format!("no price is known for `{}` in-region in Singapore", target.model),
        };
        RoutePrices {
            known: known.iter().map(priced).collect(),
            unknown: unknown.iter().map(unpriced).collect(),
            warnings: vec![],
        }
    };
    routes.iter().map(of_route).collect()
}

fn run(fired_seconds: u32, comparing: bool) -> Run {
    let share = |name: &str| PhaseShare { name: name.into(), share: 1.0, steady: true };
    let shares = if comparing { vec![share("calm"), share("congested"), share("recovery")] } else { vec![] };
    let phases = Phases::lay_out(Duration::from_secs(WARMUP), Duration::from_secs(60), &shares);
    let slos = if comparing { vec!["ttft:p95<900ms".parse().expect("an SLO")] } else { vec![] };
    let routes: Vec<_> = heads().into_iter().take(if comparing { 4 } else { 1 }).collect();
    let mut recorder = Recorder::new(phases.clone(), slos.clone(), routes.len());
    let fired = if fired_seconds == 0 { 0 } else { (fired_seconds + WARMUP as u32) * RPS };
    for index in 0..fired {
        let intended = RunTime::from_secs_f64(f64::from(index) / f64::from(RPS));
        (0..routes.len()).for_each(|route| recorder.planned_for(route, intended));
        for route in 0..routes.len() {
            fire(&mut recorder, index, intended, route, comparing);
        }
    }
    let evidence = Evidence { client_cpu: Some(0.34), pacer_cpu: Some(0.61), ..Evidence::default() };
    let context = Context {
        world: World::Mock,
        kind: Loop::Open,
        seed: SEED,
        stopped: None,
        blocks: vec![],
        routes: routes.clone(),
        prices: prices(&routes),
        evidence,
    };
    let (summary, prices) = (Summary::new(&recorder, context), prices(&routes));
    let config = EffectiveConfig {
        profile: "apac".into(),
        workload: "chat".into(),
        scenario: comparing.then(|| "congested-sydney".into()),
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
        duration: Span(Duration::from_secs(60)),
        warmup: Span(Duration::from_secs(WARMUP)),
        seed: SEED,
        slos,
        gates: vec![],
        in_flight: 1_000,
        prewarm: 8,
        connections: 4,
        connect_timeout: Span(Duration::from_secs(3)),
        first_token_timeout: Span(Duration::from_secs(20)),
        event_timeout: Span(Duration::from_secs(10)),
        request_timeout: Span(Duration::from_secs(60)),
        residency: vec![Jurisdiction::Australia, Jurisdiction::Singapore],
        endpoints: Default::default(),
        routes,
        files: Default::default(),
        phases,
    };
    let manifest = Manifest {
        schema: SCHEMA,
        version: "0.1.0".into(),
        world: World::Mock,
        started: "2026-11-22T03:14:15Z".into(),
        started_unix_nanos: 0,
        host: Host { os: "linux".into(), arch: "x86_64".into(), cores: 8 },
        config_hash: "0123456789abcdef".into(),
        prices,
        config,
        blocks: vec![],
        shard: None,
        start_at: None,
        clock: None,
        merged: vec![],
        finished: Some(Finished {
            unix_nanos: 0,
            interrupted: false,
            stopped: None,
            requests: 0,
            evidence: Default::default(),
        }),
    };
    Run { manifest, recorder, summary }
}

/// One request along one route. Routes share each request's luck, as in a real run.
fn fire(recorder: &mut Recorder, index: u32, intended: RunTime, route: usize, comparing: bool) {
    let phase = recorder.phases().index_at(intended);
    let congested = comparing && recorder.phases().get(phase).name == "congested";
    let mut draws = SEED.indexed(Purpose::FirstToken, u64::from(index));
    let luck = LogNormal::new(0.0, 0.35).expect("a distribution").sample(&mut draws);
    let lag = Duration::from_micros(40 + u64::from(index % 100) * 3);
    let sent = intended + lag;
    let throttled = congested && index.is_multiple_of(5);
    let slow = if congested { 2.4 } else { 1.0 };
    let (sydney, singapore, oregon) = (region("ap-southeast-2"), region("ap-southeast-1"), region("us-west-2"));
    let ms = |value: f64| Duration::from_secs_f64(value / 1e3);
    // Which Regions are tried, and how each answers: milliseconds to the first token, if any.
    let tries = match route {
        0 if throttled => vec![(sydney, None)],
        0 => vec![(sydney, Some(330.0 * luck * slow))],
        1 if congested && index % 5 < 3 => vec![(sydney, None), (singapore, Some(430.0 * luck))],
        1 => vec![(sydney, Some(330.0 * luck * slow))],
        2 => vec![(singapore, Some(430.0 * luck))],
        _ if index % 997 == 3 => vec![(oregon, None)],
        _ => vec![(oregon, Some(420.0 * luck))],
    };
    let failure = if route == 3 { Outcome::Timeout } else { Outcome::Throttled };
    let (mut at, attempts) = (sent, tries.len());
    let mut records = Vec::new();
    for (attempt, (region, first)) in tries.into_iter().enumerate() {
        let last_sent = at;
        let first_token = first.map(|first| at + ms(first));
        let finished = first_token.map_or(at + ms(18.0), |first| first + ms(520.0 * luck.sqrt()));
        let outcome = if first.is_some() { Outcome::Ok } else { failure };
        let usage = first.map(|_| Usage { input_tokens: 400, output_tokens: 60 });
        let acquisition = Acquisition {
            took: Some(Duration::from_micros(20)),
            reused: !index.is_multiple_of(50),
            version: Some(HttpVersion::Http1),
        };
        let record = AttemptRecord {
            asked_tokens: 400,
            route: route as u16,
            index,
            attempt: attempt as u16,
            region,
            target: attempt as u16,
            sent: Some(at),
            head: first_token,
            first_token,
            last_token: first.map(|_| finished),
            finished,
            outcome,
            http_status: Some(if first.is_some() { 200 } else { 429 }),
            error: (outcome == Outcome::Throttled)
                .then(|| "ThrottlingException: Too many requests, please wait before trying again.".into()),
            request_id: None,
            acquisition: Some(acquisition),
            usage,
            place: None,
            queued: None,
            service_latency: first_token.map(|_| finished.since(at).saturating_sub(ms(4.0))),
        };
        records.push(record);
        at = finished;
        if attempt + 1 == attempts {
            let request = RequestRecord {
                route: route as u16,
                index,
                phase: phase as u16,
                intended,
                sent: Some(sent),
                last_sent: Some(last_sent),
                first_token,
                last_token: first.map(|_| finished),
                finished,
                outcome,
                attempts: attempts as u16,
                region: Some(region),
                usage,
                prompt_hash: None,
            };
            recorder.count(&request, &records);
        }
    }
}
