//! Clients that share nothing: what one has found out, the others have yet to learn. A policy that
//! looks wise in one client can make a herd of many.

use rand::RngExt;

use super::{Decision, Entry, Event, Policy, Settings, View};
use crate::core::seed::Purpose;
use crate::core::{RunTime, Seed};

struct Fleet {
    seed: Seed,
    clients: Vec<Box<dyn Policy>>,
}

/// As many policies as there are clients; each request belongs to one of them, drawn by its key. One
/// client is the policy itself; none is taken for one.
pub fn build(entry: &Entry, settings: &Settings, seed: Seed, clients: usize) -> Box<dyn Policy> {
    if clients <= 1 {
        return (entry.build)(settings, seed);
    }
    let clients = (0..clients).map(|_| (entry.build)(settings, seed)).collect();
    Box::new(Fleet { seed, clients })
}

impl Policy for Fleet {
    fn on(&mut self, now: RunTime, request: View<'_>, event: Event) -> Decision {
        let mut draws = self.seed.indexed(Purpose::Fleet, request.asked.key.0);
        let client = draws.random_range(0..self.clients.len());
        self.clients[client].on(now, request, event)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::Outcome;
    use crate::routing::fixture::{at, play};
    use crate::routing::{POLICIES, find};

    #[test]
    fn each_client_finds_out_for_itself() {
        let settings = Settings { cooldown: Duration::from_secs(3_600), ..Settings::new(2) };
        for (clients, refused) in [(0, 1), (1, 1), (8, 8)] {
            let mut fleet = build(find("fallback").unwrap(), &settings, Seed(1), clients);
            let mut at_home = 0;
            play(&mut *fleet, 0..500, |_, target| {
                at_home += usize::from(target == 0);
                let outcome = if target == 0 { Outcome::Throttled } else { Outcome::Ok };
                (Duration::from_millis(5), outcome)
            });
            assert_eq!(at_home, refused, "{clients} clients");
        }
    }

    #[test]
    fn requests_are_spread_evenly_and_all_events_of_one_reach_the_same_client() {
        // A client that was told of an end and not of the arrival would count below zero in flight.
        for entry in POLICIES {
            let mut fleet = build(entry, &Settings::example(entry), Seed(1), 5);
            let answers = |now: RunTime, target| {
                let outcome = if target == 0 && now < at(20_000) { Outcome::Unavailable } else { Outcome::Ok };
                (Duration::from_millis(700), outcome)
            };
            let played = play(&mut *fleet, 0..1_000, answers);
            assert!(played[500..].iter().all(|played| played.is_ok()), "{}", entry.name);
        }
    }
}
