//! Connections: kept alive, multiplexed, far away, and dropped.

use std::net::SocketAddr;
use std::time::Duration;

use bedbench::clock::monotonic;
use bedbench::region::Law;
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http2::{SendRequest, handshake};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

use crate::raw::{Connection, HELLO, post, request};
use crate::setup::{in_time, ms, start, sydney};

const CONVERSE: &str = "/model/amazon.nova-lite-v1%3A0/converse";
const STREAM: &str = "/model/amazon.nova-lite-v1%3A0/converse-stream";

/// One token is all it says: over at once even where the next would take an hour.
fn one_token() -> String {
    HELLO.replace("20", "1")
}

pub async fn http2(address: SocketAddr) -> SendRequest<Full<Bytes>> {
    let socket = TokioIo::new(TcpStream::connect(address).await.expect("a listener"));
    let (sender, connection) = in_time("the handshake", handshake(TokioExecutor::new(), socket)).await.expect("HTTP/2");
    tokio::spawn(connection);
    sender
}

async fn post_http2(sender: &mut SendRequest<Full<Bytes>>, path: &str, body: &str) -> hyper::Response<Incoming> {
    let request = hyper::Request::post(format!("http://localhost{path}")).body(Full::new(Bytes::from(body.to_owned())));
    in_time("an answer", sender.send_request(request.expect("a request"))).await.expect("an answer")
}

#[tokio::test]
async fn a_connection_is_kept_alive_after_answers_streams_and_errors() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    for (path, body, status) in
        [(CONVERSE, HELLO, 200), (STREAM, HELLO, 200), (CONVERSE, "{}", 400), ("/", "", 404), (CONVERSE, HELLO, 200)]
    {
        assert_eq!(connection.post(path, body).await.status, status);
    }
}

#[tokio::test]
async fn requests_sent_ahead_are_answered_in_order() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    let asked = [7, 1, 4, 10];
    let requests = asked.map(|tokens| request("POST", CONVERSE, &HELLO.replace("20", &tokens.to_string())));
    connection.write(requests.concat()).await;
    for tokens in asked {
        let answer: serde_json::Value = serde_json::from_slice(&connection.response().await.unwrap().body).unwrap();
        assert_eq!(answer["usage"]["outputTokens"], tokens);
    }
}

#[tokio::test]
async fn http2_with_prior_knowledge_says_what_http1_says() {
    let mock = start(vec![sydney()]);
    let mut sender = http2(mock.addresses()[0]).await;
    for path in [CONVERSE, STREAM] {
        let over_http1 = post(mock.addresses()[0], path, HELLO).await;
        let response = post_http2(&mut sender, path, HELLO).await;
        assert_eq!(response.status().as_u16(), 200);
        assert_eq!(response.headers()["content-type"], over_http1.header("content-type").unwrap());
        assert!(response.headers().contains_key("x-amzn-requestid"));
        let body = in_time("the body", response.into_body().collect()).await.unwrap().to_bytes();
        assert_eq!(body, over_http1.body);
    }
    let refused = post_http2(&mut sender, "/model/amazon.nova-lite-v1%3A0/speak", "").await;
    assert_eq!(refused.status().as_u16(), 404);
}

#[tokio::test]
async fn an_http2_client_is_told_how_many_requests_a_connection_takes() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    // Not known for HTTP/2 by its first bytes alone.
    for part in ["PRI * HTTP/2.0\r\n", "\r\nSM\r\n\r\n", "\0\0\0\x04\0\0\0\0\0"] {
        connection.write(part).await;
        tokio::task::yield_now().await;
    }
    let mut bytes = Vec::new();
    for _ in 0..9 {
        bytes.push(connection.byte().await);
    }
    assert_eq!((bytes[..2].to_vec(), bytes[3]), (vec![0, 0], 4), "a frame of settings");
    let mut settings = Vec::new();
    for _ in 0..bytes[2] {
        settings.push(connection.byte().await);
    }
    let max_concurrent_streams = settings.chunks(6).find(|setting| setting[..2] == [0, 3]).expect("a limit");
    assert_eq!(max_concurrent_streams[2..], 128_u32.to_be_bytes());
}

#[tokio::test]
async fn who_waits_holds_up_nobody_else() {
    let mut slow = sydney();
    slow.tpot = Law::Fixed(ms(3_600_000));
    let mock = start(vec![slow]);
    let mut endless = Connection::open(mock.addresses()[0]).await;
    endless.write(request("POST", STREAM, HELLO)).await;
    endless.byte().await;
    assert_eq!(post(mock.addresses()[0], CONVERSE, &one_token()).await.status, 200);
    // Nor within one connection, where there are streams.
    let mut sender = http2(mock.addresses()[0]).await;
    let mut endless = post_http2(&mut sender, STREAM, HELLO).await;
    assert!(in_time("the first frame", endless.frame()).await.is_some());
    assert_eq!(post_http2(&mut sender, CONVERSE, &one_token()).await.status().as_u16(), 200);
}

/// Asks until it is served: by then the slot was given back.
async fn served_in_the_end(address: SocketAddr) {
    let served = async { while post(address, CONVERSE, &one_token()).await.status != 200 {} };
    in_time("the slot is never given back", served).await;
}

#[tokio::test]
async fn a_client_that_goes_away_gives_its_slot_back() {
    let mut one_slot = sydney();
    (one_slot.slots, one_slot.queue, one_slot.tpot) = (1, 0, Law::Fixed(ms(3_600_000)));
    let mock = start(vec![one_slot]);
    let address = mock.addresses()[0];
    let taken = async || assert_eq!(post(address, CONVERSE, &one_token()).await.status, 503, "the slot is taken");

    let mut endless = Connection::open(address).await;
    endless.write(request("POST", STREAM, HELLO)).await;
    endless.byte().await;
    taken().await;
    drop(endless);
    served_in_the_end(address).await;

    let mut half_closed = Connection::open(address).await;
    half_closed.write(request("POST", STREAM, HELLO)).await;
    half_closed.byte().await;
    taken().await;
    half_closed.shut_down().await;
    served_in_the_end(address).await;

    let mut sender = http2(address).await;
    let endless = post_http2(&mut sender, STREAM, HELLO).await;
    assert_eq!(endless.status().as_u16(), 200);
    taken().await;
    drop(endless);
    served_in_the_end(address).await;
}

#[tokio::test]
async fn a_client_that_half_closes_behind_its_request_still_gets_its_answer() {
    let mock = start(vec![sydney()]);
    for path in [CONVERSE, STREAM] {
        // A busy machine may let us end our side so late that we seem to have left.
        let answered = async {
            loop {
                let mut connection = Connection::open(mock.addresses()[0]).await;
                connection.write(request("POST", path, HELLO)).await;
                connection.shut_down().await;
                if let Some(answer) = connection.response().await {
                    return (answer, connection.rest().await);
                }
            }
        };
        let (answer, rest) = in_time("an answer", answered).await;
        assert_eq!(answer.body, post(mock.addresses()[0], path, HELLO).await.body);
        assert!(rest.is_empty(), "and then the server ends its side as well");
    }
}

/// Lower bounds only: a busy machine may take longer, light may not take less.
#[tokio::test]
async fn a_round_trip_takes_its_time_and_a_new_connection_its_handshakes() {
    let rtt = ms(50);
    let mut far = sydney();
    (far.rtt, far.ttft) = (rtt, Law::Fixed(Duration::ZERO));
    let mock = start(vec![far]);
    let timed = async |connection: &mut Connection, opened| {
        assert_eq!(connection.post(CONVERSE, &one_token()).await.status, 200);
        monotonic() - opened
    };
    let opened = monotonic();
    let mut connection = Connection::open(mock.addresses()[0]).await;
    let first = timed(&mut connection, opened).await;
    assert!(first >= 3 * rtt, "TCP, TLS and the request took {first:?}");
    for _ in 0..3 {
        let warm = timed(&mut connection, monotonic()).await;
        assert!(warm >= rtt, "{warm:?}");
    }
    let opened = monotonic();
    let mut sender = http2(mock.addresses()[0]).await;
    post_http2(&mut sender, CONVERSE, &one_token()).await;
    assert!(monotonic() - opened >= 3 * rtt);
}
