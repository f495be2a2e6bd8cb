//! Streams that go wrong: each fault is an adapter over the events of a good one.

use std::time::Duration;

use bytes::{Bytes, BytesMut};

use super::{Strike, exception};
use crate::core::RunTime;
use crate::mock::stream::{Action, AnyEvents, Event};
use crate::mock::wire;
use crate::region::fault::{Fault, FaultKind};

/// Between the bytes of a `dribble` that names no time.
const DRIBBLE: Duration = Duration::from_millis(1);

/// Longer than any client waits.
const FOR_EVER: Duration = Duration::from_secs(30 * 24 * 3600);

/// `events` of an answer of `tokens` tokens, gone wrong. The last token never gets out before it does.
pub fn spoil(
    events: impl Iterator<Item = Event> + Send + Sync + 'static,
    fault: Fault,
    tokens: u32,
    strike: Strike,
) -> AnyEvents {
    let after = fault.after_tokens.min(tokens.saturating_sub(1));
    let good = {
        let strike = strike.clone();
        move |event: &Event| {
            let good = event.tokens <= after;
            if !good {
                strike.happens();
            }
            good
        }
    };
    match fault.kind {
        FaultKind::MidStream => {
            let exception = fault.exception.map(|name| wire::exception_frame(&exception(name)));
            ended(events, good, move |_| exception.clone().map(Action::Send))
        }
        FaultKind::CutClean => ended(events, good, |_| None),
        FaultKind::CutInFrame => ended(events, good, |bytes| Some(Action::Send(bytes.slice(..bytes.len() / 2)))),
        FaultKind::Disconnect => ended(events, good, |_| Some(Action::Reset)),
        FaultKind::WrongCrc => changed(events, good, |event| match &mut event.action {
            Action::Send(bytes) => *bytes = with_wrong_checksum(bytes),
            Action::Reset => {}
        }),
        FaultKind::Stall => {
            let time = fault.time.map_or(FOR_EVER, |time| time.0);
            Box::new(events.map(move |event| if good(&event) { event } else { later(event, time) }))
        }
        FaultKind::Dribble => {
            let gap = fault.time.map_or(DRIBBLE, |time| time.0);
            let mut free = RunTime::ZERO;
            Box::new(events.flat_map(move |event| {
                strike.happens();
                let first = event.due.max(free);
                let bytes = if let Action::Send(bytes) = event.action { bytes } else { Bytes::new() };
                free = first + gap * bytes.len() as u32;
                let tokens = event.tokens;
                (0..bytes.len()).map(move |i| Event {
                    due: first + gap * i as u32,
                    tokens,
                    action: Action::Send(bytes.slice(i..=i)),
                })
            }))
        }
        // These leave no stream to spoil.
        FaultKind::Exception | FaultKind::Hang | FaultKind::Reset | FaultKind::RefuseConnections => Box::new(events),
    }
}

/// The good events, then what `last` makes of the first bad one, then nothing.
fn ended(
    events: impl Iterator<Item = Event> + Send + Sync + 'static,
    good: impl Fn(&Event) -> bool + Send + Sync + 'static,
    last: impl Fn(&Bytes) -> Option<Action> + Send + Sync + 'static,
) -> AnyEvents {
    let mut over = false;
    Box::new(events.map_while(move |mut event| {
        if over {
            return None;
        }
        if good(&event) {
            return Some(event);
        }
        over = true;
        let Action::Send(bytes) = &event.action else { return None };
        event.action = last(bytes)?;
        Some(event)
    }))
}

/// All events, the first bad one changed.
fn changed(
    events: impl Iterator<Item = Event> + Send + Sync + 'static,
    good: impl Fn(&Event) -> bool + Send + Sync + 'static,
    change: impl Fn(&mut Event) + Send + Sync + 'static,
) -> AnyEvents {
    let mut done = false;
    Box::new(events.map(move |mut event| {
        if !done && !good(&event) {
            done = true;
            change(&mut event);
        }
        event
    }))
}

fn later(event: Event, by: Duration) -> Event {
    Event { due: event.due + by, ..event }
}

fn with_wrong_checksum(frame: &Bytes) -> Bytes {
    let mut frame = BytesMut::from(&frame[..]);
    if let Some(last) = frame.last_mut() {
        *last ^= 0xff;
    }
    frame.freeze()
}
