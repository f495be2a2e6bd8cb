//! The way to a Region and back: a delay line on the byte stream.
//!
//! What is written at t can be read at t + one way, in order, in both directions. It is not a
//! sleep in the handler: bytes are in flight together, streams stay streams, and a request that
//! waits does not hold up the one behind it. A new connection costs its handshakes: TCP one round
//! trip, and where the mock speaks plain HTTP another one, for the TLS 1.3 of the real endpoint.

use std::collections::VecDeque;
use std::future::Future;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use bytes::{Buf, Bytes};
use rand_distr::{Distribution, Exp1};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::reset::{Abort, ResetSwitch};
use crate::clock::{Sleep, Timer};
use crate::core::seed::Draws;

/// More than this in flight one way, and the sender has to wait as it would for a full window: Linux's largest, unless
/// somebody raises it (`net.ipv4.tcp_rmem`).
const WINDOW: usize = 6 << 20;

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

/// Bytes on their way in one direction.
struct Leg {
    on_the_way: VecDeque<(Instant, Bytes)>,
    bytes: usize,
    last_due: Instant,
    ended: bool,
    /// Set for the bytes in front, by the instant they are due.
    alarm: Option<(Instant, Pin<Box<Sleep>>)>,
}

impl Leg {
    /// Nothing arrives before `opened`.
    fn new(opened: Instant) -> Self {
        Self { on_the_way: VecDeque::new(), bytes: 0, last_due: opened, ended: false, alarm: None }
    }

    fn push(&mut self, due: Instant, bytes: Bytes) {
        self.last_due = self.last_due.max(due);
        self.bytes += bytes.len();
        self.on_the_way.push_back((self.last_due, bytes));
    }

    fn full(&self) -> bool {
        self.bytes >= WINDOW
    }

    /// Ready when the first bytes on the way have arrived; pending if there are none.
    fn poll_arrival(&mut self, timer: &Timer, now: Instant, cx: &mut Context<'_>) -> Poll<()> {
        let Some((due, _)) = self.on_the_way.front() else { return Poll::Pending };
        if *due <= now {
            return Poll::Ready(());
        }
        if self.alarm.as_ref().is_none_or(|(at, _)| at != due) {
            self.alarm = Some((*due, Box::pin(timer.sleep_until(*due))));
        }
        self.alarm.as_mut().map_or(Poll::Pending, |(_, alarm)| alarm.as_mut().poll(cx))
    }

    fn take(&mut self, at_most: usize) -> Bytes {
        let (_, bytes) = self.on_the_way.front_mut().expect("polled to be there");
        let part = bytes.split_to(at_most.min(bytes.len()));
        if bytes.is_empty() {
            self.on_the_way.pop_front();
        }
        self.bytes -= part.len();
        part
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
    /// The client ended its side, and does not wait for an answer.
    left: bool,
    switch: ResetSwitch,
    /// When a reset that was asked for has come the whole way.
    reset: Option<Pin<Box<Sleep>>>,
    now: fn() -> Instant,
}

impl<S> DelayLine<S> {
    /// `handshakes` are the round trips before the first byte. `now` is when the connection was accepted, and
    /// the clock from then on.
    pub fn new(
        socket: S,
        distance: Distance,
        handshakes: u32,
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
            inbound: Leg::new(opened),
            outbound: Leg::new(accepted),
            last_read: accepted,
            left: false,
            switch: ResetSwitch::default(),
            reset: None,
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
        while !self.outbound.on_the_way.is_empty() {
            ready!(self.outbound.poll_arrival(&self.timer, (self.now)(), cx));
            let (_, bytes) = self.outbound.on_the_way.front_mut().expect("not empty");
            let written = ready!(Pin::new(&mut self.socket).poll_write(cx, bytes))?;
            if written == 0 {
                return Poll::Ready(Err(io::ErrorKind::WriteZero.into()));
            }
            bytes.advance(written);
            self.outbound.bytes -= written;
            if bytes.is_empty() {
                self.outbound.on_the_way.pop_front();
            }
        }
        if self.switch.is_pulled(cx) {
            ready!(self.poll_reset(cx));
            self.socket.abort();
            return Poll::Ready(Err(io::ErrorKind::ConnectionReset.into()));
        }
        Pin::new(&mut self.socket).poll_flush(cx)
    }

    /// A reset travels like bytes do, and behind them.
    fn poll_reset(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.reset.is_none() {
            let due = (self.now)() + self.distance.rtt / 2;
            self.reset = Some(Box::pin(self.timer.sleep_until(due)));
        }
        self.reset.as_mut().map_or(Poll::Ready(()), |alarm| alarm.as_mut().poll(cx))
    }

    /// Takes everything off the socket, so that it is stamped when it comes and not when it is asked for.
    fn drive_inbound(&mut self, cx: &mut Context<'_>) -> io::Result<()> {
        while !self.inbound.ended && !self.inbound.full() {
            let mut buffer = [const { MaybeUninit::uninit() }; READ_CHUNK];
            let mut chunk = ReadBuf::uninit(&mut buffer);
            match Pin::new(&mut self.socket).poll_read(cx, &mut chunk) {
                Poll::Pending => break,
                Poll::Ready(Err(error)) => return Err(error),
                Poll::Ready(Ok(())) => {
                    // The end travels like anything else, as bytes that are none.
                    let now = (self.now)();
                    self.inbound.ended = chunk.filled().is_empty();
                    self.left = self.inbound.ended && now - self.last_read > HALF_CLOSE;
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
            let begun = self.inbound.on_the_way.iter().flat_map(|(_, bytes)| bytes);
            if begun.zip(HTTP2_PREFACE).any(|(byte, expected)| byte != expected) {
                return Poll::Ready(Ok(false));
            }
            let whole = self.inbound.bytes >= HTTP2_PREFACE.len();
            if whole || self.inbound.ended { Poll::Ready(Ok(whole)) } else { Poll::Pending }
        })
        .await
    }

    /// Ready when it is known here that the client has left, which nobody has read yet.
    fn poll_left(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        let unread = self.inbound.on_the_way.front().is_some_and(|(_, bytes)| bytes.is_empty());
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
        if this.inbound.on_the_way.is_empty() && this.inbound.ended {
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
        if this.outbound.full() {
            ready!(this.drive_outbound(cx))?;
        }
        let due = this.arrival((this.now)());
        this.outbound.push(due, Bytes::copy_from_slice(bytes));
        // Errors of the socket come out of the next flush.
        let _ = this.drive_outbound(cx);
        Poll::Ready(Ok(bytes.len()))
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
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    use super::*;
    use crate::clock::monotonic as now;
    use crate::core::seed::{Purpose, Seed};

    impl Abort for tokio::io::DuplexStream {
        fn abort(&self) {}
    }

    fn line(distance: Distance) -> (DelayLine<tokio::io::DuplexStream>, tokio::io::DuplexStream) {
        let (near, far) = tokio::io::duplex(1 << 20);
        let draws = Seed(1).stream(Purpose::NetworkJitter);
        (DelayLine::new(near, distance, 2, Timer::start().unwrap(), draws, now), far)
    }

    /// Bytes may come later than the delay on a busy machine, never sooner.
    #[tokio::test]
    async fn a_new_connection_pays_its_handshakes_and_a_warm_one_only_the_way() {
        let rtt = Duration::from_millis(20);
        let (mut line, mut client) = line(Distance { rtt, jitter: Duration::ZERO });
        let opened = now();
        let server = tokio::spawn(async move {
            let mut arrivals = Vec::new();
            let mut byte = [0];
            for _ in 0..2 {
                line.read_exact(&mut byte).await.unwrap();
                arrivals.push(now());
                line.write_all(&byte).await.unwrap();
                line.flush().await.unwrap();
            }
            line.shutdown().await.unwrap();
            arrivals
        });
        let mut byte = [0];
        client.write_all(b"1").await.unwrap();
        client.read_exact(&mut byte).await.unwrap();
        let first = now();
        client.write_all(b"2").await.unwrap();
        client.read_exact(&mut byte).await.unwrap();
        let arrivals = server.await.unwrap();
        assert!(arrivals[0] - opened >= rtt * 5 / 2, "{:?}", arrivals[0] - opened);
        assert!(first - opened >= rtt * 3, "{:?}", first - opened);
        let second = now() - first;
        assert!(second >= rtt && second < rtt * 3, "{second:?}");
    }

    #[tokio::test]
    async fn a_flush_waits_for_nobody_to_receive() {
        let (mut line, _client) = line(Distance { rtt: Duration::from_secs(3_600), jitter: Duration::ZERO });
        for _ in 0..2 {
            line.write_all(b"frame").await.unwrap();
            let flushed = tokio::time::timeout(Duration::from_secs(10), line.flush()).await;
            flushed.expect("bytes that are on their way have left").unwrap();
        }
    }

    #[tokio::test]
    async fn the_end_of_a_connection_travels_as_long_as_its_bytes() {
        let rtt = Duration::from_millis(20);
        let (mut line, client) = line(Distance { rtt, jitter: Duration::ZERO });
        let opened = now();
        drop(client);
        assert_eq!(line.read(&mut [0]).await.unwrap(), 0);
        assert!(now() - opened >= rtt * 5 / 2, "heard of it after {:?}", now() - opened);
        assert_eq!(line.read(&mut [0]).await.unwrap(), 0, "and it stays ended");
    }

    #[tokio::test]
    async fn jitter_never_reorders_and_nothing_is_lost() {
        let distance = Distance { rtt: Duration::from_millis(2), jitter: Duration::from_millis(4) };
        let (mut line, mut client) = line(distance);
        let sent: Vec<u8> = (0..200).collect();
        let echo = sent.clone();
        let server = tokio::spawn(async move {
            for byte in echo {
                line.write_all(&[byte]).await.unwrap();
            }
            line.shutdown().await.unwrap();
        });
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        server.await.unwrap();
        assert_eq!(received, sent);
    }
}
