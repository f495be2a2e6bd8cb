//! The better of two targets drawn by the request's key (Mitzenmacher, "The Power of Two Choices in
//! Randomized Load Balancing", IEEE TPDS 12(10), 2001), by expected latency: a peak-sensitive moving
//! average of the time to first token, times the attempts in flight (Finagle's Peak EWMA). A peak counts at
//! once and is forgotten slowly; where nothing is sent the estimate sinks, so that a target that has
//! recovered is found again.

use std::time::Duration;

use rand::RngExt;

use super::settings::PASSING;
use super::{Decision, Entry, Event, Key, Policy, Settings, Target, Tried, View};
use crate::core::seed::Purpose;
use crate::core::{Outcome, RequestKey, RunTime, Seed};

pub const ENTRY: Entry = Entry {
    name: "adaptive",
    summary: "the one of two targets that answers sooner lately, drawn afresh for each request",
    targets: 2..=usize::MAX,
    remembers: true,
    keys: &[Key::Decay, Key::FallBackOn],
    build: |settings, seed| Box::new(Adaptive::new(settings, seed)),
};

/// Expected of a target that has not answered yet, in seconds. An assumption: until the first answers
/// it spreads requests by what is in flight.
const UNKNOWN: f64 = 1.0;
/// How much dearer a target that failed looks than the dearest that answers.
const FAILURE: f64 = 2.0;

struct Adaptive {
    seed: Seed,
    fall_back_on: Vec<Outcome>,
    /// In seconds.
    decay: f64,
    loads: Vec<Load>,
}

/// What is known of one target.
#[derive(Clone, Default)]
struct Load {
    in_flight: u32,
    /// Seconds to first token, of attempts that answered.
    latency: Option<Fading>,
    /// Seconds that its failures weigh.
    debt: Fading,
}

/// A value that counts less as time goes by.
#[derive(Clone, Copy, Default)]
struct Fading {
    value: f64,
    at: RunTime,
}

impl Fading {
    fn weight(&self, now: RunTime, decay: f64) -> f64 {
        (-now.since(self.at).as_secs_f64() / decay).exp()
    }

    fn at(&self, now: RunTime, decay: f64) -> f64 {
        self.value * self.weight(now, decay)
    }
}

impl Load {
    /// The expected latency of one more attempt, its failures aside.
    fn latency(&self, now: RunTime, decay: f64) -> f64 {
        self.latency.map_or(UNKNOWN, |latency| latency.at(now, decay)) * f64::from(self.in_flight + 1)
    }

    fn cost(&self, now: RunTime, decay: f64) -> f64 {
        self.latency(now, decay) + self.debt.at(now, decay)
    }

    fn answered(&mut self, now: RunTime, took: Duration, decay: f64) {
        let took = took.as_secs_f64();
        let value = match self.latency {
            Some(known) if took < known.value => {
                let weight = known.weight(now, decay);
                known.value * weight + took * (1.0 - weight)
            }
            _ => took,
        };
        self.latency = Some(Fading { value, at: now });
    }
}

impl Adaptive {
    fn new(settings: &Settings, seed: Seed) -> Self {
        Self {
            seed,
            fall_back_on: settings.fall_back_on.clone(),
            decay: settings.decay.as_secs_f64(),
            loads: vec![Load::default(); settings.targets],
        }
    }

    fn draw(&self, key: RequestKey) -> [Target; 2] {
        let mut draws = self.seed.indexed(Purpose::Routing, key.0);
        let one = draws.random_range(0..self.loads.len());
        let other = draws.random_range(0..self.loads.len() - 1);
        [one, if other < one { other } else { other + 1 }]
    }

    /// The cheapest; among equals the one that the profile names first.
    fn cheapest(&self, now: RunTime, among: impl Iterator<Item = Target>) -> Option<Target> {
        let costs = among.map(|target| (self.loads[target].cost(now, self.decay), target));
        costs.min_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1))).map(|(_, target)| target)
    }

    /// A fast refusal must not look attractive, however little is in flight at the target: it weighs
    /// as a peak above what any target costs now.
    fn failed(&mut self, now: RunTime, tried: &Tried) {
        let dearest = self.loads.iter().map(|load| load.latency(now, self.decay)).fold(0.0, f64::max);
        let lost = now.since(tried.sent).as_secs_f64();
        let debt = &mut self.loads[tried.target].debt;
        let value = debt.at(now, self.decay).max(lost).max(FAILURE * dearest);
        *debt = Fading { value, at: now };
    }

    fn learn(&mut self, now: RunTime, tried: &Tried) {
        let load = &mut self.loads[tried.target];
        load.in_flight -= 1;
        match tried.outcome() {
            Some(Outcome::Ok) => {
                load.answered(now, tried.first_token.unwrap_or(now).since(tried.sent), self.decay);
            }
            Some(outcome) if PASSING.contains(&outcome) => self.failed(now, tried),
            _ => {}
        }
    }
}

impl Policy for Adaptive {
    fn on(&mut self, now: RunTime, request: View<'_>, event: Event) -> Decision {
        let target = match event {
            Event::Arrived => self.cheapest(now, self.draw(request.asked.key).into_iter()),
            Event::Ended(attempt) => {
                let tried = &request.tried[attempt];
                self.learn(now, tried);
                let elsewhere = tried.outcome().is_some_and(|outcome| self.fall_back_on.contains(&outcome));
                let untried =
                    (0..self.loads.len()).filter(|target| request.tried.iter().all(|tried| tried.target != *target));
                if elsewhere { self.cheapest(now, untried) } else { None }
            }
            Event::Woken => None,
        };
        if let Some(target) = target.filter(|_| request.may_send(now)) {
            self.loads[target].in_flight += 1;
        }
        target.map_or(Decision::NOTHING, Decision::attempt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::routing::fixture::{Played, at, play, request};
    use crate::routing::journey::{Journey, Step};

    fn policy(targets: usize) -> Adaptive {
        Adaptive::new(&Settings::new(targets), Seed(9))
    }

    fn millis(ms: u64) -> Duration {
        Duration::from_millis(ms)
    }

    /// Share of the requests that go to `target` first.
    fn share(played: &[Played], target: Target) -> f64 {
        played.iter().filter(|played| played.tried[0].target == target).count() as f64 / played.len() as f64
    }

    #[test]
    fn the_faster_of_two_gets_most_and_the_slower_is_not_forgotten() {
        let played = play(&mut policy(2), 0..3_000, |_, target| (millis([100, 400][target]), Outcome::Ok));
        let fast = share(&played, 0);
        assert!((0.75..0.999).contains(&fast), "{fast}");
    }

    #[test]
    fn two_choices_are_drawn_evenly_and_never_the_same() {
        let policy = policy(3);
        let mut drawn = [0; 3];
        for key in 0..30_000 {
            let [one, other] = policy.draw(RequestKey(key));
            assert_ne!(one, other);
            drawn[one] += 1;
            drawn[other] += 1;
        }
        // Five standard deviations of a binomial share of two thirds.
        assert!(drawn.iter().all(|n: &i32| (n - 20_000).abs() < 410), "{drawn:?}");
    }

    #[test]
    fn the_fastest_of_three_gets_most_of_the_draws_that_it_is_in() {
        let played = play(&mut policy(3), 0..3_000, |_, target| (millis([400, 100, 400][target]), Outcome::Ok));
        let fast = share(&played, 1);
        assert!((0.55..=0.70).contains(&fast), "{fast} of at most two thirds");
    }

    #[test]
    fn a_fast_refusal_does_not_attract() {
        // Five requests are in flight at the good target on average; none at the one that refuses.
        let played = play(&mut policy(2), 0..3_000, |_, target| match target {
            0 => (millis(5), Outcome::Throttled),
            _ => (millis(500), Outcome::Ok),
        });
        assert!(played.iter().all(Played::is_ok));
        let refused = share(&played[100..], 0);
        assert!(refused < 0.05, "{refused}");
    }

    #[test]
    fn a_target_that_has_recovered_is_found_again() {
        for (took, outcome) in [(5, Outcome::Throttled), (4_000, Outcome::Ok), (20_000, Outcome::Timeout)] {
            let sick = at(60_000)..at(120_000);
            let played = play(&mut policy(2), 0..2_400, |now, target| match target {
                0 if sick.contains(&now) => (millis(took), outcome),
                _ => (millis([200, 400][target]), Outcome::Ok),
            });
            assert!(share(&played[700..1_200], 0) < 0.1, "{outcome}: used while it was sick");
            assert!(share(&played[1_800..], 0) > 0.5, "{outcome}: {} of the last minute", share(&played[1_800..], 0));
        }
    }

    #[test]
    fn in_flight_counts_what_is_sent_and_comes_back_to_nothing() {
        let mut policy = policy(2);
        let late = super::super::Asked { deadline: at(10), ..request(1) };
        assert_eq!(Journey::new(late).arrive(at(10), &mut policy), Step::Unsent);
        let mut journey = Journey::new(request(1));
        journey.arrive(at(0), &mut policy);
        assert_eq!(policy.loads.iter().map(|load| load.in_flight).sum::<u32>(), 1);
        journey.give_up(at(50), &mut policy);
        assert_eq!(policy.loads.iter().map(|load| load.in_flight).sum::<u32>(), 0);
        assert!(policy.loads.iter().all(|load| load.latency.is_none()), "a cancelled attempt says nothing");
    }

    #[test]
    fn a_peak_counts_at_once_and_is_forgotten_slowly() {
        let mut load = Load::default();
        load.answered(at(0), millis(200), 10.0);
        load.answered(at(1_000), millis(2_000), 10.0);
        assert_eq!(load.latency.unwrap().value, 2.0);
        load.answered(at(11_000), millis(200), 10.0);
        let expected = 2.0 * (-1.0_f64).exp() + 0.2 * (1.0 - (-1.0_f64).exp());
        assert!((load.latency.unwrap().value - expected).abs() < 1e-9);
        // A minute without an answer: the estimate has sunk to next to nothing.
        assert!(load.cost(at(71_000), 10.0) < 0.01);
    }
}
