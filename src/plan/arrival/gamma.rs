//! Bursts on purpose: gaps from a gamma distribution, as vLLM's `--burstiness` has them (`vllm bench
//! serve`). The gaps' coefficient of variation is 1/√shape.

use rand_distr::{Distribution, Gamma};

use super::{ArrivalProcess, Entry, Setting, Settings};
use crate::core::Seed;
use crate::core::seed::{Draws, Purpose};

pub const ENTRY: Entry = Entry {
    name: "gamma",
    summary: "independent gaps whose spread is set by --burstiness",
    heeds: Some(Setting::Burstiness),
    build: |settings, seed| Box::new(Bursts::new(settings, seed)),
};

struct Bursts {
    at: f64,
    gaps: Gamma<f64>,
    draws: Draws,
}

impl Bursts {
    fn new(settings: &Settings, seed: Seed) -> Self {
        let shape = settings.burstiness.unwrap_or(1.0);
        let gaps = Gamma::new(shape, 1.0 / shape).expect("the shape is above 0 and finite");
        Self { at: 0.0, gaps, draws: seed.stream(Purpose::Arrivals) }
    }
}

impl ArrivalProcess for Bursts {
    fn next_arrival(&mut self) -> Option<f64> {
        self.at += self.gaps.sample(&mut self.draws);
        Some(self.at)
    }
}
