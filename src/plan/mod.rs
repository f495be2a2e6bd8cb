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

use crate::core::Request;
use crate::core::run::Loop;

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
    cache_hits: usize,
}

impl Plan {
    pub fn draw(load: &Load) -> Self {
        let mut drawn = load.requests();
        let requests = drawn.by_ref().collect();
        Self { requests, cache_hits: drawn.cache_hits() }
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
