//! What each built-in scenario promises happens, and happens nowhere else: 50 requests per second of
//! `chat`, along the pinned routes of `candidates`, in the Region model alone.

use std::collections::HashMap;
use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::residency::Processing;
use bedbench::core::units::Rate;
use bedbench::core::{RunTime, Seed};
use bedbench::plan::arrival::{self, Settings};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::{Load, Plan};
use bedbench::profile::{Loader, Scenario, builtin};
use bedbench::region::call::{Call, Effect, Input, Refusal, Ticket, Timeline};
use bedbench::region::fault::Exception;
use bedbench::region::{Service, World};

const WARM_UP: Duration = Duration::from_secs(5);
const MEASURED: Duration = Duration::from_secs(60);

/// Every scenario but `calm`: the phase in its middle, and where that differs from the phases around it.
const PROMISED: &[(&str, &str, &[&str])] = &[
    ("congested", "congested", &["Sydney", "Melbourne", "Singapore", "Oregon"]),
    ("throttle-storm", "storm", &["Sydney"]),
    ("sydney-outage", "outage", &["Sydney", "Singapore", "Oregon"]),
    ("singapore-slow", "slow", &["Singapore"]),
    ("cold-start", "cold", &["Sydney"]),
    ("brown-out", "brown-out", &["Sydney", "Melbourne", "Singapore", "Oregon"]),
    ("token-bound", "token-bound", &["Sydney"]),
    ("herd", "herd", &["Sydney", "Singapore"]),
];

fn scenario(name: &str) -> Scenario {
    Loader::built_in().unwrap().scenario(name).unwrap()
}

fn phases(of: &Scenario) -> Phases {
    Phases::lay_out(WARM_UP, MEASURED, &of.phases())
}

/// What became of one request.
struct Seen {
    phase: String,
    /// Since the start of its phase.
    at: Duration,
    answer: Result<Timeline, Refusal>,
}

struct Played(Vec<Seen>);

/// One pinned route of `candidates` through a scenario.
fn play(name: &str, route: &str) -> Played {
    let (loader, scenario) = (Loader::built_in().unwrap(), scenario(name));
    let (profile, workload) = (loader.profile("candidates").unwrap(), loader.workload("chat").unwrap());
    let target = &profile.routes.iter().find(|known| known.name == route).unwrap().targets[0];
    let Processing::Within(destinations) = target.processing() else { panic!("{route} is processed anywhere") };
    let model = profile.models.split(target.model()).1;
    let phases = phases(&scenario);
    let places = profile.places(|region| scenario.during(&phases, region)).unwrap();
    let seed = Seed::default();
    let (poisson, rates) = (arrival::find("poisson").unwrap(), RateCurve::level(Rate(50.0), WARM_UP + MEASURED));
    let load = Load::new(rates, poisson, Settings::default(), &workload, seed);
    let plan = Plan::of(&load);
    let mut world = World::new(seed, places, &workload);
    let service = Service {
        endpoint: target.endpoint(),
        pool: target.pool(),
        model: model.into(),
        destinations: destinations.clone(),
    };
    let path = world.path(RunTime::ZERO, &service);
    let mut out = Vec::new();
    for request in plan.requests() {
        let call = Call {
            ticket: Ticket(u64::from(request.index)),
            path,
            key: request.key(),
            attempt: 0,
            input_tokens: request.input_tokens,
            max_tokens: request.max_tokens,
            output_tokens: load.sampler().output(request.key()).min(request.max_tokens),
            burndown: profile.models.burndown(model),
            fault: None,
        };
        world.on(request.intended, Input::Arrive(call), &mut out);
    }
    world.on(RunTime::from_duration(WARM_UP + 2 * MEASURED), Input::Wake, &mut out);
    let mut answers: HashMap<u64, Result<Timeline, Refusal>> = out
        .into_iter()
        .map(|effect| match effect {
            Effect::Begin(Ticket(ticket), timeline) => (ticket, Ok(timeline)),
            Effect::Refuse(Ticket(ticket), refusal) => (ticket, Err(refusal)),
        })
        .collect();
    let seen = plan.requests().map(|request| {
        let phase = phases.get(phases.index_at(request.intended));
        let answer = answers.remove(&u64::from(request.index)).expect("every request is answered in the end");
        Seen { phase: phase.name.clone(), at: request.intended.since(phase.start), answer }
    });
    Played(seen.collect())
}

impl Played {
    fn during(&self, phase: &str) -> impl Iterator<Item = &Seen> + Clone {
        self.0.iter().filter(move |seen| seen.phase == phase)
    }

    /// Of the requests of a phase.
    fn share(&self, phase: &str, is: impl Fn(&Result<Timeline, Refusal>) -> bool) -> f64 {
        self.during(phase).filter(|seen| is(&seen.answer)).count() as f64 / self.during(phase).count() as f64
    }

    fn answered(&self, phase: &str) -> f64 {
        self.share(phase, Result::is_ok)
    }

    /// Median time to the first token, in seconds, of what arrived `from` to `to` seconds into a phase.
    fn ttft(&self, phase: &str, from: u64, to: u64) -> f64 {
        let within = self.during(phase).filter(|seen| (from..to).contains(&seen.at.as_secs()));
        let answered = within.filter_map(|seen| seen.answer.as_ref().ok());
        let mut times: Vec<_> = answered.map(|line| line.first_token.since(line.arrived).as_secs_f64()).collect();
        times.sort_unstable_by(f64::total_cmp);
        times[times.len() / 2]
    }
}

fn throws(answer: &Result<Timeline, Refusal>, exception: Exception) -> bool {
    matches!(answer, Err(Refusal::Fault(fault)) if fault.exception == Some(exception))
}

#[test]
fn only_what_a_scenario_is_about_differs_in_its_middle() {
    let names: Vec<_> =
        builtin::SCENARIOS.iter().map(|scenario| scenario.name).filter(|name| *name != "calm").collect();
    assert_eq!(PROMISED.iter().map(|(name, ..)| *name).collect::<Vec<_>>(), names);
    for (name, middle, changed) in PROMISED {
        let scenario = scenario(name);
        let phases = phases(&scenario);
        let laid: Vec<_> = phases.iter().map(|phase| phase.name.as_str()).collect();
        assert_eq!(laid, ["warm-up", "calm", middle, "recovery"], "{name}");
        for region in Loader::built_in().unwrap().profile("candidates").unwrap().regions {
            let conditions = scenario.during(&phases, region.code);
            let [calm, during, after] = [1, 2, 3].map(|phase| conditions.at(phases.get(phase).start));
            assert_eq!(calm, after, "{name}: {} before and after", region.code.name());
            assert_eq!(calm != during, changed.contains(&region.code.name()), "{name}: {}", region.code.name());
        }
        assert_eq!(scenario.fleet(), if *name == "herd" { 25 } else { 1 }, "{name}");
    }
}

#[test]
fn before_and_after_every_request_is_answered_everywhere() {
    for (name, ..) in PROMISED {
        for route in ["sydney", "singapore", "oregon"] {
            let played = play(name, route);
            assert_eq!(played.answered("calm"), 1.0, "{name}: {route} before");
            // A queue that was full has to drain first.
            let later = played.during("recovery").filter(|seen| seen.at > Duration::from_secs(2));
            assert!(later.clone().count() > 100, "{name}: {route}");
            assert_eq!(later.filter(|seen| seen.answer.is_err()).count(), 0, "{name}: {route} after");
        }
    }
}

#[test]
fn congested_throttles_and_queues_in_sydney() {
    let sydney = play("congested", "sydney");
    let throttled = sydney.share("congested", |answer| *answer == Err(Refusal::TooManyRequests));
    assert!((0.1..0.3).contains(&throttled), "{throttled}");
    let (calm, congested) = (sydney.ttft("calm", 0, 18), sydney.ttft("congested", 6, 24));
    assert!(congested > 1.7 * calm, "{congested} s after {calm} s");
}

#[test]
fn throttle_storm_throttles_three_attempts_of_five_in_sydney_alone() {
    let throttled =
        |route| play("throttle-storm", route).share("storm", |answer| throws(answer, Exception::ThrottlingException));
    // 1,200 requests: four standard errors are 0.057.
    assert!((throttled("sydney") - 0.6).abs() < 0.057, "{}", throttled("sydney"));
    assert_eq!([throttled("singapore"), throttled("oregon")], [0.0, 0.0]);
}

#[test]
fn sydney_outage_answers_nothing_in_sydney_and_everything_elsewhere() {
    let sydney = play("sydney-outage", "sydney");
    assert_eq!(sydney.share("outage", |answer| throws(answer, Exception::ServiceUnavailableException)), 1.0);
    for route in ["singapore", "oregon"] {
        assert_eq!(play("sydney-outage", route).answered("outage"), 1.0, "{route}");
    }
}

/// How much longer the median first token takes in the middle than before.
fn slower(name: &str, middle: &str, route: &str) -> f64 {
    let played = play(name, route);
    assert_eq!(played.answered(middle), 1.0, "{route}: slow, and nothing fails");
    played.ttft(middle, 0, 24) / played.ttft("calm", 0, 18)
}

#[test]
fn singapore_slow_is_slow_in_singapore_alone() {
    for (route, factor) in [("sydney", 1.0), ("singapore", 1.75), ("oregon", 1.0)] {
        let times = slower("singapore-slow", "slow", route);
        assert!((times / factor - 1.0).abs() < 0.05, "{route}: {times} times");
    }
}

#[test]
fn brown_out_slows_every_region_alike() {
    for route in ["sydney", "singapore", "oregon"] {
        let times = slower("brown-out", "brown-out", route);
        assert!((times / 1.5 - 1.0).abs() < 0.05, "{route}: {times} times");
    }
}

#[test]
fn cold_start_is_slow_at_first_and_warm_at_its_end() {
    let sydney = play("cold-start", "sydney");
    let (calm, cold, warm) = (sydney.ttft("calm", 0, 18), sydney.ttft("cold", 0, 3), sydney.ttft("cold", 21, 24));
    assert!(cold > 2.3 * calm, "cold {cold} s, calm {calm} s");
    assert!((warm / calm - 1.0).abs() < 0.1, "warm {warm} s, calm {calm} s");
}

#[test]
fn token_bound_throttles_by_tokens_and_never_by_requests() {
    let sydney = play("token-bound", "sydney");
    let by_tokens = sydney.share("token-bound", |answer| *answer == Err(Refusal::TooManyTokens));
    assert!((0.25..0.4).contains(&by_tokens), "{by_tokens}");
    assert_eq!(by_tokens + sydney.answered("token-bound"), 1.0, "nothing else refuses");
}

#[test]
fn herd_throttles_in_sydney_and_fills_singapore_up() {
    let throttled = play("herd", "sydney").share("herd", |answer| throws(answer, Exception::ThrottlingException));
    assert!(throttled > 0.85, "{throttled}");
    let singapore = play("herd", "singapore");
    let full = singapore.share("herd", |answer| *answer == Err(Refusal::Overloaded));
    assert!((0.05..0.25).contains(&full), "{full}");
    let (calm, herd) = (singapore.ttft("calm", 0, 18), singapore.ttft("herd", 6, 24));
    assert!(herd > 1.8 * calm, "{herd} s after {calm} s");
    assert_eq!(play("herd", "oregon").answered("herd"), 1.0);
}
