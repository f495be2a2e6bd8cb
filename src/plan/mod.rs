//! What will be fired, and when: a function of the seed and the position in the plan alone, so
//! that every route and every world gets the same requests at the same instants.

pub mod arrival;
pub mod prompt;
pub mod workload;

use std::time::Duration;

use crate::core::{Request, RunTime, Seed};
use arrival::ArrivalProcess;
use workload::Workload;

/// The requests of a run in order of their intended start.
#[derive(Clone, Debug)]
pub struct Plan {
    requests: Vec<Request>,
    cache_hits: usize,
}

impl Plan {
    /// Draws arrivals from `process` until `length` (warm-up included) is over.
    pub fn draw(process: &mut dyn ArrivalProcess, workload: &Workload, length: Duration, seed: Seed) -> Self {
        let end = RunTime::from_duration(length);
        let mut requests = Vec::new();
        let mut cache_hits = 0;
        // Every arrival keeps its number, hit or not: with another hit rate it asks the same.
        for index in 0.. {
            let intended = process.next_arrival();
            if intended >= end {
                break;
            }
            if workload.draw_cache_hit(seed, index) {
                cache_hits += 1;
                continue;
            }
            requests.push(Request {
                index,
                intended,
                input_tokens: workload.draw_input(seed, index),
                max_tokens: workload.max_tokens,
            });
        }
        Self { requests, cache_hits }
    }

    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// Arrivals that the application's own cache answers: no request of the plan.
    pub fn cache_hits(&self) -> usize {
        self.cache_hits
    }

    pub fn len(&self) -> usize {
        self.requests.len()
    }

    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::units::Rate;
    use crate::plan::workload::TokenLengths;

    fn plan(token_multiplier: f64, cache_hit_rate: f64) -> Plan {
        let workload = Workload {
            input: TokenLengths { p50: 400, p95: 1_200, max: 4_000 },
            token_multiplier,
            cache_hit_rate,
            ..Workload::fixed(400, 60)
        };
        let mut arrivals = (arrival::find("poisson").unwrap().build)(Rate(100.0), Seed(1));
        Plan::draw(&mut *arrivals, &workload, Duration::from_secs(100), Seed(1))
    }

    #[test]
    fn a_cache_takes_requests_out_and_leaves_the_others_as_they_were() {
        let (all, some) = (plan(1.0, 0.0), plan(1.0, 0.3));
        assert_eq!(all.cache_hits(), 0);
        assert_eq!(some.len() + some.cache_hits(), all.len());
        let share = some.cache_hits() as f64 / all.len() as f64;
        assert!((share - 0.3).abs() < 0.025, "five standard errors: {share}");
        for request in some.requests() {
            assert_eq!(Some(request), all.requests().iter().find(|other| other.index == request.index));
        }
    }

    #[test]
    fn shorter_prompts_are_the_same_prompts_shortened() {
        let (whole, compressed) = (plan(1.0, 0.0), plan(0.6, 0.0));
        for (long, short) in whole.requests().iter().zip(compressed.requests()) {
            assert_eq!(long.intended, short.intended);
            assert_eq!(short.input_tokens, (f64::from(long.input_tokens) * 0.6).round() as u32);
        }
    }
}
