//! What can be typed after `bedbench run`.

use std::path::PathBuf;

use clap::{Args, Parser, ValueEnum};

use super::load::LoadArgs;
use super::shard::{Asked, ShardArgs};
use super::turns::TurnArgs;
use crate::bedrock::Api;
use crate::cli::endpoint;
use crate::cli::exit::Failure;
use crate::cli::sources::{PriceFile, Sources};
use crate::clock;
use crate::core::fail_if::FailIf;
use crate::core::gate::Gate;
use crate::core::run::World;
use crate::core::units::Span;
use crate::core::{RegionId, Seed, Shard};

/// Fire a load along every route of a profile, open loop: requests start when the plan says so,
/// whatever has come back, and are timed from that instant. (Not so with --concurrency.)
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench run --rps 50 --profile apac --mock
  bedbench run --rps 3000/min --profile candidates --mock --scenario calm -d 2m
  bedbench run --rps 5:80 --profile apac --mock -d 5m
  bedbench run --rps 1000 --profile sydney --sim -d 24h --no-records
  bedbench run --rps 50000/day --pattern weekday --start 09:45 -d 30m --profile sydney --mock
  bedbench run --concurrency 20 --profile pacific --workload enrichment --sim -d 1h
  bedbench run --rps 5 --profile au --slo 'ttft:p95<1500ms' --yes
  bedbench run --rps 9000 --profile au --yes --shard 2/4 --start-at 2026-11-23T15:00:00Z -o runs/{shard}
  bedbench run --rps 20 --mock --slo 'sydney/ttft:p95<1500ms' --slo 'error<1%' --junit gates.xml")]
pub struct RunArgs {
    #[command(flatten)]
    pub load: LoadArgs,
    /// Routes and residency: a built-in name (see `bedbench profile list`) or a .toml file
    #[arg(long, default_value = "apac", value_name = "NAME|FILE")]
    pub profile: String,
    /// Only this route of the profile; repeatable
    #[arg(long, value_name = "NAME")]
    pub route: Vec<String>,
    /// Leave out routes that are fired for reference only
    #[arg(long)]
    pub no_reference: bool,
    /// What is asked: a built-in name (see `bedbench workload list`) or a .toml file
    #[arg(long, default_value = "chat", value_name = "NAME|FILE")]
    pub workload: String,
    /// Bedrock operation to call
    #[arg(long, value_enum, default_value_t = ApiArg::ConverseStream)]
    pub api: ApiArg,
    /// Seed of arrivals, prompts and the model's luck
    #[arg(long, default_value_t = Seed::default().0, value_name = "N")]
    pub seed: u64,

    /// Simulate in virtual time: a day in seconds, no account, no network, no cost
    #[arg(long, group = "modelled", conflicts_with_all = ["mock", "endpoint", "endpoint_credentials", "yes"])]
    pub sim: bool,
    /// Run against the built-in mock: no account, no network, no cost
    #[arg(long, group = "modelled", conflicts_with_all = ["endpoint", "endpoint_credentials", "yes"])]
    pub mock: bool,
    /// What goes wrong in the mock or the simulation, and when: a built-in name (see `bedbench scenario list`) or a
    /// .toml file [default: congested]
    #[arg(long, value_name = "NAME|FILE", requires = "modelled")]
    pub scenario: Option<String>,
    /// Service times of the modelled Regions: `article` or a .toml file [default: profiles/regions.toml]
    #[arg(long, value_name = "NAME|FILE", requires = "modelled")]
    pub latency: Option<String>,
    /// Call this URL instead of a Region's own endpoint; repeatable. Gets placeholder credentials
    #[arg(long, value_name = "REGION=URL", value_parser = endpoint::OfRegion)]
    pub endpoint: Vec<(RegionId, String)>,
    /// Send real credentials to the --endpoint URLs too
    #[arg(long, requires = "endpoint")]
    pub endpoint_credentials: bool,
    /// Trust what this certificate (PEM) vouches for at the --endpoint URLs, as that of `bedbench mock --tls`
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    pub endpoint_ca: Option<PathBuf>,
    /// Spend without asking
    #[arg(long)]
    pub yes: bool,
    /// Stop arrivals before more than so many USD could be spent: a token for each byte of every prompt, max_tokens for
    /// every answer until its usage is known. Exit 6. Needs no --yes
    #[arg(long, value_name = "USD", allow_hyphen_values = true, conflicts_with = "sim")]
    pub budget: Option<f64>,

    /// Objective, repeatable: ttft:p95<900ms, response:p99<4s, error<1%, throttle<5%, goodput>45/s. Holds for every
    /// candidate route, or with its name before it for one: sydney/ttft:p95<900ms. Missed: exit 3
    #[arg(long, value_name = "SLO")]
    pub slo: Vec<Gate>,
    /// Write what was held and what was missed as JUnit XML too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// Draw the plots as PNG too
    #[arg(long)]
    pub png: bool,
    /// An earlier run to be compared with, DIR as `bedbench run` named it. Slower by more than --fail-if allows: exit 4
    #[arg(long, value_name = "DIR", conflicts_with = "no_records")]
    pub baseline: Option<PathBuf>,
    /// What is slower, repeatable [default: ttft:p95>+10% and response:p95>+10%]
    #[arg(long, value_name = "GATE", requires = "baseline")]
    pub fail_if: Vec<FailIf>,
    /// New or empty folder for the results; {shard} in it is the number of the --shard [default:
    /// results/TIME-PROFILE-WORLD]
    #[arg(short, long, value_name = "DIR")]
    pub out: Option<PathBuf>,
    /// Keep the numbers and not the record of every request: less disk, but nothing to rebuild a killed run from
    #[arg(long)]
    pub no_records: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub format: Output,
    /// No progress, no report: files, exit code, and on stderr only warnings, errors and what was missed
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub turns: TurnArgs,
    #[command(flatten)]
    pub shards: ShardArgs,
    #[command(flatten)]
    pub sources: Sources,
    #[command(flatten)]
    pub prices: PriceFile,

    /// Most requests in flight per route; what would exceed it is shed and counted
    /// [default: 20 s worth of load]
    #[arg(long, value_name = "N")]
    pub in_flight: Option<usize>,
    /// Connections opened per route and Region before the start [default: 2 s worth of load]
    #[arg(long, value_name = "N")]
    pub prewarm: Option<usize>,
    /// Connections that HTTP/2 requests to one Region are spread over
    #[arg(long, default_value_t = 4, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=256))]
    pub connections: u16,
    /// Longest wait for a connection, TLS included
    #[arg(long, default_value = "3s", value_name = "TIME")]
    pub connect_timeout: Span,
    /// Longest wait for the first token, from sent
    #[arg(long, default_value = "20s", value_name = "TIME")]
    pub first_token_timeout: Span,
    /// Longest wait between two events of a stream
    #[arg(long, default_value = "10s", value_name = "TIME")]
    pub event_timeout: Span,
    /// Longest time for a request, from its intended start to the end of its last attempt
    #[arg(long, default_value = "60s", value_name = "TIME")]
    pub request_timeout: Span,
}

/// `bedbench run`, as it is typed.
#[derive(Parser)]
#[command(no_binary_name = true)]
struct Line {
    #[command(flatten)]
    run: RunArgs,
}

impl RunArgs {
    /// What stands behind `bedbench run`.
    ///
    /// # Errors
    /// As somebody who types it meets them.
    pub fn typed(words: &[String]) -> Result<Self, clap::Error> {
        Line::try_parse_from(words).map(|line| line.run)
    }

    pub fn world(&self) -> World {
        match (self.sim, self.mock, self.endpoint.is_empty()) {
            (true, ..) => World::Sim,
            (false, true, _) => World::Mock,
            (false, false, false) => World::Endpoint,
            (false, false, true) => World::Live,
        }
    }

    /// Whether it may call Bedrock itself, as far as can be told without its profile.
    pub fn spends(&self) -> bool {
        self.world() == World::Live || self.endpoint_credentials
    }

    /// What decides whether a part of its plan makes sense.
    pub fn asked(&self) -> Asked {
        Asked { world: self.world(), closed: self.load.concurrency.is_some(), now: clock::unix_nanos() }
    }

    /// Whether it names a time to start at.
    ///
    /// # Errors
    /// When such a shard of it could not be fired.
    pub fn check_shard(&self, shard: Shard) -> Result<bool, Failure> {
        self.shards.with(shard).resolve(self.asked(), |_| None).map(|part| part.start_at.is_some())
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum ApiArg {
    /// Streamed: the first token can be seen
    ConverseStream,
    /// Unary: only the whole answer
    Converse,
}

impl From<ApiArg> for Api {
    fn from(api: ApiArg) -> Self {
        match api {
            ApiArg::ConverseStream => Self::ConverseStream,
            ApiArg::Converse => Self::Converse,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Tables and findings
    Text,
    /// summary.json
    Json,
}
