//! Requests, answers, and a small world of its own for the tests of this folder.

use std::collections::BTreeMap;
use std::time::Duration;

use super::journey::{Journey, Step};
use super::*;

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

/// How an attempt goes: how long it takes, and how it ends.
pub type Answer = (Duration, Outcome);

/// What came of one request.
#[derive(Clone, Debug, PartialEq)]
pub struct Played {
    pub key: u64,
    pub tried: Vec<Tried>,
    pub last: Step,
}

impl Played {
    pub fn is_ok(&self) -> bool {
        matches!(self.last, Step::Settled { by } if self.tried[by].outcome().is_some_and(Outcome::is_ok))
    }
}

enum Due {
    Arrival(u64),
    End { key: u64, attempt: usize, outcome: Outcome },
    Wake(u64),
}

/// Plays requests that come every 100 ms and end after a minute at the latest, in the order of time,
/// and each to its end. `answer` is asked for every attempt: when it is sent, and where.
pub fn play(
    policy: &mut dyn Policy,
    keys: std::ops::Range<u64>,
    mut answer: impl FnMut(RunTime, Target) -> Answer,
) -> Vec<Played> {
    let mut due = BTreeMap::new();
    let mut journeys = BTreeMap::new();
    let mut wakes = BTreeMap::new();
    let mut played = Vec::new();
    for key in keys.clone() {
        due.insert((at(key * 100), due.len()), Due::Arrival(key));
    }
    let mut order = due.len();
    while let Some(((now, _), event)) = due.pop_first() {
        let (key, step) = match event {
            Due::Arrival(key) => {
                let asked = Asked { deadline: now + Duration::from_secs(60), ..request(key) };
                journeys.insert(key, Journey::new(asked));
                (key, journeys.get_mut(&key).unwrap().arrive(now, policy))
            }
            // Of a request that is settled, or replaced by a later one.
            Due::Wake(key) if wakes.get(&key) != Some(&now) => continue,
            Due::Wake(key) => (key, journeys.get_mut(&key).unwrap().wake(now, policy)),
            Due::End { key, attempt, outcome } => match journeys.get_mut(&key) {
                Some(journey) => (key, journey.end(attempt, ended(now, outcome), policy)),
                None => continue,
            },
        };
        wakes.remove(&key);
        let wake = match step {
            Step::Send { attempt, target, wake } => {
                let (took, outcome) = answer(now, target);
                order += 1;
                due.insert((now + took, order), Due::End { key, attempt, outcome });
                wake
            }
            Step::Wait { wake } => wake,
            Step::Settled { .. } | Step::Unsent => {
                let tried = journeys.remove(&key).unwrap().tried().to_vec();
                played.push(Played { key, tried, last: step });
                None
            }
        };
        if let Some(wake) = wake {
            wakes.insert(key, wake);
            order += 1;
            due.insert((wake, order), Due::Wake(key));
        }
    }
    assert!(journeys.is_empty(), "{} requests are lost: nothing in flight, nothing to wait for", journeys.len());
    played.sort_by_key(|played| played.key);
    assert!(played.iter().map(|played| played.key).eq(keys), "not every request has ended, or one has twice");
    played
}
