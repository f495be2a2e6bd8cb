//! A burst at a mock of known latency, on this machine.

use std::collections::HashMap;
use std::sync::{Arc, mpsc};
use std::time::Duration;

use crate::bedrock::{Api, ClientSpec, placeholder_access};
use crate::cli::exit::{Code, Failure};
use crate::cli::files;
use crate::cli::mock::loopback;
use crate::clock::Clock;
use crate::core::block::{Block, Timing};
use crate::core::phase::Phases;
use crate::core::request::Timeouts;
use crate::core::units::{Rate, Span};
use crate::core::{Outcome, RegionId, Seed};
use crate::drive::{self, Firing, RouteSpec, RunSpec, SentCounts, Stop, usual_in_flight, usual_prewarm};
use crate::measure::selftest::{Selftest, Stamps};
use crate::mock::{AccessLog, Callers, ListenSpec, MOST_CONNECTIONS, Mock, MockSpec};
use crate::plan::arrival::{self, Settings};
use crate::plan::rate_curve::RateCurve;
use crate::plan::workload::Workload;
use crate::plan::{Load, Plan};
use crate::profile::{Loader, Profile};
use crate::region::conditions::Condition;
use crate::region::{Conditions, Law, PlaceSpec};
use crate::routing::fleet;

/// What every answer takes.
const SERVICE: Duration = Duration::from_millis(5);

/// Code, caches and branch predictors are cold at first; a run has a warm-up for that too.
const WARM_UP: Duration = Duration::from_millis(100);

/// Each takes two of the files that the process may open: its own end and the mock's.
const MOST_IN_FLIGHT: usize = 256;

/// An answer takes 5 ms: what is not there by then is counted as failed, and nobody waits for it.
const PATIENCE: Timeouts = Timeouts {
    connect: Duration::from_secs(1),
    first_token: Duration::from_secs(2),
    between_events: Duration::from_secs(2),
    request: Duration::from_secs(2),
};

/// What is fired.
#[derive(Clone, Copy)]
pub struct Burst {
    pub rps: Rate,
    pub arrival: &'static arrival::Entry,
    pub api: Api,
    /// Measured time.
    pub length: Duration,
}

impl Burst {
    /// # Errors
    /// When there is no free port or no thread.
    pub fn fire(self) -> Result<Selftest, Failure> {
        let clock = Clock::default();
        let (log, seen) = mpsc::channel();
        let profile = Loader::built_in()?.profile("sydney")?;
        let mock = self.mock(&profile, &clock, AccessLog::to(log))?;
        let spec = self.spec(&profile, format!("http://{}", mock.addresses()[0]));
        let (sender, records) = mpsc::channel();
        let ending = drive::run(spec, &clock, &Arc::new(Stop::default()), sender, || ())
            .map_err(|wrong| Failure::new(Code::System, wrong))?;
        drop(mock);
        if let (Some(_), Some(code)) = (ending.stopped, ending.signal) {
            return Err(Failure::new(Code::Interrupted(code), "nothing had been fired yet"));
        }
        let zero = clock.zero_unix_nanos().unwrap_or_default();
        let seen: HashMap<_, _> = seen.iter().map(|line| (line.request_id, line.time.saturating_sub(zero))).collect();
        let (mut stamps, mut requests, mut failed) = (Stamps::default(), 0, 0);
        for record in records.iter().filter(|record| record.request.intended.since_start() >= WARM_UP) {
            requests += 1;
            let request = &record.request;
            let id = record.attempts.first().and_then(|attempt| attempt.request_id.as_deref());
            let at_server = id.and_then(|id| seen.get(id));
            let (Outcome::Ok, Some(lag), Some(at_server)) = (request.outcome, request.dispatch_lag(), at_server) else {
                failed += 1;
                continue;
            };
            let late = Duration::from_nanos(at_server.saturating_sub(request.intended.as_nanos()));
            stamps.add(lag, late, request.finished.since(request.intended).saturating_sub(SERVICE));
        }
        let [lag, seen, error] = stamps.percentiles();
        Ok(Selftest {
            rps: self.rps,
            arrival: self.arrival.name.to_owned(),
            api: self.api.name().to_owned(),
            service: Span(SERVICE),
            requests,
            failed,
            lag,
            seen,
            error,
            client_cpu: ending.evidence.client_cpu,
            pacer_cpu: ending.evidence.pacer_cpu,
        })
    }

    fn mock(&self, profile: &Profile, clock: &Clock, log: AccessLog) -> Result<Mock, Failure> {
        let sydney = PlaceSpec {
            region: RegionId::SYDNEY,
            rtt: Duration::ZERO,
            jitter: Duration::ZERO,
            slots: 1_000_000,
            queue: 0,
            ttft: Law::Fixed(SERVICE),
            per_input_token: Duration::ZERO,
            tpot: Law::Fixed(Duration::ZERO),
            quotas: vec![],
            conditions: Conditions::constant(Condition::default()),
        };
        let spec = MockSpec {
            seed: Seed::default(),
            workload: workload(),
            models: profile.models.clone(),
            strict: true,
            callers: Callers::default(),
            log: Some(log),
            tls: None,
            worlds: vec![vec![sydney]],
            listeners: vec![ListenSpec { world: 0, regions: vec![RegionId::SYDNEY], address: loopback(0) }],
            connections: MOST_CONNECTIONS,
        };
        Mock::start(spec, clock.clone())
            .map_err(|error| Failure::new(Code::System, format!("cannot start the mock: {error}")))
    }

    fn spec(&self, profile: &Profile, url: String) -> RunSpec {
        let route = &profile.routes[0];
        let timing = Timing { warmup: WARM_UP, measured: self.length, gap: Duration::ZERO };
        let rates = RateCurve::level(self.rps, WARM_UP + self.length);
        let load = Load::new(rates, self.arrival, Settings::default(), &workload(), Seed::default());
        let in_flight = usual_in_flight(self.rps).min(connections());
        let client = ClientSpec {
            region: RegionId::SYDNEY,
            endpoint: Some(url),
            endpoint_ca: None,
            access: placeholder_access(),
            api: self.api,
            timeouts: PATIENCE,
            connections: 1,
            most_connections: in_flight,
        };
        RunSpec {
            firing: Firing::Plan(Arc::new(Plan::of(&load))),
            blocks: vec![Arc::new(Block::whole(1, timing))],
            seed: Seed::default(),
            phases: Phases::lay_out(WARM_UP, self.length, &[]),
            routes: vec![RouteSpec {
                policy: fleet::build(route.policy, &route.settings, Seed::default(), 1),
                targets: vec![(route.targets[0].clone(), client)],
                prices: vec![],
            }],
            timeouts: PATIENCE,
            in_flight,
            prewarm: usual_prewarm(self.rps).min(in_flight),
            sent: Arc::new(SentCounts::new(1)),
            purse: None,
            start_at: None,
            compare_clocks: false,
        }
    }
}

/// As many as the files that may be open allow, half of them for whatever else is open.
fn connections() -> usize {
    files::raise_limit().map_or(MOST_IN_FLIGHT, |allowed| (allowed / 4) as usize).clamp(1, MOST_IN_FLIGHT)
}

fn workload() -> Workload {
    Workload::fixed(10, 10)
}
