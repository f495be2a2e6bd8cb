//! Bytes on their way in one direction, and how many may be.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Instant;

use bytes::Bytes;

use super::held::{Held, Holding};
use crate::clock::{Sleep, Timer};

/// More than this in flight one way, and the sender has to wait as it would for a full window: Linux's largest, unless
/// somebody raises it (`net.ipv4.tcp_rmem`).
const WINDOW: usize = 6 << 20;

/// Every connection's own in each direction, however many bytes others have on the way: an honest one gets on, if more
/// slowly, where others have taken all there is.
const OWN: usize = 16 << 10;

/// What a piece takes beside its bytes. Linux counts the like against its window.
const OF_A_PIECE: usize = size_of::<(Instant, Bytes)>() + 32;

/// Pieces for which there is room without asking for memory again.
const USUAL_PIECES: usize = 64;

pub struct Leg {
    pieces: VecDeque<(Instant, Bytes)>,
    /// What they take in memory.
    taken: usize,
    /// As much of it as is beyond [`OWN`].
    holding: Holding,
    last_due: Instant,
    /// Set for the bytes in front, by the instant they are due.
    alarm: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Leg {
    /// Nothing arrives before `opened`.
    pub fn new(opened: Instant, held: &Arc<Held>) -> Self {
        Self { pieces: VecDeque::new(), taken: 0, holding: held.none(), last_due: opened, alarm: None }
    }

    /// How many of `wanted` bytes may set out: at least one, where nothing is on the way.
    pub fn room(&mut self, wanted: usize) -> usize {
        if self.taken >= WINDOW {
            return 0;
        }
        let with = self.taken + OF_A_PIECE;
        if self.holding.hold((with + wanted).saturating_sub(OWN)) {
            wanted
        } else {
            OWN.saturating_sub(with).min(wanted)
        }
    }

    pub fn push(&mut self, due: Instant, bytes: Bytes) {
        self.last_due = self.last_due.max(due);
        self.take_up(self.taken + bytes.len() + OF_A_PIECE);
        self.pieces.push_back((self.last_due, bytes));
    }

    /// Ready when the first bytes on the way have arrived; pending if there are none.
    pub fn poll_arrival(&mut self, timer: &Timer, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let Some((due, _)) = self.pieces.front() else { return Poll::Pending };
        if *due <= now {
            return Poll::Ready(());
        }
        if self.alarm.as_ref().is_none_or(|(at, _)| at != due) {
            self.alarm = Some((*due, Box::pin(timer.sleep_until(*due))));
        }
        self.alarm.as_mut().map_or(Poll::Pending, |(_, alarm)| alarm.as_mut().poll(cx))
    }

    /// In the order in which they arrive.
    pub fn pieces(&self) -> impl Iterator<Item = &Bytes> {
        self.pieces.iter().map(|(_, bytes)| bytes)
    }

    pub fn front(&self) -> Option<&Bytes> {
        self.pieces().next()
    }

    /// Of the first piece; nothing where there is none.
    pub fn take(&mut self, at_most: usize) -> Bytes {
        let Some((_, bytes)) = self.pieces.front_mut() else { return Bytes::new() };
        let part = bytes.split_to(at_most.min(bytes.len()));
        let mut taken = self.taken - part.len();
        if bytes.is_empty() {
            self.pieces.pop_front();
            taken -= OF_A_PIECE;
            let room = self.pieces.capacity();
            if room > USUAL_PIECES.max(4 * self.pieces.len()) {
                self.pieces.shrink_to(room / 2);
            }
        }
        self.take_up(taken);
        part
    }

    /// Asked for by [`Self::room`] before, or less than that.
    fn take_up(&mut self, bytes: usize) {
        self.taken = bytes;
        self.holding.hold(bytes.saturating_sub(OWN));
    }
}
