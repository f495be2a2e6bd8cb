//! Where the response time of an answered request went.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::record::{AttemptRecord, RequestRecord};
use crate::core::time::nanos;

/// One part of a response time. In this order they follow each other, but for the network, which lies on both
/// sides of the service.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Intended start to the sending of the first attempt: the generator's own lateness.
    Client,
    /// Sending of the first attempt to that of the one that settled the request: refusals, waits between
    /// attempts, the delay of a hedge.
    OtherAttempts,
    /// Waiting for a connection, opening it included.
    Connection,
    /// What no stamp explains: the way there and back, and what the service does not count as its own.
    Network,
    /// In the Region, until a slot was free. Known in a simulation only.
    Queue,
    /// From the slot to the first token. Known in a simulation only.
    Model,
    /// The service's own latency up to the first token, queue and model together; of a call that does not
    /// stream, all of it.
    Service,
    /// First to last token.
    Stream,
}

impl Part {
    pub const ALL: [Self; 8] = [
        Self::Client,
        Self::OtherAttempts,
        Self::Connection,
        Self::Network,
        Self::Queue,
        Self::Model,
        Self::Service,
        Self::Stream,
    ];

    /// `streamed` is whether any answer came in pieces: of one that did not, nobody saw the first token.
    pub const fn name(self, streamed: bool) -> &'static str {
        match self {
            Self::Model if !streamed => "model",
            Self::Service if !streamed => "service",
            Self::Client => "client",
            Self::OtherAttempts => "other attempts",
            Self::Connection => "connection",
            Self::Network => "network and unattributed",
            Self::Queue => "queue in the Region",
            Self::Model => "model to first token",
            Self::Service => "service to first token",
            Self::Stream => "stream",
        }
    }
}

/// The parts of many requests, added up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Parts {
    n: u64,
    untold: u64,
    /// Nanoseconds, by part.
    sums: [u128; Part::ALL.len()],
}

impl Parts {
    /// Adds an ok request. `settled` is the attempt that answered it; without it all but the client's part is
    /// unattributed.
    pub fn add(&mut self, request: &RequestRecord, settled: Option<&AttemptRecord>) {
        let mut rest = request.response_time();
        let mut take = |part: Part, wanted: Duration| {
            let taken = wanted.min(rest);
            rest -= taken;
            self.sums[part as usize] += u128::from(nanos(taken));
        };
        take(Part::Client, request.dispatch_lag().unwrap_or_default());
        if let (Some(first), Some(last)) = (request.sent, request.last_sent) {
            take(Part::OtherAttempts, last.since(first));
        }
        let told = settled.and_then(|attempt| attempt.service_latency);
        if let Some(attempt) = settled {
            take(Part::Connection, attempt.acquisition.and_then(|acquisition| acquisition.took).unwrap_or_default());
            let stream = attempt.first_token.zip(attempt.last_token).map(|(first, last)| last.since(first));
            take(Part::Stream, stream.unwrap_or_default());
            // Measured by the service from the arrival to the last token: what is not stream lies before it.
            let before = told.unwrap_or_default().saturating_sub(stream.unwrap_or_default());
            match attempt.queued {
                Some(queued) => {
                    take(Part::Queue, queued.min(before));
                    take(Part::Model, before.saturating_sub(queued));
                }
                None => take(Part::Service, before),
            }
        }
        self.sums[Part::Network as usize] += u128::from(nanos(rest));
        self.n += 1;
        self.untold += u64::from(told.is_none());
    }

    pub fn merge(&mut self, other: &Self) {
        self.n += other.n;
        self.untold += other.untold;
        self.sums.iter_mut().zip(other.sums).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Absent without a request.
    pub fn summary(&self) -> Option<PartsSummary> {
        let mean = |part: Part| (part, self.sums[part as usize] as f64 / self.n as f64 / 1e6);
        let split: &[Part] = match self.sums[Part::Queue as usize] + self.sums[Part::Model as usize] {
            0 => &[Part::Queue, Part::Model],
            _ => &[Part::Service],
        };
        let known = |part: &Part| match part {
            Part::Stream => self.sums[Part::Stream as usize] > 0,
            part => !split.contains(part) || self.sums[*part as usize] > 0,
        };
        (self.n > 0).then(|| PartsSummary {
            n: self.n,
            untold: self.untold,
            mean: Part::ALL.into_iter().filter(known).map(mean).collect(),
        })
    }
}

/// Where the time of the ok requests went: means, which add up to the mean response time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PartsSummary {
    /// Ok requests.
    pub n: u64,
    /// Of these, answers that came without the service's own latency: their time to the first token is in
    /// `network`.
    pub untold: u64,
    /// Milliseconds. What cannot be told apart in this world is not there.
    pub mean: BTreeMap<Part, f64>,
}

impl PartsSummary {
    /// Mean response time in milliseconds.
    pub fn total(&self) -> f64 {
        self.mean.values().sum()
    }

    /// Whether any answer came in pieces.
    pub fn streamed(&self) -> bool {
        self.mean.contains_key(&Part::Stream)
    }

    /// In milliseconds; zero for what is not told apart.
    pub fn of(&self, part: Part) -> f64 {
        self.mean.get(&part).copied().unwrap_or(0.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::record::Acquisition;
    use crate::core::{Outcome, RunTime};
    use crate::measure::recorder::tests::{attempt, record};

    fn ms(value: u64) -> Duration {
        Duration::from_millis(value)
    }

    fn at(value: u64) -> RunTime {
        RunTime::ZERO + ms(value)
    }

    /// Planned at 0, first sent at 2, sent again at 100; connection until 110, 1 s at the service of which
    /// 600 ms stream, end at 1,310.
    fn answered() -> (RequestRecord, AttemptRecord) {
        let mut request = record(0, 0.0, 1.31, Outcome::Ok);
        (request.sent, request.last_sent) = (Some(at(2)), Some(at(100)));
        let mut settled = attempt(1, 0.1, 1.21, Outcome::Ok);
        (settled.first_token, settled.last_token) = (Some(at(700)), Some(at(1_300)));
        settled.acquisition = Some(Acquisition { took: Some(ms(10)), reused: false, version: None });
        settled.service_latency = Some(ms(1_000));
        (request, settled)
    }

    fn split(request: &RequestRecord, settled: Option<&AttemptRecord>) -> PartsSummary {
        let mut parts = Parts::default();
        parts.add(request, settled);
        parts.summary().unwrap()
    }

    #[test]
    fn every_part_is_what_the_stamps_say() {
        let (request, settled) = answered();
        let found = split(&request, Some(&settled));
        let expected = [
            (Part::Client, 2.0),
            (Part::OtherAttempts, 98.0),
            (Part::Connection, 10.0),
            (Part::Network, 200.0),
            (Part::Service, 400.0),
            (Part::Stream, 600.0),
        ];
        assert_eq!(found.mean, BTreeMap::from(expected));
        assert_eq!((found.n, found.untold), (1, 0));
    }

    #[test]
    fn the_queue_is_told_from_the_model_where_somebody_knows() {
        let (request, mut settled) = answered();
        settled.queued = Some(ms(150));
        let found = split(&request, Some(&settled));
        assert_eq!((found.of(Part::Queue), found.of(Part::Model)), (150.0, 250.0));
        assert!(!found.mean.contains_key(&Part::Service));
    }

    #[test]
    fn parts_add_up_to_the_response_time_whatever_the_service_says() {
        let (request, settled) = answered();
        for told in [None, Some(ms(0)), Some(ms(300)), Some(ms(1_000)), Some(ms(90_000))] {
            for queued in [None, Some(ms(0)), Some(ms(5_000))] {
                let settled = AttemptRecord { service_latency: told, queued, ..settled.clone() };
                let found = split(&request, Some(&settled));
                assert!((found.total() - 1_310.0).abs() < 1e-6, "{told:?} {queued:?}: {found:?}");
            }
        }
        assert_eq!(split(&request, None).of(Part::Network), 1_210.0);
    }

    #[test]
    fn without_the_services_latency_the_time_to_the_first_token_is_unattributed() {
        let (request, settled) = answered();
        let found = split(&request, Some(&AttemptRecord { service_latency: None, ..settled }));
        assert_eq!((found.of(Part::Network), found.of(Part::Service), found.untold), (600.0, 0.0, 1));
    }

    #[test]
    fn a_call_that_does_not_stream_has_service_and_no_first_token() {
        let (request, mut settled) = answered();
        (settled.first_token, settled.last_token) = (None, None);
        let found = split(&request, Some(&settled));
        assert_eq!((found.of(Part::Service), found.of(Part::Network)), (1_000.0, 200.0));
        assert!(!found.streamed());
        assert_eq!(Part::Service.name(found.streamed()), "service");
    }

    #[test]
    fn nothing_has_no_parts() {
        assert_eq!(Parts::default().summary(), None);
    }
}
