//! What can be typed after `bedbench sweep`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::cli::run::arrivals;
use crate::cli::sources::Sources;
use crate::core::Seed;
use crate::core::gate::Gate;
use crate::core::units::Span;
use crate::sweep::Loads;

/// Simulate every route of a profile at many loads: up to which each meets its objectives, and from
/// which load on one overtakes another.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench sweep --profile candidates --rps 5..120
  bedbench sweep --profile apac --rps 10,20,40,60,80 --scenario calm --seeds 10
  bedbench sweep --profile candidates --rps 5..120 --slo 'response:p99<4s' --format csv
  bedbench sweep --profile candidates --rps 5..120 --slo 'ttft:p95<900ms' --slo 'sydney/knee>25/s'")]
pub struct SweepArgs {
    /// Requests per second and route: a range like 5..120, or a list like 5,10,20
    #[arg(long, visible_alias = "rate", value_name = "RANGE|LIST", allow_hyphen_values = true)]
    pub rps: Loads,
    /// Loads that a range is divided into, evenly spaced [default: 12]
    #[arg(long, value_name = "N")]
    pub steps: Option<usize>,
    /// Seeds at each load; where something turns, 10 at least
    #[arg(long, default_value_t = 5, value_name = "N", value_parser = clap::value_parser!(u64).range(2..=100))]
    pub seeds: u64,
    /// The first seed; the others follow it. Every route and load has the same ones
    #[arg(long, default_value_t = Seed::default().0, value_name = "N")]
    pub seed: u64,
    /// Time measured at each load and seed; 30 min at least
    #[arg(short, long, short_alias = 'z', default_value = "30m", value_name = "TIME", allow_hyphen_values = true)]
    pub duration: Span,
    /// Load before the measured time, left out of every number
    #[arg(long, default_value = "2m", value_name = "TIME", allow_hyphen_values = true)]
    pub warmup: Span,
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
    /// What goes wrong, and when: a built-in name (see `bedbench scenario list`) or a .toml file
    #[arg(long, default_value = "congested", value_name = "NAME|FILE")]
    pub scenario: String,
    /// Service times of the Regions: `article` or a .toml file [default: profiles/regions.toml]
    #[arg(long, value_name = "NAME|FILE")]
    pub latency: Option<String>,
    /// In virtual time: no account, no network, no cost. The only way so far
    #[arg(long)]
    pub sim: bool,

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
    /// No progress, no report: only the results folder and the exit code
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub sources: Sources,
    /// Prices of your own, of the shape of profiles/prices.toml; they stand before the built-in ones
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    pub prices: Option<PathBuf>,
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
