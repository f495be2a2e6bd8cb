//! Targets in order. A refusal or a broken connection moves on to the next one at once: sleeping
//! before a *different* Region buys nothing. A target that throttled is left alone for a while, so
//! that the requests behind need not each find out for themselves.

use std::time::Duration;

use super::{Command, Entry, Event, Policy, Settings, Target, Tried};
use crate::core::{Outcome, RunTime};

pub const ENTRY: Entry = Entry {
    name: "fallback",
    summary: "targets in order; the next one on throttle, unavailability, timeout or a broken connection",
    targets: 2..=usize::MAX,
    build: |settings| Box::new(Fallback::new(settings)),
};

struct Fallback {
    cooldown: Duration,
    /// When each target may be tried again.
    cool_until: Vec<RunTime>,
}

impl Fallback {
    fn new(settings: &Settings) -> Self {
        Self { cooldown: settings.cooldown, cool_until: vec![RunTime::ZERO; settings.targets] }
    }

    /// The first target that is neither tried nor cooling down; if all that are left cool down,
    /// the first of them: a refusal is no worse than not asking.
    fn next(&self, now: RunTime, tried: &[Tried]) -> Option<Target> {
        let untried = (0..self.cool_until.len()).filter(|target| !tried.iter().any(|t| t.target == *target));
        untried.clone().find(|target| self.cool_until[*target] <= now).or_else(|| untried.min())
    }
}

/// Outcomes that another Region may not share.
fn worth_another(outcome: Outcome) -> bool {
    matches!(
        outcome,
        Outcome::Throttled
            | Outcome::Unavailable
            | Outcome::ServerError
            | Outcome::StreamError
            | Outcome::Timeout
            | Outcome::Transport
    )
}

impl Policy for Fallback {
    fn on(&mut self, now: RunTime, event: Event<'_>) -> Command {
        let tried = match event {
            Event::Arrived => &[],
            Event::AttemptEnded { tried } => tried,
        };
        if let Some(last) = tried.last() {
            if last.outcome == Outcome::Throttled {
                self.cool_until[last.target] = now + self.cooldown;
            }
            if !worth_another(last.outcome) {
                return Command::Finish;
            }
        }
        self.next(now, tried).map_or(Command::Finish, Command::Attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(ms: u64) -> RunTime {
        RunTime::from_nanos(ms * 1_000_000)
    }

    fn policy() -> Fallback {
        Fallback::new(&Settings { targets: 2, cooldown: Duration::from_secs(1) })
    }

    fn ended(policy: &mut Fallback, now: u64, tried: &[(Target, Outcome)]) -> Command {
        let tried: Vec<_> = tried.iter().map(|&(target, outcome)| Tried { target, outcome }).collect();
        policy.on(at(now), Event::AttemptEnded { tried: &tried })
    }

    #[test]
    fn home_comes_first_and_a_throttle_moves_on() {
        let mut policy = policy();
        assert_eq!(policy.on(at(0), Event::Arrived), Command::Attempt(0));
        assert_eq!(ended(&mut policy, 5, &[(0, Outcome::Throttled)]), Command::Attempt(1));
        let both = [(0, Outcome::Throttled), (1, Outcome::Throttled)];
        assert_eq!(ended(&mut policy, 9, &both), Command::Finish);
    }

    #[test]
    fn a_throttled_home_is_spared_until_it_has_cooled_down() {
        let mut policy = policy();
        ended(&mut policy, 0, &[(0, Outcome::Throttled)]);
        assert_eq!(policy.on(at(999), Event::Arrived), Command::Attempt(1));
        // The fallback fails too: home is still worth a try.
        assert_eq!(ended(&mut policy, 999, &[(1, Outcome::Timeout)]), Command::Attempt(0));
        assert_eq!(policy.on(at(1_000), Event::Arrived), Command::Attempt(0));
    }

    #[test]
    fn what_is_wrong_here_is_wrong_there() {
        assert_eq!(ended(&mut policy(), 0, &[(0, Outcome::Invalid)]), Command::Finish);
        assert_eq!(ended(&mut policy(), 0, &[(0, Outcome::Cancelled)]), Command::Finish);
    }
}
