//! What a client sees of an answer: when its pieces come, and how it ends.

use std::time::Duration;

use crate::core::request::Timeouts;
use crate::core::{Outcome, RunTime};
use crate::region::call::{Refusal, Timeline};
use crate::region::fault::{Exception, Fault, FaultKind};

/// Output tokens per event of a stream behind the first, which comes alone; as the mock sends them.
const TOKENS_PER_EVENT: u32 = 4;

/// Bytes of an event with so many tokens, for a stream that comes byte by byte.
const BYTES_PER_EVENT: u32 = 250;

/// Between the bytes of such a stream, where the fault names no time.
const DRIBBLE: Duration = Duration::from_millis(1);

/// In the words of a run in real time.
pub const FIRST_TOKEN_LATE: &str = "bedbench's time limit for the first token ran out";
pub const REQUEST_LATE: &str = "bedbench's time limit for the whole request ran out";
const NEXT_EVENT_LATE: &str = "bedbench's time limit for the next event ran out";

/// An answer as it reaches the client.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Seen {
    /// Absent without a token, and for a unary call.
    pub first_token: Option<RunTime>,
    pub last_token: Option<RunTime>,
    pub end: End,
    /// When the Region hears that nobody reads on, where that is before the last token.
    pub left: Option<RunTime>,
}

/// How an answer ends.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum End {
    At {
        at: RunTime,
        outcome: Outcome,
        error: Option<&'static str>,
        status: Option<u16>,
        reusable: bool,
    },
    /// Never: one of the client's time limits runs out first.
    Never,
}

/// How long each piece takes on its way back.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct WayBack {
    pub first: Duration,
    pub last: Duration,
}

/// An answer that the Region began. `streams` is whether the client reads it as it comes.
pub fn served(timeline: &Timeline, streams: bool, timeouts: &Timeouts, way: WayBack) -> Seen {
    let first = timeline.first_token + way.first;
    let last = (timeline.last_token() + way.last).max(first);
    if !streams {
        return Seen { first_token: None, last_token: None, end: ok(last), left: None };
    }
    let whole = Seen { first_token: Some(first), last_token: Some(last), end: ok(last), left: None };
    let gap = timeline.gap * TOKENS_PER_EVENT;
    if gap > timeouts.between_events && timeline.tokens > TOKENS_PER_EVENT {
        return cut(first, first + timeouts.between_events, Outcome::Timeout, NEXT_EVENT_LATE, way);
    }
    match timeline.fault.filter(|fault| fault.kind.in_stream()) {
        None => whole,
        Some(fault) => spoilt(timeline, fault, timeouts, way, whole),
    }
}

fn ok(at: RunTime) -> End {
    End::At { at, outcome: Outcome::Ok, error: None, status: Some(200), reusable: true }
}

/// A stream that goes wrong behind `after_tokens`, or at its last event.
fn spoilt(timeline: &Timeline, fault: Fault, timeouts: &Timeouts, way: WayBack, whole: Seen) -> Seen {
    let after = fault.after_tokens.min(timeline.tokens.saturating_sub(1));
    // Tokens come one, and then four by four: the event that would carry the next one goes wrong.
    let next_event = if after == 0 { 1 } else { 1 + after.div_ceil(TOKENS_PER_EVENT) * TOKENS_PER_EVENT };
    let due = timeline.token(next_event.min(timeline.tokens) - 1) + way.last;
    let first = timeline.first_token + way.first;
    let ends = |outcome, error| {
        let mut seen = cut(first, due.max(first), outcome, error, way);
        if after == 0 {
            (seen.first_token, seen.last_token) = (None, None);
        }
        seen
    };
    match fault.kind {
        FaultKind::MidStream => {
            let exception = fault.exception.unwrap_or(Exception::InternalServerException);
            ends(in_stream(exception), exception.name())
        }
        FaultKind::WrongCrc => ends(Outcome::StreamError, "a frame with a wrong checksum"),
        FaultKind::CutInFrame => ends(Outcome::StreamError, "the stream ended inside a frame"),
        FaultKind::CutClean => ends(Outcome::StreamError, "the stream ended before messageStop and metadata"),
        FaultKind::Disconnect => ends(Outcome::StreamError, "connection reset in mid-stream"),
        FaultKind::Stall => match fault.time.map(|time| time.0) {
            Some(time) if time < timeouts.between_events => {
                let last = whole.last_token.map(|last| last + time);
                Seen { last_token: last, end: last.map_or(whole.end, ok), ..whole }
            }
            _ if after == 0 => Seen { first_token: None, last_token: None, end: End::Never, left: None },
            _ => {
                let heard = timeline.token(after.saturating_sub(1)) + way.last + timeouts.between_events;
                cut(first, heard, Outcome::Timeout, NEXT_EVENT_LATE, way)
            }
        },
        FaultKind::Dribble => {
            let gap = fault.time.map_or(DRIBBLE, |time| time.0);
            let events = 1 + timeline.tokens.saturating_sub(1).div_ceil(TOKENS_PER_EVENT);
            let last = timeline.first_token + gap * (BYTES_PER_EVENT * events) + way.last;
            let last = last.max(whole.last_token.unwrap_or(last));
            Seen { last_token: Some(last), end: ok(last), ..whole }
        }
        // These leave no stream to spoil.
        FaultKind::Exception | FaultKind::Hang | FaultKind::Reset | FaultKind::RefuseConnections => whole,
    }
}

/// A stream that ends early: the connection is of no use any more, and the Region hears of it.
fn cut(first: RunTime, at: RunTime, outcome: Outcome, error: &'static str, way: WayBack) -> Seen {
    let end = End::At { at, outcome, error: Some(error), status: Some(200), reusable: false };
    Seen { first_token: Some(first), last_token: Some(at.before(way.last).max(first)), end, left: Some(at + way.last) }
}

/// A call that the Region did not begin, decided there at `now`.
pub fn refused(now: RunTime, refusal: Refusal, way: WayBack) -> Seen {
    let at = now + way.first;
    let says =
        |outcome, error, status| End::At { at, outcome, error: Some(error), status: Some(status), reusable: true };
    let end = match refusal {
        Refusal::TooManyRequests => says(Outcome::Throttled, "ThrottlingException: Too many requests", 429),
        Refusal::TooManyTokens => says(Outcome::Throttled, "ThrottlingException: Too many tokens", 429),
        Refusal::Overloaded => says(Outcome::Unavailable, "ServiceUnavailableException", 503),
        Refusal::Fault(fault) => match (fault.exception, fault.kind) {
            (Some(exception), _) => {
                let status = exception.status();
                says(Outcome::of_status(status, exception.name()), exception.name(), status)
            }
            (None, FaultKind::Reset) => End::At {
                at,
                outcome: Outcome::Transport,
                error: Some("connection reset"),
                status: None,
                reusable: false,
            },
            (None, _) => End::Never,
        },
    };
    Seen { first_token: None, last_token: None, end, left: None }
}

/// As the client reads the member of the stream's union.
fn in_stream(exception: Exception) -> Outcome {
    use Exception as E;
    match exception {
        E::ThrottlingException => Outcome::Throttled,
        E::ServiceUnavailableException => Outcome::Unavailable,
        E::InternalServerException => Outcome::ServerError,
        E::ValidationException => Outcome::Invalid,
        _ => Outcome::StreamError,
    }
}
