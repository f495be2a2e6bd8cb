//! Carries a run out in real time: against Bedrock, the mock, or any other endpoint.

mod request;

use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::Sender;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::{Notify, watch};

use super::collect::Record;
use super::pacer::{Paced, pace};
use super::signals::{Signals, watch_signals};
use super::{SentCounts, Stop, workers};
use crate::bedrock::{ClientSpec, RegionClient};
use crate::clock::{self, Clock, Timer};
use crate::core::block::{self, Block};
use crate::core::phase::Phases;
use crate::core::price::Price;
use crate::core::request::Timeouts;
use crate::core::residency::Destination;
use crate::core::units::Rate;
use crate::core::{ClockOffset, RunTime, Seed};
use crate::govern::Purse;
use crate::measure::verdict::Evidence;
use crate::plan::{ClosedLoop, Plan};
use crate::routing::Policy;

pub(super) use request::fire;

/// After an interrupt, how long answers that are still on their way are waited for.
const GRACE: Duration = Duration::from_secs(10);

/// By so much two readings of the clocks that tell of it may differ.
const NO_SUSPENSION: Duration = Duration::from_millis(10);

/// Longer than a wake-up of the runtime is late.
const LAST_MOMENT: Duration = Duration::from_millis(20);
/// How long a wait for the start may go on without a look at [`Stop`].
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// One route, ready to be fired.
pub struct RouteSpec {
    pub policy: Box<dyn Policy>,
    /// One per target, with the client that reaches it.
    pub targets: Vec<(Destination, ClientSpec)>,
    /// What each target costs, where a budget is to be kept; else empty.
    pub prices: Vec<Price>,
}

/// Who starts the requests.
#[derive(Clone)]
pub enum Firing {
    /// The pacer, when the plan says so.
    Plan(Arc<Plan>),
    /// The workers of a closed loop, as many for each route.
    Workers(ClosedLoop),
}

/// One run, ready to be fired.
pub struct RunSpec {
    pub firing: Firing,
    /// In order; one with every route where nobody takes turns.
    pub blocks: Vec<Arc<Block>>,
    pub seed: Seed,
    /// Of the blocks of a route laid end to end.
    pub phases: Phases,
    pub routes: Vec<RouteSpec>,
    pub timeouts: Timeouts,
    /// Most requests in flight per route; the rest is shed and counted, and never waits unseen.
    pub in_flight: usize,
    /// Connections to open per target before the plan starts.
    pub prewarm: usize,
    /// Kept up to date while the run goes on.
    pub sent: Arc<SentCounts>,
    /// Arrivals stop before more is taken out of it than it holds.
    pub purse: Option<Arc<Purse>>,
    /// When run time zero is, in nanoseconds since 1970; as soon as connections are warm where nobody says, or it has
    /// passed.
    pub start_at: Option<u64>,
    /// Whether to look how far this machine's clock is from that of the first target.
    pub compare_clocks: bool,
}

/// How a run ended, and what it saw of itself.
#[derive(Clone, Debug)]
pub struct Ending {
    /// When arrivals were stopped before the plan's end.
    pub stopped: Option<RunTime>,
    /// The signal that did it, as exit code.
    pub signal: Option<u8>,
    pub evidence: Evidence,
    /// Where it was asked for.
    pub clock: Option<ClockOffset>,
}

pub(super) struct Route {
    position: u16,
    policy: Mutex<Box<dyn Policy>>,
    targets: Vec<(Destination, RegionClient)>,
    prices: Vec<Price>,
    in_flight: AtomicUsize,
}

/// What all requests of a run share.
pub(super) struct Shared {
    pub(super) clock: Clock,
    /// Wakes requests whose policy waits for something.
    timer: Timer,
    phases: Phases,
    timeouts: Timeouts,
    in_flight: usize,
    sent: Arc<SentCounts>,
    records: Sender<Record>,
    /// Requests that have not been recorded yet.
    open: AtomicUsize,
    /// Requests that were carried out, of all routes.
    fired: AtomicU64,
    all_done: Notify,
    given_up: watch::Receiver<bool>,
    purse: Option<Arc<Purse>>,
    stop: Arc<Stop>,
}

/// Fires a plan block by block, along every route of a block at once, or lets the workers of every route work, and waits
/// for the answers. Blocks this thread, which becomes the client's; its CPU time is the client's too.
///
/// `ready` is called when connections are warm, just before `clock` starts.
///
/// # Errors
/// When a client cannot be built or a thread not started.
pub fn run(
    spec: RunSpec,
    clock: &Clock,
    stop: &Arc<Stop>,
    records: Sender<Record>,
    ready: impl FnOnce(),
) -> Result<Ending, String> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|e| e.to_string())?;
    runtime.block_on(async {
        let signals = Signals::listen().map_err(|error| error.to_string())?;
        let signal = tokio::spawn(watch_signals(signals, stop.clone()));
        let mut routes = Vec::new();
        for (position, route) in spec.routes.into_iter().enumerate() {
            let targets = route
                .targets
                .into_iter()
                .map(|(destination, client)| Ok((destination, RegionClient::new(client, clock.clone())?)))
                .collect::<Result<Vec<_>, String>>()?;
            let policy = Mutex::new(route.policy);
            let position = position as u16;
            let (prices, in_flight) = (route.prices, AtomicUsize::new(0));
            routes.push(Arc::new(Route { position, policy, targets, prices, in_flight }));
        }
        let warming: Vec<_> = routes
            .iter()
            .flat_map(|route| (0..route.targets.len()).map(move |target| (route.clone(), target)))
            .map(|(route, target)| tokio::spawn(async move { route.targets[target].1.warm(spec.prewarm).await }))
            .collect();
        for warm in warming {
            warm.await.map_err(|error| error.to_string())?;
        }
        let first = routes.first().and_then(|route| route.targets.first()).filter(|_| spec.compare_clocks);
        let clock_offset = match first {
            Some((_, client)) => Some(client.clock_offset().await),
            None => None,
        };
        if let Some(at) = spec.start_at {
            wait_for(at, stop).await;
        }
        ready();
        let (give_up, given_up) = watch::channel(false);
        let shared = Arc::new(Shared {
            clock: clock.clone(),
            timer: Timer::start().map_err(|error| error.to_string())?,
            phases: spec.phases,
            timeouts: spec.timeouts,
            in_flight: spec.in_flight,
            sent: spec.sent,
            records,
            open: AtomicUsize::new(0),
            fired: AtomicU64::new(0),
            all_done: Notify::new(),
            given_up,
            purse: spec.purse,
            stop: stop.clone(),
        });
        let cpu_before = clock::thread_cpu_time();
        clock.start_at(spec.start_at.unwrap_or(0));
        let paced = match spec.firing {
            Firing::Plan(plan) => {
                let firing = (plan, spec.blocks.clone());
                let pacer = start_pacer(firing, spec.seed, stop.clone(), shared.clone(), routes.clone())?;
                pacer.await.map_err(|error| error.to_string())?
            }
            Firing::Workers(requests) => {
                workers::work((&requests, &spec.blocks[0]), spec.seed, stop, &shared, &routes).await
            }
        };
        if paced.stopped.is_some() {
            let _ = tokio::time::timeout(GRACE, shared.drained()).await;
            let _ = give_up.send(true);
        }
        shared.drained().await;
        let now = clock.now();
        // A client that pauses is not the less busy when it is not.
        let took = now.since_start().saturating_sub(block::idle(&spec.blocks, now)).as_secs_f64();
        // Stopped before it began, it took a share of nothing.
        let share = |cpu: Duration| (took > 0.0).then(|| cpu.as_secs_f64() / took);
        let client_cpu = cpu_before.zip(clock::thread_cpu_time()).and_then(|(before, after)| share(after - before));
        let clients = routes.iter().flat_map(|route| route.targets.iter().map(|(_, client)| client));
        let evidence = Evidence {
            client_cpu,
            pacer_cpu: paced.cpu.and_then(share),
            requests_per_second: (took > 0.0).then(|| Rate(shared.fired.load(Ordering::Relaxed) as f64 / took)),
            suspended_ns: Some(clock.suspended())
                .filter(|time| *time > NO_SUSPENSION)
                .map(|time| time.as_nanos() as u64),
            streams_per_connection: clients.filter_map(RegionClient::streams_per_connection).max(),
            ..Evidence::default()
        };
        let signal = if paced.stopped.is_some() && signal.is_finished() { signal.await.ok() } else { None };
        Ok(Ending { stopped: paced.stopped, signal, evidence, clock: clock_offset })
    })
}

/// Until shortly before this time of day, or until the run is stopped: the pacer does the rest.
async fn wait_for(at: u64, stop: &Stop) {
    while !stop.asked() {
        let left = Duration::from_nanos(at.saturating_sub(clock::unix_nanos()));
        if left <= LAST_MOMENT {
            return;
        }
        tokio::time::sleep(LOOK_AGAIN.min(left - LAST_MOMENT)).await;
    }
}

fn start_pacer(
    (plan, blocks): (Arc<Plan>, Vec<Arc<Block>>),
    seed: Seed,
    stop: Arc<Stop>,
    shared: Arc<Shared>,
    routes: Vec<Arc<Route>>,
) -> Result<tokio::sync::oneshot::Receiver<Paced>, String> {
    let (done, paced) = tokio::sync::oneshot::channel();
    let handle = tokio::runtime::Handle::current();
    let pacer = move || {
        let result = pace((&plan, &blocks), seed, &shared.clock, &stop, |fired| {
            let fired = Arc::new(fired);
            // Routes of a block share the instant; each takes its turn at being the first one out.
            let sharing = &fired.block.routes;
            for turn in 0..sharing.len() {
                let position = sharing[(turn + fired.request.index as usize) % sharing.len()];
                let route = routes[usize::from(position)].clone();
                handle.spawn(fire(shared.enter(), route, fired.clone()));
            }
        });
        // The receiver is only gone when the run has failed already.
        let _ = done.send(result);
    };
    std::thread::Builder::new().name("pacer".into()).spawn(pacer).map_err(|error| error.to_string())?;
    Ok(paced)
}

impl Shared {
    /// For one more request, which has not been recorded yet.
    pub(super) fn enter(self: &Arc<Self>) -> Arc<Self> {
        self.open.fetch_add(1, Ordering::Relaxed);
        self.clone()
    }

    pub(super) async fn sleep_until(&self, at: RunTime) {
        self.timer.sleep_until(self.clock.instant(at)).await;
    }

    async fn drained(&self) {
        loop {
            let done = self.all_done.notified();
            if self.open.load(Ordering::Relaxed) == 0 {
                return;
            }
            done.await;
        }
    }
}
