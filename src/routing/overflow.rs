//! Home first, as long as its quota allows; the next target before the quota would refuse. The client
//! counts its own use, as the service counts it: what other clients of the account use it cannot see,
//! so what is refused all the same falls back as well.
//!
//! Tokens are counted as in the Amazon Bedrock User Guide, "How tokens are counted in Amazon Bedrock":
//! input and `max_tokens` at first, then input and output times the model's burndown.

use super::cooldown::Cooldowns;
use super::minute::{Amount, Minute};
use super::{Asked, Decision, Entry, Event, Key, Policy, Settings, Target, Tried, View};
use crate::core::{Outcome, RunTime};

pub const ENTRY: Entry = Entry {
    name: "overflow",
    summary: "the first target up to a share of its quota, what exceeds it to the others in order",
    targets: 2..=usize::MAX,
    remembers: true,
    keys: &[Key::HomeQuota, Key::Threshold, Key::Cooldown, Key::FallBackOn],
    build: |settings, _| Box::new(Overflow::new(settings)),
};

const HOME: Target = 0;

struct Overflow {
    cooldowns: Cooldowns,
    /// Above which requests spill.
    limit: Amount,
    burndown: f64,
    used: Minute,
}

impl Overflow {
    fn new(settings: &Settings) -> Self {
        // A hair more: 0.95 is not a binary fraction, and 95 of 100 are not above it.
        let share = settings.threshold * (1.0 + 1e-9);
        let limit = |quota: Option<f64>| quota.map_or(f64::INFINITY, |quota| quota * share);
        let quota = settings.home_quota;
        Self {
            cooldowns: Cooldowns::new(settings),
            limit: Amount { requests: limit(quota.requests_per_minute), tokens: limit(quota.tokens_per_minute) },
            burndown: settings.burndown,
            used: Minute::new(),
        }
    }

    fn first(&mut self, now: RunTime, asked: &Asked) -> Target {
        let mut with_it = self.used.total(now);
        with_it += reservation(asked);
        let fits = with_it.requests <= self.limit.requests && with_it.tokens <= self.limit.tokens;
        if fits && self.cooldowns.ready(now, HOME) {
            return HOME;
        }
        // Where everybody else is cooling down, home may still have the last few per cent.
        (1..self.cooldowns.targets()).find(|target| self.cooldowns.ready(now, *target)).unwrap_or(HOME)
    }

    /// Puts what an attempt at home really used in the place of what was reserved for it.
    fn settle(&mut self, asked: &Asked, tried: &Tried) {
        let Some(ended) = tried.ended.filter(|_| tried.target == HOME) else { return };
        let reserved = reservation(asked);
        let correction = match ended.usage {
            Some(usage) => {
                let used = f64::from(usage.input_tokens) + f64::from(usage.output_tokens) * self.burndown;
                Amount { requests: 0.0, tokens: used - reserved.tokens }
            }
            // What was throttled has used nothing.
            None if ended.outcome == Outcome::Throttled => {
                Amount { requests: -reserved.requests, tokens: -reserved.tokens }
            }
            None => return,
        };
        self.used.add(tried.sent, correction);
    }
}

fn reservation(asked: &Asked) -> Amount {
    Amount { requests: 1.0, tokens: f64::from(asked.input_tokens) + f64::from(asked.max_tokens) }
}

impl Policy for Overflow {
    fn on(&mut self, now: RunTime, request: View<'_>, event: Event) -> Decision {
        let decision = match event {
            Event::Arrived => Decision::attempt(self.first(now, request.asked)),
            Event::Ended(attempt) => {
                self.settle(request.asked, &request.tried[attempt]);
                self.cooldowns.after(now, request.tried, attempt)
            }
            Event::Woken => Decision::NOTHING,
        };
        if decision.attempt == Some(HOME) && request.may_send(now) {
            self.used.add(now, reservation(request.asked));
        }
        decision
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::record::Usage;
    use crate::routing::fixture::{at, ended, request};
    use crate::routing::journey::{Journey, Step};
    use crate::routing::settings::HomeQuota;
    use crate::routing::{Ended, RequestKey};

    fn policy(requests_per_minute: Option<f64>, tokens_per_minute: Option<f64>, burndown: f64) -> Overflow {
        let home_quota = HomeQuota { requests_per_minute, tokens_per_minute };
        Overflow::new(&Settings { home_quota, burndown, cooldown: Duration::from_secs(1), ..Settings::new(2) })
    }

    fn arrive(policy: &mut Overflow, ms: u64, asked: Asked) -> (Journey, Target) {
        let mut journey = Journey::new(asked);
        match journey.arrive(at(ms), policy) {
            Step::Send { target, .. } => (journey, target),
            other => panic!("{other:?}"),
        }
    }

    /// How many of `requests`, all at the same instant, stay at home.
    fn at_home(policy: &mut Overflow, ms: u64, requests: u64, asked: Asked) -> usize {
        (0..requests).filter(|_| arrive(policy, ms, asked).1 == HOME).count()
    }

    #[test]
    fn home_is_used_up_to_95_per_cent_exactly_and_no_further() {
        for (rpm, stay) in [(100.0, 95), (20.0, 19), (1_000.0, 950)] {
            assert_eq!(at_home(&mut policy(Some(rpm), None, 1.0), 0, 2_000, request(1)), stay);
        }
        // 400 in and at most 600 out.
        let asked = Asked { max_tokens: 600, ..request(1) };
        assert_eq!(at_home(&mut policy(None, Some(100_000.0), 1.0), 0, 200, asked), 95);
        assert_eq!(at_home(&mut policy(Some(50.0), Some(100_000.0), 1.0), 0, 200, asked), 47);
    }

    #[test]
    fn a_minute_later_home_has_room_again() {
        let mut policy = policy(Some(100.0), None, 1.0);
        at_home(&mut policy, 500, 200, request(1));
        assert_eq!(at_home(&mut policy, 59_999, 10, request(1)), 0);
        assert_eq!(at_home(&mut policy, 60_000, 10, request(1)), 10);
    }

    #[test]
    fn a_finished_answer_counts_what_it_used_with_the_models_burndown() {
        let mut policy = policy(None, Some(10_000.0), 10.0);
        let asked = Asked { key: RequestKey(1), input_tokens: 1_000, max_tokens: 5_000, deadline: at(60_000) };
        let (mut journey, _) = arrive(&mut policy, 0, asked);
        assert_eq!(policy.used.total(at(0)).tokens, 6_000.0);
        let usage = Some(Usage { input_tokens: 900, output_tokens: 100 });
        journey.end(0, Ended { usage, ..ended(at(500), Outcome::Ok) }, &mut policy);
        assert_eq!(policy.used.total(at(500)), Amount { requests: 1.0, tokens: 1_900.0 });
    }

    #[test]
    fn a_throttle_uses_nothing_and_falls_back_and_a_timeout_keeps_its_reservation() {
        let mut policy = policy(Some(100.0), None, 1.0);
        let (mut journey, _) = arrive(&mut policy, 0, request(1));
        let next = journey.end(0, ended(at(10), Outcome::Throttled), &mut policy);
        assert_eq!(next, Step::Send { attempt: 1, target: 1, wake: None });
        assert_eq!(policy.used.total(at(10)), Amount::default());
        // Home is spared while it cools down.
        assert_eq!(arrive(&mut policy, 999, request(2)).1, 1);
        let (mut journey, target) = arrive(&mut policy, 1_010, request(3));
        assert_eq!(target, HOME);
        journey.end(0, ended(at(1_020), Outcome::Timeout), &mut policy);
        assert_eq!(policy.used.total(at(1_020)).requests, 1.0);
    }

    #[test]
    fn what_is_not_sent_is_not_counted() {
        let mut policy = policy(Some(100.0), None, 1.0);
        let late = Asked { deadline: at(10), ..request(1) };
        assert_eq!(Journey::new(late).arrive(at(10), &mut policy), Step::Unsent);
        assert_eq!(policy.used.total(at(10)), Amount::default());
    }
}
