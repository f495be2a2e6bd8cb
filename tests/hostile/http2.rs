//! HTTP/2, as the client speaks it to every https endpoint: frames that lie, that flood, and that never end.

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
use std::sync::Arc;
use std::time::Duration;

use bedbench::bedrock::{Answer, Api, placeholder_access};
use bedbench::core::Outcome;
use bedbench::core::request::Timeouts;
use rustls::{ServerConnection, StreamOwned};

use crate::attempt::Caller;
use crate::certificate::config;
use crate::server::{ON_THE_WAY, Peer, Server, delta, in_time, patient};

const PREFACE: usize = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".len();
const HEAD: usize = 9;

// Kinds of frames, RFC 9113.
const DATA: u8 = 0;
const HEADERS: u8 = 1;
const RST_STREAM: u8 = 3;
const SETTINGS: u8 = 4;
const PING: u8 = 6;
const GOAWAY: u8 = 7;
const CONTINUATION: u8 = 9;

/// Of a goodbye: nothing was taken on, for there was too much of it.
const CALM_DOWN: [u8; 8] = [0, 0, 0, 0, 0, 0, 0, 0xb];

const END_STREAM: u8 = 1;
const END_HEADERS: u8 = 4;

fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = &(payload.len() as u32).to_be_bytes()[1..];
    [length, &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

/// What every HTTP/2 server says first.
fn settings() -> Vec<u8> {
    frame(SETTINGS, 0, 0, &[])
}

/// Status 200 of a stream of events, to the client's first request.
fn head() -> Vec<u8> {
    let (name, kind) = ("content-type", "application/vnd.amazon.eventstream");
    let literal = |text: &str| [&[text.len() as u8], text.as_bytes()].concat();
    let fields = [&[0x88, 0][..], &literal(name), &literal(kind)].concat();
    frame(HEADERS, END_HEADERS, 1, &fields)
}

/// A server that hears a request out, says `begins`, and then `again` for ever; and the authority to trust.
fn speaking(begins: Vec<u8>, again: Vec<u8>) -> (Server, String) {
    start(true, begins, again)
}

fn start(listens: bool, begins: Vec<u8>, again: Vec<u8>) -> (Server, String) {
    let (mut config, authority) = config("127.0.0.1", 2999);
    config.alpn_protocols = vec![b"h2".to_vec()];
    let config = Arc::new(config);
    let mut server = Server::start(move |peer| {
        let connection = ServerConnection::new(config.clone()).map_err(io::Error::other)?;
        let mut tls = StreamOwned::new(connection, peer.socket()?);
        if listens {
            hear_a_request(&mut tls)?;
        }
        write(peer, &mut tls, &begins)?;
        if again.is_empty() {
            while tls.read(&mut [0; 1 << 12])? > 0 {}
            return Ok(());
        }
        // What it is answered is taken, so that nobody waits for room to say more.
        tls.sock.set_read_timeout(Some(Duration::from_millis(1)))?;
        let again = again.repeat((1 << 14) / again.len() + 1);
        loop {
            write(peer, &mut tls, &again)?;
            match tls.read(&mut [0; 1 << 16]) {
                Ok(0) => return Ok(()),
                Err(error) if !matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                    return Err(error);
                }
                _ => {}
            }
        }
    });
    server.url = server.url.replace("http:", "https:");
    (server, authority)
}

fn write(peer: &Peer, tls: &mut StreamOwned<ServerConnection, TcpStream>, bytes: &[u8]) -> io::Result<()> {
    tls.write_all(bytes)?;
    tls.flush()?;
    peer.count(bytes.len());
    Ok(())
}

fn hear_a_request(tls: &mut impl Read) -> io::Result<()> {
    tls.read_exact(&mut [0; PREFACE])?;
    loop {
        let mut head = [0; HEAD];
        tls.read_exact(&mut head)?;
        let length = u32::from_be_bytes([0, head[0], head[1], head[2]]);
        tls.read_exact(&mut vec![0; length as usize])?;
        if matches!(head[3], DATA | HEADERS) && head[4] & END_STREAM != 0 {
            return Ok(());
        }
    }
}

/// What comes of one attempt, without a time limit; nobody is listened to afterwards.
async fn answer(what: &str, (server, authority): (Server, String)) -> Answer {
    let caller = Caller::with(&server.url, Api::ConverseStream, patient(), Some(&authority), placeholder_access());
    let answer = in_time(what, caller.ask("Hello")).await;
    drop(caller);
    server.left_alone().await;
    assert!(server.sent() < ON_THE_WAY, "{what}: {} bytes taken", server.sent());
    answer
}

#[tokio::test]
async fn frames_that_break_the_protocol_end_the_attempt() {
    for (what, listens, begins) in [
        ("no frames at all", false, vec![0xff; 1 << 12]),
        ("no frames behind the preface", false, [settings(), vec![0xff; 1 << 12]].concat()),
        ("no frames in answer", true, [settings(), b"<html>no frames</html>".repeat(100)].concat()),
        ("goodbye at once", false, [settings(), frame(GOAWAY, 0, 0, &CALM_DOWN)].concat()),
        ("goodbye in answer", true, [settings(), frame(GOAWAY, 0, 0, &CALM_DOWN)].concat()),
        ("reset in answer", true, [settings(), frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])].concat()),
        ("an answer that nobody asked for", true, [settings(), frame(HEADERS, END_HEADERS, 2, &[0x88])].concat()),
    ] {
        let answer = answer(what, start(listens, begins, Vec::new())).await;
        assert_eq!(answer.outcome, Outcome::Transport, "{what}: {:?}", answer.error);
        assert!(answer.head.is_none(), "{what}: {answer:?}");
    }
}

/// The beginning of a head, and what goes on with it.
fn endless_head() -> (Vec<u8>, Vec<u8>) {
    let field = [&[0, 1, b'x', 100][..], &[b'y'; 100]].concat();
    ([settings(), frame(HEADERS, 0, 1, &[0x88])].concat(), frame(CONTINUATION, 0, 1, &field))
}

#[tokio::test]
async fn a_head_that_goes_on_for_ever_is_cut_off() {
    let (begins, fields) = endless_head();
    for (what, again) in [("fields", fields), ("nothing", frame(CONTINUATION, 0, 1, &[]))] {
        let answer = answer(what, speaking(begins.clone(), again)).await;
        assert_eq!(answer.outcome, Outcome::Transport, "{what}: {:?}", answer.error);
    }
}

#[tokio::test]
async fn a_stream_that_is_broken_off_keeps_what_was_seen() {
    for (what, end) in [
        ("an error", frame(RST_STREAM, 0, 1, &[0, 0, 0, 2])),
        ("no error", frame(RST_STREAM, 0, 1, &[0, 0, 0, 0])),
        ("cancelled", frame(RST_STREAM, 0, 1, &[0, 0, 0, 8])),
        ("its end", frame(DATA, END_STREAM, 1, &[])),
        ("rubbish", vec![0xff; 1 << 12]),
    ] {
        let begins = [settings(), head(), frame(DATA, 0, 1, &delta()), end].concat();
        let answer = answer(what, speaking(begins, Vec::new())).await;
        assert_eq!(answer.outcome, Outcome::StreamError, "{what}: {:?}", answer.error);
        assert!(answer.first_token.is_some() && answer.usage.is_none(), "{what}: {answer:?}");
    }
}

#[tokio::test]
async fn a_flood_of_what_is_no_answer_ends_with_the_time_limit() {
    for (what, again) in [("pings", frame(PING, 0, 0, &[0; 8])), ("settings", settings())] {
        let (server, authority) = speaking(settings(), again);
        let timeouts = Timeouts { request: Duration::from_millis(300), ..patient() };
        let caller = Caller::with(&server.url, Api::ConverseStream, timeouts, Some(&authority), placeholder_access());
        let answer = in_time(what, caller.ask("Hello")).await;
        assert_eq!(answer.outcome, Outcome::Timeout, "{what}: {:?}", answer.error);
        drop(caller);
        server.left_alone().await;
    }
}

/// For a route of a run. No flood: on one machine it takes the time of every other route, whoever sends it.
pub fn harms() -> [(&'static str, (Server, String)); 3] {
    let (begins, again) = endless_head();
    [
        ("endless head", speaking(begins, again)),
        (
            "broken off",
            speaking([settings(), head(), frame(DATA, 0, 1, &delta()), vec![0xff; 64]].concat(), Vec::new()),
        ),
        ("goodbye at once", start(false, [settings(), frame(GOAWAY, 0, 0, &CALM_DOWN)].concat(), Vec::new())),
    ]
}
