//! What is sent back for a served call: whole, or event by event as each falls due.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use hyper::body::{Body, Frame};
use serde_json::{Value, json};

use super::converse::Asked;
use super::live_world::Stay;
use super::wire;
use crate::clock::{Clock, Sleep, Timer};
use crate::core::{RequestKey, RunTime};
use crate::region::world::Timeline;

/// After the first token, which comes alone so that its time is the model's.
const TOKENS_PER_EVENT: u32 = 4;

#[derive(Clone, Copy)]
pub struct Answer {
    pub key: RequestKey,
    pub asked: Asked,
    pub timeline: Timeline,
}

impl Answer {
    /// The body of a Converse response.
    pub fn whole(&self) -> String {
        json!({
            "metrics": { "latencyMs": self.latency_ms() },
            "output": { "message": { "content": [{ "text": self.text(0, self.timeline.tokens) }], "role": "assistant" } },
            "stopReason": self.stop_reason(),
            "usage": self.usage(),
        })
        .to_string()
    }

    fn stop_reason(&self) -> &'static str {
        if self.timeline.tokens == self.asked.max_tokens { "max_tokens" } else { "end_turn" }
    }

    /// From the request's arrival to the last token, as the service counts it.
    fn latency_ms(&self) -> u64 {
        self.timeline.last_token().since(self.timeline.arrived).as_millis() as u64
    }

    fn usage(&self) -> Value {
        let (input, output) = (self.asked.input_tokens, self.timeline.tokens);
        json!({ "inputTokens": input, "outputTokens": output, "totalTokens": input + output })
    }

    fn text(&self, from: u32, until: u32) -> String {
        (from..until).map(|token| word(self.key, token)).collect()
    }
}

/// Token `n` of the answer to `key`: text that anyone can tell from a model's.
fn word(key: RequestKey, n: u32) -> String {
    const WORDS: [&str; 8] = ["mock", "answer", "from", "bedbench", "no", "model", "was", "asked"];
    let word = WORDS[(key.0.wrapping_add(u64::from(n)) % 8) as usize];
    if n == 0 { word.to_owned() } else { format!(" {word}") }
}

/// The body of a ConverseStream response. A client that goes away drops it, and with it the stay:
/// its slot is free at once, however long the next event would have taken.
pub struct Events {
    answer: Answer,
    stay: Option<Stay>,
    clock: Clock,
    timer: Timer,
    written: u32,
    /// Made, and not sent yet, all due at the same time.
    due: VecDeque<Bytes>,
    alarm: Pin<Box<Sleep>>,
    padding: u64,
}

impl Events {
    pub fn new(answer: Answer, stay: Stay, clock: Clock, timer: Timer) -> Self {
        let alarm = Box::pin(timer.sleep_until(clock.instant(answer.timeline.first_token)));
        let padding = answer.key.0;
        let mut events =
            Self { answer, stay: Some(stay), clock, timer, written: 0, due: VecDeque::new(), alarm, padding };
        events.push("messageStart", json!({ "role": "assistant" }));
        events
    }

    fn push(&mut self, kind: &'static str, payload: Value) {
        self.padding = self.padding.wrapping_mul(31).wrapping_add(17);
        self.due.push_back(wire::event(kind, payload, self.padding >> 8));
    }

    /// Makes what comes after the tokens written so far; none when all has been said.
    fn next(&mut self) -> Option<RunTime> {
        let timeline = self.answer.timeline;
        if self.written == timeline.tokens {
            self.stay.take()?.end();
            self.push("contentBlockStop", json!({ "contentBlockIndex": 0 }));
            self.push("messageStop", json!({ "stopReason": self.answer.stop_reason() }));
            let metrics = json!({ "latencyMs": self.answer.latency_ms() });
            self.push("metadata", json!({ "metrics": metrics, "usage": self.answer.usage() }));
            return Some(timeline.last_token());
        }
        let until = if self.written == 0 { 1 } else { (self.written + TOKENS_PER_EVENT).min(timeline.tokens) };
        let text = self.answer.text(self.written, until);
        self.push("contentBlockDelta", json!({ "contentBlockIndex": 0, "delta": { "text": text } }));
        self.written = until;
        Some(timeline.token(until - 1))
    }
}

impl Body for Events {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        if this.due.is_empty() {
            let Some(at) = this.next() else { return Poll::Ready(None) };
            this.alarm = Box::pin(this.timer.sleep_until(this.clock.instant(at)));
        }
        ready!(this.alarm.as_mut().poll(cx));
        Poll::Ready(this.due.pop_front().map(|frame| Ok(Frame::data(frame))))
    }
}
