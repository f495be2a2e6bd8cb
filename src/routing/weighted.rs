//! A fixed share of the requests to each target, such as 80 to 20. Which request goes where is drawn
//! by the request's own key; one that is refused falls back to the other targets in order.

use rand::RngExt;

use super::cooldown::Cooldowns;
use super::{Command, Entry, Event, Key, Policy, Settings, Target};
use crate::core::seed::Purpose;
use crate::core::{RequestKey, RunTime, Seed};

pub const ENTRY: Entry = Entry {
    name: "weighted",
    summary: "each target gets its share of the requests; the others in order when it refuses",
    targets: 2..=usize::MAX,
    keys: &[Key::Cooldown, Key::Weight],
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
    fn on(&mut self, now: RunTime, event: Event<'_>) -> Command {
        match event {
            Event::Arrived { key } => {
                let drawn = self.draw(key);
                let spared = !self.cooldowns.ready(now, drawn);
                let target = if spared { self.cooldowns.next(now, &[]) } else { None };
                Command::Attempt(target.unwrap_or(drawn))
            }
            Event::AttemptEnded { tried } => self.cooldowns.after(now, tried),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::Outcome;
    use crate::routing::Tried;

    fn policy() -> Weighted {
        let settings = Settings { targets: 2, cooldown: Duration::from_secs(1), weights: vec![0.8, 0.2] };
        Weighted::new(&settings, Seed(42))
    }

    #[test]
    fn each_target_gets_its_share() {
        let mut policy = policy();
        let requests = 20_000;
        let away = (0..requests)
            .filter(|key| policy.on(RunTime::ZERO, Event::Arrived { key: RequestKey(*key) }) == Command::Attempt(1))
            .count();
        let share = away as f64 / requests as f64;
        // Five standard deviations of a binomial share of 20 %.
        assert!((share - 0.2).abs() < 0.015, "{share}");
    }

    #[test]
    fn a_refused_request_goes_to_the_other_target_and_the_next_ones_at_once() {
        let mut policy = policy();
        let home = (0..).map(RequestKey).find(|key| policy.draw(*key) == 0).unwrap();
        let refused = [Tried { target: 0, outcome: Outcome::Throttled }];
        assert_eq!(policy.on(RunTime::ZERO, Event::AttemptEnded { tried: &refused }), Command::Attempt(1));
        assert_eq!(policy.on(RunTime::ZERO, Event::Arrived { key: home }), Command::Attempt(1));
        let later = RunTime::from_secs_f64(1.0);
        assert_eq!(policy.on(later, Event::Arrived { key: home }), Command::Attempt(0));
    }
}
