//! A run in virtual time: the plan, the policies and the Region model that a real run has, on a heap
//! of events. What waits is the clock; a day of traffic takes seconds.
//!
//! Each route has a world of its own, as in the mock, so routes are simulated one by one.

mod answer;
mod engine;
mod flight;
mod pool;
mod source;
#[cfg(test)]
mod tests;

use std::time::Duration;

use super::{usual_in_flight, usual_prewarm};
use crate::core::phase::Phases;
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::core::request::Timeouts;
use crate::core::residency::Destination;
use crate::core::units::Rate;
use crate::core::{RunTime, Seed};
use crate::measure::Recorder;
use crate::plan::workload::Workload;
use crate::profile::{Models, Profile, Route, Scenario};
use crate::region::PlaceSpec;
use crate::routing::{Policy, fleet};
use engine::Engine;
pub use source::{Source, Workers};

/// Idle connections are closed after this long: as [`crate::bedrock`] has it.
const IDLE_TIMEOUT: Duration = Duration::from_secs(300);

/// Round trips before the first byte over a new connection: TCP, and TLS 1.3.
const HANDSHAKES: u32 = 2;

/// What the routes of a run have in common.
pub struct Simulation<'a> {
    pub profile: &'a Profile,
    pub scenario: &'a Scenario,
    /// What the models write, and what other tenants ask for.
    pub workload: &'a Workload,
    pub seed: Seed,
    pub phases: &'a Phases,
    pub client: ClientModel,
}

impl ClientModel {
    /// What a run has unless it says otherwise, at so many requests per second.
    pub fn usual(peak: Rate) -> Self {
        let in_flight = usual_in_flight(peak);
        Self {
            timeouts: Timeouts::default(),
            in_flight,
            prewarm: usual_prewarm(peak).min(in_flight),
            streams: true,
            opening: Opening::First,
        }
    }
}

impl Simulation<'_> {
    /// Simulates `requests` along one route of the profile, to the end of the last one. Its records name it by `position`. Returns when it was stopped, if it was.
    ///
    /// # Errors
    /// When a number of the Region model makes no sense.
    pub fn run(
        &self,
        route: &Route,
        position: u16,
        requests: impl Source,
        sink: &mut impl Sink,
    ) -> Result<Option<RunTime>, String> {
        let spec = SimSpec {
            position,
            policy: fleet::build(route.policy, &route.settings, self.seed, self.scenario.fleet()),
            targets: &route.targets,
            places: self.profile.places(|region| self.scenario.during(self.phases, region))?,
            models: &self.profile.models,
            workload: self.workload,
            seed: self.seed,
            phases: self.phases,
            client: self.client,
        };
        Ok(simulate(spec, requests, sink))
    }
}

/// One route, ready to be simulated.
pub struct SimSpec<'a> {
    /// Position of the route in the run, for its records.
    pub position: u16,
    pub policy: Box<dyn Policy>,
    pub targets: &'a [Destination],
    pub places: Vec<PlaceSpec>,
    pub models: &'a Models,
    pub workload: &'a Workload,
    pub seed: Seed,
    pub phases: &'a Phases,
    pub client: ClientModel,
}

/// The client, as far as it matters to the times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientModel {
    pub timeouts: Timeouts,
    /// Most requests in flight; the rest is shed and counted.
    pub in_flight: usize,
    /// Connections that are open before the plan starts, per target.
    pub prewarm: usize,
    /// Whether answers are read as they come, or only whole.
    pub streams: bool,
    pub opening: Opening,
}

/// Where a new connection costs its handshakes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// Before the request can be sent: one that falls free meanwhile is taken instead. As in life.
    First,
    /// On the way of the first request: as at the mock, where a plain connection is open at once and
    /// its bytes are held back.
    OnTheWay,
}

/// Takes one request with its attempts, oldest first.
pub trait Sink {
    fn record(&mut self, request: &RequestRecord, attempts: &[AttemptRecord]);

    /// Whether to stop. Asked now and then, with the time that the simulation has come to.
    fn stop(&mut self, now: RunTime) -> bool;
}

/// Keeps the numbers and nothing else.
impl Sink for Recorder {
    fn record(&mut self, request: &RequestRecord, attempts: &[AttemptRecord]) {
        self.planned_for(usize::from(request.route), request.intended);
        self.count(request, attempts);
    }

    fn stop(&mut self, _: RunTime) -> bool {
        false
    }
}

/// As [`Simulation::run`], for a route of any kind.
pub fn simulate(spec: SimSpec<'_>, requests: impl Source, sink: &mut impl Sink) -> Option<RunTime> {
    Engine::new(spec, requests, sink).run()
}
