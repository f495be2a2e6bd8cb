//! What a Rust program may embed: profiles that have passed their checks, and their simulation.
//!
//! Everything here runs in virtual time: no account, no network, no cost, and the same seed gives the same numbers on
//! every machine. They rest on the assumptions of `profiles/regions.toml`: they show what a policy does under a load and
//! do not predict Bedrock. What is measured is measured by the command, which asks before it spends.

use std::time::Duration;

use crate::core::Seed;
use crate::core::metric::Metric;
use crate::core::phase::Phases;
use crate::core::residency::Standing;
use crate::core::run::{Loop, World};
use crate::core::units::Rate;
use crate::drive::sim;
use crate::drive::sim::ClientModel;
use crate::govern::outlook;
use crate::measure::series::Level;
use crate::measure::summary::{RouteSummary, Summary};
use crate::measure::verdict::Evidence;
use crate::measure::{Context, Recorder};
use crate::plan::Load;
use crate::plan::arrival::{self, Settings};
use crate::plan::rate_curve::RateCurve;
use crate::plan::workload::Workload;
use crate::profile::{LoadError, Loader, Profile, Scenario};

const MOST_RPS: f64 = 20_000.0;
const LONGEST: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why something cannot be simulated: one line for each problem, with the way out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    message: String,
    refusal: bool,
}

impl Error {
    /// Whether it is no mistake but the profile's own residency that forbids it.
    #[must_use]
    pub fn is_refusal(&self) -> bool {
        self.refusal
    }

    fn new(message: impl Into<String>) -> Self {
        Self { message: message.into(), refusal: false }
    }
}

impl From<LoadError> for Error {
    fn from(error: LoadError) -> Self {
        Self { message: error.to_string(), refusal: error.is_refusal() }
    }
}

/// One load along every route of a profile, open loop with Poisson arrivals, in virtual time.
///
/// Names are those of the command line: a built-in name, or the path of a `.toml` file.
///
/// ```
/// use std::time::Duration;
/// use bedbench::embed::{Percentile, Quantile, Simulation};
///
/// let ran = Simulation::new("apac")?.rps(10.0)?.duration(Duration::from_secs(120))?.run()?;
/// let sydney = &ran.routes()[0];
/// assert_eq!((sydney.name(), sydney.is_candidate()), ("sydney", true));
/// match sydney.ttft(Quantile::P95) {
///     Percentile::At(time) => assert!(time > Duration::from_millis(200)),
///     Percentile::Failed | Percentile::TooFew { .. } => panic!("10 requests per second are served"),
/// }
/// # Ok::<(), bedbench::embed::Error>(())
/// ```
pub struct Simulation {
    loader: Loader,
    profile: Profile,
    workload: Workload,
    scenario: Scenario,
    rps: Rate,
    duration: Duration,
    warmup: Duration,
    seed: Seed,
}

impl Simulation {
    /// All routes of a profile, with the workload `chat` under the scenario `congested`: 20 requests per second and
    /// route for 10 minutes, behind 5 s of warm-up, with seed 42.
    ///
    /// A profile that cannot be true, or a route that leaves its residency, is an error here:
    ///
    /// ```
    /// use bedbench::embed::Simulation;
    ///
    /// let error = Simulation::new("apec").err().expect("there is none of that name");
    /// assert!(error.to_string().starts_with("no profile is named `apec`; did you mean `apac`?"));
    /// assert!(!error.is_refusal());
    /// ```
    ///
    /// # Errors
    /// When there is no such profile, or it breaks a rule of `bedbench profile check`.
    pub fn new(profile: &str) -> Result<Self, Error> {
        let loader = Loader::built_in()?;
        Ok(Self {
            profile: loader.profile(profile)?,
            workload: loader.workload("chat")?,
            scenario: loader.scenario("congested")?,
            loader,
            rps: Rate(20.0),
            duration: Duration::from_secs(600),
            warmup: Duration::from_secs(5),
            seed: Seed::default(),
        })
    }

    /// What is asked.
    ///
    /// # Errors
    /// When there is no such workload, or its file has a mistake.
    pub fn workload(mut self, name: &str) -> Result<Self, Error> {
        self.workload = self.loader.workload(name)?;
        Ok(self)
    }

    /// What goes wrong, and when.
    ///
    /// # Errors
    /// When there is no such scenario, or its file has a mistake.
    pub fn scenario(mut self, name: &str) -> Result<Self, Error> {
        self.scenario = self.loader.scenario(name)?;
        Ok(self)
    }

    /// Only these routes of the profile.
    ///
    /// # Errors
    /// When the profile has no route of that name.
    pub fn routes(mut self, names: &[&str]) -> Result<Self, Error> {
        let names: Vec<_> = names.iter().map(|name| (*name).to_owned()).collect();
        self.profile.select(&names).map_err(Error::new)?;
        Ok(self)
    }

    /// Requests per second and route.
    ///
    /// # Errors
    /// When it is not above 0, or above 20,000.
    pub fn rps(mut self, rps: f64) -> Result<Self, Error> {
        if !(rps > 0.0 && rps <= MOST_RPS) {
            return Err(Error::new(format!("a load must be above 0/s and can be at most {MOST_RPS}/s, not {rps}/s")));
        }
        self.rps = Rate(rps);
        Ok(self)
    }

    /// Measured time.
    ///
    /// # Errors
    /// When it is 0, or above 7 days.
    pub fn duration(mut self, duration: Duration) -> Result<Self, Error> {
        if duration.is_zero() || duration > LONGEST {
            return Err(Error::new("a duration must be above 0 and can be at most 7 days"));
        }
        self.duration = duration;
        Ok(self)
    }

    /// Load before the measured time, left out of every number.
    ///
    /// # Errors
    /// When it is above 7 days.
    pub fn warmup(mut self, warmup: Duration) -> Result<Self, Error> {
        if warmup > LONGEST {
            return Err(Error::new("a warm-up can be at most 7 days"));
        }
        self.warmup = warmup;
        Ok(self)
    }

    /// Seed of arrivals, prompts and the model's luck.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Self {
        self.seed = Seed(seed);
        self
    }

    /// What could not be checked of the profile, and should be known.
    pub fn warnings(&self) -> impl Iterator<Item = String> {
        self.profile.warnings.iter().map(ToString::to_string)
    }

    /// What each route would be sent, without sending it: what a quota must allow.
    ///
    /// ```
    /// use std::time::Duration;
    /// use bedbench::embed::Simulation;
    ///
    /// let planned = Simulation::new("au")?.rps(2.0)?.duration(Duration::from_secs(300))?.planned();
    /// assert!((500..700).contains(&planned.requests));
    /// // The quota reserves max_tokens until an answer has ended.
    /// assert!(planned.busiest_minute_tokens > planned.busiest_minute_requests * 256);
    /// # Ok::<(), bedbench::embed::Error>(())
    /// ```
    #[must_use]
    pub fn planned(&self) -> Planned {
        let load = outlook::Load::of([self.load().requests()], &self.workload);
        Planned {
            requests: load.requests,
            input_tokens: load.input_tokens,
            most_output_tokens: load.most_output,
            busiest_minute_requests: load.busiest.requests,
            busiest_minute_tokens: load.busiest.reserved_tokens,
        }
    }

    /// Simulates every route, one after the other. An hour at 50 requests per second takes about a second and a route.
    ///
    /// # Errors
    /// When a number of the profile's Region model makes no sense.
    pub fn run(&self) -> Result<Simulated, Error> {
        let phases = Phases::lay_out(self.warmup, self.duration, &self.scenario.phases());
        let routes = &self.profile.routes;
        let mut recorder = Recorder::new(phases.clone(), self.workload.slo.clone(), routes.len());
        let simulation = sim::Simulation {
            profile: &self.profile,
            scenario: &self.scenario,
            workload: &self.workload,
            seed: self.seed,
            phases: &phases,
            client: ClientModel::usual(self.rps),
        };
        let load = self.load();
        for (route, position) in routes.iter().zip(0..) {
            let ran = simulation.run(route, position, load.requests().peekable(), &mut recorder);
            ran.map_err(Error::new)?;
        }
        let context = Context {
            world: World::Sim,
            kind: Loop::Open,
            seed: self.seed,
            stopped: None,
            blocks: Vec::new(),
            routes: routes.iter().map(|route| route.head()).collect(),
            prices: Vec::new(),
            evidence: Evidence::default(),
        };
        let summary = Summary::new(&recorder, context);
        let json = serde_json::to_string_pretty(&summary).expect("a summary is plain data");
        Ok(Simulated { routes: summary.routes.into_iter().map(RouteNumbers).collect(), json })
    }

    fn load(&self) -> Load {
        let poisson = arrival::find("poisson").expect("it is listed");
        let rates = RateCurve::level(self.rps, self.warmup + self.duration);
        Load::new(rates, poisson, Settings::default(), &self.workload, self.seed)
    }
}

/// What one route would be sent, warm-up included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Planned {
    /// Requests, were each answered at the first attempt.
    pub requests: u64,
    /// Tokens of all prompts.
    pub input_tokens: u64,
    /// `max_tokens` of all requests: more cannot be written.
    pub most_output_tokens: u64,
    /// Requests in the busiest minute, wherever it begins.
    pub busiest_minute_requests: u64,
    /// Input and `max_tokens` in the busiest minute: what the quota reserves.
    pub busiest_minute_tokens: u64,
}

/// What came out of a [`Simulation`]. SIMULATED: show it with that word.
pub struct Simulated {
    routes: Vec<RouteNumbers>,
    json: String,
}

impl Simulated {
    /// In the profile's order.
    #[must_use]
    pub fn routes(&self) -> &[RouteNumbers] {
        &self.routes
    }

    /// Every number with its interval, as `summary.json` has them; prices are left out. The schema is
    /// `results/schema/summary.schema.json`.
    #[must_use]
    pub fn to_json(&self) -> &str {
        &self.json
    }
}

/// The numbers of one route over the whole measured time.
pub struct RouteNumbers(RouteSummary);

impl RouteNumbers {
    /// As the profile names it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.0.head.name
    }

    /// Whether it keeps the profile's residency; else it is a reference, never to be recommended.
    #[must_use]
    pub fn is_candidate(&self) -> bool {
        self.0.head.standing == Standing::Candidate
    }

    /// Requests that count.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.0.whole().counted()
    }

    /// Those among them that were answered.
    #[must_use]
    pub fn ok(&self) -> u64 {
        self.0.whole().ok()
    }

    /// Requests per second that met every objective of the workload.
    #[must_use]
    pub fn goodput(&self) -> f64 {
        self.0.whole().goodput
    }

    /// Time to the first token, from the intended start.
    #[must_use]
    pub fn ttft(&self, quantile: Quantile) -> Percentile {
        self.percentile(Metric::Ttft, quantile)
    }

    /// Time to the end of the answer, from the intended start.
    #[must_use]
    pub fn response(&self, quantile: Quantile) -> Percentile {
        self.percentile(Metric::Response, quantile)
    }

    fn percentile(&self, metric: Metric, quantile: Quantile) -> Percentile {
        let all = &self.0.whole().metric(metric).all;
        let q = quantile.q();
        match all.at(q).map(|found| found.value) {
            Some(Level::At(time)) => Percentile::At(time),
            Some(Level::Failed) => Percentile::Failed,
            None => Percentile::TooFew { needed: all.needs(q).unwrap_or(1), there_are: all.n },
        }
    }
}

/// The percentiles that are reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Quantile {
    /// The median.
    P50,
    /// 90 % are at or below it.
    P90,
    /// 95 % are at or below it.
    P95,
    /// 99 % are at or below it.
    P99,
    /// 99.9 % are at or below it.
    P999,
}

impl Quantile {
    fn q(self) -> f64 {
        match self {
            Self::P50 => 0.50,
            Self::P90 => 0.90,
            Self::P95 => 0.95,
            Self::P99 => 0.99,
            Self::P999 => 0.999,
        }
    }
}

/// A percentile over all requests, a failure ranking above every success.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Percentile {
    /// A time, to three significant digits.
    At(Duration),
    /// It falls among the failures: there is no time, and none may be printed in its place.
    Failed,
    /// The sample is too small for it.
    TooFew {
        /// As many requests would have it.
        needed: u64,
        /// As many there are.
        there_are: u64,
    },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::summary::QUANTILES;

    #[test]
    fn every_quantile_is_one_that_a_summary_has() {
        for quantile in [Quantile::P50, Quantile::P90, Quantile::P95, Quantile::P99, Quantile::P999] {
            assert!(QUANTILES.contains(&quantile.q()), "{quantile:?}");
        }
    }

    #[test]
    fn what_cannot_be_a_load_is_refused() {
        let simulation = || Simulation::new("au").unwrap();
        for rps in [0.0, -1.0, f64::NAN, f64::INFINITY, 20_001.0] {
            assert!(simulation().rps(rps).is_err(), "{rps}");
        }
        assert!(simulation().duration(Duration::ZERO).is_err());
        assert!(simulation().duration(LONGEST + Duration::from_secs(1)).is_err());
        assert!(simulation().routes(&["perth"]).is_err());
    }

    #[test]
    fn a_small_sample_has_no_high_percentile_and_an_overload_has_none_either() {
        let few = Simulation::new("au").unwrap().rps(1.0).unwrap().duration(Duration::from_secs(60)).unwrap();
        let few = few.run().unwrap();
        assert!(matches!(few.routes()[0].response(Quantile::P99), Percentile::TooFew { needed: 300, .. }));
        let many = Simulation::new("au").unwrap().rps(500.0).unwrap().duration(Duration::from_secs(60)).unwrap();
        let many = many.run().unwrap();
        assert_eq!(many.routes()[0].response(Quantile::P95), Percentile::Failed);
        assert!(many.routes()[0].ok() < many.routes()[0].requests());
    }
}
