//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::{Service, service_fn};
use hyper::{Request, Response};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;

use super::delay::DelayLine;
use super::door::Door;
use super::reset::Abort;
use super::wire::Body;

/// How long a client may leave us without the rest of what it has begun, or its next request. What Bedrock's own
/// endpoint allows is not known; this is what AWS documents for interface endpoints and NAT gateways on the way to it.
pub const PATIENCE: Duration = Duration::from_secs(350);

/// As Application Load Balancers allow; what Bedrock's endpoint allows is not known.
const HTTP2_STREAMS: u32 = 128;

/// Of one request's headers. A session token has a few kilobytes.
const LARGEST_HEADERS: usize = 64 << 10;

/// What a mock is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    Serving,
    /// Nobody new is let in; who is there may finish, within this time.
    Closing(Duration),
    Over,
}

/// Completes when nobody new is to be let in.
pub async fn closing(phase: &mut watch::Receiver<Phase>) {
    // An error means that the mock was dropped without a word: the same thing.
    let _ = phase.wait_for(|phase| *phase != Phase::Serving).await;
}

/// Serves what comes over `socket`. A connection that breaks is the client's business, and shows there.
pub async fn serve(
    socket: DelayLine<impl AsyncRead + AsyncWrite + Abort + Send + Unpin + 'static>,
    tls: Option<TlsAcceptor>,
    door: Arc<Door>,
    peer: SocketAddr,
    phase: watch::Receiver<Phase>,
    connected: impl Send,
) {
    let switch = socket.reset_switch();
    let begun = Begun::default();
    let seen = begun.clone();
    let service = service_fn(move |mut request: Request<Incoming>| {
        let door = door.clone();
        seen.add();
        request.extensions_mut().insert(switch.clone());
        // In a box, which goes when there is a response: the way to one takes more memory than a stream.
        Box::pin(async move { Ok(door.respond(peer, request).await) })
    });
    greet(socket, tls, (PATIENCE, begun), service, phase).await;
    drop(connected);
}

/// Finds out what is spoken over `socket`, and speaks it to the end.
async fn greet(
    mut socket: DelayLine<impl AsyncRead + AsyncWrite + Abort + Send + Unpin + 'static>,
    tls: Option<TlsAcceptor>,
    (patience, begun): (Duration, Begun),
    service: impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> + Send + 'static,
    mut phase: watch::Receiver<Phase>,
) {
    let speaking = phase.clone();
    // In a box as well: what TLS needs to begin, it does not need to go on.
    let spoken = Box::pin(async move {
        match tls {
            None => {
                let http2 = socket.speaks_http2().await?;
                Ok(speak(socket, http2, true, (patience, begun), service, speaking))
            }
            Some(tls) => {
                let secured = tls.accept(socket).await?;
                let http2 = secured.get_ref().1.alpn_protocol() == Some(b"h2");
                // Who ends a TLS connection has left: nobody speaks on with half of one.
                Ok(speak(secured, http2, false, (patience, begun), service, speaking))
            }
        }
    });
    let spoken = tokio::select! {
        spoken = timeout(patience, spoken) => spoken,
        () = closing(&mut phase) => return,
    };
    if let Ok(Ok::<_, io::Error>(spoken)) = spoken {
        spoken.await;
    }
}

/// HTTP over `socket`, to its end. In a box of its own size: most connections are of one kind, and the other is
/// larger.
fn speak(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    http2: bool,
    half_close: bool,
    (patience, begun): (Duration, Begun),
    service: impl Service<Request<Incoming>, Response = Response<Body>, Error = Infallible, Future: Send> + Send + 'static,
    phase: watch::Receiver<Phase>,
) -> Pin<Box<dyn Future<Output = ()> + Send>> {
    let socket = TokioIo::new(socket);
    if http2 {
        let mut server = http2::Builder::new(TokioExecutor::new());
        server.max_concurrent_streams(HTTP2_STREAMS).max_header_list_size(LARGEST_HEADERS as u32);
        let connection = server.serve_connection(socket, service);
        let idle = begun.stands_still(patience);
        Box::pin(to_the_end(connection, http2::Connection::graceful_shutdown, idle, phase))
    } else {
        let mut server = http1::Builder::new();
        server
            .half_close(half_close)
            .max_buf_size(LARGEST_HEADERS)
            .timer(TokioTimer::new())
            .header_read_timeout(patience);
        let connection = server.serve_connection(socket, service);
        Box::pin(to_the_end(connection, http1::Connection::graceful_shutdown, std::future::pending(), phase))
    }
}

async fn to_the_end<C: Future>(
    connection: C,
    shut_down: impl FnOnce(Pin<&mut C>),
    idle: impl Future<Output = Duration>,
    mut phase: watch::Receiver<Phase>,
) {
    let mut connection = pin!(connection);
    let farewell = tokio::select! {
        _ = connection.as_mut() => return,
        () = closing(&mut phase) => None,
        patience = idle => Some(patience),
    };
    shut_down(connection.as_mut());
    match farewell {
        None => drop(connection.await),
        // What has begun may end; who does not read it is not waited for.
        Some(patience) => drop(timeout(patience, connection).await),
    }
}

/// Requests that have begun on a connection.
#[derive(Clone, Default)]
struct Begun(Arc<AtomicU64>);

impl Begun {
    fn add(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// Completes when none has begun for `patience`, which it returns.
    async fn stands_still(self, patience: Duration) -> Duration {
        let mut before = None;
        loop {
            let now = Some(self.0.load(Ordering::Relaxed));
            if now == before {
                return patience;
            }
            before = now;
            tokio::time::sleep(patience).await;
        }
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use http_body_util::{BodyExt, Empty, Full};
    use tokio::io::{AsyncReadExt, AsyncWriteExt, DuplexStream, duplex};
    use tokio::task::JoinHandle;

    use super::*;
    use crate::clock::{Timer, monotonic};
    use crate::core::seed::{Purpose, Seed};
    use crate::mock::delay::Distance;
    use crate::mock::held::Held;
    use crate::mock::tls::Tls;

    #[tokio::test]
    async fn who_leaves_us_with_half_a_head_is_dropped() {
        let service = service_fn(async |_| Ok(Response::new(Empty::new().boxed())));
        let (near, mut client) = duplex(1 << 10);
        let (_serving, phase) = watch::channel(Phase::Serving);
        let patience = (Duration::from_millis(20), Begun::default());
        let served = tokio::spawn(speak(near, false, true, patience, service, phase));
        client.write_all(b"POST / HTTP/1.1\r\nhost: ").await.unwrap();
        let dropped = timeout(Duration::from_secs(30), client.read_to_end(&mut Vec::new())).await;
        assert!(dropped.is_ok(), "still waited for");
        served.await.unwrap();
    }

    /// One that has said hello, and one that has begun a head which it never ends.
    #[tokio::test]
    async fn who_has_nothing_to_ask_over_http2_is_dropped() {
        const HELLO: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
        for then in [&b""[..], b"\0\0\x01\x01\0\0\0\0\x01\x82"] {
            let service = service_fn(async |_| Ok(Response::new(Empty::new().boxed())));
            let (near, mut client) = duplex(1 << 10);
            let (_serving, phase) = watch::channel(Phase::Serving);
            let patience = (Duration::from_millis(20), Begun::default());
            let served = tokio::spawn(speak(near, true, true, patience, service, phase));
            client.write_all(&[HELLO, then].concat()).await.unwrap();
            let dropped = timeout(Duration::from_secs(30), client.read_to_end(&mut Vec::new())).await;
            assert!(dropped.is_ok(), "still waited for");
            served.await.unwrap();
        }
    }

    /// Over a line next door, with a service that says `answer`.
    fn greeted(tls: Option<TlsAcceptor>, patience: Duration, answer: &'static [u8]) -> (DuplexStream, JoinHandle<()>) {
        let service =
            service_fn(move |_| async move { Ok(Response::new(Full::new(Bytes::from_static(answer)).boxed())) });
        let (near, client) = duplex(1 << 10);
        let draws = Seed(1).stream(Purpose::NetworkJitter);
        let timer = Timer::start().unwrap();
        let mut line = DelayLine::new(near, (Distance::default(), 2), &Held::new(1 << 20), timer, draws, monotonic);
        line.patience = patience;
        let (serving, phase) = watch::channel(Phase::Serving);
        let served = tokio::spawn(async move {
            let _serving = serving;
            greet(line, tls, (patience, Begun::default()), service, phase).await;
        });
        (client, served)
    }

    /// One that says nothing at all, and one that stops within the TLS hello.
    #[tokio::test]
    async fn who_does_not_begin_is_dropped() {
        let tls = Tls::new(&[]).unwrap().acceptor;
        for (tls, hello) in
            [(None, &b""[..]), (Some(tls.clone()), b""), (Some(tls), b"\x16\x03\x01\x02\0\x01\0\x01\xfc")]
        {
            let (mut client, served) = greeted(tls, Duration::from_millis(20), b"");
            client.write_all(hello).await.unwrap();
            let dropped = timeout(Duration::from_secs(30), client.read_to_end(&mut Vec::new())).await;
            assert!(dropped.is_ok(), "still waited for after {hello:?}");
            served.await.unwrap();
        }
    }

    /// Asks again and again, and takes no answer: what is kept for it is bounded, and it is let go in the end.
    #[tokio::test]
    async fn who_asks_and_does_not_listen_is_dropped() {
        let (mut client, served) = greeted(None, Duration::from_millis(200), &[b'x'; 1 << 16]);
        let asked = async { while client.write_all(b"GET / HTTP/1.1\r\nhost: x\r\n\r\n").await.is_ok() {} };
        assert!(timeout(Duration::from_secs(30), asked).await.is_ok(), "still waited for");
        served.await.unwrap();
    }
}
