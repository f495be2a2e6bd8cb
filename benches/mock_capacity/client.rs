//! A client that costs less than any server: it neither parses nor waits for more than one socket.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};

use crate::rig;

/// Enough that the server always has a next request.
const CONNECTIONS: usize = 32;

pub struct Client {
    connections: Vec<TcpStream>,
    request: Vec<u8>,
    /// Every answer is as long as the first one.
    answer: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        let (model, question) = (rig::MODEL, rig::QUESTION);
        let request = format!(
            "POST /model/{model}/converse HTTP/1.1\r\nhost: mock\r\ncontent-type: application/json\r\ncontent-length: {}\r\n\r\n{question}",
            question.len()
        );
        let connect = |_| {
            let socket = TcpStream::connect(address).expect("the server listens");
            socket.set_nodelay(true).expect("a socket of ours");
            socket
        };
        let mut connections: Vec<_> = (0..CONNECTIONS).map(connect).collect();
        connections[0].write_all(request.as_bytes()).expect("the server reads");
        let mut answer = vec![0; 4_096];
        let length = connections[0].read(&mut answer).expect("the server answers");
        answer.truncate(length);
        Self { connections, request: request.into_bytes(), answer }
    }

    /// The body of an answer.
    pub fn body(&self) -> String {
        let answer = String::from_utf8(self.answer.clone()).expect("text");
        answer.split_once("\r\n\r\n").expect("a head and a body").1.to_owned()
    }

    pub fn length(&self) -> usize {
        self.answer.len()
    }

    /// Every connection is answered `times` times, and asked again at once.
    pub fn ask(&mut self, times: usize) -> usize {
        for connection in &mut self.connections {
            connection.write_all(&self.request).expect("the server reads");
        }
        for left in (0..times).rev() {
            for connection in &mut self.connections {
                connection.read_exact(&mut self.answer).expect("the server answers");
                assert!(self.answer.starts_with(b"HTTP/1.1 200 OK\r\n") && self.answer.ends_with(b"}"));
                if left > 0 {
                    connection.write_all(&self.request).expect("the server reads");
                }
            }
        }
        times * self.connections.len()
    }
}
