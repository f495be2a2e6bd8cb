//! What can be typed after `bedbench sweep`.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};

use crate::cli::endpoint;
use crate::cli::run::arrivals;
use crate::cli::sources::{PriceFile, Sources};
use crate::core::gate::Gate;
use crate::core::run::World;
use crate::core::units::Span;
use crate::core::{RegionId, Seed};
use crate::sweep::Loads;

/// Fire many loads along every route of a profile: up to which each meets its objectives, and from which load on one
/// overtakes another. In virtual time unless --mock, --endpoint or --live say otherwise.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench sweep --profile candidates --rps 5..120
  bedbench sweep --profile apac --rps 10,20,40,60,80 --scenario calm --seeds 10
  bedbench sweep --profile candidates --rps 5..120 --slo 'response:p99<4s' --format csv
  bedbench sweep --profile candidates --rps 5..120 --slo 'ttft:p95<900ms' --slo 'sydney/knee>25/s'
  bedbench sweep --profile apac --rps 10,30,50 --mock --seeds 2 -d 30s
  bedbench sweep --profile au --rps 1,2,4 --live                      asks before it spends")]
pub struct SweepArgs {
    /// Requests per second and route: a range like 5..120, or a list like 5,10,20
    #[arg(long, visible_alias = "rate", value_name = "RANGE|LIST", allow_hyphen_values = true)]
    pub rps: Loads,
    /// Loads that a range is divided into, evenly spaced [default: 12]
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// Seeds at each load; in virtual time 10 at least where something turns [default: 5; in real time 2]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=100))]
    pub seeds: Option<u64>,
    /// The first seed; the others follow it. Every route and load has the same ones
    #[arg(long, default_value_t = Seed::default().0, value_name = "N")]
    pub seed: u64,
    /// Time measured at each load and seed; in virtual time 30m at least [default: 30m; in the mock 60s, else 3m]
    #[arg(short, long, short_alias = 'z', value_name = "TIME", allow_hyphen_values = true)]
    pub duration: Option<Span>,
    /// Load before the measured time, left out of every number [default: 2m; in real time 5s]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub warmup: Option<Span>,
    /// When requests start
    #[arg(long, default_value = "poisson", value_name = "KIND", value_parser = arrivals())]
    pub arrival: String,
    /// Routes and residency: a built-in name (see `bedbench profile list`) or a .toml file
    #[arg(long, default_value = "candidates", value_name = "NAME|FILE")]
    pub profile: String,
    /// Only this route of the profile; repeatable
    #[arg(long, value_name = "NAME")]
    pub route: Vec<String>,
    /// Leave out routes that are there for reference only
    #[arg(long)]
    pub no_reference: bool,
    /// What is asked: a built-in name (see `bedbench workload list`) or a .toml file
    #[arg(long, default_value = "chat", value_name = "NAME|FILE")]
    pub workload: String,
    /// What goes wrong in the simulation or the mock, and when: a built-in name (see `bedbench scenario list`) or a
    /// .toml file [default: congested]
    #[arg(long, value_name = "NAME|FILE", conflicts_with = "real")]
    scenario: Option<String>,
    /// Service times of the Regions: `article` or a .toml file [default: profiles/regions.toml]
    #[arg(long, value_name = "NAME|FILE")]
    pub latency: Option<String>,
    #[command(flatten)]
    pub world: WorldArgs,

    /// Objective, repeatable: ttft:p95<900ms, response:p99<4s. All decide the knees, the first the
    /// crossovers [default: those of the workload]. knee>40/s, or sydney/knee>40/s: exit 3 where a route's knee is not
    /// shown to lie beyond that load
    #[arg(long, value_name = "SLO")]
    pub slo: Vec<Gate>,
    /// Write which knees were held as JUnit XML too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Draw the plots as PNG too
    #[arg(long)]
    pub png: bool,
    /// New or empty folder for the results [default: results/TIME-PROFILE-sweep]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub format: Output,
    /// No progress, no report: files, exit code, and on stderr only warnings, errors and what was missed
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub sources: Sources,
    #[command(flatten)]
    pub prices: PriceFile,
}

/// Where the requests go.
#[derive(Debug, Args)]
pub struct WorldArgs {
    /// In virtual time: no account, no network, no cost. The default
    #[arg(long, conflicts_with_all = ["mock", "real"])]
    sim: bool,
    /// In real time against the built-in mock: no account, no cost. Each load and seed is a `bedbench run`
    #[arg(long, conflicts_with = "real")]
    mock: bool,
    /// Measure Bedrock itself: says what it may spend, and asks
    #[arg(long, group = "real")]
    live: bool,
    /// Call this URL instead of a Region's own endpoint; repeatable. Gets placeholder credentials
    #[arg(long, value_name = "REGION=URL", value_parser = endpoint::OfRegion, group = "real")]
    pub endpoint: Vec<(RegionId, String)>,
    /// Send real credentials to the --endpoint URLs too
    #[arg(long, requires = "endpoint")]
    pub endpoint_credentials: bool,
    /// Trust what this certificate (PEM) vouches for at the --endpoint URLs, as that of `bedbench mock --tls`
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub endpoint_ca: Option<PathBuf>,
    /// Spend without asking
    #[arg(long, requires = "real")]
    pub yes: bool,
}

impl SweepArgs {
    pub fn world(&self) -> World {
        match (self.world.mock, self.world.live, self.world.endpoint.is_empty()) {
            (true, ..) => World::Mock,
            (false, true, true) => World::Live,
            (false, _, false) => World::Endpoint,
            (false, false, true) => World::Sim,
        }
    }

    pub fn scenario(&self) -> &str {
        self.scenario.as_deref().unwrap_or("congested")
    }

    pub fn seeds(&self) -> u64 {
        self.seeds.unwrap_or(if self.world() == World::Sim { 5 } else { 2 })
    }

    pub fn duration(&self) -> Span {
        self.duration.unwrap_or(Span(Duration::from_secs(match self.world() {
            World::Sim => 30 * 60,
            World::Mock => 60,
            World::Live | World::Endpoint => 180,
        })))
    }

    pub fn warmup(&self) -> Span {
        self.warmup.unwrap_or(Span(Duration::from_secs(if self.world() == World::Sim { 120 } else { 5 })))
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Findings and tables
    Text,
    /// sweep.json
    Json,
    /// sweep.csv
    Csv,
}
