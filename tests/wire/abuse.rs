//! Clients that are slow, many, half gone or wrong.

use bedbench::region::PlaceSpec;

use crate::raw::{Connection, HELLO, post, request};
use crate::setup::{in_time, ms, start, sydney};

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
