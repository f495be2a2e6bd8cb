//! One target, asked again until it answers or the request has run out of time: exponential backoff
//! with full jitter, `random(0, min(cap, base · 2ⁿ))` (Marc Brooker, "Exponential Backoff And Jitter",
//! AWS Architecture Blog, 2015).

use std::time::Duration;

use rand::RngExt;

use super::settings::{Backoff, PASSING};
use super::{Decision, Entry, Event, Key, Policy, View};
use crate::core::seed::Purpose;
use crate::core::{RequestKey, RunTime, Seed};

pub const ENTRY: Entry = Entry {
    name: "patient",
    summary: "one target, asked again after exponential backoff with full jitter",
    targets: 1..=1,
    remembers: false,
    keys: &[Key::Backoff],
    build: |settings, seed| Box::new(Patient { seed, backoff: settings.backoff }),
};

struct Patient {
    seed: Seed,
    backoff: Backoff,
}

impl Patient {
    /// The longest wait after `failed` attempts, at least one.
    fn limit(&self, failed: usize) -> Duration {
        let doublings = u32::try_from(failed - 1).unwrap_or(u32::MAX);
        let grown = self.backoff.base.0.saturating_mul(2_u32.saturating_pow(doublings));
        grown.min(self.backoff.cap.0)
    }

    fn wait(&self, key: RequestKey, failed: usize) -> Duration {
        let jitter: f64 = self.seed.of_attempt(Purpose::Backoff, key, failed as u32).random();
        self.limit(failed).mul_f64(jitter)
    }
}

impl Policy for Patient {
    fn on(&mut self, now: RunTime, request: View<'_>, event: Event) -> Decision {
        match event {
            Event::Arrived | Event::Woken => Decision::attempt(0),
            Event::Ended(attempt) => match request.tried[attempt].outcome() {
                Some(outcome) if PASSING.contains(&outcome) => {
                    Decision::wait_until(now + self.wait(request.asked.key, request.tried.len()))
                }
                _ => Decision::NOTHING,
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Outcome;
    use crate::routing::fixture::{at, ended, request};
    use crate::routing::journey::{Journey, Step};

    fn policy() -> Patient {
        Patient { seed: Seed(1), backoff: Backoff::default() }
    }

    #[test]
    fn the_longest_wait_doubles_up_to_the_cap() {
        let policy = policy();
        let limits = [1, 2, 3, 8, 9, 100].map(|failed| policy.limit(failed).as_millis());
        assert_eq!(limits, [100, 200, 400, 12_800, 20_000, 20_000]);
    }

    #[test]
    fn waits_fill_the_whole_span_and_are_each_attempts_own() {
        let policy = policy();
        let n = 10_000;
        let waits: Vec<_> = (0..n).map(|key| policy.wait(RequestKey(key), 3).as_secs_f64()).collect();
        assert!(waits.iter().all(|wait| (0.0..0.4).contains(wait)));
        let mean = waits.iter().sum::<f64>() / n as f64;
        // Five standard errors of a uniform distribution's mean.
        assert!((mean - 0.2).abs() < 5.0 * 0.4 / (12.0 * n as f64).sqrt(), "{mean}");
        let key = RequestKey(7);
        assert_ne!(policy.wait(key, 8), policy.wait(key, 9));
        assert_eq!(policy.wait(key, 8), policy.wait(key, 8));
    }

    #[test]
    fn a_throttle_is_waited_out_at_home_and_not_past_the_deadline() {
        let mut policy = policy();
        let mut journey = Journey::new(super::super::Asked { deadline: at(60_000), ..request(1) });
        let mut step = journey.arrive(at(0), &mut policy);
        let mut last = at(0);
        while let Step::Send { attempt, .. } = step {
            match journey.end(attempt, ended(last, Outcome::Throttled), &mut policy) {
                Step::Wait { wake: Some(wake) } => {
                    assert!(wake >= last && wake < at(60_000));
                    last = wake;
                    step = journey.wake(wake, &mut policy);
                }
                settled => step = settled,
            }
        }
        let attempts = journey.tried().len();
        assert_eq!(step, Step::Settled { by: attempts - 1 });
        // 100 ms doubled up to 20 s: half a minute of mean waits is nine attempts.
        assert!((7..=25).contains(&attempts), "{attempts}");
    }

    #[test]
    fn what_is_wrong_now_is_wrong_later() {
        let mut policy = policy();
        let mut journey = Journey::new(request(1));
        journey.arrive(at(0), &mut policy);
        assert_eq!(journey.end(0, ended(at(5), Outcome::Invalid), &mut policy), Step::Settled { by: 0 });
    }
}
