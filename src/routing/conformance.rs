//! What every policy of the list must keep, whatever it does.

use std::time::Duration;

use rand::RngExt;

use super::fixture::{Answer, play};
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
