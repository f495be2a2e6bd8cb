//! Independent users: exponential gaps. Bursts happen by themselves, as they do in life.

use rand_distr::{Distribution, Exp1};

use super::{ArrivalProcess, Entry};
use crate::core::seed::{Draws, Purpose};

pub const ENTRY: Entry = Entry {
    name: "poisson",
    summary: "independent arrivals with exponential gaps",
    heeds: None,
    build: |_, seed| Box::new(Poisson { at: 0.0, draws: seed.stream(Purpose::Arrivals) }),
};

struct Poisson {
    at: f64,
    draws: Draws,
}

impl ArrivalProcess for Poisson {
    fn next_arrival(&mut self) -> Option<f64> {
        let gap: f64 = Exp1.sample(&mut self.draws);
        self.at += gap;
        Some(self.at)
    }
}
