//! A streamed answer: a sequence of events with the times at which they are due, and the body that
//! sends each at its time.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use serde_json::{Value, json};

use super::live_world::Stay;
use super::reply::Reply;
use super::reset::ResetSwitch;
use super::shape::Shape;
use super::wire;
use crate::clock::{Clock, Sleep, Timer};
use crate::core::RunTime;

/// After the first token, which comes alone so that its time is the model's.
pub const TOKENS_PER_EVENT: u32 = 4;

/// One event as it goes out, and when.
#[derive(Clone, Debug)]
pub struct Event {
    pub due: RunTime,
    /// Output tokens that are out with it.
    pub tokens: u32,
    pub action: Action,
}

impl Event {
    /// What is sent.
    #[cfg(test)]
    pub fn bytes(&self) -> Bytes {
        match &self.action {
            Action::Send(bytes) => bytes.clone(),
            Action::Reset => Bytes::new(),
        }
    }
}

#[derive(Clone, Debug)]
pub enum Action {
    Send(Bytes),
    /// The connection is reset.
    Reset,
}

/// Good or spoilt.
pub type AnyEvents = Box<dyn Iterator<Item = Event> + Send + Sync>;

/// How events are put into frames.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// ConverseStream: by the name of the event.
    Named,
    /// InvokeModelWithResponseStream: the model's own JSON, opaque.
    Chunks,
}

/// The events of an answer, made one after the other as they are asked for.
pub struct Events {
    reply: Reply,
    shape: &'static Shape,
    framing: Framing,
    written: u32,
    padding: u64,
    made: VecDeque<Event>,
}

impl Events {
    pub fn new(reply: Reply, shape: &'static Shape, framing: Framing) -> Self {
        let padding = reply.said.key.0;
        Self { reply, shape, framing, written: 0, padding, made: VecDeque::new() }
    }

    /// Makes what goes out with the next tokens: nothing where they are not shown.
    fn make(&mut self) {
        let tokens = self.reply.said.tokens();
        let until = if self.written == 0 { 1 } else { (self.written + TOKENS_PER_EVENT).min(tokens) };
        let mut events = if self.written == 0 { (self.shape.begin)(&self.reply) } else { Vec::new() };
        events.extend((self.shape.delta)(&self.reply, self.written..until));
        self.written = until;
        if until == tokens {
            events.extend((self.shape.end)(&self.reply));
            if let (Framing::Chunks, Some(last)) = (self.framing, events.last_mut()) {
                last["amazon-bedrock-invocationMetrics"] = metrics(&self.reply);
            }
        }
        let due = self.reply.timeline.token(until - 1);
        for event in events {
            let action = Action::Send(self.frame(event));
            self.made.push_back(Event { due, tokens: until, action });
        }
    }

    fn frame(&mut self, event: Value) -> Bytes {
        self.padding = self.padding.wrapping_mul(31).wrapping_add(17);
        match self.framing {
            Framing::Named => wire::named(event, self.padding >> 8),
            Framing::Chunks => wire::chunk(&event, self.padding >> 8),
        }
    }
}

fn metrics(reply: &Reply) -> Value {
    json!({
        "inputTokenCount": reply.said.input_tokens,
        "outputTokenCount": reply.said.tokens(),
        "invocationLatency": reply.latency_ms(),
        "firstByteLatency": reply.first_byte_ms(),
    })
}

impl Iterator for Events {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        while self.made.is_empty() && self.written < self.reply.said.tokens() {
            self.make();
        }
        self.made.pop_front()
    }
}

/// The body of a streamed response. A client that goes away drops it, and with it the stay: its
/// slot is free at once, however long the next event would have taken.
pub struct Stream {
    events: AnyEvents,
    stay: Option<Stay>,
    clock: Clock,
    timer: Timer,
    connection: ResetSwitch,
    /// Made, and not due yet.
    next: Option<(Action, Pin<Box<Sleep>>)>,
}

impl Stream {
    pub fn new(events: AnyEvents, stay: Stay, clock: Clock, timer: Timer, connection: ResetSwitch) -> Self {
        Self { events, stay: Some(stay), clock, timer, connection, next: None }
    }
}

impl Body for Stream {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.next.is_none() {
            let Some(event) = this.events.next() else {
                if let Some(stay) = this.stay.take() {
                    stay.end();
                }
                return Poll::Ready(None);
            };
            let alarm = this.timer.sleep_until(this.clock.instant(event.due));
            this.next = Some((event.action, Box::pin(alarm)));
        }
        if let Some((_, alarm)) = &mut this.next {
            ready!(alarm.as_mut().poll(cx));
        }
        match this.next.take() {
            None => Poll::Ready(None),
            Some((Action::Send(bytes), _)) => Poll::Ready(Some(Ok(Frame::data(bytes)))),
            // Nothing comes after it, and the connection wakes us no more.
            Some((Action::Reset, _)) => {
                this.connection.pull();
                Poll::Pending
            }
        }
    }
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
