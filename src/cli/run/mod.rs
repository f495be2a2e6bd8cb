//! `bedbench run`: arguments → configuration → fire → report.

mod args;
mod config;
mod finish;
mod load;

pub use args::{RunArgs, arrivals};

use std::sync::Arc;

use super::exit::{Exit, Failure};
use super::guard;
use crate::bedrock::{Access, ClientSpec, live_access, placeholder_access};
use crate::clock::{self, Clock};
use crate::core::run::World;
use crate::core::{RegionId, RunTime};
use crate::drive::{self, Collector, Display, Progress, RouteSpec, RunSpec, SentCounts, Stop};
use crate::measure::Recorder;
use crate::mock::{Callers, ListenSpec, Mock, MockSpec};
use crate::store::Folder;
use crate::store::rows::{Names, RowWriter};
use config::Config;

pub fn run(args: RunArgs) -> Result<Exit, Failure> {
    guard::warn_of_ambient_endpoints();
    let (output, display) = (args.format, Display::on_stderr(args.quiet));
    let out = args.out.clone();
    let config = Config::resolve(args)?;
    if let Some(path) = &out {
        Folder::check_free(path).map_err(|error| Failure::usage(error.to_string()))?;
    }
    config.warnings.iter().for_each(|warning| guard::warn(warning));
    if config.spends() {
        guard::confirm(&guard::estimate(&config.profile, &config.plan), config.yes)?;
    }
    let clock = Clock::default();
    // Held to the end of the run: dropped, it stops serving.
    let mock = if config.world == World::Mock { Some(start_mock(&config, &clock)?) } else { None };
    let endpoints = Endpoints { config: &config, mock: mock.as_ref() };
    let routes = routes(&config, &endpoints)?;

    let created = clock::unix_nanos();
    let folder = match out {
        Some(path) => Folder::named(&path).map_err(|error| Failure::usage(error.to_string()))?,
        None => {
            let name = format!("{}-{}", config.profile.name, config.world.label().to_lowercase());
            Folder::under_results(created, &name).map_err(|error| Failure::usage(error.to_string()))?
        }
    };
    let mut manifest = config.manifest(created, endpoints.by_region());
    let failed = |error: std::io::Error| Failure::failed(error.to_string());
    folder.write_manifest(&manifest).map_err(failed)?;
    let names = Names {
        routes: config
            .profile
            .routes
            .iter()
            .map(|r| (r.name.clone(), r.targets.iter().map(|t| t.model().to_owned()).collect()))
            .collect(),
        phases: config.phases.clone(),
    };
    let rows = RowWriter::create(folder.path(), names).map_err(failed)?;
    let stop = Arc::new(Stop::default());
    let recorder = Recorder::new(config.phases.clone(), config.slos.clone(), config.profile.routes.len());
    let collector = Collector::start(recorder, rows, stop.clone()).map_err(failed)?;
    let route_names: Vec<_> = config.profile.routes.iter().map(|route| route.name.clone()).collect();
    let length: RunTime = config.phases.measured().1;
    let sent = Arc::new(SentCounts::new(routes.len()));
    let spec = RunSpec {
        plan: config.plan.clone(),
        seed: config.seed,
        phases: config.phases.clone(),
        routes,
        timeouts: config.timeouts,
        in_flight: config.in_flight,
        prewarm: config.prewarm,
        sent: sent.clone(),
    };
    if display != Display::Silent {
        eprintln!("{}", config.headline());
    }
    let mut progress = None;
    let ready = || {
        // A run without a display is still a run.
        progress = Progress::start(display, route_names, length, clock.clone(), collector.recorder(), sent).ok();
    };
    let ending = drive::run(spec, &clock, &stop, collector.sender(), ready);
    drop(progress);
    let (recorder, written) = collector.finish();
    let mut ending = ending.map_err(Failure::failed)?;
    ending.evidence.shared_quota = config.shared_quota();
    manifest.started_unix_nanos = clock.zero_unix_nanos().unwrap_or(created);
    finish::finish(finish::Finished {
        config,
        folder,
        manifest,
        recorder,
        ending,
        written,
        output,
        quiet: display == Display::Silent,
    })
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
            address: super::mock::loopback(0),
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
    };
    Mock::start(spec, clock.clone()).map_err(|error| Failure::failed(format!("cannot start the mock: {error}")))
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

    fn by_region(&self) -> std::collections::BTreeMap<RegionId, String> {
        match self.mock {
            // One listener per route and Region, on ports that mean nothing afterwards.
            Some(_) => Default::default(),
            None => self.config.endpoints.clone(),
        }
    }
}

fn routes(config: &Config, endpoints: &Endpoints<'_>) -> Result<Vec<RouteSpec>, Failure> {
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
        routes.push(RouteSpec { policy: (route.policy.build)(&route.settings, config.seed), targets });
    }
    Ok(routes)
}

fn load_credentials(region: RegionId) -> Result<Access, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(error.to_string()))?;
    let access = runtime.block_on(live_access(region)).map_err(|error| Failure::usage(error.to_string()));
    // A provider may still be waiting for a metadata service that is not there.
    runtime.shutdown_background();
    access
}
