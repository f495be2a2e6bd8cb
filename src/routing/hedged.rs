//! A second attempt elsewhere when the first is late (Dean and Barroso, "The Tail at Scale",
//! Communications of the ACM 56(2), 2013). The first success wins, and the loser is cancelled.
//!
//! What is slow everywhere makes every request late: hedges would then double the load on what is
//! overloaded. Hence a budget, and a brake that stops them while attempts fail.

use std::time::Duration;

use super::cooldown::Cooldowns;
use super::recent::Recent;
use super::settings::{HedgeAfter, PASSING};
use super::{Decision, Entry, Event, Key, Policy, Settings, View};
use crate::core::{Outcome, RunTime};

pub const ENTRY: Entry = Entry {
    name: "hedged",
    summary: "targets in order; the next one as well when the first is late, within a budget",
    targets: 2..=usize::MAX,
    remembers: true,
    keys: &[Key::Hedge, Key::Cooldown, Key::FallBackOn],
    build: |settings, _| Box::new(Hedged::new(settings)),
};

struct Hedged {
    cooldowns: Cooldowns,
    /// What first attempts took lately, where a percentile of it is the delay.
    recent: Option<Recent>,
    /// The delay where no percentile is asked for or known; absent: no hedge until then.
    delay: Option<Duration>,
    budget: Budget,
    brake: Brake,
}

/// Hedges that may be sent: each request adds its share of one, and a quiet time saves up a few.
struct Budget {
    share: f64,
    saved: f64,
}

const MOST_SAVED: f64 = 10.0;

impl Budget {
    fn deposit(&mut self) {
        self.saved = (self.saved + self.share).min(MOST_SAVED);
    }

    fn withdraw(&mut self) -> bool {
        // Twenty times 0.05 may add up to a hair less than 1.
        let enough = self.saved + 1e-9 >= 1.0;
        if enough {
            self.saved -= 1.0;
        }
        enough
    }
}

/// Share of attempts that failed, of about the last [`ATTEMPTS_REMEMBERED`].
struct Brake {
    limit: f64,
    failed: f64,
}

const ATTEMPTS_REMEMBERED: f64 = 50.0;

impl Brake {
    fn saw(&mut self, failed: bool) {
        self.failed += (f64::from(u8::from(failed)) - self.failed) / ATTEMPTS_REMEMBERED;
    }

    fn is_on(&self) -> bool {
        self.failed > self.limit
    }
}

impl Hedged {
    fn new(settings: &Settings) -> Self {
        let hedge = settings.hedge;
        let (recent, delay) = match hedge.after {
            HedgeAfter::Delay(delay) => (None, Some(delay)),
            HedgeAfter::Percentile(quantile) => (Some(Recent::new(quantile)), hedge.initial.map(|initial| initial.0)),
        };
        Self {
            cooldowns: Cooldowns::new(settings),
            recent,
            delay,
            budget: Budget { share: hedge.budget, saved: 0.0 },
            brake: Brake { limit: hedge.brake, failed: 0.0 },
        }
    }

    fn delay(&self) -> Option<Duration> {
        self.recent.as_ref().and_then(Recent::value).or(self.delay)
    }

    fn hedge(&mut self, now: RunTime, request: View<'_>) -> Decision {
        // An attempt that has begun to answer is not late any more.
        let [first] = request.tried else { return Decision::NOTHING };
        if first.first_token.is_some() || self.brake.is_on() || !request.may_send(now) {
            return Decision::NOTHING;
        }
        match self.cooldowns.spare(now, request.tried) {
            Some(target) if self.budget.withdraw() => Decision::attempt(target),
            _ => Decision::NOTHING,
        }
    }

    fn learn(&mut self, now: RunTime, request: View<'_>, attempt: usize) {
        let tried = &request.tried[attempt];
        let Some(outcome) = tried.outcome() else { return };
        if outcome.is_ok() || PASSING.contains(&outcome) {
            self.brake.saw(!outcome.is_ok());
        }
        // One that lost to its hedge took at least this long: left out, the percentile would sink
        // with every hedge that it causes.
        let Some(recent) = &mut self.recent else { return };
        if attempt == 0 && matches!(outcome, Outcome::Ok | Outcome::Cancelled) {
            recent.record(tried.first_token.unwrap_or(now).since(tried.sent));
        }
    }
}

impl Policy for Hedged {
    fn on(&mut self, now: RunTime, request: View<'_>, event: Event) -> Decision {
        match event {
            Event::Arrived => {
                self.budget.deposit();
                let first = self.cooldowns.next(now, &[]).map_or(Decision::NOTHING, Decision::attempt);
                self.delay().map_or(first, |delay| first.and_wake(now + delay))
            }
            Event::Woken => self.hedge(now, request),
            Event::Ended(attempt) => {
                self.learn(now, request, attempt);
                let next = self.cooldowns.after(now, request.tried, attempt);
                // One that is still in flight is the other chance already.
                if request.tried.iter().all(|tried| tried.ended.is_some()) { next } else { Decision::NOTHING }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::units::Span;
    use crate::routing::fixture::{Answer, Played, at, ended, play, request};
    use crate::routing::journey::{Journey, Step};
    use crate::routing::settings::Hedge;
    use crate::routing::{Target, Tried};

    fn policy(hedge: Hedge) -> Hedged {
        Hedged::new(&Settings { hedge, ..Settings::new(2) })
    }

    fn after(ms: u64) -> HedgeAfter {
        HedgeAfter::Delay(Duration::from_millis(ms))
    }

    /// Free of its brakes.
    fn eager(ms: u64) -> Hedged {
        policy(Hedge { after: after(ms), budget: 1.0, brake: 1.0, ..Hedge::default() })
    }

    fn hedges(played: &[Played]) -> usize {
        played.iter().filter(|played| played.tried.len() > 1).count()
    }

    fn millis(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    #[test]
    fn a_late_first_attempt_is_joined_by_a_second_and_the_first_success_wins() {
        let mut policy = eager(800);
        let mut journey = Journey::new(request(1));
        let sent = journey.arrive(at(0), &mut policy);
        assert_eq!(sent, Step::Send { attempt: 0, target: 0, wake: Some(at(800)) });
        assert_eq!(journey.wake(at(800), &mut policy), Step::Send { attempt: 1, target: 1, wake: None });
        assert_eq!(journey.end(1, ended(at(1_000), Outcome::Ok), &mut policy), Step::Settled { by: 1 });
        assert_eq!(journey.tried()[0].outcome(), Some(Outcome::Cancelled));
    }

    #[test]
    fn an_attempt_that_has_begun_to_answer_is_not_hedged() {
        let mut policy = eager(800);
        let mut journey = Journey::new(request(1));
        journey.arrive(at(0), &mut policy);
        journey.first_token(0, at(790));
        assert_eq!(journey.wake(at(800), &mut policy), Step::Wait { wake: None });
    }

    #[test]
    fn a_failed_first_attempt_falls_over_at_once_and_a_failed_hedge_waits_for_the_first() {
        let mut policy = eager(800);
        let mut journey = Journey::new(request(1));
        journey.arrive(at(0), &mut policy);
        let next = journey.end(0, ended(at(20), Outcome::Throttled), &mut policy);
        assert_eq!(next, Step::Send { attempt: 1, target: 1, wake: None });

        let mut journey = Journey::new(request(2));
        journey.arrive(at(0), &mut policy);
        journey.wake(at(800), &mut policy);
        assert_eq!(journey.end(1, ended(at(820), Outcome::Throttled), &mut policy), Step::Wait { wake: None });
        assert_eq!(journey.end(0, ended(at(1_500), Outcome::Ok), &mut policy), Step::Settled { by: 0 });
    }

    #[test]
    fn hedges_stay_within_the_budget_when_everything_is_slow() {
        let mut policy = policy(Hedge { after: after(200), ..Hedge::default() });
        let played = play(&mut policy, 0..10_000, |_, _| (millis(3_000), Outcome::Ok));
        let sent = hedges(&played);
        assert!((495..=500).contains(&sent), "{sent} hedges for 10,000 requests");
    }

    #[test]
    fn a_quiet_time_saves_up_a_few_hedges_and_no_more() {
        let mut budget = Budget { share: 0.05, saved: 0.0 };
        (0..100_000).for_each(|_| budget.deposit());
        assert_eq!((0..100).filter(|_| budget.withdraw()).count(), 10);
    }

    #[test]
    fn failures_put_the_brake_on_and_successes_let_it_go() {
        let mut policy = policy(Hedge { after: after(200), budget: 1.0, ..Hedge::default() });
        // Home is slow; a fifth of what is sent anywhere is throttled in the minute in the middle.
        let mut sent = 0;
        let played = play(&mut policy, 0..1_800, |now, target| {
            sent += 1;
            let storm = (at(60_000)..at(120_000)).contains(&now);
            let outcome = if storm && sent % 5 == 0 { Outcome::Throttled } else { Outcome::Ok };
            (millis(if target == 0 { 1_000 } else { 300 }), outcome)
        });
        let both = |tried: &[Tried]| tried.len() > 1 && tried[1].sent < tried[0].ended.unwrap().at;
        let hedged = |keys: std::ops::Range<usize>| played[keys].iter().filter(|p| both(&p.tried)).count();
        assert_eq!(hedged(0..600), 600);
        assert!(hedged(700..1_200) < 50, "{} hedges in the storm", hedged(700..1_200));
        assert_eq!(hedged(1_500..1_800), 300);
    }

    /// One request in 25 takes ten times as long.
    fn a_tail() -> impl FnMut(RunTime, Target) -> Answer {
        let mut n = 0;
        move |_, target| {
            n += usize::from(target == 0);
            (millis(if target == 0 && n % 25 == 0 { 3_000 } else { 300 }), Outcome::Ok)
        }
    }

    #[test]
    fn a_live_percentile_hedges_the_tail_once_it_knows_enough() {
        let hedge = Hedge { after: HedgeAfter::Percentile(0.95), budget: 1.0, ..Hedge::default() };
        let played = play(&mut policy(hedge), 0..2_000, a_tail());
        assert_eq!(hedges(&played[..90]), 0, "nothing was known");
        let late = played[200..].iter().filter(|played| played.tried.len() > 1);
        assert!(late.clone().count() == 72, "{} of 72 late ones", late.count());
        assert!(played[200..].iter().all(|p| p.tried.iter().all(|t| t.ended.unwrap().at.since(t.sent) < millis(700))));
    }

    #[test]
    fn an_initial_delay_hedges_until_the_percentile_is_known() {
        let initial = Some(Span(millis(500)));
        let hedge = Hedge { after: HedgeAfter::Percentile(0.95), initial, budget: 1.0, brake: 1.0 };
        let played = play(&mut policy(hedge), 0..90, a_tail());
        assert_eq!(hedges(&played), 3);
    }

    #[test]
    fn losers_do_not_make_the_percentile_sink() {
        // A tenth of first attempts are hopeless: their hedges always win, and p95 lies among them.
        let hedge = Hedge { after: HedgeAfter::Percentile(0.95), budget: 1.0, ..Hedge::default() };
        let mut policy = policy(hedge);
        let mut n = 0;
        let played = play(&mut policy, 0..5_000, |_, target| {
            n += usize::from(target == 0);
            (millis(if target == 0 && n % 10 == 0 { 20_000 } else { 300 }), Outcome::Ok)
        });
        let share = hedges(&played[3_000..]) as f64 / 2_000.0;
        assert!(share <= 0.101, "{share}");
    }
}
