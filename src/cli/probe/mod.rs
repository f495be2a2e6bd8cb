//! `bedbench probe`: how far the endpoints are from here, by TCP and TLS alone.

mod rounds;
mod write;

pub use write::{check_free, new_file};

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::exit::{Code, Exit, Failure};
use super::sources::{Sources, read_ca};
use super::{print, style};
use crate::bedrock::{endpoint_url, trust};
use crate::clock;
use crate::core::RegionId;
use crate::core::geography::fibre_floor;
use crate::core::units::Span;
use crate::drive::Display;
use crate::profile::Profile;
use crate::report::probe::{self, Probed, Reach, Times};
use crate::store::folder::rfc3339;
use rounds::{Limits, Seen};

/// Measure how far each Region's Bedrock endpoint is from this host: the time to open a TCP connection, and the TLS
/// handshake after it. No request is sent: no credentials, no spend.
///
/// The endpoints that a profile calls, and Sydney's, are tried in turn, one connection at a time, each try a new one.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench probe
  bedbench probe --profile candidates --tries 300
  bedbench probe --profile apac --write apac-from-here.toml
  bedbench probe --endpoint ap-southeast-2=https://127.0.0.1:7080 --endpoint-ca ca.pem

p50 needs 6 tries and p95 needs 60. A host that is not in Sydney is told so.
Exit codes: 0 every endpoint answered · 1 one did not, never once · 2 usage")]
pub struct ProbeArgs {
    /// Whose Regions: a built-in name (see `bedbench profile list`) or a .toml file
    #[arg(long, default_value = "apac", value_name = "NAME|FILE")]
    profile: String,
    /// Probe this URL in place of a Region's own endpoint; repeatable. Nothing else is probed then
    #[arg(long, value_name = "REGION=URL", value_parser = super::endpoint::OfRegion)]
    endpoint: Vec<(RegionId, String)>,
    /// Trust what this certificate (PEM) vouches for at the --endpoint URLs, as that of `bedbench mock --tls`
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    endpoint_ca: Option<PathBuf>,
    /// Tries of each endpoint
    #[arg(long, default_value_t = 100, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=10_000))]
    tries: u16,
    /// Time between two tries of one endpoint, at the least
    #[arg(long, default_value = "100ms", value_name = "TIME")]
    interval: Span,
    /// Longest wait for a name, a connection or a handshake
    #[arg(long, default_value = "3s", value_name = "TIME")]
    timeout: Span,
    /// No new try after this time
    #[arg(long, default_value = "2m", value_name = "TIME")]
    most: Span,
    /// Write a copy of the profile with the round trips measured, their source and date. Never overwrites
    #[arg(long, value_name = "FILE", conflicts_with = "set")]
    write: Option<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Output::Text)]
    format: Output,
    /// No progress
    #[arg(short, long)]
    quiet: bool,
    #[command(flatten)]
    sources: Sources,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// A table
    Text,
    /// Every number, in seconds
    Json,
}

pub fn run(args: &ProbeArgs) -> Result<Exit, Failure> {
    for (name, time) in [("--timeout", args.timeout), ("--most", args.most)] {
        if time.0.is_zero() {
            return Err(Failure::usage(format!("{name} must be above 0")));
        }
    }
    // Said before the minutes, not after.
    args.write.as_deref().map_or(Ok(()), check_free)?;
    let loader = args.sources.loader(None)?;
    let profile = loader.profile(&args.profile)?;
    let ca = args.endpoint_ca.as_deref().map(read_ca).transpose()?;
    let trust = trust(ca.as_deref()).map_err(|wrong| Failure::new(Code::System, wrong))?;
    let limits =
        Limits { tries: args.tries.into(), interval: args.interval.0, timeout: args.timeout.0, most: args.most.0 };
    let date = rfc3339(clock::unix_nanos());
    let display = Display::on_stderr(args.quiet);
    let (seen, cut_short) = rounds::fire(&endpoints(args, &profile), &trust, limits, display);
    let reached = seen.iter().map(|seen| reach(seen, &profile)).collect();
    let probed = Probed::new(date, profile.name.clone(), cut_short, reached);
    say(&probed, args)?;
    if let Some(path) = &args.write {
        write::copy(path, &args.profile, &loader, &probed)?;
    }
    Ok(if probed.regions.iter().any(Reach::failed_always) { Exit::Failed } else { Exit::Ok })
}

/// What is probed, Sydney always: by it a host knows where it is.
fn endpoints(args: &ProbeArgs, profile: &Profile) -> Vec<(RegionId, String)> {
    if !args.endpoint.is_empty() {
        return args.endpoint.clone();
    }
    let mut regions = profile.endpoints();
    if !regions.contains(&RegionId::SYDNEY) {
        regions.insert(0, RegionId::SYDNEY);
    }
    regions.into_iter().map(|region| (region, endpoint_url(region))).collect()
}

fn reach(seen: &Seen, profile: &Profile) -> Reach {
    let rtt = profile.regions.iter().find(|known| known.code == seen.region).and_then(|known| known.rtt.as_ref());
    let rtt = rtt.map(|rtt| rtt.get_ref());
    Reach {
        region: seen.region,
        name: seen.region.name(),
        url: seen.url.clone(),
        tries: seen.tries,
        failed: seen.failed,
        error: seen.error.clone(),
        tcp: Times::of(seen.tcp.clone()),
        tls: Times::of(seen.tls.iter().map(|handshake| handshake.took).collect()),
        tls_round_trips: seen.tls.iter().map(|handshake| handshake.round_trips).max(),
        fibre_floor_s: fibre_floor(RegionId::SYDNEY, seen.region).as_secs_f64(),
        profile_rtt_s: rtt.map(|rtt| rtt.value.0.as_secs_f64()),
        profile_source: rtt.map(|rtt| rtt.source.clone()),
    }
}

/// # Errors
/// In one line, when nothing at all was reached.
fn say(probed: &Probed, args: &ProbeArgs) -> Result<(), Failure> {
    let alone = probed.unreached().count() == probed.regions.len();
    match args.format {
        Output::Json => print(&(serde_json::to_string_pretty(probed).expect("it is plain data") + "\n"))?,
        Output::Text if alone => {}
        Output::Text => print(&probe::render(probed, style()))?,
    }
    let Some(first) = probed.unreached().next().filter(|_| alone) else {
        return Ok(());
    };
    Err(Failure::new(
        Code::Unreachable,
        format!(
            "no endpoint was reached; is there a network? {}: {}",
            first.region,
            first.error.as_deref().unwrap_or("no try was made")
        ),
    ))
}

fn file_name(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}
