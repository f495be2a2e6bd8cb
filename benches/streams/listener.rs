//! One open stream: its events are counted and the gaps between them noted.

use std::cell::RefCell;
use std::io;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bedbench::clock::monotonic;
use hdrhistogram::Histogram;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

const MODEL: &str = "amazon.nova-lite-v1:0";
const QUESTION: &str = r#"{"messages":[{"role":"user","content":[{"text":"Tell me a very long story"}]}]}"#;
/// Events without text, before the second piece of it: the start of the message, and the first token.
const OPENING: u64 = 2;

/// In microseconds: a minute.
const LONGEST: u64 = 60_000_000;

/// What all streams saw together.
pub struct Seen {
    /// Streams that have sent something and not ended.
    pub open: usize,
    pub events: u64,
    /// Microseconds by which a gap differs from what was asked for.
    pub late: Histogram<u64>,
}

impl Seen {
    pub fn new() -> Rc<RefCell<Self>> {
        let late = Histogram::new_with_max(LONGEST, 3).expect("it has room for three digits");
        Rc::new(RefCell::new(Self { open: 0, events: 0, late }))
    }
}

/// Listens until the stream ends.
pub async fn listen(address: SocketAddr, gap: Duration, seen: Rc<RefCell<Seen>>) -> io::Result<()> {
    let mut socket = TcpStream::connect(address).await?;
    let length = QUESTION.len();
    let head = format!("POST /model/{MODEL}/converse-stream HTTP/1.1\r\nhost: mock\r\ncontent-length: {length}");
    socket.write_all(format!("{head}\r\n\r\n{QUESTION}").as_bytes()).await?;
    let mut unread = Vec::with_capacity(4 << 10);
    let mut stream = Chunks::default();
    let mut events = 0;
    let mut last: Option<Instant> = None;
    while socket.read_buf(&mut unread).await? > 0 {
        let now = monotonic();
        let came = stream.walk(&mut unread)?;
        let mut seen = seen.borrow_mut();
        seen.open += usize::from(events == 0 && came > 0);
        if let Some(last) = last.filter(|_| events > OPENING && came > 0) {
            let late = (now - last).abs_diff(gap).as_micros() as u64;
            seen.late.saturating_record(late);
        }
        if came > 0 {
            last = Some(now);
        }
        events += came;
        seen.events += came;
    }
    seen.borrow_mut().open -= usize::from(events > 0);
    Ok(())
}

/// Where we are in a chunked body: the mock sends an event in a chunk.
#[derive(Default)]
struct Chunks {
    past_head: bool,
    /// Bytes of the current chunk still to come, its line end included.
    left: usize,
}

impl Chunks {
    /// Takes what is complete, and says how many chunks have begun.
    fn walk(&mut self, unread: &mut Vec<u8>) -> io::Result<u64> {
        let mut at = 0;
        let mut begun = 0;
        if !self.past_head {
            let Some(end) = unread.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(0) };
            if !unread.starts_with(b"HTTP/1.1 200") {
                return Err(io::Error::other(String::from_utf8_lossy(unread)));
            }
            self.past_head = true;
            at = end + 4;
        }
        loop {
            let part = self.left.min(unread.len() - at);
            self.left -= part;
            at += part;
            let line = unread[at..].windows(2).position(|two| two == b"\r\n").filter(|_| self.left == 0);
            let Some(line) = line else { break };
            let size = std::str::from_utf8(&unread[at..at + line]).map_err(io::Error::other)?;
            self.left = usize::from_str_radix(size, 16).map_err(io::Error::other)? + 2;
            begun += 1;
            at += line + 2;
        }
        unread.drain(..at);
        Ok(begun)
    }
}
