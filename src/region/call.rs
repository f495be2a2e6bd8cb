//! What goes into the model of a Region, and what comes out of it.

use std::time::Duration;

use super::fault::Fault;
use crate::core::{RegionId, RequestKey, RunTime};

/// Names one call from its arrival to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u64);

/// A way of asking for a model that the world has been told of: see [`World::path`].
///
/// [`World::path`]: super::World::path
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Path(pub(super) u32);

/// One attempt, as the Region's endpoint sees it.
#[derive(Clone, Copy, Debug)]
pub struct Call {
    pub ticket: Ticket,
    pub path: Path,
    pub key: RequestKey,
    pub attempt: u32,
    pub input_tokens: u32,
    pub max_tokens: u32,
    /// What the model will write; at most `max_tokens`.
    pub output_tokens: u32,
    /// Quota that one output token uses.
    pub burndown: f64,
    /// What the caller asked to go wrong, whatever the Region's conditions.
    pub fault: Option<Fault>,
}

/// The script of a served call. Token `k` leaves the endpoint at `first_token + k · gap`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Timeline {
    /// Where it is processed: the model knows, the client cannot.
    pub place: RegionId,
    pub arrived: RunTime,
    /// A slot was free.
    pub started: RunTime,
    pub first_token: RunTime,
    pub gap: Duration,
    pub tokens: u32,
    /// What goes wrong with it on the way.
    pub fault: Option<Fault>,
}

impl Timeline {
    pub fn token(&self, k: u32) -> RunTime {
        self.first_token + self.gap * k
    }

    pub fn last_token(&self) -> RunTime {
        self.token(self.tokens.saturating_sub(1))
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Refusal {
    /// 429
    TooManyRequests,
    /// 429
    TooManyTokens,
    /// 503
    Overloaded,
    /// What a fault puts in place of an answer.
    Fault(Fault),
}

#[derive(Debug)]
pub enum Input {
    Arrive(Call),
    /// The client went away: the slot or the place in the queue is free again.
    Cancel(Ticket),
    /// From now on these go wrong in a Region, beside what its conditions schedule.
    Faults(RegionId, Vec<Fault>),
    /// Nothing from outside, only time.
    Wake,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    Begin(Ticket, Timeline),
    Refuse(Ticket, Refusal),
}

impl Call {
    /// Quota taken at admission, in tokens.
    pub fn reserved(&self) -> u64 {
        u64::from(self.input_tokens) + u64::from(self.max_tokens)
    }
}
