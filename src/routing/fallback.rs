//! Targets in order. A refusal or a broken connection moves on to the next one at once: sleeping
//! before a *different* Region buys nothing.

use super::cooldown::Cooldowns;
use super::{Command, Entry, Event, Key, Policy, Settings};
use crate::core::RunTime;

pub const ENTRY: Entry = Entry {
    name: "fallback",
    summary: "targets in order; the next one on throttle, unavailability, timeout or a broken connection",
    targets: 2..=usize::MAX,
    keys: &[Key::Cooldown],
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
    fn on(&mut self, now: RunTime, event: Event<'_>) -> Command {
        match event {
            Event::Arrived { .. } => self.cooldowns.next(now, &[]).map_or(Command::Finish, Command::Attempt),
            Event::AttemptEnded { tried } => self.cooldowns.after(now, tried),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::{Outcome, RequestKey};
    use crate::routing::{Target, Tried};

    const ARRIVED: Event<'static> = Event::Arrived { key: RequestKey(1) };

    fn at(ms: u64) -> RunTime {
        RunTime::from_nanos(ms * 1_000_000)
    }

    fn policy() -> Fallback {
        Fallback::new(&Settings { targets: 2, cooldown: Duration::from_secs(1), weights: vec![] })
    }

    fn ended(policy: &mut Fallback, now: u64, tried: &[(Target, Outcome)]) -> Command {
        let tried: Vec<_> = tried.iter().map(|&(target, outcome)| Tried { target, outcome }).collect();
        policy.on(at(now), Event::AttemptEnded { tried: &tried })
    }

    #[test]
    fn home_comes_first_and_a_throttle_moves_on() {
        let mut policy = policy();
        assert_eq!(policy.on(at(0), ARRIVED), Command::Attempt(0));
        assert_eq!(ended(&mut policy, 5, &[(0, Outcome::Throttled)]), Command::Attempt(1));
        let both = [(0, Outcome::Throttled), (1, Outcome::Throttled)];
        assert_eq!(ended(&mut policy, 9, &both), Command::Finish);
    }

    #[test]
    fn a_throttled_home_is_spared_until_it_has_cooled_down() {
        let mut policy = policy();
        ended(&mut policy, 0, &[(0, Outcome::Throttled)]);
        assert_eq!(policy.on(at(999), ARRIVED), Command::Attempt(1));
        // The fallback fails too: home is still worth a try.
        assert_eq!(ended(&mut policy, 999, &[(1, Outcome::Timeout)]), Command::Attempt(0));
        assert_eq!(policy.on(at(1_000), ARRIVED), Command::Attempt(0));
    }

    #[test]
    fn what_is_wrong_here_is_wrong_there() {
        assert_eq!(ended(&mut policy(), 0, &[(0, Outcome::Invalid)]), Command::Finish);
        assert_eq!(ended(&mut policy(), 0, &[(0, Outcome::Cancelled)]), Command::Finish);
    }
}
