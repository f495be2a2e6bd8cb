//! What every policy of the list must keep, whatever it does.

use std::collections::BTreeSet;
use std::time::Duration;

use rand::RngExt;

use super::fixture::{Answer, Played, at, play};
use super::journey::Step;
use super::*;
use crate::core::seed::Purpose;

fn build(entry: &Entry) -> (Box<dyn Policy>, usize) {
    let settings = Settings::example(entry);
    ((entry.build)(&settings, Seed(5)), settings.targets)
}

fn always(outcome: Outcome) -> impl FnMut(RunTime, Target) -> Answer {
    move |_, _| (Duration::from_millis(10), outcome)
}

/// Anything, after anything up to three seconds.
fn random(seed: Seed) -> impl FnMut(RunTime, Target) -> Answer {
    let mut draws = seed.stream(Purpose::Resampling);
    move |_, _| (Duration::from_millis(draws.random_range(1..3_000)), Outcome::ALL[draws.random_range(0..8)])
}

#[test]
fn every_policy_tries_each_request_and_no_target_it_does_not_have() {
    for entry in POLICIES {
        let (mut policy, targets) = build(entry);
        for played in play(&mut *policy, 0..1_000, random(Seed(3))) {
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
        for outcome in settings::PASSING {
            let (mut policy, targets) = build(entry);
            for played in play(&mut *policy, 0..100, always(outcome)) {
                // Another target once each; one target as often as it is waited for.
                let most = if targets > 1 { targets } else { 100 };
                assert!(played.tried.len() <= most, "{}: {} attempts", entry.name, played.tried.len());
            }
            // Minutes later, when every target answers again.
            for played in play(&mut *policy, 10_000..10_100, always(Outcome::Ok)) {
                assert!(played.is_ok(), "{} after {outcome}", entry.name);
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
            play(&mut *policy, 0..500, random(Seed(7)))
        };
        assert_eq!(tried(), tried(), "{}", entry.name);
    }
}

/// How a target can be out of order for a while: it takes how many times as long, and ends how.
const SICK: &[(u32, Outcome)] =
    &[(1, Outcome::Throttled), (1, Outcome::Unavailable), (10, Outcome::Timeout), (10, Outcome::Ok)];

const MINUTE: u64 = 600;

/// The targets that requests `keys` were sent to.
fn used(played: &[Played], keys: std::ops::Range<u64>) -> BTreeSet<Target> {
    let tried = played.iter().filter(|played| keys.contains(&played.key)).flat_map(|played| &played.tried);
    tried.map(|tried| tried.target).collect()
}

#[test]
fn no_policy_starves_a_target_that_is_healthy_again() {
    for (entry, (slower, outcome)) in POLICIES.iter().flat_map(|entry| SICK.iter().map(move |sick| (entry, *sick))) {
        for patient in 0..build(entry).1 {
            let (mut policy, _) = build(entry);
            let sick = at(MINUTE * 100)..at(2 * MINUTE * 100);
            let answer = |now: RunTime, target| match target == patient && sick.contains(&now) {
                true => (Duration::from_millis(300) * slower, outcome),
                false => (Duration::from_millis(300), Outcome::Ok),
            };
            let played = play(&mut *policy, 0..4 * MINUTE, answer);
            let ordinary = used(&played, 0..MINUTE);
            let again = used(&played, 3 * MINUTE..4 * MINUTE);
            assert!(ordinary.is_subset(&again), "{}: {ordinary:?} and then {again:?} after {outcome}", entry.name);
        }
    }
}

#[test]
fn one_target_that_always_fails_costs_no_request_where_there_is_another() {
    for entry in POLICIES {
        let targets = build(entry).1;
        for (failing, outcome) in (0..targets).flat_map(|target| settings::PASSING.map(|outcome| (target, outcome))) {
            let (mut policy, _) = build(entry);
            let answer =
                |_, target| (Duration::from_millis(300), if target == failing { outcome } else { Outcome::Ok });
            let failed = play(&mut *policy, 0..MINUTE, answer).iter().filter(|played| !played.is_ok()).count();
            assert!(failed == 0 || targets == 1, "{}: {failed} requests failed on {outcome}", entry.name);
        }
    }
}
