//! Clients that are slow, many, half gone or wrong.

use std::net::SocketAddr;

use bedbench::region::PlaceSpec;

use crate::raw::{Connection, HELLO, post, request};
use crate::setup::{in_time, ms, start, start_as, sydney};

const CONVERSE: &str = "/model/amazon.nova-lite-v1%3A0/converse";

#[tokio::test]
async fn five_hundred_connections_at_once_are_all_answered() {
    let mock = start(vec![sydney()]);
    let address = mock.addresses()[0];
    let clients: Vec<_> = (0..500).map(|_| tokio::spawn(post(address, CONVERSE, HELLO))).collect();
    for client in clients {
        assert_eq!(client.await.unwrap().status, 200);
    }
    assert_eq!(mock.requests()[0].1, 500);
}

#[tokio::test]
async fn more_connections_than_there_are_places_for_wait_until_one_ends() {
    let mock = start_as(vec![sydney()], |spec| spec.connections = 2);
    let address = mock.addresses()[0];
    let (mut first, mut second) = (Connection::open(address).await, Connection::open(address).await);
    assert_eq!(first.post(CONVERSE, HELLO).await.status, 200);
    assert_eq!(second.post(CONVERSE, HELLO).await.status, 200);
    let mut third = tokio::spawn(post(address, CONVERSE, HELLO));
    for _ in 0..20 {
        tokio::select! {
            answered = first.post(CONVERSE, HELLO) => assert_eq!(answered.status, 200),
            let_in = &mut third => panic!("a third one is let in: {let_in:?}"),
        }
    }
    drop(second);
    assert_eq!(in_time("the third", third).await.unwrap().status, 200);
}

#[tokio::test]
async fn a_request_that_comes_byte_by_byte_is_a_request() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    for byte in request("POST", CONVERSE, HELLO).bytes() {
        connection.write([byte]).await;
        tokio::task::yield_now().await;
    }
    assert_eq!(connection.response().await.unwrap().status, 200);
}

#[tokio::test]
async fn requests_that_never_end_hold_up_nobody() {
    let mock = start(vec![sydney()]);
    let address = mock.addresses()[0];
    let whole = request("POST", CONVERSE, HELLO);
    let mut unfinished = Vec::new();
    // In the request line, in the headers, before the body, inside it.
    for length in [10, 40, whole.len() - HELLO.len(), whole.len() - 1] {
        let mut connection = Connection::open(address).await;
        connection.write(&whole[..length]).await;
        unfinished.push((connection, length));
    }
    assert_eq!(post(address, CONVERSE, HELLO).await.status, 200);
    for (mut connection, length) in unfinished {
        connection.write(&whole[length..]).await;
        assert_eq!(connection.response().await.unwrap().status, 200, "the rest came late: {length}");
    }
}

#[tokio::test]
async fn what_ends_in_the_middle_of_a_request_ends_without_an_answer() {
    let mock = start(vec![sydney()]);
    let whole = request("POST", CONVERSE, HELLO);
    for length in [0, 10, 40, whole.len() - HELLO.len(), whole.len() - 1] {
        let mut connection = Connection::open(mock.addresses()[0]).await;
        connection.write(&whole[..length]).await;
        connection.shut_down().await;
        let answered = connection.response().await;
        assert!(answered.is_none_or(|response| response.status == 400), "no answer to half a question");
    }
    assert_eq!(post(mock.addresses()[0], CONVERSE, HELLO).await.status, 200);
}

#[tokio::test]
async fn a_body_beyond_the_limit_is_refused_and_the_connection_lives_on() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    let body = "x".repeat(25_000_001);
    let refused = in_time("the refusal", connection.post(CONVERSE, &body)).await;
    let (name, message) = refused.exception();
    assert_eq!((refused.status, name.as_str()), (400, "ValidationException"));
    assert!(message.contains("length less than or equal to 25000000"), "{message}");
    assert_eq!(connection.post(CONVERSE, HELLO).await.status, 200);
}

#[tokio::test]
async fn a_client_that_asks_before_it_sends_a_body_is_told_to_go_on() {
    let mock = start(vec![sydney()]);
    let mut connection = Connection::open(mock.addresses()[0]).await;
    let whole = request("POST", CONVERSE, HELLO).replace("host:", "expect: 100-continue\r\nhost:");
    let (head, body) = whole.split_at(whole.len() - HELLO.len());
    connection.write(head).await;
    assert_eq!(connection.response().await.unwrap().status, 100);
    connection.write(body).await;
    assert_eq!(connection.response().await.unwrap().status, 200);
}

/// Also from far away: what is on its way when the server is done with a connection still arrives.
#[tokio::test]
async fn what_is_not_http_is_turned_away() {
    let mock = start(vec![PlaceSpec { rtt: ms(20), ..sydney() }]);
    for noise in [
        "no HTTP at all\r\n\r\n",
        "POST /model/amazon.nova-lite-v1%3A0/converse HTTP/9.9\r\n\r\n",
        "\u{16}\u{3}\u{1} a TLS hello\r\n\r\n",
    ] {
        let mut connection = Connection::open(mock.addresses()[0]).await;
        connection.write(noise).await;
        let answered = connection.response().await.expect("told, not just dropped");
        assert_eq!(answered.status, 400, "{noise:?}");
        assert!(in_time("the end", connection.rest()).await.is_empty());
    }
    let mut connection = Connection::open(mock.addresses()[0]).await;
    connection.write("PRI * HTTP/2.0\r\n\r\nnot quite HTTP/2").await;
    connection.shut_down().await;
    in_time("the end", connection.rest()).await;
    assert_eq!(post(mock.addresses()[0], CONVERSE, HELLO).await.status, 200);
}

#[tokio::test]
async fn a_client_that_wants_the_connection_closed_still_gets_its_whole_answer() {
    let mock = start(vec![PlaceSpec { rtt: ms(20), ..sydney() }]);
    for path in [CONVERSE, "/model/amazon.nova-lite-v1%3A0/converse-stream"] {
        let mut connection = Connection::open(mock.addresses()[0]).await;
        connection.write(request("POST", path, HELLO).replace("host:", "connection: close\r\nhost:")).await;
        let answered = connection.response().await.expect("an answer");
        assert_eq!((answered.status, answered.header("connection")), (200, Some("close")));
        if path != CONVERSE {
            assert_eq!(answered.frames().last().unwrap().0[0].1, "metadata");
        }
        assert!(in_time("the end", connection.rest()).await.is_empty());
    }
}

/// A frame of HTTP/2, whose length may be a lie.
fn frame(length: u32, kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    [&length.to_be_bytes()[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

const HTTP2: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0";
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RESET: u8 = 3;
const SETTINGS: u8 = 4;
const PUSH: u8 = 5;
const PING: u8 = 6;
const WINDOW: u8 = 8;
const CONTINUATION: u8 = 9;

/// Says `bytes` over HTTP/2, is let go, and finds that others are served as before.
async fn is_let_go(address: SocketAddr, what: &str, bytes: &[u8]) {
    let mut connection = Connection::open(address).await;
    connection.write(HTTP2).await;
    // The mock may have had enough before it has read all.
    connection.try_write(bytes).await;
    in_time(what, connection.rest()).await;
    assert_eq!(post(address, CONVERSE, HELLO).await.status, 200, "{what}");
}

#[tokio::test]
async fn frames_that_are_none_of_http2_end_their_connection_and_no_other() {
    let mock = start(vec![sydney()]);
    let address = mock.addresses()[0];
    for (what, bytes) in [
        ("a frame beyond every size", frame(0xff_ffff, DATA, 0, 1, &[])),
        ("data for no stream", frame(1, DATA, 0, 0, b"x")),
        ("data for a stream that nobody opened", frame(1, DATA, 0, 5, b"x")),
        ("headers that are none", frame(4, HEADERS, 5, 1, &[0xff; 4])),
        ("headers for no stream", frame(1, HEADERS, 5, 0, &[0x82])),
        ("headers of an even stream", frame(1, HEADERS, 5, 2, &[0x82])),
        ("a reset of nothing", frame(4, RESET, 0, 7, &[0; 4])),
        ("settings of no size", frame(5, SETTINGS, 0, 0, &[0; 5])),
        ("settings that confirm with words", frame(6, SETTINGS, 1, 0, &[0; 6])),
        ("a client that pushes", frame(5, PUSH, 4, 1, &[0, 0, 0, 2, 0x82])),
        ("a short ping", frame(1, PING, 0, 0, &[0])),
        ("a window that grows by nothing", frame(4, WINDOW, 0, 0, &[0; 4])),
        ("a window beyond every size", frame(4, WINDOW, 0, 0, &[0x7f, 0xff, 0xff, 0xff]).repeat(2)),
        ("a continuation of nothing", frame(1, CONTINUATION, 4, 1, &[0x82])),
        (
            "a head that something else interrupts",
            [frame(1, HEADERS, 1, 1, &[0x82]), frame(8, PING, 0, 0, &[0; 8])].concat(),
        ),
    ] {
        is_let_go(address, what, &bytes).await;
    }
}

#[tokio::test]
async fn floods_over_http2_end_their_connection_and_no_other() {
    let mock = start(vec![sydney()]);
    let address = mock.addresses()[0];
    let never_ends = frame(1 << 14, CONTINUATION, 0, 1, &[0; 1 << 14]).repeat(500);
    let opened_and_reset: Vec<_> = (0..20_000_u32)
        .flat_map(|n| {
            let stream = 2 * n + 1;
            [frame(3, HEADERS, 5, stream, &[0x83, 0x86, 0x84]), frame(4, RESET, 0, stream, &[0, 0, 0, 8])].concat()
        })
        .collect();
    for (what, bytes) in [
        ("a head that is always continued", [frame(1, HEADERS, 1, 1, &[0x82]), never_ends].concat()),
        ("requests that are taken back at once", opened_and_reset),
    ] {
        is_let_go(address, what, &bytes).await;
    }
}

#[tokio::test]
async fn headers_beyond_the_limit_are_refused() {
    let mock = start(vec![sydney()]);
    let address = mock.addresses()[0];
    for headers in ["x-more: and more\r\n".repeat(100_000), format!("x-more: {}\r\n", "x".repeat(2_000_000))] {
        let mut connection = Connection::open(address).await;
        connection.try_write(format!("POST {CONVERSE} HTTP/1.1\r\n{headers}")).await;
        let answered = connection.response().await;
        assert!(answered.is_none_or(|response| response.status == 431), "refused, or cut off");
        assert_eq!(post(address, CONVERSE, HELLO).await.status, 200);
    }
}
