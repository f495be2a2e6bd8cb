//! Where an attempt goes next. A policy decides on what a client can know: what it asked, when, and
//! the answers that it got. It never sees the region model; a simulated win won by peeking would be
//! no win.

mod adaptive;
mod cooldown;
mod fallback;
pub mod fleet;
mod hedged;
pub mod journey;
mod minute;
mod overflow;
mod patient;
mod pinned;
mod recent;
pub mod settings;
mod weighted;

#[cfg(test)]
mod conformance;
#[cfg(test)]
mod fixture;

use crate::core::record::Usage;
use crate::core::{Outcome, RequestKey, RunTime, Seed};

pub use journey::Journey;
pub use settings::{Key, Settings};

/// Position of a target in its route.
pub type Target = usize;

/// What is known of a request before it is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Asked {
    /// Names the request's own luck, for policies that draw.
    pub key: RequestKey,
    pub input_tokens: u32,
    pub max_tokens: u32,
    /// Nothing is sent from then on.
    pub deadline: RunTime,
}

/// One attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tried {
    pub target: Target,
    pub sent: RunTime,
    /// Absent until one was seen, and for answers that come in one piece.
    pub first_token: Option<RunTime>,
    /// Absent while it is in flight.
    pub ended: Option<Ended>,
}

/// How an attempt ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ended {
    pub at: RunTime,
    pub outcome: Outcome,
    pub first_token: Option<RunTime>,
    pub usage: Option<Usage>,
}

impl Tried {
    pub fn outcome(&self) -> Option<Outcome> {
        self.ended.map(|ended| ended.outcome)
    }
}

/// One request as a policy sees it: what it asks, and its attempts so far, oldest first.
#[derive(Clone, Copy, Debug)]
pub struct View<'a> {
    pub asked: &'a Asked,
    pub tried: &'a [Tried],
}

/// A policy that goes on and on is stopped here: no request is worth more.
const MOST_ATTEMPTS: usize = 100;

impl View<'_> {
    /// Whether an attempt decided on now would be sent: policies that count what they sent ask first.
    pub fn may_send(&self, now: RunTime) -> bool {
        now < self.asked.deadline && self.tried.len() < MOST_ATTEMPTS
    }
}

/// What a policy is told of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is due.
    Arrived,
    /// The attempt at this position has ended.
    Ended(usize),
    /// The time has come that the policy asked to be woken at.
    Woken,
}

/// What a policy wants done about that request. An attempt that succeeds settles the request and
/// cancels its other attempts, without being asked; one that fails settles it when nothing is in
/// flight, to be sent or waited for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decision {
    /// Send an attempt to this target now.
    pub attempt: Option<Target>,
    /// Ask again then. Replaces what was asked for before.
    pub wake: Option<RunTime>,
}

impl Decision {
    /// Wait for what is in flight, or end with the last attempt.
    pub const NOTHING: Self = Self { attempt: None, wake: None };

    pub const fn attempt(target: Target) -> Self {
        Self { attempt: Some(target), wake: None }
    }

    pub const fn wait_until(at: RunTime) -> Self {
        Self { attempt: None, wake: Some(at) }
    }

    pub const fn and_wake(self, at: RunTime) -> Self {
        Self { wake: Some(at), ..self }
    }
}

/// Pure: takes `now`, and keeps only what it learned from events. One instance serves a whole
/// route, so that what one request found out can spare the next one the same refusal.
pub trait Policy: Send {
    /// Told of every arrival and of the end of every attempt, cancelled ones included. What it
    /// decides about a request that is settled is not heeded.
    fn on(&mut self, now: RunTime, request: View<'_>, event: Event) -> Decision;
}

/// One policy: profiles, docs and the conformance tests follow from the list.
pub struct Entry {
    pub name: &'static str,
    pub summary: &'static str,
    /// How many targets make sense.
    pub targets: std::ops::RangeInclusive<usize>,
    /// Whether what one request meets can decide where another goes: several clients then do not do what one would.
    pub remembers: bool,
    pub keys: &'static [Key],
    pub build: fn(&Settings, Seed) -> Box<dyn Policy>,
}

/// To add a policy: one file with an [`Entry`], one line here.
pub static POLICIES: &[Entry] =
    &[pinned::ENTRY, patient::ENTRY, fallback::ENTRY, weighted::ENTRY, overflow::ENTRY, hedged::ENTRY, adaptive::ENTRY];

pub fn find(name: &str) -> Option<&'static Entry> {
    POLICIES.iter().find(|entry| entry.name == name)
}
