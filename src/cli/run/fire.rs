//! Carries a run out in real time: the mock, where one is asked for, the clients and the collector.

use std::sync::Arc;
use std::time::Duration;

use super::config::Config;
use super::load::Offered;
use crate::bedrock::{Access, ClientSpec, live_access, placeholder_access};
use crate::cli::exit::{Code, Failure};
use crate::cli::mock::loopback;
use crate::cli::selftest;
use crate::clock::Clock;
use crate::core::RegionId;
use crate::core::block::{Block, Timing};
use crate::core::price::Price;
use crate::core::run::World;
use crate::drive::{self, Collector, Display, Ending, Firing, Progress, RouteSpec, RunSpec, SentCounts, Stop};
use crate::measure::Recorder;
use crate::measure::selftest::Selftest;
use crate::mock::{Callers, ListenSpec, MOST_CONNECTIONS, Mock, MockSpec};
use crate::plan::Traffic;
use crate::profile::Route;
use crate::routing::fleet;
use crate::store::rows::RowWriter;

/// A run that can be fired.
pub struct Ready {
    firing: Firing,
    clock: Clock,
    selftest: Selftest,
    routes: Vec<RouteSpec>,
    /// Held to the end of the run: dropped, it stops serving.
    _mock: Option<Mock>,
}

impl Ready {
    /// Starts the mock and loads credentials, whichever is needed, and tests the instrument.
    pub fn make(config: &Config) -> Result<Self, Failure> {
        let clock = Clock::default();
        let mock = if config.world == World::Mock { Some(start_mock(config, &clock)?) } else { None };
        let endpoints = Endpoints { config, mock: mock.as_ref() };
        let routes = routes(config, &endpoints)?;
        let firing = match (&config.offered.traffic, &config.plan) {
            (Traffic::Open(_), plan) => Firing::Plan(plan.clone().expect("an open loop in real time is planned")),
            (Traffic::Closed(workers), _) => Firing::Workers(workers.clone()),
        };
        // Last: whoever interrupts what comes before it leaves at once.
        let selftest = selftest::briefly(&config.offered, config.api)?;
        Ok(Self { firing, clock, selftest, routes, _mock: mock })
    }

    /// Fires it. Returns the numbers, how it ended, whether the rows are on disk, and when it started.
    pub fn fire(
        self,
        config: &Config,
        display: Display,
        recorder: Recorder,
        rows: Option<RowWriter>,
    ) -> Result<Fired, Failure> {
        let Self { firing, clock, selftest, routes, _mock } = self;
        let stop = Arc::new(Stop::default());
        let collector =
            Collector::start(recorder, rows, stop.clone()).map_err(|e| Failure::new(Code::System, e.to_string()))?;
        let names: Vec<_> = config.profile.routes.iter().map(|route| route.name.clone()).collect();
        let blocks = match config.blocks.is_empty() {
            true => {
                let Offered { warmup, duration, .. } = config.offered;
                let timing = Timing { warmup, measured: duration, gap: Duration::ZERO };
                vec![Arc::new(Block::whole(routes.len() as u16, timing))]
            }
            false => config.blocks.clone(),
        };
        let sent = Arc::new(SentCounts::new(routes.len()));
        let spec = RunSpec {
            firing: firing.clone(),
            blocks: blocks.clone(),
            seed: config.seed,
            phases: config.phases.clone(),
            routes,
            timeouts: config.timeouts,
            in_flight: config.in_flight,
            prewarm: config.prewarm,
            sent: sent.clone(),
            purse: config.purse.clone(),
            start_at: config.part.start_at.map(|at| at.0),
            compare_clocks: config.part.start_at.is_some() || !config.part.shard.is_whole(),
        };
        let mut progress = None;
        let turns = blocks.clone();
        let ready = || {
            // A run without a display is still a run.
            progress = Progress::start(display, names, turns, clock.clone(), collector.recorder(), sent).ok();
        };
        let ending = drive::run(spec, &clock, &stop, collector.sender(), ready);
        drop(progress);
        let (mut recorder, written) = collector.finish();
        let mut ending = ending.map_err(|wrong| Failure::new(Code::System, wrong))?;
        ending.evidence.shared_quota = config.shared_quota();
        ending.evidence.selftest = Some(selftest);
        if let Firing::Plan(plan) = firing {
            let on_time = |at| ending.stopped.is_none_or(|stopped| at < stopped);
            for (request, block) in plan.firings(&blocks).filter(|(request, _)| on_time(request.intended)) {
                let filed = request.intended.before(block.shift());
                block.routes.iter().for_each(|route| recorder.planned_for(usize::from(*route), filed));
            }
        }
        Ok(Fired { recorder, ending, written, started_unix_nanos: clock.zero_unix_nanos() })
    }
}

/// What a run leaves.
pub struct Fired {
    pub recorder: Recorder,
    pub ending: Ending,
    /// Whether every row is on disk.
    pub written: std::io::Result<()>,
    pub started_unix_nanos: Option<u64>,
}

/// Each route has a world of its own: one listener per route and Region that it calls.
fn start_mock(config: &Config, clock: &Clock) -> Result<Mock, Failure> {
    let scenario = config.scenario.as_ref();
    let mut worlds = Vec::new();
    let mut listeners = Vec::new();
    for (world, route) in config.profile.routes.iter().enumerate() {
        let conditions = |region: RegionId| match scenario {
            Some(scenario) => scenario.during(&config.phases, region),
            None => crate::region::Conditions::new(vec![], None),
        };
        worlds.push(config.profile.places(conditions).map_err(Failure::usage)?);
        listeners.extend(route.targets.iter().map(|target| ListenSpec {
            world,
            regions: vec![target.endpoint()],
            address: loopback(0),
        }));
    }
    let spec = MockSpec {
        seed: config.seed,
        workload: config.workload.clone(),
        models: config.profile.models.clone(),
        strict: true,
        callers: Callers::default(),
        log: None,
        tls: None,
        worlds,
        listeners,
        connections: MOST_CONNECTIONS,
    };
    Mock::start(spec, clock.clone())
        .map_err(|error| Failure::new(Code::System, format!("cannot start the mock: {error}")))
}

/// Where each target is reached.
struct Endpoints<'a> {
    config: &'a Config,
    mock: Option<&'a Mock>,
}

impl Endpoints<'_> {
    /// `target` counts over all targets of all routes, as the mock's listeners do.
    fn url(&self, target: usize, region: RegionId) -> Option<String> {
        match self.mock {
            Some(mock) => Some(format!("http://{}", mock.addresses()[target])),
            None => self.config.endpoints.get(&region).cloned(),
        }
    }
}

fn routes(config: &Config, endpoints: &Endpoints<'_>) -> Result<Vec<RouteSpec>, Failure> {
    let fleet = config.scenario.as_ref().map_or(1, crate::profile::Scenario::fleet);
    let mut live: Option<Access> = None;
    let mut target_number = 0;
    let mut routes = Vec::new();
    for route in &config.profile.routes {
        let mut targets = Vec::new();
        for destination in &route.targets {
            let region = destination.endpoint();
            let endpoint = endpoints.url(target_number, region);
            target_number += 1;
            let access = if endpoint.is_some() && !config.endpoint_credentials {
                placeholder_access()
            } else {
                match &live {
                    Some(access) => access.clone(),
                    None => live.insert(load_credentials(region)?).clone(),
                }
            };
            let client = ClientSpec {
                region,
                endpoint,
                endpoint_ca: config.endpoint_ca.clone(),
                access,
                api: config.api,
                timeouts: config.timeouts,
                connections: config.connections,
                most_connections: config.in_flight,
            };
            targets.push((destination.clone(), client));
        }
        let policy = fleet::build(route.policy, &route.settings, config.seed, fleet);
        let prices = match &config.purse {
            None => Vec::new(),
            Some(_) => priced(config, route)?,
        };
        routes.push(RouteSpec { policy, targets, prices });
    }
    Ok(routes)
}

/// What each target costs: a budget cannot be kept without.
fn priced(config: &Config, route: &Route) -> Result<Vec<Price>, Failure> {
    let price = |target| config.prices.of(target, &config.profile.models);
    route
        .targets
        .iter()
        .map(price)
        .collect::<Result<_, _>>()
        .map_err(|missing| Failure::new(Code::NoPrice, missing.to_string()))
}

fn load_credentials(region: RegionId) -> Result<Access, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Code::System, error.to_string()))?;
    let access =
        runtime.block_on(live_access(region)).map_err(|error| Failure::new(Code::Credentials, error.to_string()));
    // A provider may still be waiting for a metadata service that is not there.
    runtime.shutdown_background();
    access
}
