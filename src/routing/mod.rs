//! Where an attempt goes next. A policy decides on what a client can know: the answers it got.
//! It never sees the region model; a simulated win won by peeking would be no win.

mod cooldown;
mod fallback;
mod pinned;
mod weighted;

use std::time::Duration;

use crate::core::{Outcome, RequestKey, RunTime, Seed};

/// Position of a target in its route.
pub type Target = usize;

/// One attempt that has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    pub target: Target,
    pub outcome: Outcome,
}

/// What a policy is told. `tried` holds the attempts of that request so far, oldest first.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// `key` names the request's own luck, for policies that draw.
    Arrived {
        key: RequestKey,
    },
    AttemptEnded {
        tried: &'a [Tried],
    },
}

/// What a policy wants done about the request that the event was about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Command {
    /// Send an attempt to this target now.
    Attempt(Target),
    /// The request ends with the outcome of its last attempt.
    Finish,
}

/// Pure: takes `now`, and keeps only what it learned from events. One instance serves a whole
/// route, so that what one request found out can spare the next one the same refusal.
pub trait Policy: Send {
    fn on(&mut self, now: RunTime, event: Event<'_>) -> Command;
}

/// What a profile says about a policy.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub targets: usize,
    /// How long a target that throttled is left alone.
    pub cooldown: Duration,
    /// Share of the requests by target; they add up to 1. Empty for policies that know no shares.
    pub weights: Vec<f64>,
}

/// A key of a profile that only some policies heed; elsewhere it would be a lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `cooldown` of a route.
    Cooldown,
    /// `weight` of a target.
    Weight,
}

/// One policy: profiles, docs and the conformance tests follow from the list.
pub struct Entry {
    pub name: &'static str,
    pub summary: &'static str,
    /// How many targets make sense.
    pub targets: std::ops::RangeInclusive<usize>,
    pub keys: &'static [Key],
    pub build: fn(&Settings, Seed) -> Box<dyn Policy>,
}

/// To add a policy: one file with an [`Entry`], one line here.
pub static POLICIES: &[Entry] = &[pinned::ENTRY, fallback::ENTRY, weighted::ENTRY];

pub fn find(name: &str) -> Option<&'static Entry> {
    POLICIES.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use rand::RngExt;

    use super::*;
    use crate::core::seed::Purpose;

    fn build(entry: &Entry) -> (Box<dyn Policy>, usize) {
        let targets = (*entry.targets.end()).min(3);
        let weights = vec![1.0 / targets as f64; targets];
        ((entry.build)(&Settings { targets, cooldown: Duration::from_secs(1), weights }, Seed(5)), targets)
    }

    /// Plays `requests` requests whose attempts end as `answer` says; returns every target tried.
    fn play(policy: &mut dyn Policy, requests: u64, mut answer: impl FnMut(Target) -> Outcome) -> Vec<Vec<Tried>> {
        (0..requests)
            .map(|request| {
                let mut now = RunTime::from_nanos(request * 100_000_000);
                let mut tried = Vec::new();
                let mut command = policy.on(now, Event::Arrived { key: RequestKey(request) });
                while let Command::Attempt(target) = command {
                    assert!(tried.len() < 10, "a request must end");
                    tried.push(Tried { target, outcome: answer(target) });
                    now = now + Duration::from_millis(10);
                    command = policy.on(now, Event::AttemptEnded { tried: &tried });
                }
                tried
            })
            .collect()
    }

    #[test]
    fn every_policy_tries_each_request_at_least_once_and_no_target_it_does_not_have() {
        for entry in POLICIES {
            let (mut policy, targets) = build(entry);
            let mut draws = Seed(3).stream(Purpose::Resampling);
            let tried = play(&mut *policy, 1_000, |_| Outcome::ALL[draws.random_range(0..8)]);
            assert!(tried.iter().all(|tried| !tried.is_empty()), "{} lost a request", entry.name);
            assert!(tried.iter().flatten().all(|tried| tried.target < targets), "{}", entry.name);
        }
    }

    #[test]
    fn every_policy_survives_all_targets_failing_and_recovers() {
        for entry in POLICIES {
            let (mut policy, targets) = build(entry);
            let tried = play(&mut *policy, 100, |_| Outcome::Throttled);
            assert!(tried.iter().all(|tried| (1..=targets).contains(&tried.len())), "{}", entry.name);
            let tried = play(&mut *policy, 100, |_| Outcome::Ok);
            assert!(tried.iter().all(|tried| tried.last().unwrap().outcome.is_ok()), "{}", entry.name);
        }
    }

    #[test]
    fn every_policy_ends_on_success_and_on_a_request_that_is_wrong_anywhere() {
        for entry in POLICIES {
            for outcome in [Outcome::Ok, Outcome::Invalid] {
                let (mut policy, _) = build(entry);
                let tried = play(&mut *policy, 100, |_| outcome);
                assert!(tried.iter().all(|tried| tried.len() == 1), "{} on {outcome}", entry.name);
            }
        }
    }
}
