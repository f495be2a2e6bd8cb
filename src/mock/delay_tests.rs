use std::future::poll_fn;

use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
use tokio::task::unconstrained;

use super::*;
use crate::clock::monotonic as now;
use crate::core::seed::{Purpose, Seed};

const FAR: Distance = Distance { rtt: Duration::from_secs(3_600), jitter: Duration::ZERO };

impl Abort for DuplexStream {
    fn abort(&self) {}
}

fn line(distance: Distance) -> (DelayLine<DuplexStream>, DuplexStream) {
    line_of(distance, 1 << 20, &Held::new(1 << 20))
}

/// Through a pipe of `size`.
fn line_of(distance: Distance, size: usize, held: &Arc<Held>) -> (DelayLine<DuplexStream>, DuplexStream) {
    let (near, far) = duplex(size);
    let draws = Seed(1).stream(Purpose::NetworkJitter);
    (DelayLine::new(near, (distance, 2), held, Timer::start().unwrap(), draws, now), far)
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
    let (mut line, _client) = line(FAR);
    for _ in 0..2 {
        line.write_all(b"frame").await.unwrap();
        let flushed = tokio::time::timeout(Duration::from_secs(10), line.flush()).await;
        flushed.expect("bytes that are on their way have left").unwrap();
    }
}

/// How much of what is always there `line` takes in while nothing arrives.
async fn takes_in(line: &mut DelayLine<DuplexStream>, client: &mut DuplexStream) -> usize {
    let mut sent = 0;
    let full = poll_fn(|cx| {
        loop {
            line.drive_inbound(cx).unwrap();
            match Pin::new(&mut *client).poll_write(cx, &[0; 1 << 10]) {
                Poll::Ready(written) => sent += written.unwrap(),
                Poll::Pending => return Poll::Ready(sent),
            }
        }
    });
    // Pending is to mean that there is no room, and not that it is somebody else's turn.
    unconstrained(full).await
}

#[tokio::test]
async fn senders_have_to_wait_where_there_is_no_room_and_nobody_is_shut_out() {
    const PIPE: usize = 1 << 10;
    let held = Held::new(100 << 10);
    let (mut greedy, mut first) = line_of(FAR, PIPE, &held);
    let (mut second, mut client) = line_of(FAR, PIPE, &held);
    let of_all = takes_in(&mut greedy, &mut first).await;
    assert!((64 << 10..=120 << 10).contains(&of_all), "its own and all that there is: {of_all}");
    let own = takes_in(&mut second, &mut client).await;
    assert!((8 << 10..=20 << 10).contains(&own), "its own, and no more: {own}");
    assert_eq!(takes_in(&mut greedy, &mut first).await, 0);
    drop(greedy);
    assert!(takes_in(&mut second, &mut client).await > 64 << 10, "what it held is free again");
    // Bytes that come one by one take more room than they are long.
    let (mut line, mut client) = line_of(FAR, 1, &Held::new(100 << 10));
    let of_single_ones = takes_in(&mut line, &mut client).await;
    assert!(of_single_ones < 4 << 10, "{of_single_ones} pieces");
}

#[tokio::test]
async fn answers_have_to_wait_where_there_is_no_room_and_nobody_is_shut_out() {
    let held = Held::new(100 << 10);
    let set_out = async |line: &mut DelayLine<DuplexStream>| {
        let mut sent = 0;
        let full = poll_fn(|cx| {
            while let Poll::Ready(written) = Pin::new(&mut *line).poll_write(cx, &[0; 5 << 10]) {
                sent += written.unwrap();
            }
            Poll::Ready(sent)
        });
        unconstrained(full).await
    };
    let (mut greedy, _first) = line_of(FAR, 1, &held);
    let (mut second, _client) = line_of(FAR, 1, &held);
    let of_all = set_out(&mut greedy).await;
    assert!((64 << 10..=120 << 10).contains(&of_all), "{of_all}");
    let own = set_out(&mut second).await;
    assert!((8 << 10..=20 << 10).contains(&own), "{own}");
}

#[tokio::test]
async fn who_takes_nothing_of_what_has_arrived_is_dropped_and_who_takes_a_little_is_not() {
    let (mut line, mut client) = line_of(Distance::default(), 1, &Held::new(1 << 20));
    line.patience = Duration::from_millis(20);
    line.write_all(&[7; 100]).await.unwrap();
    let given_up = line.stuck.as_ref().expect("bytes wait").deadline();
    client.read_u8().await.unwrap();
    assert!(poll_fn(|cx| Poll::Ready(line.drive_outbound(cx))).await.is_pending());
    assert!(line.stuck.as_ref().expect("bytes wait").deadline() > given_up, "one that reads is waited for");
    let dropped = tokio::time::timeout(Duration::from_secs(30), poll_fn(|cx| line.drive_outbound(cx))).await;
    assert_eq!(dropped.expect("still waited for").unwrap_err().kind(), io::ErrorKind::TimedOut);
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
