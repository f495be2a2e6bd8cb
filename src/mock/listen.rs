//! Sockets and threads of the mock.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::net::{TcpListener, TcpSocket};
use tokio::sync::{Semaphore, mpsc, oneshot, watch};
use tokio_rustls::TlsAcceptor;

use super::access_log::AccessLog;
use super::books::{Books, Traffic};
use super::connection::{self, Phase, closing};
use super::credentials::Callers;
use super::delay::{DelayLine, Distance};
use super::door::{Door, Room};
use super::held::{self, Held};
use super::live_world::LiveWorld;
use super::request_id::RequestIds;
use super::respond::{Endpoint, Shared};
use super::tls::Tls;
use crate::clock::{Clock, Timer, monotonic};
use crate::core::seed::Purpose;
use crate::core::{RegionId, RequestKey, Seed};
use crate::plan::sampler::Sampler;
use crate::plan::workload::Workload;
use crate::profile::Models;
use crate::region::{PlaceSpec, World};

/// Connections that may wait to be accepted: a frozen server must not turn clients away.
const BACKLOG: u32 = 4_096;

/// What is not on the way takes memory as well, some 100 kB of an unkind connection. Beyond what one client can open to
/// one address: Linux gives it 28,000 ports.
pub const MOST_CONNECTIONS: usize = 32_768;

/// One address to serve.
#[derive(Clone, Debug)]
pub struct ListenSpec {
    /// Position in [`MockSpec::worlds`].
    pub world: usize,
    /// Whom a request is for is told by its signature, where there are several; the first has those without.
    pub regions: Vec<RegionId>,
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
    pub log: Option<AccessLog>,
    /// Speaks https where there is one.
    pub tls: Option<Tls>,
    /// Each world has its own quotas, slots and queues.
    pub worlds: Vec<Vec<PlaceSpec>>,
    pub listeners: Vec<ListenSpec>,
    /// More wait until one of these ends.
    pub connections: usize,
}

/// A running mock; dropped, it ends at once.
pub struct Mock {
    addresses: Vec<SocketAddr>,
    endpoints: Vec<Arc<Endpoint>>,
    books: Arc<Books>,
    phase: watch::Sender<Phase>,
    /// An error when everything has ended.
    ended: oneshot::Receiver<()>,
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
        let mut bound = Vec::new();
        for listener in &spec.listeners {
            let socket = bind(listener.address)
                .map_err(|error| io::Error::new(error.kind(), format!("{}: {error}", listener.address)))?;
            let traffic = Traffic::new(socket.local_addr()?, listener.regions.clone());
            bound.push((socket, traffic));
        }
        drop(guard);
        let addresses = bound.iter().map(|(_, traffic)| traffic.address).collect();
        let books = Arc::new(Books::new(bound.iter().map(|(_, traffic)| traffic.clone()).collect(), spec.log));
        let shared = Arc::new(Shared {
            seed: spec.seed,
            sampler: Sampler::new(&spec.workload, spec.seed),
            models: spec.models,
            strict: spec.strict,
            callers: spec.callers,
            books: books.clone(),
            clock: clock.clone(),
            timer: timer.clone(),
            request_ids: RequestIds::new(),
            held: Held::new(held::MOST),
        });
        let world = |places: &Vec<PlaceSpec>| {
            LiveWorld::new(World::new(spec.seed, places.clone(), &spec.workload), clock.clone())
        };
        let worlds: Vec<_> = spec.worlds.iter().map(world).collect();
        let on_the_way = Held::new(held::MOST_ON_THE_WAY);
        let places = Arc::new(Semaphore::new(spec.connections));
        let (mut endpoints, mut listeners) = (Vec::new(), Vec::new());
        for ((socket, traffic), listener) in bound.into_iter().zip(&spec.listeners) {
            let room = |region: &RegionId| {
                let (world, shared) = (worlds[listener.world].clone(), shared.clone());
                let place = spec.worlds[listener.world].iter().find(|place| place.region == *region);
                let distance = place.map(|place| Distance { rtt: place.rtt, jitter: place.jitter });
                let endpoint = Arc::new(Endpoint { region: *region, world, shared, requests: AtomicU64::new(0) });
                Room { endpoint, distance: distance.unwrap_or_default() }
            };
            let rooms: Vec<_> = listener.regions.iter().map(room).collect();
            endpoints.extend(rooms.iter().map(|room| room.endpoint.clone()));
            let tls = spec.tls.as_ref().map(|tls| tls.acceptor.clone());
            let (places, on_the_way) = (places.clone(), on_the_way.clone());
            listeners.push(Listener { socket, traffic, tls, door: Arc::new(Door::new(rooms)), places, on_the_way });
        }
        let (phase, seen) = watch::channel(Phase::Serving);
        let (alive, ended) = oneshot::channel();
        let thread = std::thread::Builder::new().name("mock".into()).spawn(move || {
            runtime.block_on(run(worlds, listeners, timer, seen));
            drop(runtime);
            drop::<oneshot::Sender<()>>(alive);
        })?;
        Ok(Self { addresses, endpoints, books, phase, ended, thread: Some(thread) })
    }

    /// One per listener, in their order.
    pub fn addresses(&self) -> &[SocketAddr] {
        &self.addresses
    }

    /// What every Region was asked so far, in the listeners' order.
    pub fn requests(&self) -> Vec<(RegionId, u64)> {
        self.endpoints.iter().map(|e| (e.region, e.requests.load(Ordering::Relaxed))).collect()
    }

    /// Requests whose answer has not ended.
    pub fn open(&self) -> u64 {
        self.books.open()
    }

    /// Lets nobody new in, and ends when every open answer has: after `grace` at the latest.
    pub async fn close(mut self, grace: Duration) {
        let _ = self.phase.send(Phase::Closing(grace));
        let _ = (&mut self.ended).await;
    }
}

impl Drop for Mock {
    fn drop(&mut self) {
        let _ = self.phase.send(Phase::Over);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

async fn run(worlds: Vec<Arc<LiveWorld>>, listeners: Vec<Listener>, timer: Timer, mut phase: watch::Receiver<Phase>) {
    for world in worlds {
        tokio::spawn(world.run(timer.clone()));
    }
    // Every connection holds a sender: when the last is gone, nothing comes any more.
    let (open, mut last) = mpsc::channel(1);
    for listener in listeners {
        tokio::spawn(listener.accept(timer.clone(), open.clone(), phase.clone()));
    }
    drop(open);
    closing(&mut phase).await;
    let Phase::Closing(grace) = *phase.borrow_and_update() else { return };
    tokio::select! {
        _ = last.recv() => {}
        () = tokio::time::sleep(grace) => {}
        _ = phase.wait_for(|phase| *phase == Phase::Over) => {}
    }
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
    socket.set_reuseaddr(true)?;
    socket.bind(address)?;
    socket.listen(BACKLOG)
}

/// Stops listening until connections are taken again; none when the mock ends first.
async fn listen_again(
    socket: TcpListener,
    endpoint: &Endpoint,
    phase: &mut watch::Receiver<Phase>,
) -> Option<TcpListener> {
    let address = socket.local_addr().ok()?;
    drop(socket);
    tokio::select! {
        () = endpoint.world.until_refusing(endpoint.region, false) => {}
        () = closing(phase) => return None,
    }
    loop {
        match bind(address) {
            Ok(socket) => return Some(socket),
            // Somebody else has taken the port; they may give it back.
            Err(_) => tokio::time::sleep(Duration::from_millis(10)).await,
        }
    }
}

struct Listener {
    socket: TcpListener,
    traffic: Arc<Traffic>,
    tls: Option<TlsAcceptor>,
    door: Arc<Door>,
    /// For connections, shared with all others.
    places: Arc<Semaphore>,
    on_the_way: Arc<Held>,
}

impl Listener {
    async fn accept(mut self, timer: Timer, open: mpsc::Sender<()>, mut phase: watch::Receiver<Phase>) {
        // TCP's, and TLS 1.3's where it is not spoken but would be.
        let handshakes = if self.tls.is_some() { 1 } else { 2 };
        let (distance, first) = (self.door.distance(), self.door.first());
        let mut connections = 0;
        loop {
            let next = async {
                let place = self.places.clone().acquire_owned().await;
                (self.socket.accept().await, place)
            };
            let (accepted, place) = tokio::select! {
                accepted = next => accepted,
                () = first.world.until_refusing(first.region, true) => {
                    let Some(again) = listen_again(self.socket, first, &mut phase).await else { return };
                    self.socket = again;
                    continue;
                }
                () = closing(&mut phase) => return,
            };
            let Ok((socket, peer)) = accepted else {
                // Out of file descriptors: those in use will be given back.
                tokio::time::sleep(Duration::from_millis(10)).await;
                continue;
            };
            connections += 1;
            let _ = socket.set_nodelay(true);
            let draws = first.shared.seed.stem(Purpose::NetworkJitter, first.region).draws(RequestKey(connections), 0);
            let way = (distance, handshakes);
            let line = DelayLine::new(socket, way, &self.on_the_way, timer.clone(), draws, monotonic);
            let connected = (self.traffic.connect(), open.clone(), place);
            let (tls, door) = (self.tls.clone(), self.door.clone());
            tokio::spawn(connection::serve(line, tls, door, peer, phase.clone(), connected));
        }
    }
}
