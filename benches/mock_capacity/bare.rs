//! The least that a server of ours could be: hyper, which reads a request and answers bytes it was given.

use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::{CONNECTION, CONTENT_TYPE};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

/// Serves `body` until the program ends, on a thread called `bare`.
pub fn start(body: &'static str) -> SocketAddr {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let listener = runtime.block_on(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))).expect("a free port");
    let address = listener.local_addr().expect("it is bound");
    let serve = move || runtime.block_on(accept(listener, body));
    std::thread::Builder::new().name("bare".into()).spawn(serve).expect("a thread");
    address
}

async fn accept(listener: TcpListener, body: &'static str) {
    while let Ok((socket, _)) = listener.accept().await {
        socket.set_nodelay(true).expect("a socket of ours");
        let answer = service_fn(move |request: Request<Incoming>| async move {
            request.into_body().collect().await.expect("our client ends its requests");
            let response = Response::builder()
                .header(CONTENT_TYPE, "application/json")
                .header("x-amzn-requestid", "00000000-0000-4000-8000-000000000000")
                .header(CONNECTION, "keep-alive");
            Ok::<_, Infallible>(response.body(Full::new(Bytes::from_static(body.as_bytes()))).expect("valid"))
        });
        tokio::spawn(http1::Builder::new().serve_connection(TokioIo::new(socket), answer));
    }
}
