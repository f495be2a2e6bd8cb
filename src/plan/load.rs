//! The load of a run: when requests arrive, and what each asks for. A description, cheap to clone;
//! requests are drawn one by one, so that a day of them needs no memory.

use super::arrival::{ArrivalProcess, Entry, Settings};
use super::rate_curve::RateCurve;
use super::sampler::Sampler;
use super::workload::Workload;
use crate::core::{Request, Seed, Shard};

/// An open loop: what arrives depends on the seed and on nothing that comes back.
#[derive(Clone)]
pub struct Load {
    rates: RateCurve,
    arrival: &'static Entry,
    settings: Settings,
    sampler: Sampler,
    seed: Seed,
}

impl Load {
    /// Arrivals of the kind `arrival`, at `rates` over the whole run, warm-up included.
    pub fn new(rates: RateCurve, arrival: &'static Entry, settings: Settings, workload: &Workload, seed: Seed) -> Self {
        Self { rates, arrival, settings, sampler: Sampler::new(workload, seed), seed }
    }

    /// The same load under another seed.
    pub fn under(&self, seed: Seed) -> Self {
        Self { sampler: self.sampler.under(seed), seed, ..self.clone() }
    }

    /// From the first to the last; the same ones every time.
    pub fn requests(&self) -> Requests {
        self.part(0, Shard::WHOLE)
    }

    /// Those that `shard` takes, numbered from `first` on.
    pub fn part(&self, first: u32, shard: Shard) -> Requests {
        let process = (self.arrival.build)(&self.settings, self.seed);
        Requests { load: self.clone(), process, first, shard, arrivals: 0, cache_hits: 0 }
    }

    /// Knows how long each answer is.
    pub fn sampler(&self) -> &Sampler {
        &self.sampler
    }

    pub fn rates(&self) -> &RateCurve {
        &self.rates
    }
}

/// The requests of a [`Load`] in order of their intended start, each drawn when it is asked for.
pub struct Requests {
    load: Load,
    process: Box<dyn ArrivalProcess>,
    first: u32,
    shard: Shard,
    arrivals: u32,
    cache_hits: u32,
}

impl Requests {
    /// Arrivals so far, of every shard.
    pub fn arrivals(&self) -> u32 {
        self.arrivals
    }

    /// Those of them that the application's own cache answers: no requests.
    pub fn cache_hits(&self) -> u32 {
        self.cache_hits
    }
}

impl Iterator for Requests {
    type Item = Request;

    fn next(&mut self) -> Option<Request> {
        loop {
            let intended = self.load.rates.when(self.process.next_arrival()?)?;
            // Every arrival keeps its number, hit or not: with another hit rate it asks the same.
            let number = self.arrivals;
            self.arrivals += 1;
            if self.load.sampler.cache_hit(number) {
                self.cache_hits += 1;
            } else if self.shard.takes(self.first + number) {
                let request = self.load.sampler.request(number, intended);
                return Some(Request { index: self.first + number, ..request });
            }
        }
    }
}
