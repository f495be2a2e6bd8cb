//! One attempt on its way, and what is written down of it.

use std::time::Duration;

use slotmap::DefaultKey;

use super::answer::{Seen, WayBack};
use crate::core::record::{Acquisition, AttemptRecord, HttpVersion, Usage};
use crate::core::{Outcome, RegionId, Request, RunTime};
use crate::region::call::{Call, Timeline};

/// Where an attempt stands, as its client sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Without a connection.
    Waiting,
    Flying,
    Over,
}

/// An attempt on its way.
pub struct Flight {
    pub trip: DefaultKey,
    pub attempt: u16,
    pub target: usize,
    pub call: Call,
    pub state: State,
    pub sent: RunTime,
    /// With a connection of its own.
    pub departed: Option<RunTime>,
    pub reused: bool,
    pub way_out: Duration,
    pub way_back: WayBack,
    pub timeline: Option<Timeline>,
    pub seen: Option<Seen>,
    pub ended: Option<(RunTime, Outcome, Option<&'static str>, Option<u16>)>,
    /// The Region is to hear that the client has left, and has not yet.
    pub leaving: bool,
}

impl Flight {
    /// When it is over. `position` and `endpoint` are those of its route and of its target.
    pub fn record(&self, request: &Request, (position, endpoint): (u16, RegionId)) -> AttemptRecord {
        let (finished, outcome, error, http_status) = self.ended.expect("it is over");
        let by_then = |at: Option<RunTime>| at.filter(|at| *at <= finished);
        let acquisition = self.departed.map(|departed| Acquisition {
            took: Some(departed.since(self.sent)),
            reused: self.reused,
            version: Some(HttpVersion::Http1),
        });
        let first_token = by_then(self.seen.and_then(|seen| seen.first_token));
        AttemptRecord {
            route: position,
            index: request.index,
            attempt: self.attempt,
            region: endpoint,
            target: self.target as u16,
            asked_tokens: request.input_tokens,
            sent: Some(self.sent),
            head: first_token,
            first_token,
            last_token: by_then(self.seen.and_then(|seen| seen.last_token)),
            finished,
            outcome,
            http_status,
            error: error.map(Into::into),
            request_id: None,
            acquisition,
            usage: self.usage(outcome),
            place: self.timeline.map(|timeline| timeline.place),
            queued: self.timeline.map(|timeline| timeline.started.since(timeline.arrived)),
            service_latency: self
                .timeline
                .filter(|_| outcome.is_ok())
                .map(|timeline| timeline.last_token().since(timeline.arrived)),
        }
    }

    /// Told with the last event of a good answer, as the service does.
    pub fn usage(&self, outcome: Outcome) -> Option<Usage> {
        let call = &self.call;
        outcome.is_ok().then_some(Usage { input_tokens: call.input_tokens, output_tokens: call.output_tokens })
    }
}
