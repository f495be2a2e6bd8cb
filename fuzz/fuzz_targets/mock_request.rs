//! Whatever is asked of the mock, it answers with well-formed HTTP, and answers the next one too.
//!
//! `RUSTC_BOOTSTRAP=1 cargo fuzz run mock_request -- -max_total_time=600`

#![no_main]

use std::io::{Read, Write};
use std::net::TcpStream;
use std::sync::LazyLock;
use std::time::Duration;

use arbitrary::Arbitrary;
use bedbench::clock::Clock;
use bedbench::core::{RegionId, Seed};
use bedbench::mock::{ListenSpec, MOST_CONNECTIONS, Mock, MockSpec};
use bedbench::plan::workload::Workload;
use bedbench::profile::Models;
use bedbench::region::{Conditions, Law, PlaceSpec};
use libfuzzer_sys::fuzz_target;

static MOCK: LazyLock<Mock> = LazyLock::new(|| {
    let at_once = Law::Fixed(Duration::ZERO);
    let sydney = PlaceSpec {
        region: RegionId::SYDNEY,
        rtt: Duration::ZERO,
        jitter: Duration::ZERO,
        slots: 1_000,
        queue: 1_000,
        ttft: at_once,
        per_input_token: Duration::ZERO,
        tpot: at_once,
        quotas: vec![],
        conditions: Conditions::new(vec![], None),
    };
    let clock = Clock::default();
    clock.start();
    let spec = MockSpec {
        seed: Seed(1),
        workload: Workload::fixed(10, 5),
        models: Models::built_in().expect("the shipped table is sound"),
        strict: false,
        callers: Default::default(),
        log: None,
        tls: None,
        worlds: vec![vec![sydney]],
        listeners: vec![ListenSpec { world: 0, regions: vec![RegionId::SYDNEY], address: ([127, 0, 0, 1], 0).into() }],
        connections: MOST_CONNECTIONS,
    };
    Mock::start(spec, clock).expect("a port")
});

const MODELS: [&str; 7] = [
    "anthropic.claude-sonnet-5",
    "amazon.nova-lite-v1%3A0",
    "amazon.titan-text-lite-v1",
    "meta.llama3-3-70b-instruct-v1:0",
    "mistral.mistral-large",
    "qwen.qwen3-32b-v1%3A0",
    "bedbench.fault.stream.ThrottlingException",
];
const OPERATIONS: [&str; 5] = ["invoke", "invoke-with-response-stream", "converse", "converse-stream", "count-tokens"];

#[derive(Arbitrary, Debug)]
struct Asked {
    model: u8,
    operation: u8,
    /// In place of both.
    path: Option<Vec<u8>>,
    body: Vec<u8>,
}

fuzz_target!(|asked: Asked| {
    let model = MODELS[usize::from(asked.model) % MODELS.len()];
    let operation = OPERATIONS[usize::from(asked.operation) % OPERATIONS.len()];
    let path = match asked.path {
        // What is no request line at all is the HTTP library's to refuse.
        Some(path) => path.iter().filter(|byte| byte.is_ascii_graphic()).map(|byte| char::from(*byte)).collect(),
        None => format!("model/{model}/{operation}"),
    };
    let mut socket = TcpStream::connect(MOCK.addresses()[0]).expect("it listens");
    socket.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    let head = format!("POST /{path} HTTP/1.1\r\nhost: mock\r\nconnection: close\r\ncontent-length: {}\r\n\r\n", asked.body.len());
    // A mock that has answered already may have closed the connection.
    let _ = socket.write_all(head.as_bytes()).and_then(|()| socket.write_all(&asked.body));
    let mut answer = Vec::new();
    let read = socket.read_to_end(&mut answer);
    assert!(answer.starts_with(b"HTTP/1.1 "), "no answer to {path}: {read:?}");
    let status: u16 = String::from_utf8_lossy(&answer[9..12]).parse().expect("a status");
    assert!(status != 500 && status < 530, "{status} to {path}");
});
