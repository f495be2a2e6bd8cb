//! A server that does what a script says, byte by byte. It ends by itself: when it is dropped, and each of its
//! connections when the client has left.

use std::future::Future;
use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed};
use std::thread::JoinHandle;
use std::time::Duration;

use aws_smithy_eventstream::frame::write_message_to;
use aws_smithy_types::event_stream::{Header, HeaderValue, Message};
use bedbench::core::request::Timeouts;
use serde_json::{Value, json};

/// Most that may wait in the buffers of both sides and of the client's HTTP library: what was sent beyond it, the
/// client took.
pub const ON_THE_WAY: u64 = 24 << 20;

/// A peer that neither reads nor leaves for so long never will.
const PATIENCE: Duration = Duration::from_secs(60);

pub struct Server {
    pub address: SocketAddr,
    pub url: String,
    seen: Arc<Seen>,
    accepting: Option<JoinHandle<()>>,
}

#[derive(Default)]
struct Seen {
    over: AtomicBool,
    connections: AtomicU64,
    open: AtomicU64,
    requests: AtomicU64,
    sent: AtomicU64,
}

/// A connection, as a script has it.
pub struct Peer {
    socket: TcpStream,
    seen: Arc<Seen>,
    /// What the client last asked, head and body.
    pub request: String,
}

impl Server {
    /// Plays `script` on every connection; it ends with an error when the client has left.
    pub fn start(script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("an address");
        let seen = Arc::new(Seen::default());
        let (script, shared) = (Arc::new(script), seen.clone());
        let accepting = std::thread::spawn(move || {
            for socket in listener.incoming().flatten() {
                if shared.over.load(Relaxed) {
                    break;
                }
                let (script, seen) = (script.clone(), shared.clone());
                seen.connections.fetch_add(1, Relaxed);
                seen.open.fetch_add(1, Relaxed);
                std::thread::spawn(move || {
                    let patience = [socket.set_read_timeout(Some(PATIENCE)), socket.set_write_timeout(Some(PATIENCE))];
                    let mut peer = Peer { socket, seen: seen.clone(), request: String::new() };
                    // The client left: that is how it ends.
                    let _ = patience.into_iter().collect::<io::Result<()>>().and_then(|()| script(&mut peer));
                    drop(peer);
                    seen.open.fetch_sub(1, Relaxed);
                });
            }
        });
        Self { address, url: format!("http://{address}"), seen, accepting: Some(accepting) }
    }

    /// One that reads a request and does the rest of it.
    pub fn answering(script: impl Fn(&mut Peer) -> io::Result<()> + Send + Sync + 'static) -> Self {
        Self::start(move |peer| {
            peer.read_request()?;
            script(peer)
        })
    }

    pub fn connections(&self) -> u64 {
        self.seen.connections.load(Relaxed)
    }

    pub fn requests(&self) -> u64 {
        self.seen.requests.load(Relaxed)
    }

    pub fn sent(&self) -> u64 {
        self.seen.sent.load(Relaxed)
    }

    /// Waits until every client has left.
    pub async fn left_alone(&self) {
        in_time("the client leaves", async {
            while self.seen.open.load(Relaxed) > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        })
        .await;
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.seen.over.store(true, Relaxed);
        // One more connection, to be told so.
        let _ = TcpStream::connect(self.address);
        if let Some(accepting) = self.accepting.take() {
            let _ = accepting.join();
        }
    }
}

impl Peer {
    /// One request with its body.
    pub fn read_request(&mut self) -> io::Result<()> {
        let (mut request, mut buffer) = (Vec::new(), [0; 1 << 12]);
        loop {
            if let Some(head) = request.windows(4).position(|end| end == b"\r\n\r\n") {
                let length = String::from_utf8_lossy(&request[..head]).to_ascii_lowercase();
                let length =
                    length.split_once("content-length: ").map_or("0", |(_, rest)| rest.lines().next().unwrap());
                if request.len() - head - 4 >= length.parse().expect("a length") {
                    self.request = String::from_utf8_lossy(&request).into_owned();
                    self.seen.requests.fetch_add(1, Relaxed);
                    return Ok(());
                }
            }
            match self.socket.read(&mut buffer)? {
                0 => return Err(io::ErrorKind::UnexpectedEof.into()),
                read => request.extend_from_slice(&buffer[..read]),
            }
        }
    }

    pub fn write(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.socket.write_all(bytes.as_ref())?;
        self.count(bytes.as_ref().len());
        Ok(())
    }

    /// What was sent by another way.
    pub fn count(&self, sent: usize) {
        self.seen.sent.fetch_add(sent as u64, Relaxed);
    }

    /// The same again and again, until the client has left.
    pub fn write_for_ever(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let many = bytes.as_ref().repeat((1 << 14) / bytes.as_ref().len() + 1);
        loop {
            self.write(&many)?;
        }
    }

    /// One byte, and a pause far longer than a byte takes.
    pub fn write_slowly(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        for byte in bytes.as_ref() {
            self.write([*byte])?;
            bedbench::clock::sleep_until(bedbench::clock::monotonic() + Duration::from_millis(5));
        }
        Ok(())
    }

    pub fn wait_until_gone(&mut self) -> io::Result<()> {
        while self.socket.read(&mut [0; 1 << 12])? > 0 {}
        Ok(())
    }

    pub fn socket(&self) -> io::Result<TcpStream> {
        self.socket.try_clone()
    }
}

pub const STREAM_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/vnd.amazon.eventstream\r\n";

/// The head of a stream whose length nobody says; every chunk of it is `chunk`ed.
pub fn endless_head() -> String {
    format!("{STREAM_HEAD}transfer-encoding: chunked\r\n\r\n")
}

pub fn chunk(bytes: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat()
}

pub fn event(kind: &'static str, payload: &Value) -> Vec<u8> {
    frame((":event-type", kind), "event", &payload.to_string())
}

pub fn exception(kind: &'static str, payload: &str) -> Vec<u8> {
    frame((":exception-type", kind), "exception", payload)
}

fn frame(kind: (&'static str, &'static str), of: &'static str, payload: &str) -> Vec<u8> {
    let headers = [kind, (":content-type", "application/json"), (":message-type", of)];
    let message = headers.into_iter().fold(Message::new(payload.to_owned()), |message, (name, value)| {
        message.add_header(Header::new(name, HeaderValue::String(value.into())))
    });
    let mut frame = Vec::new();
    write_message_to(&message, &mut frame).expect("small enough");
    frame
}

pub fn delta() -> Vec<u8> {
    event("contentBlockDelta", &json!({ "contentBlockIndex": 0, "delta": { "text": "more and more" } }))
}

/// Nobody waits longer than this for something that should have happened long ago.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap_or_else(|_| panic!("hangs: {what}"))
}

/// No limit of time that a test could run into.
pub fn patient() -> Timeouts {
    let long = Duration::from_secs(3_600);
    Timeouts { connect: long, first_token: long, between_events: long, request: long }
}
