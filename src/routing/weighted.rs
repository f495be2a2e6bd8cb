//! A fixed share of the requests to each target, such as 80 to 20. Which request goes where is drawn
//! by the request's own key; one that is refused falls back to the other targets in order.

use rand::RngExt;

use super::cooldown::Cooldowns;
use super::{Decision, Entry, Event, Key, Policy, Settings, Target, View};
use crate::core::seed::Purpose;
use crate::core::{RequestKey, RunTime, Seed};

pub const ENTRY: Entry = Entry {
    name: "weighted",
    summary: "each target gets its share of the requests; the others in order when it refuses",
    targets: 2..=usize::MAX,
    remembers: true,
    keys: &[Key::Weight, Key::Cooldown, Key::FallBackOn],
    build: |settings, seed| Box::new(Weighted::new(settings, seed)),
};

struct Weighted {
    seed: Seed,
    weights: Vec<f64>,
    cooldowns: Cooldowns,
}

impl Weighted {
    fn new(settings: &Settings, seed: Seed) -> Self {
        Self { seed, weights: settings.weights.clone(), cooldowns: Cooldowns::new(settings) }
    }

    fn draw(&self, key: RequestKey) -> Target {
        let at: f64 = self.seed.indexed(Purpose::Routing, key.0).random();
        let mut passed = 0.0;
        let drawn = self.weights.iter().position(|weight| {
            passed += weight;
            at < passed
        });
        // Weights of 0.7 and 0.3 may add up to a hair less than 1.
        drawn.unwrap_or(self.weights.len() - 1)
    }
}

impl Policy for Weighted {
    fn on(&mut self, now: RunTime, request: View<'_>, event: Event) -> Decision {
        match event {
            Event::Arrived => {
                let drawn = self.draw(request.asked.key);
                let spared = !self.cooldowns.ready(now, drawn);
                let target = if spared { self.cooldowns.next(now, &[]) } else { None };
                Decision::attempt(target.unwrap_or(drawn))
            }
            Event::Ended(attempt) => self.cooldowns.after(now, request.tried, attempt),
            Event::Woken => Decision::NOTHING,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::Outcome;
    use crate::routing::fixture::{at, ended, request};
    use crate::routing::journey::{Journey, Step};

    fn policy() -> Weighted {
        let settings = Settings { cooldown: Duration::from_secs(1), weights: vec![0.8, 0.2], ..Settings::new(2) };
        Weighted::new(&settings, Seed(42))
    }

    fn first(policy: &mut Weighted, ms: u64, key: u64) -> Target {
        match Journey::new(request(key)).arrive(at(ms), policy) {
            Step::Send { target, .. } => target,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn each_target_gets_its_share() {
        let mut policy = policy();
        let requests = 20_000;
        let away = (0..requests).filter(|key| first(&mut policy, 0, *key) == 1).count();
        let share = away as f64 / requests as f64;
        // Five standard deviations of a binomial share of 20 %.
        assert!((share - 0.2).abs() < 0.015, "{share}");
    }

    #[test]
    fn a_refused_request_goes_to_the_other_target_and_the_next_ones_at_once() {
        let mut policy = policy();
        let home = (0..).find(|key| policy.draw(RequestKey(*key)) == 0).unwrap();
        let mut refused = Journey::new(request(home));
        refused.arrive(at(0), &mut policy);
        let next = refused.end(0, ended(at(0), Outcome::Throttled), &mut policy);
        assert_eq!(next, Step::Send { attempt: 1, target: 1, wake: None });
        assert_eq!(first(&mut policy, 0, home), 1);
        assert_eq!(first(&mut policy, 1_000, home), 0);
    }
}
