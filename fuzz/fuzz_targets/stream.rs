//! Whatever a server sends back, the client's attempt ends in time, and only a whole answer is ok.

#![no_main]

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, LazyLock, Mutex};
use std::time::Duration;

use arbitrary::Arbitrary;
use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bedbench::bedrock::{Answer, Api, Attempt, ClientSpec, Gate, RegionClient, placeholder_access};
use bedbench::clock::Clock;
use bedbench::core::region::Jurisdiction;
use bedbench::core::request::{InvocationKey, Timeouts};
use bedbench::core::residency::{Destination, Residency, Standing};
use bedbench::core::{Outcome, RegionId, RequestKey, RunTime};
use bedbench::profile::Models;
use libfuzzer_sys::fuzz_target;
use tokio::runtime::Runtime;

const KINDS: [&str; 8] = [
    "messageStart",
    "contentBlockStart",
    "contentBlockDelta",
    "contentBlockStop",
    "messageStop",
    "metadata",
    "throttlingException",
    "unheardOf",
];
const PAYLOADS: [&str; 7] = [
    r#"{"role":"assistant"}"#,
    r#"{"contentBlockIndex":0,"delta":{"text":"Hello"}}"#,
    r#"{"contentBlockIndex":0,"delta":{"text":""}}"#,
    r#"{"stopReason":"end_turn"}"#,
    r#"{"usage":{"inputTokens":2,"outputTokens":1,"totalTokens":3},"metrics":{"latencyMs":7}}"#,
    r#"{"usage":{"inputTokens":-2,"outputTokens":99999999999,"totalTokens":3},"metrics":{"latencyMs":-7}}"#,
    r#"{"message":"slow down"}"#,
];

#[derive(Arbitrary, Debug)]
enum Piece {
    /// A frame whose checksums hold.
    Frame { message: u8, kind: u8, payload: u8 },
    Written { kind: u8, payload: Vec<u8> },
    Bytes(Vec<u8>),
}

#[derive(Arbitrary, Debug)]
enum Reply {
    Stream { pieces: Vec<Piece>, cut: Option<u16> },
    Unary(Vec<u8>),
    Error { status: u8, kind: u8, body: Vec<u8> },
    /// Not even HTTP has to hold.
    Raw(Vec<u8>),
}

impl Piece {
    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::Frame { message, kind, payload } => {
                let payload = PAYLOADS[usize::from(*payload) % PAYLOADS.len()];
                frame(*message, *kind, payload.as_bytes().to_vec())
            }
            Self::Written { kind, payload } => frame(0, *kind, payload.clone()),
            Self::Bytes(bytes) => bytes.clone(),
        }
    }
}

fn frame(message: u8, kind: u8, payload: Vec<u8>) -> Vec<u8> {
    let message_type = ["event", "exception", "error"][usize::from(message) % 3];
    let name = if message_type == "event" { ":event-type" } else { ":exception-type" };
    let mut built = Message::new(payload);
    let kind = KINDS[usize::from(kind) % KINDS.len()];
    for (name, value) in [(name, kind), (":content-type", "application/json"), (":message-type", message_type)] {
        built = built.add_header(Header::new(name, HeaderValue::String(value.into())));
    }
    let mut bytes = Vec::new();
    write_message_to(&built, &mut bytes).expect("small enough");
    bytes
}

impl Reply {
    fn bytes(&self) -> Vec<u8> {
        let answer = |status: u16, headers: &str, body: &[u8]| {
            let head = format!("HTTP/1.1 {status} X\r\nconnection: close\r\n{headers}content-length: {}\r\n\r\n", body.len());
            [head.as_bytes(), body].concat()
        };
        match self {
            Self::Stream { pieces, cut } => {
                let body: Vec<u8> = pieces.iter().flat_map(Piece::bytes).collect();
                let mut bytes = answer(200, "content-type: application/vnd.amazon.eventstream\r\n", &body);
                bytes.truncate(cut.map_or(bytes.len(), usize::from));
                bytes
            }
            Self::Unary(body) => answer(200, "content-type: application/json\r\n", body),
            Self::Error { status, kind, body } => {
                let status = [301, 400, 403, 404, 408, 418, 424, 429, 500, 503, 529][usize::from(*status) % 11];
                let kind = ["ThrottlingException", "ValidationException", ""][usize::from(*kind) % 3];
                let headers = format!("content-type: application/json\r\nx-amzn-errortype: {kind}\r\nlocation: /\r\n");
                answer(status, &headers, body)
            }
            Self::Raw(bytes) => bytes.clone(),
        }
    }
}

/// Answers every request with the latest reply, and closes.
struct Server {
    address: SocketAddr,
    reply: Arc<Mutex<Vec<u8>>>,
}

static SERVER: LazyLock<Server> = LazyLock::new(|| {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    let address = listener.local_addr().expect("an address");
    let reply = Arc::new(Mutex::new(Vec::new()));
    let latest = reply.clone();
    std::thread::spawn(move || {
        for socket in listener.incoming().flatten() {
            let bytes = latest.lock().expect("nobody panics with it").clone();
            // A client that hangs up first has what it needs.
            let _ = serve(socket, &bytes);
        }
    });
    Server { address, reply }
});

fn serve(mut socket: TcpStream, reply: &[u8]) -> std::io::Result<()> {
    socket.set_read_timeout(Some(Duration::from_secs(5)))?;
    let (mut request, mut buffer) = (Vec::new(), [0; 4096]);
    // The body is the end of what the client sends, and it is JSON.
    while !request.ends_with(b"}") {
        let read = socket.read(&mut buffer)?;
        if read == 0 {
            return Ok(());
        }
        request.extend_from_slice(&buffer[..read]);
    }
    socket.write_all(reply)
}

struct Side {
    runtime: Runtime,
    clients: [RegionClient; 2],
    destination: Destination,
    clock: Clock,
    timeouts: Timeouts,
}

static CLIENT: LazyLock<Side> = LazyLock::new(|| {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let models = Models::built_in().expect("the shipped table is sound");
    let residency = Residency::new([Jurisdiction::Australia], models.inference_profiles().clone());
    let destination = residency.admit(RegionId::SYDNEY, "amazon.nova-lite-v1:0", Standing::Candidate).expect("there");
    let clock = Clock::default();
    clock.start();
    let guard = runtime.enter();
    let timeouts = Timeouts::default();
    let clients = [Api::ConverseStream, Api::Converse].map(|api| {
        let spec = ClientSpec {
            region: RegionId::SYDNEY,
            endpoint: Some(format!("http://{}", SERVER.address)),
            endpoint_ca: None,
            access: placeholder_access(),
            api,
            timeouts,
            connections: 1,
            most_connections: 4,
        };
        RegionClient::new(spec, clock.clone()).expect("settings are sound")
    });
    drop(guard);
    Side { runtime, clients, destination, clock, timeouts }
});

fuzz_target!(|reply: Reply| {
    *SERVER.reply.lock().expect("nobody panics with it") = reply.bytes();
    let side = &*CLIENT;
    let stream = !matches!(reply, Reply::Unary(_));
    let attempt = Attempt {
        destination: &side.destination,
        prompt: "Hello",
        max_tokens: 10,
        invocation: InvocationKey { key: RequestKey(1), attempt: 0 },
        gate: None,
        deadline: side.clock.now() + side.timeouts.request,
        cancelled: Gate::closed().1,
        first_token: Arc::default(),
    };
    let answer: Answer = side.runtime.block_on(side.clients[usize::from(!stream)].attempt(attempt));
    let error = answer.error.as_deref().unwrap_or_default();
    assert_eq!(answer.outcome == Outcome::Ok, answer.error.is_none(), "{answer:?}");
    assert!(!error.chars().any(char::is_control), "{error:?}");
    // The server always closes: nothing has to be waited for.
    assert!(!matches!(answer.outcome, Outcome::Timeout | Outcome::Shed | Outcome::Cancelled), "{answer:?}");
    let stamps = [answer.sent, answer.first_token, answer.last_token, Some(answer.finished)];
    assert!(stamps.iter().flatten().is_sorted(), "{answer:?}");
    if stream && answer.outcome == Outcome::Ok {
        assert!(answer.http_status == Some(200) && answer.sent > Some(RunTime::ZERO), "{answer:?}");
    }
});
