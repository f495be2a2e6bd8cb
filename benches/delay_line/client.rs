//! A client that knows when it sent and when every piece of the answer came.

use std::cell::RefCell;
use std::net::SocketAddr;
use std::rc::Rc;
use std::time::{Duration, Instant};

use bedbench::clock::{Timer, monotonic};
use bedbench::core::Seed;
use bedbench::core::units::Rate;
use bedbench::plan::arrival::{self, Settings};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::Request;
use hyper::client::conn::http1::{self, SendRequest};
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::task::{LocalSet, spawn_local};

use crate::rig;

/// One answer, stamped.
pub struct Answer {
    pub sent: Instant,
    /// Pieces of the body as they came; an event of a stream is one.
    pub pieces: Vec<(Instant, Bytes)>,
}

impl Answer {
    pub fn round_trip(&self) -> Duration {
        self.pieces.last().expect("no answer is empty").0 - self.sent
    }
}

/// What to call, and over which connections.
#[derive(Clone)]
pub struct Client {
    address: SocketAddr,
    operation: &'static str,
    idle: Rc<RefCell<Vec<SendRequest<Full<Bytes>>>>>,
}

impl Client {
    /// With so many connections, each of which has already been answered once.
    pub async fn warm(address: SocketAddr, operation: &'static str, connections: usize) -> Self {
        let client = Self { address, operation, idle: Rc::default() };
        let all = LocalSet::new();
        for _ in 0..connections {
            all.spawn_local(client.clone().call());
        }
        all.await;
        client
    }

    /// Sends `requests` at `rate`, whether answers come or not, and waits for all of them.
    pub async fn fire(&self, rate: Rate, requests: usize, timer: &Timer) -> Vec<Answer> {
        let mut arrivals = (arrival::ARRIVALS[0].build)(&Settings::default(), Seed(1));
        let start = monotonic();
        let mut calls = Vec::with_capacity(requests);
        for _ in 0..requests {
            let due = arrivals.next_arrival().expect("poisson never ends") / rate.0;
            timer.sleep_until(start + Duration::from_secs_f64(due)).await;
            calls.push(spawn_local(self.clone().call()));
        }
        let mut answers = Vec::with_capacity(requests);
        for call in calls {
            answers.push(call.await.expect("no call panics"));
        }
        answers
    }

    async fn call(self) -> Answer {
        let idle = self.idle.borrow_mut().pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => self.connect().await,
        };
        let sent = monotonic();
        let response = connection.send_request(self.request()).await.expect("the mock answers");
        assert!(response.status().is_success(), "{}", response.status());
        let mut body = response.into_body();
        let mut pieces = Vec::new();
        while let Some(frame) = body.frame().await {
            let data = frame.expect("the mock ends its answers").into_data().expect("it sends no trailers");
            pieces.push((monotonic(), data));
        }
        connection.ready().await.expect("the mock keeps its connections");
        self.idle.borrow_mut().push(connection);
        Answer { sent, pieces }
    }

    async fn connect(&self) -> SendRequest<Full<Bytes>> {
        let socket = TcpStream::connect(self.address).await.expect("the mock listens");
        socket.set_nodelay(true).expect("a socket of ours");
        let (connection, driver) = http1::handshake(TokioIo::new(socket)).await.expect("nothing is sent yet");
        // Ends with the connection; what went wrong shows in the call.
        tokio::spawn(driver);
        connection
    }

    fn request(&self) -> Request<Full<Bytes>> {
        Request::post(format!("/model/{}/{}", rig::MODEL, self.operation))
            .header("host", "mock")
            .body(Full::new(Bytes::from_static(rig::QUESTION.as_bytes())))
            .expect("a valid request")
    }
}
