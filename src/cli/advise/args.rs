//! What can be typed after `bedbench advise`.

use clap::{Args, ValueEnum};

use crate::cli::sources::{PriceFile, Sources};
use crate::core::region::Jurisdiction;
use crate::core::slo::Slo;
use crate::core::units::{Rate, Span};
use crate::core::{RegionId, Seed};
use crate::govern::decision::Grade;

/// Recommend a route of a profile: simulates every candidate at one load and at twice it, and ranks those that meet every
/// objective by cost and then by TTFT p95. Costs nothing and calls nobody.
#[derive(Debug, Args)]
#[command(
    arg_required_else_help = true,
    after_help = "Examples:
  bedbench advise --workload chat
  bedbench advise --workload moderation --rps 40 --scenario calm
  bedbench advise --latency high --data high --throughput low
  bedbench advise --workload reporting --residency Australia --format json
  bedbench advise --workload mine.toml --latency low --data medium --profile mine-routes.toml
  bedbench advise --matrix                        the published matrix, and where it contradicts itself"
)]
pub struct AdviseArgs {
    /// What is asked: a built-in name (see `bedbench workload list`) or a .toml file [default: the first row of the published
    /// matrix with these inputs]
    #[arg(long, value_name = "NAME|FILE")]
    pub workload: Option<String>,
    /// How much somebody waits for the answer: low or high [default: what the workload implies]
    #[arg(long, value_enum, value_name = "GRADE")]
    pub latency: Option<Need>,
    /// How much it would matter if others read it; `high` keeps to Australia, `medium` to Australia and Singapore, `low` to
    /// what the profile allows [default: that of the workload]
    #[arg(long, value_enum, value_name = "GRADE")]
    pub data: Option<Amount>,
    /// How much there is of it: decides the load where --rps does not, as 5, 20 or 50 requests/s
    #[arg(long, value_enum, value_name = "GRADE")]
    pub throughput: Option<Amount>,
    /// Requests per second and route; twice as many are tried too [default: by throughput, else 20/s]
    #[arg(long, visible_alias = "rate", value_name = "RATE", allow_hyphen_values = true)]
    pub rps: Option<Rate>,
    /// Routes and residency: a built-in name (see `bedbench profile list`) or a .toml file
    #[arg(long, default_value = "candidates", value_name = "NAME|FILE")]
    pub profile: String,
    /// Only where requests are processed in this country; repeatable, or separated by commas. Narrows what profile and data
    /// allow, and never widens it
    #[arg(long, value_name = "COUNTRY", value_parser = country, value_delimiter = ',')]
    pub residency: Vec<Jurisdiction>,
    /// Objective, repeatable: ttft:p95<900ms, response:p99<4s [default: those of the workload]
    #[arg(long, value_name = "SLO")]
    pub slo: Vec<Slo>,
    /// What goes wrong in the simulation, and when: a built-in name (see `bedbench scenario list`) or a .toml file
    #[arg(long, default_value = "congested", value_name = "NAME|FILE")]
    pub scenario: String,
    /// Seeds at each load; an objective counts as met only under all of them
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u64).range(3..=100))]
    pub seeds: u64,
    /// The first seed; the others follow it. Every route and load has the same ones
    #[arg(long, default_value_t = Seed::default().0, value_name = "N")]
    pub seed: u64,
    /// Time measured at each load and seed, 30m at least
    #[arg(short, long, short_alias = 'z', default_value = "30m", value_name = "TIME", allow_hyphen_values = true)]
    pub duration: Span,
    /// Load before the measured time, left out of every number
    #[arg(long, default_value = "2m", value_name = "TIME", allow_hyphen_values = true)]
    pub warmup: Span,
    /// Print the published decision matrix and where it contradicts itself; simulates nothing
    #[arg(long, conflicts_with_all = ["workload", "latency", "data", "throughput"])]
    pub matrix: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub format: Output,
    /// Nothing on stderr while it simulates
    #[arg(short, long)]
    pub quiet: bool,

    #[command(flatten)]
    pub sources: Sources,
    #[command(flatten)]
    pub prices: PriceFile,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Need {
    Low,
    High,
}

impl From<Need> for Grade {
    fn from(need: Need) -> Self {
        match need {
            Need::Low => Self::Low,
            Need::High => Self::High,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Amount {
    Low,
    Medium,
    High,
}

impl From<Amount> for Grade {
    fn from(amount: Amount) -> Self {
        match amount {
            Amount::Low => Self::Low,
            Amount::Medium => Self::Medium,
            Amount::High => Self::High,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Sentences and a table
    Text,
    /// The same for machines
    Json,
}

fn country(text: &str) -> Result<Jurisdiction, String> {
    let mut all: Vec<_> = RegionId::all().map(RegionId::jurisdiction).collect();
    all.sort();
    all.dedup();
    let named = all.iter().find(|country| country.to_string().eq_ignore_ascii_case(text.trim()));
    named.copied().ok_or_else(|| {
        let known: Vec<_> = all.iter().map(ToString::to_string).collect();
        format!("bedbench knows {}", known.join(", "))
    })
}
