//! Targets in order. A refusal or a broken connection moves on to the next one at once: sleeping
//! before a *different* Region buys nothing.

use super::cooldown::Cooldowns;
use super::{Decision, Entry, Event, Key, Policy, Settings, View};
use crate::core::RunTime;

pub const ENTRY: Entry = Entry {
    name: "fallback",
    summary: "targets in order; the next one after a refusal, an error, a timeout or a broken connection",
    targets: 2..=usize::MAX,
    remembers: true,
    keys: &[Key::Cooldown, Key::FallBackOn],
    build: |settings, _| Box::new(Fallback::new(settings)),
};

struct Fallback {
    cooldowns: Cooldowns,
}

impl Fallback {
    fn new(settings: &Settings) -> Self {
        Self { cooldowns: Cooldowns::new(settings) }
    }
}

impl Policy for Fallback {
    fn on(&mut self, now: RunTime, request: View<'_>, event: Event) -> Decision {
        match event {
            Event::Arrived => self.cooldowns.next(now, &[]).map_or(Decision::NOTHING, Decision::attempt),
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
    use crate::routing::fixture::{at, request};
    use crate::routing::journey::{Journey, Step};

    fn policy() -> Fallback {
        Fallback::new(&Settings { cooldown: Duration::from_secs(1), ..Settings::new(2) })
    }

    /// Plays one request at `ms`, each of whose attempts ends at once; returns the targets tried.
    fn play(policy: &mut Fallback, ms: u64, outcomes: &[Outcome]) -> Vec<usize> {
        let mut journey = Journey::new(request(1));
        let mut outcomes = outcomes.iter();
        let mut step = journey.arrive(at(ms), policy);
        while let Step::Send { attempt, .. } = step {
            let outcome = *outcomes.next().expect("an outcome for every attempt");
            step = journey.end(attempt, crate::routing::fixture::ended(at(ms), outcome), policy);
        }
        journey.tried().iter().map(|tried| tried.target).collect()
    }

    #[test]
    fn home_comes_first_and_a_throttle_moves_on() {
        let mut policy = policy();
        assert_eq!(play(&mut policy, 0, &[Outcome::Throttled, Outcome::Ok]), [0, 1]);
        let mut policy = self::policy();
        assert_eq!(play(&mut policy, 0, &[Outcome::Throttled, Outcome::Throttled]), [0, 1]);
    }

    #[test]
    fn a_throttled_home_is_spared_until_it_has_cooled_down() {
        let mut policy = policy();
        play(&mut policy, 0, &[Outcome::Throttled, Outcome::Ok]);
        // The fallback fails too: home is still worth a try.
        assert_eq!(play(&mut policy, 999, &[Outcome::Timeout, Outcome::Ok]), [1, 0]);
        assert_eq!(play(&mut policy, 1_000, &[Outcome::Ok]), [0]);
    }

    #[test]
    fn what_is_wrong_here_is_wrong_there() {
        assert_eq!(play(&mut policy(), 0, &[Outcome::Invalid]), [0]);
        assert_eq!(play(&mut policy(), 0, &[Outcome::Cancelled]), [0]);
    }
}
