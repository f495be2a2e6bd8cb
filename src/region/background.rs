//! What other tenants ask of a Region: when their requests come, and how long each takes.

use std::time::Duration;

use rand::RngExt;
use rand_distr::{Distribution, Exp1};

use super::PlaceSpec;
use crate::core::RequestKey;
use crate::core::seed::{Draws, Purpose, Seed};
use crate::core::time::span_of;
use crate::plan::workload::Workload;

/// Service times to take from: a Region under load serves hundreds of strangers for each request of
/// ours, and their times are of no interest one by one.
const SERVICES: usize = 4_096;

/// One after the other, so that their luck depends on nothing that we do.
#[derive(Debug)]
pub struct Background {
    /// Drawn by the Region's own laws; each stranger takes one of them.
    services: Vec<Duration>,
    mean: Duration,
    draws: Draws,
}

impl Background {
    /// Strangers who ask what `workload` does. None come where the conditions never say so.
    pub fn new(seed: Seed, place: &PlaceSpec, workload: &Workload) -> Self {
        let mut draws = seed.stem(Purpose::BackgroundService, place.region).draws(RequestKey(0), 0);
        let (input, output) = (workload.input.law(), workload.output.law());
        let mut service = || {
            let (input, output) = (input.sample(&mut draws), output.sample(&mut draws));
            place.ttft.sample(&mut draws)
                + place.per_input_token * input
                + place.tpot.sample(&mut draws) * output.saturating_sub(1)
        };
        let ever = place.conditions.any(|condition| condition.background > 0.0);
        let services: Vec<_> = (0..if ever { SERVICES } else { 0 }).map(|_| service()).collect();
        let mean = services.iter().sum::<Duration>() / SERVICES as u32;
        let draws = seed.stem(Purpose::BackgroundArrival, place.region).draws(RequestKey(0), 0);
        Self { services, mean, draws }
    }

    /// Until the next one comes, if together they are to keep `slots` slots busy. Absent where none come.
    pub fn next_gap(&mut self, slots: f64) -> Option<Duration> {
        // Requests that take no time load nothing, and would all arrive at this very instant.
        if slots <= 0.0 || self.mean.is_zero() {
            return None;
        }
        let gap: f64 = Exp1.sample(&mut self.draws);
        // Saturates: a load of next to nothing comes next to never.
        Some(span_of(gap * self.mean.as_secs_f64() / slots))
    }

    /// How long the one that has come takes, undisturbed.
    pub fn service(&mut self) -> Duration {
        self.services[self.draws.random_range(0..self.services.len())]
    }
}
