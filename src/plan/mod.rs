//! What will be fired, and when: a function of the seed and the position in the plan alone, so
//! that every route and every world gets the same requests at the same instants. A closed loop
//! alone lets what comes back decide on the instants.

pub mod arrival;
pub mod closed;
pub mod load;
pub mod pattern;
pub mod prompt;
pub mod rate_curve;
pub mod sampler;
#[cfg(test)]
mod tests;
pub mod trace;
pub mod workload;

pub use closed::ClosedLoop;
pub use load::{Load, Requests};

use std::sync::Arc;

use crate::core::block::Block;
use crate::core::run::Loop;
use crate::core::{Request, RunTime, Shard};

/// What is sent along each route.
#[derive(Clone)]
pub enum Traffic {
    Open(Load),
    Closed(ClosedLoop),
}

impl Traffic {
    pub fn kind(&self) -> Loop {
        match self {
            Self::Open(_) => Loop::Open,
            Self::Closed(_) => Loop::Closed,
        }
    }
}

/// The requests of a run in order of their intended start: counted once, and drawn anew by whoever asks for them, for a
/// day of them would not fit the memory.
#[derive(Clone)]
pub struct Plan {
    rounds: Vec<Round>,
    shard: Shard,
    len: usize,
    all: usize,
    cache_hits: usize,
    last: Option<RunTime>,
}

#[derive(Clone)]
struct Round {
    load: Load,
    /// The number of its first arrival in the plan.
    first: u32,
}

impl Plan {
    pub fn of(load: &Load) -> Self {
        Self::in_rounds([load.clone()], Shard::WHOLE)
    }

    /// One load after the other, numbered through; instants are those of each load by itself. Of them all it has
    /// what its shard takes.
    pub fn in_rounds(loads: impl IntoIterator<Item = Load>, shard: Shard) -> Self {
        let mut plan = Self { rounds: Vec::new(), shard, len: 0, all: 0, cache_hits: 0, last: None };
        let mut first = 0;
        for load in loads {
            let mut requests = load.part(first, shard);
            for request in requests.by_ref() {
                plan.len += 1;
                plan.last = Some(request.intended);
            }
            plan.all += (requests.arrivals() - requests.cache_hits()) as usize;
            plan.cache_hits += requests.cache_hits() as usize;
            plan.rounds.push(Round { load, first });
            first += requests.arrivals();
        }
        plan
    }

    /// What is fired in each of `blocks`, in order of its intended start in the run.
    pub fn firings<'a>(&'a self, blocks: &'a [Arc<Block>]) -> impl Iterator<Item = (Request, &'a Arc<Block>)> {
        blocks.iter().flat_map(|block| {
            self.round(&self.rounds[usize::from(block.round)]).map(move |request| {
                (Request { intended: block.start + request.intended.since_start(), ..request }, block)
            })
        })
    }

    pub fn requests(&self) -> impl Iterator<Item = Request> {
        self.rounds().flatten()
    }

    /// The requests of each load that [`Self::in_rounds`] was given; one of a plan of one load.
    pub fn rounds(&self) -> impl Iterator<Item = Requests> {
        self.rounds.iter().map(|round| self.round(round))
    }

    fn round(&self, round: &Round) -> Requests {
        round.load.part(round.first, self.shard)
    }

    pub fn len(&self) -> usize {
        self.len
    }

    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// When the last request starts, in its round.
    pub fn last(&self) -> Option<RunTime> {
        self.last
    }

    /// Requests of all shards together.
    pub fn all(&self) -> usize {
        self.all
    }

    /// Arrivals of all shards that the application's own cache answers: no request of the plan.
    pub fn cache_hits(&self) -> usize {
        self.cache_hits
    }
}
