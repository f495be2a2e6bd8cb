//! HTTP/1.1 by hand: requests as bytes, responses taken apart.

use std::net::SocketAddr;

use aws_smithy_eventstream::frame::read_message_from;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;

use crate::setup::in_time;

pub const HELLO: &str =
    r#"{"messages":[{"role":"user","content":[{"text":"Hello"}]}],"inferenceConfig":{"maxTokens":20}}"#;

#[derive(Debug)]
pub struct Response {
    pub status: u16,
    pub headers: Vec<(String, String)>,
    pub body: Vec<u8>,
    /// Sizes of the chunks, when the body came in chunks.
    pub chunks: Option<Vec<usize>>,
}

impl Response {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("UTF-8")
    }

    /// Every error of the service: its name and its message, which stands alone but where the service
    /// is known to say more.
    pub fn exception(&self) -> (String, String) {
        let kind = self.header("x-amzn-ErrorType").unwrap_or_else(|| panic!("no error type: {self:?}"));
        let name = kind.strip_suffix(":http://internal.amazon.com/coral/com.amazon.bedrock/").expect("the suffix");
        let body: serde_json::Value = serde_json::from_slice(&self.body).expect("JSON");
        const MORE: [&str; 4] = ["exceptionMetadata", "originalStatusCode", "originalMessage", "resourceName"];
        let others = body.as_object().unwrap().keys().filter(|key| *key != "message" && !MORE.contains(&key.as_str()));
        assert_eq!(others.count(), 0, "{body}");
        (name.to_owned(), body["message"].as_str().expect("a message").to_owned())
    }

    /// Headers and payload of each frame; both checksums hold or this panics.
    pub fn frames(&self) -> Vec<(Vec<(String, String)>, serde_json::Value)> {
        let mut rest = self.body.as_slice();
        let mut frames = Vec::new();
        while !rest.is_empty() {
            let message = read_message_from(&mut rest).expect("a whole frame");
            let headers = message.headers().iter().map(|header| {
                let value = header.value().as_string().expect("strings only").as_str().to_owned();
                (header.name().as_str().to_owned(), value)
            });
            frames.push((headers.collect(), serde_json::from_slice(message.payload()).expect("JSON")));
        }
        frames
    }
}

pub struct Connection(BufReader<TcpStream>);

impl Connection {
    pub async fn open(address: SocketAddr) -> Self {
        Self(BufReader::new(in_time("connect", TcpStream::connect(address)).await.expect("a listener")))
    }

    pub async fn write(&mut self, bytes: impl AsRef<[u8]>) {
        in_time("write", self.0.write_all(bytes.as_ref())).await.expect("written");
    }

    /// To a server that may have had enough.
    pub async fn try_write(&mut self, bytes: impl AsRef<[u8]>) {
        let _ = in_time("write", self.0.write_all(bytes.as_ref())).await;
    }

    /// Ends our half of the connection.
    pub async fn shut_down(&mut self) {
        self.0.shutdown().await.expect("shut down");
    }

    pub async fn byte(&mut self) -> u8 {
        in_time("a byte", self.0.read_u8()).await.expect("a byte")
    }

    pub async fn byte_or_error(&mut self) -> std::io::Result<u8> {
        self.0.read_u8().await
    }

    /// Whatever comes until the server ends the connection, cleanly or not.
    pub async fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // A reset is an end as well.
        let _ = self.0.read_to_end(&mut bytes).await;
        bytes
    }

    /// Absent when the server closed the connection instead of answering.
    pub async fn response(&mut self) -> Option<Response> {
        in_time("a response", self.read()).await
    }

    async fn read(&mut self) -> Option<Response> {
        let status_line = self.line().await?;
        let status = status_line.split(' ').nth(1)?.parse().expect("a status");
        let mut headers = Vec::new();
        loop {
            let line = self.line().await?;
            if line.is_empty() {
                break;
            }
            let (name, value) = line.split_once(": ").expect("name: value");
            headers.push((name.to_owned(), value.to_owned()));
        }
        let mut response = Response { status, headers, body: Vec::new(), chunks: None };
        if response.header("transfer-encoding") == Some("chunked") {
            let mut sizes = Vec::new();
            loop {
                let size = usize::from_str_radix(&self.line().await?, 16).expect("a chunk size");
                let mut chunk = vec![0; size];
                self.0.read_exact(&mut chunk).await.ok()?;
                assert_eq!(self.line().await?, "", "a chunk ends with a line break");
                if size == 0 {
                    break;
                }
                sizes.push(size);
                response.body.extend(chunk);
            }
            response.chunks = Some(sizes);
        } else {
            let length = response.header("content-length").map_or(0, |length| length.parse().expect("a length"));
            response.body = vec![0; length];
            self.0.read_exact(&mut response.body).await.ok()?;
        }
        Some(response)
    }

    async fn line(&mut self) -> Option<String> {
        let mut line = Vec::new();
        self.0.read_until(b'\n', &mut line).await.ok().filter(|length| *length > 0)?;
        let line = line.strip_suffix(b"\r\n").expect("lines end with CRLF");
        Some(String::from_utf8(line.to_vec()).expect("UTF-8"))
    }

    pub async fn post(&mut self, path: &str, body: &str) -> Response {
        self.write(request("POST", path, body)).await;
        self.response().await.expect("a response")
    }
}

pub fn request(method: &str, path: &str, body: &str) -> String {
    format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\ncontent-length: {}\r\n\r\n{body}", body.len())
}

pub async fn post(address: SocketAddr, path: &str, body: &str) -> Response {
    Connection::open(address).await.post(path, body).await
}
