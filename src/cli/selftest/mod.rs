//! `bedbench selftest`: what the instrument itself adds, on this machine.

mod burst;

use std::ops::RangeInclusive;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, ValueEnum};

use super::exit::{Exit, Failure};
use super::run::{ApiArg, Offered};
use super::{print, style};
use crate::bedrock::Api;
use crate::core::units::{Rate, Span};
use crate::measure::selftest::Selftest;
use crate::plan::arrival;
use crate::report::selftest::render;
use burst::Burst;

/// Measure the instrument: fire a burst at a mock that always takes 5 ms, on this machine, and say how late requests
/// were sent, how late the server saw them, and how far the reported times are from the truth.
///
/// Every run in real time does the same for half a second before it starts.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench selftest
  bedbench selftest --rps 2000 --arrival constant -d 10s
  bedbench selftest --rps 200 --api converse-stream --format json

What other work on the machine does to the figures, it does to a run.
Exit codes: 0 measured · 1 a request failed · 2 usage")]
pub struct SelftestArgs {
    /// Requests per second
    #[arg(long, default_value = "1000", value_name = "RATE")]
    rps: Rate,
    /// When requests start
    #[arg(long, default_value = "poisson", value_name = "KIND", value_parser = kinds())]
    arrival: String,
    /// Measured time
    #[arg(short, long, default_value = "5s", value_name = "TIME")]
    duration: Span,
    /// Bedrock operation to call
    #[arg(long, value_enum, default_value_t = ApiArg::Converse)]
    api: ApiArg,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Output::Text)]
    format: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table
    Text,
    /// Every number, in seconds
    Json,
}

const MOST_RPS: f64 = 20_000.0;
const LONGEST: Duration = Duration::from_secs(600);

/// Of the burst before a run.
const BRIEFLY: Duration = Duration::from_millis(400);

/// Fewer would show nothing in that time, and more would tire the machine before the run.
const BRIEF_RATES: RangeInclusive<f64> = 100.0..=1_000.0;

/// Those that need no settings.
fn kinds() -> PossibleValuesParser {
    let kinds = arrival::ARRIVALS.iter().filter(|arrival| arrival.heeds.is_none());
    kinds.map(|arrival| PossibleValue::new(arrival.name).help(arrival.summary)).collect::<Vec<_>>().into()
}

pub fn run(args: &SelftestArgs) -> Result<Exit, Failure> {
    if !(1.0..=MOST_RPS).contains(&args.rps.0) {
        return Err(Failure::usage(format!("--rps must be from 1 to {MOST_RPS}, not {}", args.rps.0)));
    }
    if !(BRIEFLY..=LONGEST).contains(&args.duration.0) {
        return Err(Failure::usage(format!("--duration must be from {} to {}", Span(BRIEFLY), Span(LONGEST))));
    }
    let arrival = arrival::find(&args.arrival).expect("the parser knows the names");
    let burst = Burst { rps: args.rps, arrival, api: args.api.into(), length: args.duration.0 };
    let found = burst.fire()?;
    match args.format {
        Output::Json => print(&(serde_json::to_string_pretty(&found).expect("it is plain data") + "\n"))?,
        Output::Text => print(&render(&found, style()))?,
    }
    Ok(if found.failed == 0 { Exit::Ok } else { Exit::Failed })
}

/// The burst before a run: as much like it as half a second allows.
pub fn briefly(offered: &Offered, api: Api) -> Result<Selftest, Failure> {
    let poisson = || arrival::find("poisson").expect("it is listed");
    let rps = offered.mean.map_or(0.0, |mean| mean.0).clamp(*BRIEF_RATES.start(), *BRIEF_RATES.end());
    let arrival = offered.arrival.filter(|arrival| arrival.heeds.is_none()).unwrap_or_else(poisson);
    Burst { rps: Rate(rps), arrival, api, length: BRIEFLY }.fire()
}
