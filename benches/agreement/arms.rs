//! One load along the same routes twice: at the mock, through the command line, and in the simulation, through the
//! library. Same seed, so the same arrivals, lengths and luck of the Regions.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::record::{AttemptRecord, RequestRecord};
use bedbench::core::units::Rate;
use bedbench::core::{Outcome, RegionId, RunTime, Seed};
use bedbench::drive::sim::{ClientModel, Opening, Simulation, Sink};
use bedbench::measure::Summary;
use bedbench::measure::verdict::{Grade, Verdict};
use bedbench::plan::Load;
use bedbench::plan::arrival::{self, Settings};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::workload::Workload;
use bedbench::profile::{Loader, Profile, Scenario};
use bedbench::store::rows::read_requests;

/// Measured requests per route, at least. A Poisson process that expects a tenth more seldom brings fewer.
const REQUESTS: f64 = 3_000.0;
const WARM_UP: Duration = Duration::from_secs(5);
/// How often a mock arm that is not VALID is fired.
const TRIES: usize = 3;
const QUANTILES: [f64; 3] = [0.50, 0.95, 0.99];

/// What both arms are about.
pub struct Case {
    profile: Profile,
    scenario: Scenario,
    workload: Workload,
}

/// What came of the measured requests of one route.
#[derive(Default)]
pub struct Arm {
    /// Intended starts.
    starts: Vec<RunTime>,
    /// Seconds, of the ok requests, from the intended start; ascending once all is in.
    ttft: Vec<f64>,
    response: Vec<f64>,
    throttled: usize,
    unavailable: usize,
}

/// One number of one route, in both arms: seconds, or a share.
pub struct Pair {
    pub route: String,
    pub what: String,
    pub mock: f64,
    pub sim: f64,
    pub unit: Unit,
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    Seconds,
    Share,
}

/// How far apart two arms may be.
pub struct Bounds {
    /// Of a time, whichever is more.
    pub relative: f64,
    pub absolute: Duration,
    /// Of a share.
    pub share: f64,
}

impl Pair {
    pub fn apart(&self) -> f64 {
        (self.mock - self.sim).abs()
    }

    pub fn within(&self, bounds: &Bounds) -> bool {
        match self.unit {
            Unit::Seconds => self.apart() <= (bounds.relative * self.sim).max(bounds.absolute.as_secs_f64()),
            Unit::Share => self.apart() <= bounds.share,
        }
    }
}

impl std::fmt::Display for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { route, what, mock, sim, .. } = self;
        match self.unit {
            Unit::Seconds => {
                let (mock_ms, sim_ms, apart) = (mock * 1e3, sim * 1e3, (mock - sim) * 1e3);
                let relative = (mock / sim - 1.0) * 100.0;
                write!(
                    f,
                    "{route:<6} {what:<14} {mock_ms:>9.1} ms {sim_ms:>9.1} ms {apart:>+8.2} ms {relative:>+7.2} %"
                )
            }
            Unit::Share => {
                let points = (mock - sim) * 100.0;
                let (mock, sim) = (mock * 100.0, sim * 100.0);
                write!(f, "{route:<6} {what:<14} {mock:>9.2} %  {sim:>9.2} %  {points:>+8.2} points")
            }
        }
    }
}

fn file(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("benches/agreement").join(name)
}

impl Case {
    pub fn calm() -> Self {
        let loader = Loader::built_in().expect("it ships with the house");
        let path = |name| file(name).to_str().expect("a path in UTF-8").to_owned();
        Self {
            profile: loader.profile(&path("profile.toml")).expect("the profile is sound"),
            scenario: loader.scenario("calm").expect("it ships with the house"),
            workload: loader.workload(&path("workload.toml")).expect("the workload is sound"),
        }
    }

    /// Requests per second that Sydney's slots serve beside the load of other tenants. The quota of the other route
    /// is chosen to let as many through.
    pub fn capacity(&self) -> f64 {
        let places = self.profile.places(|region| self.scenario.repeating(region)).expect("the numbers make sense");
        let sydney = places.iter().find(|place| place.region == RegionId::SYDNEY).expect("it is in the profile");
        let free = 1.0 - sydney.conditions.at(RunTime::ZERO).background;
        free * sydney.slots as f64 / sydney.mean_service(&self.workload).as_secs_f64()
    }

    /// Every number of every route at `share` of the capacity, and the verdict on the mock's arm: VALID, or that of
    /// the last try.
    pub fn compare(&self, share: f64) -> (Vec<Pair>, Verdict) {
        let rate = Rate((self.capacity() * share).round());
        // Whole seconds, so that both arms read the same length.
        let measured = Duration::from_secs((1.1 * REQUESTS / rate.0).ceil() as u64);
        let (mock, verdict) = self.mock(rate, measured);
        let routes = self.profile.routes.iter().zip(mock).zip(self.simulated(rate, measured));
        let pairs = routes.flat_map(|((route, mock), sim)| {
            assert!(mock.starts == sim.starts, "both arms have one plan");
            assert!(sim.starts.len() >= REQUESTS as usize, "{} requests are too few", sim.starts.len());
            pairs(&route.name, &mock, &sim)
        });
        (pairs.collect(), verdict)
    }

    fn mock(&self, rate: Rate, measured: Duration) -> (Vec<Arm>, Verdict) {
        let mut tries = 0;
        loop {
            tries += 1;
            let folder = tempfile::tempdir().expect("a folder for the results");
            let verdict = self.fire(rate, measured, folder.path());
            if verdict.grade == Grade::Valid || tries == TRIES {
                return (self.read(folder.path()), verdict);
            }
            eprintln!("{} at {rate}, try {tries} of {TRIES}: {:?}", verdict.grade, verdict.reasons);
        }
    }

    fn fire(&self, rate: Rate, measured: Duration, folder: &Path) -> Verdict {
        let mut bedbench = Command::new(env!("CARGO_BIN_EXE_bedbench"));
        bedbench.args(["run", "--mock", "--quiet", "--scenario", &self.scenario.name, "--rps", &rate.0.to_string()]);
        bedbench.arg("--profile").arg(file("profile.toml")).arg("--workload").arg(file("workload.toml"));
        bedbench.args(["--duration", &format!("{}s", measured.as_secs())]);
        bedbench.args(["--warmup", &format!("{}s", WARM_UP.as_secs()), "--out"]).arg(folder);
        bedbench.stdin(Stdio::null()).status().expect("bedbench runs");
        let text = std::fs::read_to_string(folder.join("summary.json")).expect("the run left its summary");
        serde_json::from_str::<Summary>(&text).expect("it reads back").verdict
    }

    fn read(&self, folder: &Path) -> Vec<Arm> {
        let mut arms: Vec<_> = self.profile.routes.iter().map(|_| Arm::default()).collect();
        for row in read_requests(folder).expect("the rows read back") {
            let route = self.profile.routes.iter().position(|route| route.name == row.route).expect("one of ours");
            arms[route].add(row.intended_ns, row.first_token_ns, row.finished_ns, row.outcome);
        }
        arms.into_iter().map(Arm::sorted).collect()
    }

    fn simulated(&self, rate: Rate, measured: Duration) -> Vec<Arm> {
        let seed = Seed::default();
        let phases = Phases::lay_out(WARM_UP, measured, &self.scenario.phases());
        let poisson = arrival::find("poisson").expect("it is listed");
        let rates = RateCurve::level(rate, WARM_UP + measured);
        let load = Load::new(rates, poisson, Settings::default(), &self.workload, seed);
        let simulation = Simulation {
            profile: &self.profile,
            scenario: &self.scenario,
            workload: &self.workload,
            seed,
            phases: &phases,
            // The mock's plain connections are open at once and pay their handshakes on the way.
            client: ClientModel { opening: Opening::OnTheWay, ..ClientModel::usual(rate) },
        };
        let simulate = |route| {
            let mut arm = Arm::default();
            simulation.run(route, 0, load.requests().peekable(), &mut arm).expect("the numbers make sense");
            arm.sorted()
        };
        self.profile.routes.iter().map(simulate).collect()
    }
}

impl Arm {
    fn add(&mut self, intended: RunTime, first_token: Option<RunTime>, finished: RunTime, outcome: Outcome) {
        if intended < RunTime::from_duration(WARM_UP) {
            return;
        }
        self.starts.push(intended);
        match outcome {
            Outcome::Ok => {
                self.ttft.extend(first_token.map(|first| first.since(intended).as_secs_f64()));
                self.response.push(finished.since(intended).as_secs_f64());
            }
            Outcome::Throttled => self.throttled += 1,
            Outcome::Unavailable => self.unavailable += 1,
            other => panic!("a calm Region ends nothing as {other}"),
        }
    }

    fn sorted(mut self) -> Self {
        self.starts.sort_unstable();
        self.ttft.sort_unstable_by(f64::total_cmp);
        self.response.sort_unstable_by(f64::total_cmp);
        self
    }

    fn share(&self, count: usize) -> f64 {
        count as f64 / self.starts.len() as f64
    }
}

impl Sink for Arm {
    fn record(&mut self, request: &RequestRecord, _: &[AttemptRecord]) {
        self.add(request.intended, request.first_token, request.finished, request.outcome);
    }

    fn stop(&mut self, _: RunTime) -> bool {
        false
    }
}

fn pairs(route: &str, mock: &Arm, sim: &Arm) -> Vec<Pair> {
    let pair = |what: String, mock, sim, unit| Pair { route: route.to_owned(), what, mock, sim, unit };
    let mut pairs = Vec::new();
    for (metric, mock, sim) in [("TTFT", &mock.ttft, &sim.ttft), ("response", &mock.response, &sim.response)] {
        pairs.extend(
            QUANTILES.map(|q| {
                pair(format!("{metric} p{:.0}", q * 100.0), quantile(mock, q), quantile(sim, q), Unit::Seconds)
            }),
        );
    }
    pairs.push(pair("throttled".into(), mock.share(mock.throttled), sim.share(sim.throttled), Unit::Share));
    pairs.push(pair("unavailable".into(), mock.share(mock.unavailable), sim.share(sim.unavailable), Unit::Share));
    pairs
}

/// The nearest rank.
fn quantile(sorted: &[f64], q: f64) -> f64 {
    let rank = (q * sorted.len() as f64).ceil() as usize;
    sorted[rank.max(1) - 1]
}
