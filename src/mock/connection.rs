//! One connection, from its first byte to its end.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::watch;
use tokio_rustls::TlsAcceptor;

use super::door::Door;
use super::reset::ResetSwitch;

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
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    switch: ResetSwitch,
    tls: Option<TlsAcceptor>,
    door: Arc<Door>,
    peer: SocketAddr,
    mut phase: watch::Receiver<Phase>,
) {
    let Some(tls) = tls else { return speak_http(socket, switch, door, peer, phase).await };
    let secured = tokio::select! {
        secured = tls.accept(socket) => secured,
        () = closing(&mut phase) => return,
    };
    if let Ok(secured) = secured {
        speak_http(secured, switch, door, peer, phase).await;
    }
}

async fn speak_http(
    socket: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    switch: ResetSwitch,
    door: Arc<Door>,
    peer: SocketAddr,
    mut phase: watch::Receiver<Phase>,
) {
    let service = service_fn(|mut request: Request<Incoming>| {
        let door = door.clone();
        request.extensions_mut().insert(switch.clone());
        async move { Ok::<_, Infallible>(door.respond(peer, request).await) }
    });
    let mut server = auto::Builder::new(TokioExecutor::new());
    server.http1().timer(TokioTimer::new()).header_read_timeout(None);
    let mut connection = pin!(server.serve_connection(TokioIo::new(socket), service));
    tokio::select! {
        _ = connection.as_mut() => return,
        () = closing(&mut phase) => {}
    }
    connection.as_mut().graceful_shutdown();
    let _ = connection.await;
}
