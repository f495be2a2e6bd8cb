//! What is kept of each request and each attempt. Every report is a re-reading of these.

use std::borrow::Cow;
use std::time::Duration;

use super::outcome::Outcome;
use super::region::RegionId;
use super::time::RunTime;

/// Token counts as the service reported them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u32,
    pub output_tokens: u32,
}

/// Sums of token counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tokens {
    pub input: u64,
    pub output: u64,
}

impl Tokens {
    pub fn add(&mut self, usage: Usage) {
        self.input += u64::from(usage.input_tokens);
        self.output += u64::from(usage.output_tokens);
    }

    pub fn total(self) -> u64 {
        self.input + self.output
    }
}

/// One request of one route, from plan to end.
#[derive(Clone, Debug, PartialEq)]
pub struct RequestRecord {
    /// Position of the route in the run.
    pub route: u16,
    /// Position of the request in the plan.
    pub index: u32,
    /// Position of the phase that the intended start falls in.
    pub phase: u16,
    pub intended: RunTime,
    /// First attempt handed to the transport; absent when none was.
    pub sent: Option<RunTime>,
    /// The attempt that settled the request.
    pub last_sent: Option<RunTime>,
    pub first_token: Option<RunTime>,
    pub last_token: Option<RunTime>,
    pub finished: RunTime,
    pub outcome: Outcome,
    pub attempts: u16,
    /// Region whose endpoint gave the last answer.
    pub region: Option<RegionId>,
    pub usage: Option<Usage>,
    /// FNV-1a of the prompt: equal hashes, equal prompts. Absent where none is written.
    pub prompt_hash: Option<u64>,
}

impl RequestRecord {
    /// The same, as if all of it had happened `by` sooner.
    pub fn shift(&mut self, by: Duration) {
        let stamps = [&mut self.sent, &mut self.last_sent, &mut self.first_token, &mut self.last_token];
        let all = stamps.into_iter().flatten().chain([&mut self.intended, &mut self.finished]);
        all.for_each(|at| *at = at.before(by));
    }

    /// The user's wait, from the planned instant: the headline.
    pub fn response_time(&self) -> Duration {
        self.finished.since(self.intended)
    }

    /// The uncorrected view: the attempt that settled the request, from when it was sent.
    pub fn service_time(&self) -> Option<Duration> {
        self.last_sent.map(|sent| self.finished.since(sent))
    }

    /// First content token, from the planned instant.
    pub fn ttft(&self) -> Option<Duration> {
        self.first_token.map(|at| at.since(self.intended))
    }

    /// First content token, from when the attempt was sent.
    pub fn service_ttft(&self) -> Option<Duration> {
        Some(self.first_token?.since(self.last_sent?))
    }

    /// Mean time per output token after the first; absent for one token or none.
    pub fn tpot(&self) -> Option<Duration> {
        let tokens = self.usage?.output_tokens;
        (tokens > 1).then_some(())?;
        Some(self.last_token?.since(self.first_token?) / (tokens - 1))
    }

    /// The generator's own lateness.
    pub fn dispatch_lag(&self) -> Option<Duration> {
        self.sent.map(|sent| sent.since(self.intended))
    }
}

/// HTTP version of the connection that an attempt went over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpVersion {
    Http1,
    Http2,
}

impl HttpVersion {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Http1 => "HTTP/1.1",
            Self::Http2 => "HTTP/2",
        }
    }
}

/// How an attempt came by its connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acquisition {
    /// Waiting for a connection, opening one included.
    pub took: Option<Duration>,
    pub reused: bool,
    pub version: Option<HttpVersion>,
}

/// One call to one Region.
#[derive(Clone, Debug, PartialEq)]
pub struct AttemptRecord {
    pub route: u16,
    pub index: u32,
    /// From 0.
    pub attempt: u16,
    pub region: RegionId,
    /// Position of the target in the route.
    pub target: u16,
    /// Length aimed at when the prompt was written; the service's own count is in the usage.
    pub asked_tokens: u32,
    pub sent: Option<RunTime>,
    /// Response head received.
    pub head: Option<RunTime>,
    pub first_token: Option<RunTime>,
    pub last_token: Option<RunTime>,
    pub finished: RunTime,
    pub outcome: Outcome,
    pub http_status: Option<u16>,
    /// The service's own words for a failure, or ours for a timeout.
    pub error: Option<Cow<'static, str>>,
    pub request_id: Option<String>,
    pub acquisition: Option<Acquisition>,
    pub usage: Option<Usage>,
    /// Where it was processed, if anybody can tell: a client cannot, the simulator can.
    pub place: Option<RegionId>,
    /// From its arrival at the Region to its slot, if anybody can tell: the simulator can.
    pub queued: Option<Duration>,
    /// The service's own latency, from its metrics.
    pub service_latency: Option<Duration>,
}

impl AttemptRecord {
    /// The same, as if all of it had happened `by` sooner.
    pub fn shift(&mut self, by: Duration) {
        let stamps = [&mut self.sent, &mut self.head, &mut self.first_token, &mut self.last_token];
        let all = stamps.into_iter().flatten().chain([&mut self.finished]);
        all.for_each(|at| *at = at.before(by));
    }
}

#[cfg(test)]
impl AttemptRecord {
    /// The first of a request, at Sydney, of which nothing is known but how it ended: tests say what else matters to them.
    pub fn ended(finished: RunTime, outcome: Outcome) -> Self {
        Self {
            route: 0,
            index: 0,
            attempt: 0,
            region: RegionId::SYDNEY,
            target: 0,
            asked_tokens: 400,
            sent: None,
            head: None,
            first_token: None,
            last_token: None,
            finished,
            outcome,
            http_status: None,
            error: None,
            request_id: None,
            acquisition: None,
            usage: None,
            place: None,
            queued: None,
            service_latency: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(value: u64) -> RunTime {
        RunTime::from_nanos(value * 1_000_000)
    }

    fn record() -> RequestRecord {
        RequestRecord {
            route: 0,
            index: 0,
            phase: 0,
            intended: ms(100),
            sent: Some(ms(150)),
            last_sent: Some(ms(400)),
            first_token: Some(ms(700)),
            last_token: Some(ms(1_000)),
            finished: ms(1_010),
            outcome: Outcome::Ok,
            attempts: 2,
            region: Some(RegionId::SYDNEY),
            usage: Some(Usage { input_tokens: 10, output_tokens: 4 }),
            prompt_hash: None,
        }
    }

    #[test]
    fn the_user_waits_from_the_planned_instant() {
        let record = record();
        assert_eq!(record.response_time(), Duration::from_millis(910));
        assert_eq!(record.ttft(), Some(Duration::from_millis(600)));
        assert_eq!(record.dispatch_lag(), Some(Duration::from_millis(50)));
        assert_eq!(record.service_time(), Some(Duration::from_millis(610)));
        assert_eq!(record.service_ttft(), Some(Duration::from_millis(300)));
    }

    #[test]
    fn time_per_token_leaves_the_first_token_out_and_is_absent_for_one() {
        let mut record = record();
        assert_eq!(record.tpot(), Some(Duration::from_millis(100)));
        record.usage = Some(Usage { input_tokens: 10, output_tokens: 1 });
        assert_eq!(record.tpot(), None);
    }
}
