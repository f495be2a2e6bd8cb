//! Sockets and threads of the mock.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;

use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::watch;

use super::credentials::Callers;
use super::delay::{DelayLine, Distance};
use super::live_world::LiveWorld;
use super::respond::{Endpoint, Shared};
use crate::clock::{Clock, Timer, monotonic};
use crate::core::seed::Purpose;
use crate::core::{RegionId, RequestKey, Seed};
use crate::plan::workload::Workload;
use crate::profile::Models;
use crate::region::{PlaceSpec, World};

/// Connections that may wait to be accepted: a frozen server must not turn clients away.
const BACKLOG: u32 = 4_096;

/// One endpoint to serve.
#[derive(Clone, Copy, Debug)]
pub struct ListenSpec {
    /// Position in [`MockSpec::worlds`].
    pub world: usize,
    pub region: RegionId,
    /// Port 0 takes a free one.
    pub address: SocketAddr,
}

/// A mock before it runs.
pub struct MockSpec {
    pub seed: Seed,
    pub workload: Workload,
    pub models: Models,
    /// Refuses model ids that could not be called in the Region, instead of serving them anyway.
    pub strict: bool,
    pub callers: Callers,
    /// Each world has its own quotas, slots and queues.
    pub worlds: Vec<Vec<PlaceSpec>>,
    pub listeners: Vec<ListenSpec>,
}

/// A running mock; dropped, it ends at once.
pub struct Mock {
    addresses: Vec<SocketAddr>,
    endpoints: Vec<Arc<Endpoint>>,
    stop: watch::Sender<bool>,
    thread: Option<JoinHandle<()>>,
}

impl Mock {
    /// Binds every listener, then serves on a thread of its own.
    ///
    /// # Errors
    /// When an address cannot be bound or a thread not started.
    pub fn start(spec: MockSpec, clock: Clock) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let guard = runtime.enter();
        let timer = Timer::start()?;
        let distances: Vec<Vec<_>> = spec
            .worlds
            .iter()
            .map(|places| places.iter().map(|p| (p.region, Distance { rtt: p.rtt, jitter: p.jitter })).collect())
            .collect();
        let worlds: Vec<_> = spec
            .worlds
            .into_iter()
            .map(|places| LiveWorld::new(World::new(spec.seed, places, spec.workload.clone()), clock.clone()))
            .collect();
        let shared = Arc::new(Shared {
            seed: spec.seed,
            workload: spec.workload,
            models: spec.models,
            strict: spec.strict,
            callers: spec.callers,
            clock,
            timer: timer.clone(),
        });
        let mut bound = Vec::new();
        for listener in spec.listeners {
            let known = distances[listener.world].iter().find(|(region, _)| *region == listener.region);
            let distance = known.map_or(Distance { rtt: Default::default(), jitter: Default::default() }, |d| d.1);
            let world = worlds[listener.world].clone();
            let (region, shared) = (listener.region, shared.clone());
            let endpoint = Arc::new(Endpoint { region, world, shared, requests: AtomicU64::new(0) });
            let socket = bind(listener.address)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", listener.address)))?;
            bound.push((socket, endpoint, distance));
        }
        drop(guard);
        let addresses = bound.iter().map(|(socket, ..)| socket.local_addr()).collect::<io::Result<_>>()?;
        let endpoints = bound.iter().map(|(_, endpoint, _)| endpoint.clone()).collect();
        let (stop, mut stopped) = watch::channel(false);
        let seed = spec.seed;
        let thread = std::thread::Builder::new().name("mock".into()).spawn(move || {
            runtime.block_on(async move {
                for world in worlds {
                    tokio::spawn(world.run(timer.clone()));
                }
                for (socket, endpoint, distance) in bound {
                    tokio::spawn(accept(socket, endpoint, distance, timer.clone(), seed));
                }
                // An error means that the mock was dropped without a word: the same thing.
                let _ = stopped.wait_for(|stopped| *stopped).await;
            });
        })?;
        Ok(Self { addresses, endpoints, stop, thread: Some(thread) })
    }

    /// One per listener, in their order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What every endpoint was asked so far, in the listeners' order.
    pub fn requests(&self) -> Vec<(RegionId, u64)> {
        self.endpoints.iter().map(|e| (e.region, e.requests.load(Ordering::Relaxed))).collect()
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

async fn accept(listener: TcpListener, endpoint: Arc<Endpoint>, distance: Distance, timer: Timer, seed: Seed) {
    let mut connections = 0;
    loop {
        let Ok((socket, _)) = listener.accept().await else {
            // Out of file descriptors: those in use will be given back.
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
            continue;
        };
        connections += 1;
        let _ = socket.set_nodelay(true);
        let draws = seed.keyed(Purpose::NetworkJitter, endpoint.region, RequestKey(connections), 0);
        let line = DelayLine::new(socket, distance, timer.clone(), draws, monotonic);
        let (endpoint, switch) = (endpoint.clone(), line.reset_switch());
        tokio::spawn(async move {
            let service = service_fn(|mut request: Request<Incoming>| {
                let endpoint = endpoint.clone();
                request.extensions_mut().insert(switch.clone());
                async move { Ok::<_, std::convert::Infallible>(endpoint.respond(request).await) }
            });
            let mut server = auto::Builder::new(TokioExecutor::new());
            server.http1().timer(TokioTimer::new()).header_read_timeout(None);
            // A connection that breaks is the client's business, and shows there.
            let _ = server.serve_connection(TokioIo::new(line), service).await;
        });
    }
}
