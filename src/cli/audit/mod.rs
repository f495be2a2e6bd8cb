//! `bedbench audit`: what the account really did, from CloudWatch and Service Quotas, as numbers and as files.

mod files;
mod read;

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::exit::{Exit, Failure};
use super::{endpoint, guard, print, style};
use crate::account::AccountSpec;
use crate::clock;
use crate::core::RegionId;
use crate::core::units::Span;
use crate::govern::baseline::Window;
use crate::report::audit::render;
use crate::store::Folder;

/// Read from CloudWatch what was called in a Region: rates by hour, latencies, throttles, tokens per request; and from
/// Service Quotas what may be called. Writes them as a workload, a profile and a pattern for run, sweep and plan.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench audit --region ap-southeast-2
  bedbench audit --days 28 --model au.anthropic.claude-sonnet-5 --max-tokens 512 -o baseline
  bedbench run --sim --rps 5 --workload baseline/workload-MODEL.toml --profile baseline/profile-MODEL.toml

Reads only; CloudWatch bills GetMetricData by the metric. Needs cloudwatch:ListMetrics, cloudwatch:GetMetricData, \
servicequotas:ListServiceQuotas and servicequotas:ListAWSDefaultServiceQuotas.
CloudWatch keeps minutes for 15 days, 5 minutes for 63, hours for 455. It lists only models called in the last two \
weeks: name older ones with --model.
Exit codes: 0 ok · 1 AWS was not reached or gave an error · 2 usage, no data, no credentials or not allowed")]
pub struct AuditArgs {
    /// Where the calls were made; CloudWatch keeps them there, wherever they were processed
    #[arg(long, default_value = "ap-southeast-2", value_name = "REGION")]
    region: RegionId,
    /// How far back, in whole hours before this one
    #[arg(long, default_value_t = 14, value_name = "N")]
    days: u32,
    /// Only this ModelId, as CloudWatch has it; repeatable [default: all that CloudWatch lists]
    #[arg(long, value_name = "ID")]
    model: Vec<String>,
    /// What your application sends as max_tokens: CloudWatch does not know it, and the quota reserves it
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    max_tokens: Option<u32>,
    /// Leave Service Quotas alone
    #[arg(long)]
    no_quotas: bool,
    /// Ask this URL in place of CloudWatch and Service Quotas. Gets placeholder credentials
    #[arg(long, value_name = "URL", value_parser = endpoint::Url)]
    endpoint: Option<String>,
    /// Send real credentials to the --endpoint URL too
    #[arg(long, requires = "endpoint")]
    endpoint_credentials: bool,
    /// Trust what this certificate (PEM) vouches for at the --endpoint URL
    #[arg(long, value_name = "FILE", requires = "endpoint")]
    endpoint_ca: Option<PathBuf>,
    /// Longest time for all questions together
    #[arg(long, default_value = "10m", value_name = "TIME")]
    timeout: Span,
    /// New folder for baseline.json, hours.csv, and a workload, a profile and a pattern for each model
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Output::Text)]
    format: Output,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Output {
    /// Tables
    Text,
    /// Every number, every hour
    Json,
}

pub fn run(args: &AuditArgs) -> Result<Exit, Failure> {
    let now = clock::unix_nanos();
    let window = Window::before(now / 1_000_000_000, args.days).map_err(Failure::usage)?;
    if let Some(path) = &args.out {
        Folder::check_free(path).map_err(|error| Failure::folder(&error))?;
    }
    guard::warn_of_ambient(
        &["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_CLOUDWATCH", "AWS_ENDPOINT_URL_SERVICE_QUOTAS"],
        "URL",
    );
    let spec = AccountSpec {
        region: args.region,
        endpoint: args.endpoint.clone(),
        endpoint_ca: args.endpoint_ca.as_deref().map(super::sources::read_ca).transpose()?,
        endpoint_credentials: args.endpoint_credentials,
    };
    let read = read::read(args, &spec, window, now)?;
    let text = match args.format {
        Output::Text => render(&read.audit, style()),
        Output::Json => serde_json::to_string_pretty(&read.audit).expect("an audit is plain data") + "\n",
    };
    if let Some(path) = &args.out {
        let written = files::write(path, &read, args.max_tokens)?;
        if args.format == Output::Text {
            return print(&(text + "\n" + &written)).map(|()| Exit::Ok);
        }
    }
    print(&text)?;
    Ok(Exit::Ok)
}
