//! `bedbench mock`, as a script starts it, waits for it and stops it.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use rustix::process::Signal;
use serde_json::Value;

use super::desk::{Desk, end_of, signal};

/// Starts a mock and reads its announcement; nothing is waited for but that line.
fn start(desk: &Desk, options: &str) -> (Child, Value) {
    let mut command = desk.child(&format!("mock --profile au --port 0 --format json {options}"));
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
    let ready = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error} in {line:?}"));
    (child, ready)
}

/// The whole answer to a request of nothing but its first line.
fn ask(url: &str, request: &str) -> String {
    let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
    socket.write_all(format!("{request} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n\r\n").as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    answer
}

#[test]
fn it_says_when_it_is_ready_answers_and_stops_cleanly() {
    for stop in [Signal::TERM, Signal::INT] {
        let desk = Desk::new();
        let (child, ready) = start(&desk, "");
        assert_eq!(ready["ready"], true);
        assert_eq!(ready["regions"][0]["region"], "ap-southeast-2");
        let url = ready["regions"][0]["url"].as_str().unwrap();
        let answer = ask(url, "GET /nothing");
        assert!(answer.starts_with("HTTP/1.1 404"), "{answer}");
        signal(&child, stop);
        let said = end_of(child).exits(0);
        assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""), "one line, and no other");
    }
}

#[test]
fn a_strict_mock_refuses_what_cannot_be_called_there() {
    for (options, status) in [("--scenario calm", 200), ("--scenario calm --strict", 400)] {
        let desk = Desk::new();
        let (child, ready) = start(&desk, options);
        let url = ready["regions"][0]["url"].as_str().unwrap();
        let mut socket = TcpStream::connect(url.strip_prefix("http://").unwrap()).unwrap();
        let body = r#"{"messages":[{"role":"user","content":[{"text":"x"}]}],"inferenceConfig":{"maxTokens":1}}"#;
        let length = body.len();
        let head = "POST /model/us.anthropic.claude-sonnet-5/converse HTTP/1.1\r\nhost: mock\r\nconnection: close\r\n";
        socket.write_all(format!("{head}content-length: {length}\r\n\r\n{body}").as_bytes()).unwrap();
        let mut answer = String::new();
        socket.read_to_string(&mut answer).unwrap();
        assert!(answer.starts_with(&format!("HTTP/1.1 {status}")), "{options}: {answer}");
        signal(&child, Signal::TERM);
        end_of(child).exits(0);
    }
}

#[test]
fn a_port_in_use_is_named_with_the_way_out() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let said = Desk::new().says(&format!("mock --port {}", address.port())).exits(2);
    assert!(said.error().starts_with(&format!("error: cannot listen on {address}: ")), "{said:#?}");
    assert!(said.error().ends_with("choose another --port, or 0"), "{said:#?}");
    assert_eq!(said.out, "", "it must not announce what it does not serve");
}

#[test]
fn ports_that_do_not_exist_are_refused() {
    let said = Desk::new().says("mock --profile apac --port 65535").exits(2);
    assert!(said.error().contains("choose a lower --port"), "{said:#?}");
}

#[test]
fn secrets_are_not_shown_even_when_they_are_badly_written() {
    for options in ["--credentials geheim", "--credentials :geheim", "--credentials AKID:", "--api-key="] {
        let said = Desk::new().says(&format!("mock --port 0 {options}")).exits(2);
        assert!(said.error().contains("--credentials is") || said.error().contains("--api-key is"), "{said:#?}");
        assert!(!said.err.contains("geheim"), "{said:#?}");
    }
}

#[test]
fn a_mock_with_keys_turns_strangers_away() {
    let desk = Desk::new();
    let (child, ready) = start(&desk, "--scenario calm --credentials AKID:geheim");
    let url = ready["regions"][0]["url"].as_str().unwrap();
    let answer = ask(url, "POST /model/amazon.nova-lite-v1%3A0/converse");
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    signal(&child, Signal::TERM);
    let said = end_of(child).exits(0);
    assert!(!(ready.to_string() + &said.out + &said.err).contains("geheim"), "{said:#?}");
}
