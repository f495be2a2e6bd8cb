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
pub use load::Load;

use std::ops::Range;
use std::sync::Arc;

use crate::core::block::Block;
use crate::core::run::Loop;
use crate::core::{Request, Shard};

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

/// The requests of a run in order of their intended start, all drawn: what fires in real time must
/// not wait for a draw.
#[derive(Clone, Debug)]
pub struct Plan {
    requests: Vec<Request>,
    /// Where in them each round lies.
    rounds: Vec<Range<usize>>,
    /// With those of the other shards.
    all: usize,
    cache_hits: usize,
}

impl Plan {
    pub fn draw(load: &Load) -> Self {
        Self::in_rounds([load.clone()], Shard::WHOLE)
    }

    /// One load after the other, numbered through; instants are those of each load by itself. Of them all it keeps
    /// what its shard takes.
    pub fn in_rounds(loads: impl IntoIterator<Item = Load>, shard: Shard) -> Self {
        let (mut requests, mut rounds) = (Vec::new(), Vec::new());
        let (mut next, mut all, mut cache_hits) = (0, 0, 0);
        for load in loads {
            let (first, before) = (requests.len(), next);
            let mut drawn = load.requests();
            for request in drawn.by_ref() {
                let request = Request { index: before + request.index, ..request };
                next = request.index + 1;
                all += 1;
                if shard.takes(request.index) {
                    requests.push(request);
                }
            }
            rounds.push(first..requests.len());
            cache_hits += drawn.cache_hits();
        }
        Self { requests, rounds, all, cache_hits }
    }

    /// What is fired in each of `blocks`, in order of its intended start in the run.
    pub fn firings<'a>(&'a self, blocks: &'a [Arc<Block>]) -> impl Iterator<Item = (Request, &'a Arc<Block>)> {
        blocks.iter().flat_map(|block| {
            let round = self.requests[self.rounds[usize::from(block.round)].clone()].iter();
            round.map(move |request| {
                (Request { intended: block.start + request.intended.since_start(), ..*request }, block)
            })
        })
    }

    pub fn requests(&self) -> &[Request] {
        &self.requests
    }

    /// Requests of all shards together.
    pub fn all(&self) -> usize {
        self.all
    }

    /// The requests of each load that [`Self::in_rounds`] was given; one of a plan that was drawn at once.
    pub fn rounds(&self) -> impl Iterator<Item = &[Request]> {
        self.rounds.iter().map(|round| &self.requests[round.clone()])
    }

    /// Arrivals of all shards that the application's own cache answers: no request of the plan.
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
