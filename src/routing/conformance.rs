//! What every policy of the list must keep, whatever it does.

use std::time::Duration;

use rand::RngExt;

use super::journey::{Journey, Step};
use super::*;
use crate::core::seed::Purpose;

pub fn at(ms: u64) -> RunTime {
    RunTime::from_nanos(ms * 1_000_000)
}

pub fn request(key: u64) -> Asked {
    Asked { key: RequestKey(key), input_tokens: 400, max_tokens: 256, deadline: at(100_000_000) }
}

pub fn ended(at: RunTime, outcome: Outcome) -> Ended {
    let answered = outcome.is_ok().then_some(at);
    let usage = outcome.is_ok().then_some(Usage { input_tokens: 400, output_tokens: 60 });
    Ended { at, outcome, first_token: answered, usage }
}

fn build(entry: &Entry) -> (Box<dyn Policy>, usize) {
    let targets = (*entry.targets.end()).min(3);
    let weights = vec![1.0 / targets as f64; targets];
    ((entry.build)(&Settings { targets, cooldown: Duration::from_secs(1), weights }, Seed(5)), targets)
}

/// How an attempt goes: how long it takes, and how it ends.
type Answer = (Duration, Outcome);

/// What came of one request.
struct Played {
    tried: Vec<Tried>,
    last: Step,
}

/// Plays requests that come every 100 ms, one after the other, each to its end.
fn play(policy: &mut dyn Policy, keys: std::ops::Range<u64>, mut answer: impl FnMut(Target) -> Answer) -> Vec<Played> {
    keys.map(|key| {
        let start = at(key * 100);
        let asked = Asked { deadline: start + Duration::from_secs(60), ..request(key) };
        let mut journey = Journey::new(asked);
        let mut flying: Vec<(RunTime, usize, Outcome)> = Vec::new();
        let mut step = journey.arrive(start, policy);
        for _ in 0..1_000 {
            let wake = match step {
                Step::Send { attempt, target, wake } => {
                    let (took, outcome) = answer(target);
                    flying.push((journey.tried()[attempt].sent + took, attempt, outcome));
                    wake
                }
                Step::Wait { wake } => wake,
                Step::Settled { .. } | Step::Unsent => {
                    return Played { tried: journey.tried().to_vec(), last: step };
                }
            };
            flying.sort_unstable_by_key(|(at, ..)| std::cmp::Reverse(*at));
            step = match (wake, flying.last().copied()) {
                (Some(wake), next) if next.is_none_or(|(at, ..)| wake < at) => journey.wake(wake, policy),
                (_, Some((at, attempt, outcome))) => {
                    flying.pop();
                    journey.end(attempt, ended(at, outcome), policy)
                }
                (_, None) => panic!("request {key} is lost: nothing in flight, nothing to wait for"),
            };
        }
        panic!("request {key} does not end");
    })
    .collect()
}

fn always(outcome: Outcome) -> impl FnMut(Target) -> Answer {
    move |_| (Duration::from_millis(10), outcome)
}

#[test]
fn every_policy_tries_each_request_and_no_target_it_does_not_have() {
    for entry in POLICIES {
        let (mut policy, targets) = build(entry);
        let mut draws = Seed(3).stream(Purpose::Resampling);
        let random = |_| {
            let took = Duration::from_millis(draws.random_range(1..3_000));
            (took, Outcome::ALL[draws.random_range(0..8)])
        };
        for played in play(&mut *policy, 0..1_000, random) {
            assert!(!played.tried.is_empty(), "{} lost a request", entry.name);
            assert!(matches!(played.last, Step::Settled { .. }), "{}", entry.name);
            assert!(played.tried.iter().all(|tried| tried.target < targets), "{}", entry.name);
            assert!(played.tried.iter().all(|tried| tried.ended.is_some()), "{} left one in flight", entry.name);
        }
    }
}

#[test]
fn every_policy_survives_all_targets_failing_and_recovers() {
    for entry in POLICIES {
        for outcome in [Outcome::Throttled, Outcome::Unavailable, Outcome::Timeout, Outcome::Transport] {
            let (mut policy, _) = build(entry);
            for played in play(&mut *policy, 0..100, always(outcome)) {
                assert!(played.tried.len() <= 100, "{}: {} attempts", entry.name, played.tried.len());
            }
            // Minutes later, when every target answers again.
            for played in play(&mut *policy, 10_000..10_100, always(Outcome::Ok)) {
                let Step::Settled { by } = played.last else { panic!("{}", entry.name) };
                assert!(played.tried[by].outcome().unwrap().is_ok(), "{} after {outcome}", entry.name);
            }
        }
    }
}

#[test]
fn every_policy_ends_with_the_first_success_and_on_a_request_that_is_wrong_anywhere() {
    for entry in POLICIES {
        for outcome in [Outcome::Ok, Outcome::Invalid] {
            let (mut policy, _) = build(entry);
            for played in play(&mut *policy, 0..100, always(outcome)) {
                assert_eq!(played.tried.len(), 1, "{} on {outcome}", entry.name);
            }
        }
    }
}

#[test]
fn every_policy_does_the_same_under_the_same_seed() {
    for entry in POLICIES {
        let tried = || {
            let (mut policy, _) = build(entry);
            let mut draws = Seed(7).stream(Purpose::Resampling);
            let random =
                |_| (Duration::from_millis(draws.random_range(1..3_000)), Outcome::ALL[draws.random_range(0..8)]);
            play(&mut *policy, 0..500, random).into_iter().map(|played| played.tried).collect::<Vec<_>>()
        };
        assert_eq!(tried(), tried(), "{}", entry.name);
    }
}
