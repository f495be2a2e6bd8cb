//! The simulator by itself: what its client sees of an answer, and that every request comes to its end once.

use crate::core::region::Jurisdiction;
use crate::core::residency::{InferenceProfiles, Residency, Standing};
use crate::core::units::Span;
use crate::core::{Outcome, Request};
use crate::plan::Load;
use crate::plan::arrival::{self, Settings as ArrivalSettings};
use crate::plan::rate_curve::RateCurve;
use crate::profile::{Loader, builtin};
use crate::region::conditions::Condition;
use crate::region::fault::{Fault, FaultKind};
use crate::region::{Conditions, Law};
use crate::routing::settings::{Hedge, HedgeAfter};
use crate::routing::{self, POLICIES, Settings};

use super::*;

const RTT: Duration = ms(100);
const TTFT: Duration = ms(500);
const GAP: Duration = ms(10);
const TOKENS: u32 = 11;
/// To the last token of an answer that found a slot and a connection: 100 + 500 + 10 · 10 ms.
const ANSWER: Duration = ms(700);
const SYDNEY: &str = "ap-southeast-2";
const MELBOURNE: &str = "ap-southeast-4";

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn at(millis: u64) -> RunTime {
    RunTime::from_duration(ms(millis))
}

/// One Region without limits or luck, and always as fast.
fn place(code: &str) -> PlaceSpec {
    PlaceSpec {
        region: code.parse().unwrap(),
        rtt: RTT,
        jitter: Duration::ZERO,
        slots: 10,
        queue: 10,
        ttft: Law::Fixed(TTFT),
        per_input_token: Duration::ZERO,
        tpot: Law::Fixed(GAP),
        quotas: vec![],
        conditions: Conditions::constant(Condition::default()),
    }
}

/// The same, where this goes wrong with every attempt.
fn faulty(code: &str, fault: Fault) -> PlaceSpec {
    let condition = Condition { faults: vec![fault], ..Condition::default() };
    PlaceSpec { conditions: Conditions::constant(condition), ..place(code) }
}

/// A connection for every request from the start.
fn client() -> ClientModel {
    let timeouts =
        Timeouts { connect: ms(3_000), first_token: ms(2_000), between_events: ms(1_000), request: ms(9_000) };
    ClientModel { timeouts, in_flight: 100, prewarm: 100, streams: true, opening: Opening::First }
}

/// Keeps everything, and stops when it is asked for the first time after this instant.
#[derive(Default)]
struct Kept {
    records: Vec<(RequestRecord, Vec<AttemptRecord>)>,
    stop: Option<RunTime>,
}

impl Sink for Kept {
    fn record(&mut self, request: &RequestRecord, attempts: &[AttemptRecord]) {
        self.records.push((request.clone(), attempts.to_vec()));
    }

    fn stop(&mut self, now: RunTime) -> bool {
        self.stop.is_some_and(|stop| now >= stop)
    }
}

/// Requests at these instants, along a route over all of `places`.
fn play(policy: &str, settings: &Settings, places: Vec<PlaceSpec>, client: ClientModel, starts: &[u64]) -> Kept {
    let residency = Residency::new([Jurisdiction::Australia], InferenceProfiles::default());
    let admit = |place: &PlaceSpec| residency.admit(place.region, "amazon.nova-lite-v1:0", Standing::Candidate);
    let targets: Vec<_> = places.iter().map(|place| admit(place).unwrap()).collect();
    let spec = SimSpec {
        position: 0,
        policy: (routing::find(policy).unwrap().build)(settings, Seed(7)),
        targets: &targets,
        places,
        models: &Models::built_in().unwrap(),
        workload: &Workload::fixed(10, TOKENS),
        seed: Seed(7),
        phases: &Phases::lay_out(Duration::ZERO, ms(60_000), &[]),
        client,
    };
    let requests = starts.iter().zip(0..).map(|(start, index)| Request {
        index,
        intended: at(*start),
        input_tokens: 10,
        max_tokens: TOKENS,
    });
    let mut kept = Kept::default();
    assert_eq!(simulate(spec, requests.peekable(), &mut kept), None);
    kept.records.sort_by_key(|(request, _)| request.index);
    kept
}

fn pinned(place: PlaceSpec, client: ClientModel, starts: &[u64]) -> Kept {
    play("pinned", &Settings::new(1), vec![place], client, starts)
}

impl Kept {
    /// How each request ended, and how long after its intended start in milliseconds.
    fn ends(&self) -> Vec<(Outcome, u128)> {
        self.records.iter().map(|(request, _)| (request.outcome, request.response_time().as_millis())).collect()
    }

    /// What the first attempt was told, in the words of a live run.
    fn error(&self) -> &str {
        self.records[0].1[0].error.as_deref().unwrap()
    }
}

#[test]
fn an_answer_takes_the_way_there_the_service_and_the_way_back() {
    let kept = pinned(place(SYDNEY), client(), &[0, 250]);
    for (request, attempts) in &kept.records {
        assert_eq!(request.outcome, Outcome::Ok);
        assert_eq!(request.ttft(), Some(RTT + TTFT));
        assert_eq!(request.response_time(), ANSWER);
        assert_eq!((attempts.len(), attempts[0].queued), (1, Some(Duration::ZERO)));
    }
}

#[test]
fn whoever_finds_all_slots_taken_waits_for_one_and_the_record_says_how_long() {
    let kept = pinned(PlaceSpec { slots: 1, queue: 1, ..place(SYDNEY) }, client(), &[0, 100, 200]);
    // A slot is held for 600 ms. The third finds the only place in the queue taken.
    assert_eq!(kept.ends(), [(Outcome::Ok, 700), (Outcome::Ok, 1_200), (Outcome::Unavailable, 100)]);
    assert_eq!(kept.records[1].1[0].queued, Some(ms(500)));
    assert_eq!(kept.records[2].1[0].queued, None);
}

#[test]
fn a_new_connection_costs_its_handshakes_before_the_request_or_on_its_way() {
    let cold = ClientModel { prewarm: 0, ..client() };
    for (opening, took) in [(Opening::First, 2 * RTT), (Opening::OnTheWay, Duration::ZERO)] {
        let kept = pinned(place(SYDNEY), ClientModel { opening, ..cold }, &[0, 5_000]);
        assert_eq!(kept.ends(), [(Outcome::Ok, 900), (Outcome::Ok, 700)], "{opening:?}");
        let connections = kept.records.iter().map(|(_, attempts)| attempts[0].acquisition.unwrap());
        let seen: Vec<_> = connections.map(|connection| (connection.reused, connection.took)).collect();
        assert_eq!(seen, [(false, Some(took)), (true, Some(Duration::ZERO))], "{opening:?}");
    }
}

#[test]
fn the_loser_of_a_hedge_is_cancelled_and_its_slot_is_free_again() {
    let slow = PlaceSpec { slots: 1, queue: 10, ttft: Law::Fixed(ms(4_000)), ..place(SYDNEY) };
    let hedge = Hedge { after: HedgeAfter::Delay(ms(300)), initial: None, budget: 1.0, brake: 1.0 };
    let settings = Settings { hedge, ..Settings::new(2) };
    let patient = ClientModel { timeouts: Timeouts { first_token: ms(9_000), ..client().timeouts }, ..client() };
    let kept = play("hedged", &settings, vec![slow, place(MELBOURNE)], patient, &[0, 1_500]);
    // 300 ms until the hedge is sent, and then an answer.
    assert_eq!(kept.ends(), [(Outcome::Ok, 1_000); 2]);
    for (request, attempts) in &kept.records {
        let ends: Vec<_> = attempts.iter().map(|attempt| (attempt.region.code(), attempt.outcome)).collect();
        assert_eq!(ends, [(SYDNEY, Outcome::Cancelled), (MELBOURNE, Outcome::Ok)]);
        assert_eq!(attempts[0].finished, request.finished, "cancelled when the other one won");
        assert_eq!(attempts[0].queued, Some(Duration::ZERO), "its only slot is not held for 4 s");
    }
}

#[test]
fn a_first_token_that_does_not_come_in_time_ends_the_attempt() {
    let slow = PlaceSpec { slots: 1, ttft: Law::Fixed(ms(5_000)), ..place(SYDNEY) };
    let hangs = faulty(SYDNEY, Fault::always(FaultKind::Hang));
    for (place, queued) in [(slow, Some(Duration::ZERO)), (hangs, None)] {
        let kept = pinned(place, client(), &[0, 3_000]);
        assert_eq!(kept.ends(), [(Outcome::Timeout, 2_000); 2]);
        assert_eq!(kept.error(), "bedbench's time limit for the first token ran out");
        assert!(kept.records.iter().all(|(request, _)| request.first_token.is_none()));
        assert_eq!(kept.records[1].1[0].queued, queued, "the first has left its slot");
    }
}

#[test]
fn a_stream_that_stalls_ends_after_the_time_between_events() {
    // Tokens come one and then four by four: the fifth is the last that comes, 640 ms after the start.
    let stalls = faulty(SYDNEY, Fault::always(FaultKind::Stall));
    let kept = pinned(stalls, client(), &[0]);
    assert_eq!(kept.ends(), [(Outcome::Timeout, 1_640)]);
    assert_eq!(kept.error(), "bedbench's time limit for the next event ran out");
    assert_eq!(kept.records[0].0.ttft(), Some(RTT + TTFT), "it had begun");
    // One that goes on in time is whole, and late.
    let pauses = faulty(SYDNEY, Fault { time: Some(Span(ms(900))), ..Fault::always(FaultKind::Stall) });
    assert_eq!(pinned(pauses, client(), &[0]).ends(), [(Outcome::Ok, 1_600)]);
}

#[test]
fn the_time_of_a_whole_request_cuts_off_what_is_left_of_it() {
    let brief = ClientModel { timeouts: Timeouts { request: ms(650), ..client().timeouts }, ..client() };
    let kept = pinned(place(SYDNEY), brief, &[0]);
    assert_eq!(kept.ends(), [(Outcome::Timeout, 650)]);
    assert_eq!(kept.error(), "bedbench's time limit for the whole request ran out");
    // Also where a policy would go on: nothing is sent from then on.
    let throttles = faulty(SYDNEY, Fault::named("ThrottlingException").unwrap());
    let kept = play("patient", &Settings::new(1), vec![throttles], brief, &[0]);
    let (request, attempts) = &kept.records[0];
    assert!(attempts.len() > 1 && !request.outcome.is_ok(), "{request:?}");
    assert!(attempts.iter().all(|attempt| attempt.sent.unwrap() < at(650) && attempt.finished <= at(650)));
}

#[test]
fn refused_connections_are_transport_errors_after_a_round_trip() {
    let closed = || faulty(SYDNEY, Fault::always(FaultKind::RefuseConnections));
    let cold = ClientModel { prewarm: 0, ..client() };
    let kept = pinned(closed(), cold, &[0]);
    assert_eq!(kept.ends(), [(Outcome::Transport, 100)]);
    assert_eq!(kept.records[0].1[0].acquisition, None, "it never had a connection");
    // A fallback goes elsewhere.
    let kept = play("fallback", &Settings::new(2), vec![closed(), place(MELBOURNE)], cold, &[0]);
    assert_eq!(kept.ends(), [(Outcome::Ok, 100 + 900)]);
}

#[test]
fn more_than_may_be_in_flight_is_shed() {
    let narrow = ClientModel { in_flight: 1, prewarm: 1, ..client() };
    let kept = pinned(place(SYDNEY), narrow, &[0, 100, 800]);
    assert_eq!(kept.ends(), [(Outcome::Ok, 700), (Outcome::Shed, 0), (Outcome::Ok, 700)]);
}

/// Three minutes of the built-in scenario `name` along three Regions.
fn scenario(name: &str, policy: &'static routing::Entry, kept: &mut Kept) -> (usize, Option<RunTime>) {
    let loader = Loader::built_in().unwrap();
    let (profile, scenario) = (loader.profile("candidates").unwrap(), loader.scenario(name).unwrap());
    let workload = loader.workload("chat").unwrap();
    let length = ms(180_000);
    let phases = Phases::lay_out(Duration::ZERO, length, &scenario.phases());
    let poisson = arrival::find("poisson").unwrap();
    let rates = RateCurve::level(Rate(60.0), length);
    let load = Load::new(rates, poisson, ArrivalSettings::default(), &workload, Seed(3));
    let settings = Settings::example(policy);
    // The pinned routes of the profile come first.
    let targets: Vec<_> = profile.routes.iter().take(settings.targets).map(|route| route.targets[0].clone()).collect();
    let spec = SimSpec {
        position: 0,
        policy: routing::fleet::build(policy, &settings, Seed(3), scenario.fleet()),
        targets: &targets,
        places: profile.places(|region| scenario.during(&phases, region)).unwrap(),
        models: &profile.models,
        workload: &workload,
        seed: Seed(3),
        phases: &phases,
        client: ClientModel::usual(Rate(60.0)),
    };
    let stopped = simulate(spec, load.requests().peekable(), kept);
    (load.requests().count(), stopped)
}

#[test]
fn every_request_is_recorded_once_under_every_policy_in_every_scenario() {
    for policy in POLICIES {
        for name in builtin::SCENARIOS.iter().map(|file| file.name) {
            let mut kept = Kept::default();
            let (planned, stopped) = scenario(name, policy, &mut kept);
            let mut indices: Vec<_> = kept.records.iter().map(|(request, _)| request.index as usize).collect();
            indices.sort_unstable();
            assert!(indices.into_iter().eq(0..planned), "{} in {name}", policy.name);
            assert_eq!(stopped, None);
            for (request, attempts) in &kept.records {
                assert_eq!(usize::from(request.attempts), attempts.len());
                let whole = attempts.iter().all(|attempt| {
                    request.intended <= attempt.sent.unwrap()
                        && attempt.sent.unwrap() <= attempt.finished
                        && attempt.finished <= request.finished
                });
                assert!(whole, "{} in {name}: {request:?} with {attempts:?}", policy.name);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_records() {
    for policy in POLICIES {
        let (mut one, mut other) = (Kept::default(), Kept::default());
        scenario("sydney-outage", policy, &mut one);
        scenario("sydney-outage", policy, &mut other);
        assert!(one.records == other.records, "{}", policy.name);
    }
}

#[test]
fn asked_to_stop_it_sends_nothing_more_and_waits_for_what_is_in_flight() {
    let mut kept = Kept { stop: Some(at(1)), ..Kept::default() };
    let (planned, stopped) = scenario("calm", routing::find("pinned").unwrap(), &mut kept);
    let stopped = stopped.expect("it was asked to");
    assert!(kept.records.len() < planned);
    assert!(kept.records.iter().all(|(request, _)| request.intended <= stopped));
    let late = kept.records.iter().filter(|(request, _)| request.finished > stopped);
    assert!(late.clone().count() > 10, "60 requests a second are in flight for a second or two");
    assert!(late.into_iter().all(|(request, _)| request.outcome != Outcome::Cancelled));
}
