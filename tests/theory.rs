//! The simulator against queueing theory: Erlang's delay formula, Pollaczek and Khinchine's mean, and what a
//! token bucket refuses. Each comparison is a t-interval over twenty seeds. All of them together hold in 99 of
//! 100 choices of seeds (Bonferroni), and none is wider than 2 % of what it checks on either side.

use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::record::{AttemptRecord, RequestRecord};
use bedbench::core::region::Jurisdiction;
use bedbench::core::request::Timeouts;
use bedbench::core::residency::{Destination, InferenceProfiles, Residency, Standing};
use bedbench::core::units::Rate;
use bedbench::core::{Outcome, RegionId, RunTime, Seed};
use bedbench::drive::sim::{ClientModel, Opening, SimSpec, Sink, simulate};
use bedbench::plan::Load;
use bedbench::plan::arrival::{self, Settings};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::workload::Workload;
use bedbench::profile::Models;
use bedbench::region::conditions::Condition;
use bedbench::region::quota::{QuotaSpec, Window};
use bedbench::region::{Conditions, Law, PlaceSpec};
use bedbench::routing;
use bedbench::stats::student;

const MODEL: &str = "amazon.nova-lite-v1:0";
const SEEDS: std::ops::RangeInclusive<u64> = 1..=20;
/// Of the family: all comparisons of this file that are not ignored.
const CONFIDENCE: f64 = 0.99;
const COMPARISONS: f64 = 12.0;
/// Widest interval on either side, as a share of the theoretical value.
const WIDEST: f64 = 0.02;
/// The unit of time of every queue here; for the bucket, the time in which one request's worth flows in.
const SERVICE: Duration = Duration::from_secs(1);
/// Beyond this a wait counts as long.
const LONG: Duration = Duration::from_millis(500);
/// Servers of the queue with several: as few as make it differ from a queue with one.
const SERVERS: usize = 2;

/// A system whose answer is known.
struct Queue {
    /// Requests per second.
    arrivals: f64,
    slots: usize,
    service: Law,
    quota: Option<QuotaSpec>,
}

/// What came of the requests after the warm-up.
#[derive(Default)]
struct Seen {
    /// Those before this one are the warm-up: queues start empty and buckets full.
    from: u32,
    requests: u64,
    refused: u64,
    waited: Duration,
    waited_long: u64,
}

impl Seen {
    fn share(&self, of: u64) -> f64 {
        of as f64 / self.requests as f64
    }

    /// Seconds.
    fn mean_wait(&self) -> f64 {
        self.waited.as_secs_f64() / self.requests as f64
    }
}

impl Sink for Seen {
    fn record(&mut self, request: &RequestRecord, attempts: &[AttemptRecord]) {
        if request.index < self.from {
            return;
        }
        self.requests += 1;
        match request.outcome {
            Outcome::Throttled => self.refused += 1,
            Outcome::Ok => {
                let queued = attempts[0].queued.expect("it was served, and the simulator knows when");
                self.waited += queued;
                self.waited_long += u64::from(queued > LONG);
            }
            other => panic!("request {} ended as {other:?}", request.index),
        }
    }

    fn stop(&mut self, _: RunTime) -> bool {
        false
    }
}

impl Queue {
    /// Simulates about so many requests, the first fiftieth as warm-up: many times what any of these queues
    /// needs to forget how it began.
    fn simulate(&self, seed: u64, requests: u32) -> Seen {
        let seed = Seed(seed);
        let workload = Workload::fixed(1, 1);
        let length = Duration::from_secs_f64(f64::from(requests) / self.arrivals);
        let rates = RateCurve::level(Rate(self.arrivals), length);
        let poisson = arrival::find("poisson").expect("it is listed");
        let load = Load::new(rates, poisson, Settings::default(), &workload, seed);
        let target = sydney();
        let place = PlaceSpec {
            region: RegionId::SYDNEY,
            rtt: Duration::ZERO,
            jitter: Duration::ZERO,
            slots: self.slots,
            queue: usize::MAX,
            ttft: self.service,
            per_input_token: Duration::ZERO,
            tpot: Law::Fixed(Duration::ZERO),
            quotas: self.quota.map(|quota| (target.pool(), quota)).into_iter().collect(),
            conditions: Conditions::constant(Condition::default()),
        };
        let patience = SERVICE * 10_000;
        let timeouts =
            Timeouts { connect: patience, first_token: patience, between_events: patience, request: patience };
        let spec = SimSpec {
            position: 0,
            policy: (routing::find("pinned").expect("it is listed").build)(&routing::Settings::new(1), seed),
            targets: &[target],
            places: vec![place],
            models: &Models::built_in().expect("the shipped table is sound"),
            workload: &workload,
            seed,
            phases: &Phases::lay_out(Duration::ZERO, length, &[]),
            client: ClientModel {
                timeouts,
                in_flight: usize::MAX,
                prewarm: 0,
                streams: false,
                opening: Opening::First,
            },
        };
        let mut seen = Seen { from: requests / 50, ..Seen::default() };
        simulate(spec, load.requests().peekable(), &mut seen);
        seen
    }

    /// So many requests under every seed.
    fn under_all_seeds(&self, requests: u32) -> Vec<Seen> {
        SEEDS.map(|seed| self.simulate(seed, requests)).collect()
    }
}

fn sydney() -> Destination {
    let residency = Residency::new([Jurisdiction::Australia], InferenceProfiles::default());
    residency.admit(RegionId::SYDNEY, MODEL, Standing::Candidate).expect("a plain model id stays in its Region")
}

#[track_caller]
fn hold(what: &str, seen: &[Seen], number: impl Fn(&Seen) -> f64, theory: f64) {
    let numbers: Vec<_> = seen.iter().map(number).collect();
    let mean = student::mean(&numbers);
    let half = student::half_width(&numbers, 1.0 - (1.0 - CONFIDENCE) / COMPARISONS).expect("twenty seeds");
    let text = format!("{what}: {mean:.5} ± {half:.5} simulated, {theory:.5} in theory");
    println!("{text} (± {:.2} %)", half / theory * 100.0);
    assert!((mean - theory).abs() <= half, "{text}");
    assert!(half <= WIDEST * theory, "too wide, simulate more: {text}");
}

/// Poisson arrivals, exponential service, `c` servers. An arrival has to wait with the probability
/// C = a^c/c! / (a^c/c! + (1 − ρ) Σ_{k<c} a^k/k!) with a = cρ; its wait has mean C·S / (c(1 − ρ)) and
/// P(W > t) = C·e^(−c(1 − ρ)t/S), S being the mean service time.
///
/// A. K. Erlang (1917), "Solution of some problems in the theory of probabilities of significance in automatic
/// telephone exchanges".
fn erlang(utilisation: f64, requests: u32) {
    let (c, service) = (SERVERS as f64, SERVICE.as_secs_f64());
    let offered = c * utilisation;
    let mut term = 1.0;
    let mut below = 0.0;
    for k in 0..SERVERS {
        below += term;
        term *= offered / (k + 1) as f64;
    }
    let waits = term / (term + (1.0 - utilisation) * below);
    let drain = c * (1.0 - utilisation) / service;
    let queue = Queue { arrivals: offered / service, slots: SERVERS, service: Law::Exponential(SERVICE), quota: None };
    let seen = queue.under_all_seeds(requests);
    hold(&format!("M/M/{SERVERS} at {utilisation}, mean wait"), &seen, Seen::mean_wait, waits / drain);
    let long = waits * (-drain * LONG.as_secs_f64()).exp();
    hold(&format!("M/M/{SERVERS} at {utilisation}, P(wait > {LONG:?})"), &seen, |s| s.share(s.waited_long), long);
}

/// Poisson arrivals, fixed service, one server: mean wait ρS / 2(1 − ρ).
///
/// F. Pollaczek (1930), "Über eine Aufgabe der Wahrscheinlichkeitstheorie"; A. Y. Khinchine (1932),
/// "Mathematical theory of a stationary queue".
fn pollaczek_khinchine(utilisation: f64, requests: u32) {
    let service = SERVICE.as_secs_f64();
    let queue = Queue { arrivals: utilisation / service, slots: 1, service: Law::Fixed(SERVICE), quota: None };
    let theory = utilisation * service / (2.0 * (1.0 - utilisation));
    let seen = queue.under_all_seeds(requests);
    hold(&format!("M/D/1 at {utilisation}, mean wait"), &seen, Seen::mean_wait, theory);
}

/// What a bucket of `capacity` requests refuses, under Poisson arrivals of λ = ρr where it fills at r.
///
/// What is missing in it, in requests, times D = 1/r is the workload of a queue: each admitted request adds D,
/// time works it off, and an arrival is admitted if at most K = capacity − 1 requests are missing. Below the
/// limit that queue obeys the same balance of up- and downcrossings as the M/D/1 queue without one, so its
/// workload has the distribution F(x) = b·F∞(x) for x ≤ K, and F(0) = b(1 − ρ). Arrivals see time averages,
/// so F(K) of them are admitted, and what they bring is what is worked off: 1 − F(0) = ρF(K). That gives b, and
/// the share refused: 1 − F(K) = (1 − ρ)(1 − F∞(K)) / (1 − ρ(1 − F∞(K))).
///
/// F∞(x) = (1 − ρ) Σ_{j ≤ x} (ρ(j − x))^j/j! · e^(−ρ(j − x)), x in units of D: A. K. Erlang (1909), "The theory
/// of probabilities and telephone conversations".
fn bucket(utilisation: f64, capacity: f64, requests: u32) {
    let limit = capacity - 1.0;
    let mut within = 0.0;
    let mut factorial = 1.0;
    for j in 0..=limit.floor() as i32 {
        factorial *= f64::from(j.max(1));
        let power = utilisation * (f64::from(j) - limit);
        within += power.powi(j) / factorial * (-power).exp();
    }
    let beyond = 1.0 - (1.0 - utilisation) * within;
    let theory = (1.0 - utilisation) * beyond / (1.0 - utilisation * beyond);
    let quota = QuotaSpec {
        requests_per_minute: Some(60.0 / SERVICE.as_secs_f64()),
        tokens_per_minute: None,
        window: Window::Bucket { burst: SERVICE.mul_f64(capacity) },
    };
    let queue = Queue {
        arrivals: utilisation / SERVICE.as_secs_f64(),
        slots: 1,
        service: Law::Fixed(Duration::ZERO),
        quota: Some(quota),
    };
    let seen = queue.under_all_seeds(requests);
    hold(&format!("bucket of {capacity} at {utilisation}, refused"), &seen, |s| s.share(s.refused), theory);
}

#[test]
fn waits_for_one_of_several_servers_at_0_30() {
    erlang(0.30, 150_000);
}

#[test]
fn waits_for_one_of_several_servers_at_0_60() {
    erlang(0.60, 150_000);
}

#[test]
fn waits_for_one_of_several_servers_at_0_85() {
    erlang(0.85, 600_000);
}

#[test]
fn waits_for_a_server_that_always_takes_as_long_at_0_30() {
    pollaczek_khinchine(0.30, 60_000);
}

#[test]
fn waits_for_a_server_that_always_takes_as_long_at_0_60() {
    pollaczek_khinchine(0.60, 100_000);
}

#[test]
fn waits_for_a_server_that_always_takes_as_long_at_0_85() {
    pollaczek_khinchine(0.85, 400_000);
}

#[test]
fn refusals_of_a_token_bucket_at_0_30() {
    bucket(0.30, 2.0, 100_000);
}

#[test]
fn refusals_of_a_token_bucket_at_0_60() {
    bucket(0.60, 3.5, 150_000);
}

#[test]
fn refusals_of_a_token_bucket_at_0_85() {
    bucket(0.85, 5.0, 200_000);
}

/// Near saturation a queue takes long to forget, and its intervals are as narrow only after tens of millions of
/// requests: `just theory`, which is `cargo test --test theory -- --include-ignored --nocapture`.
#[test]
#[ignore = "takes minutes: just theory"]
fn waits_and_refusals_at_0_95() {
    erlang(0.95, 6_000_000);
    pollaczek_khinchine(0.95, 4_000_000);
    bucket(0.95, 5.0, 200_000);
}
