//! The way to a Region and back: a delay line on the byte stream.
//!
//! What is written at t can be read at t + one way, in order, in both directions. It is not a
//! sleep in the handler: bytes are in flight together, streams stay streams, and a request that
//! waits does not hold up the one behind it. A new connection costs its handshakes: TCP one round
//! trip, and where the mock speaks plain HTTP another one, for the TLS 1.3 of the real endpoint.

use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::Bytes;
use rand_distr::{Distribution, Exp1};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::connection::PATIENCE;
use super::held::Held;
use super::leg::Leg;
use super::reset::{Abort, ResetSwitch};
use crate::clock::{Sleep, Timer};
use crate::core::seed::Draws;

const READ_CHUNK: usize = 8 << 10;

/// What HTTP/2 begins with, and HTTP/1.1 never.
const HTTP2_PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

/// A client that ends its side this soon after its last byte still listens for the answer; one that ends it
/// later has left. The bytes on the wire are the same, so this is a guess: whoever half-closes does so in the next
/// system call, and whoever gives up has waited first.
const HALF_CLOSE: Duration = Duration::from_millis(5);

/// How far away a client is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Distance {
    pub rtt: Duration,
    /// Mean of what comes on top per round trip, exponential; order is always kept.
    pub jitter: Duration,
}

impl Distance {
    pub fn one_way(&self, draws: &mut Draws) -> Duration {
        let extra: f64 = if self.jitter.is_zero() { 0.0 } else { Exp1.sample(draws) };
        self.rtt / 2 + self.jitter.mul_f64(extra / 2.0)
    }
}

/// A socket with a distance.
pub struct DelayLine<S> {
    socket: S,
    distance: Distance,
    timer: Timer,
    draws: Draws,
    inbound: Leg,
    outbound: Leg,
    last_read: Instant,
    /// The client ended its side.
    ended: bool,
    /// It did, and does not wait for an answer.
    left: bool,
    switch: ResetSwitch,
    /// When a reset that was asked for has come the whole way.
    reset: Option<Pin<Box<Sleep>>>,
    /// For how long a client may take nothing of what has arrived there.
    pub(super) patience: Duration,
    /// Since when it has not.
    stuck: Option<Pin<Box<tokio::time::Sleep>>>,
    now: fn() -> Instant,
}

impl<S> DelayLine<S> {
    /// `handshakes` are the round trips before the first byte. `now` is when the connection was accepted, and
    /// the clock from then on. What is on the way, either way, is counted in `held`.
    pub fn new(
        socket: S,
        (distance, handshakes): (Distance, u32),
        held: &Arc<Held>,
        timer: Timer,
        draws: Draws,
        now: fn() -> Instant,
    ) -> Self {
        let accepted = now();
        let opened = accepted + distance.rtt * handshakes + distance.rtt / 2;
        Self {
            socket,
            distance,
            timer,
            draws,
            inbound: Leg::new(opened, held),
            outbound: Leg::new(accepted, held),
            last_read: accepted,
            ended: false,
            left: false,
            switch: ResetSwitch::default(),
            reset: None,
            patience: PATIENCE,
            stuck: None,
            now,
        }
    }

    /// What resets this connection.
    pub fn reset_switch(&self) -> ResetSwitch {
        self.switch.clone()
    }

    fn arrival(&mut self, now: Instant) -> Instant {
        now + self.distance.one_way(&mut self.draws)
    }
}

impl<S: AsyncRead + AsyncWrite + Abort + Unpin> DelayLine<S> {
    /// Puts on the socket whatever has come the whole way. Called from every poll: whichever side
    /// of the connection wakes us, the other one moves too.
    fn drive_outbound(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        while self.outbound.front().is_some() {
            ready!(self.outbound.poll_arrival(&self.timer, (self.now)(), cx));
            let bytes = self.outbound.front().expect("not empty");
            let Poll::Ready(written) = Pin::new(&mut self.socket).poll_write(cx, bytes) else {
                return self.poll_stuck(cx).map(Err);
            };
            self.stuck = None;
            match written? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                written => drop(self.outbound.take(written)),
            }
        }
        if self.switch.is_pulled(cx) {
            ready!(self.poll_reset(cx));
            self.socket.abort();
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    /// Bytes wait before a client that takes none: it is gone for good, or means to keep us.
    fn poll_stuck(&mut self, cx: &mut Context<'_>) -> Poll<io::Error> {
        let patience = self.patience;
        let stuck = self.stuck.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
        ready!(stuck.as_mut().poll(cx));
        self.socket.abort();
        Poll::Ready(io::ErrorKind::TimedOut.into())
    }

    /// A reset travels like bytes do, and behind them.
    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.reset.is_none() {
            let due = (self.now)() + self.distance.rtt / 2;
            self.reset = Some(Box::pin(self.timer.sleep_until(due)));
        }
        self.reset.as_mut().map_or(Poll::Ready(()), |alarm| alarm.as_mut().poll(cx))
    }

    /// Takes everything off the socket that there is room for, so that it is stamped when it comes and not when it is
    /// asked for.
    fn drive_inbound(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while !self.ended {
            let room = self.inbound.room(READ_CHUNK);
            if room == 0 {
                break;
            }
            let mut buffer = [const { MaybeUninit::uninit() }; READ_CHUNK];
            let mut chunk = ReadBuf::uninit(&mut buffer[..room]);
            match Pin::new(&mut self.socket).poll_read(cx, &mut chunk) {
                Poll::Pending => break,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Ready(Ok(())) => {
                    // The end travels like anything else, as bytes that are none.
                    let now = (self.now)();
                    self.ended = chunk.filled().is_empty();
                    self.left = self.ended && now - self.last_read > HALF_CLOSE;
                    self.last_read = now;
                    let bytes = Bytes::copy_from_slice(chunk.filled());
                    let due = self.arrival(now);
                    self.inbound.push(due, bytes);
                }
            }
        }
        Ok(())
    }

    /// Whether the client begins with HTTP/2, by its first bytes: they may be looked at before they arrive.
    ///
    /// # Errors
    /// Of the socket.
    pub async fn speaks_http2(&mut self) -> io::Result<bool> {
        std::future::poll_fn(|cx| {
            self.drive_inbound(cx)?;
            let begun = || self.inbound.pieces().flatten().zip(HTTP2_PREFACE);
            if begun().any(|(byte, expected)| byte != expected) {
                return Poll::Ready(Ok(false));
            }
            let whole = begun().count() == HTTP2_PREFACE.len();
            if whole || self.ended { Poll::Ready(Ok(whole)) } else { Poll::Pending }
        })
        .await
    }

    /// Ready when it is known here that the client has left, which nobody has read yet.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unread = self.inbound.front().is_some_and(Bytes::is_empty);
        if self.left && unread { self.inbound.poll_arrival(&self.timer, (self.now)(), cx) } else { Poll::Pending }
    }
}

impl<S: AsyncRead + AsyncWrite + Abort + Unpin> AsyncRead for DelayLine<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, into: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Poll::Ready(Err(error)) = this.drive_outbound(cx) {
            return Poll::Ready(Err(error));
        }
        this.drive_inbound(cx)?;
        if this.ended && this.inbound.front().is_none() {
            return Poll::Ready(Ok(()));
        }
        ready!(this.inbound.poll_arrival(&this.timer, (this.now)(), cx));
        into.put_slice(&this.inbound.take(into.remaining()));
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Abort + Unpin> AsyncWrite for DelayLine<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let mut room = this.outbound.room(bytes.len());
        if room == 0 {
            ready!(this.drive_outbound(cx))?;
            room = this.outbound.room(bytes.len());
        }
        let due = this.arrival((this.now)());
        this.outbound.push(due, Bytes::copy_from_slice(&bytes[..room]));
        // Errors of the socket come out of the next flush.
        let _ = this.drive_outbound(cx);
        Poll::Ready(Ok(room))
    }

    /// Bytes on their way have left: a flush that waited for them to arrive would let HTTP/2 send
    /// one large frame per one-way delay.
    ///
    /// It also notices clients that have left: a server that lets them half-close does not read while it answers.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if let Poll::Ready(Err(error)) = this.drive_outbound(cx) {
            return Poll::Ready(Err(error));
        }
        this.drive_inbound(cx)?;
        match this.poll_left(cx) {
            Poll::Ready(()) => Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into())),
            Poll::Pending => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        ready!(this.drive_outbound(cx))?;
        Pin::new(&mut this.socket).poll_shutdown(cx)
    }
}

#[cfg(test)]
#[path = "delay_tests.rs"]
mod tests;
