//! `bedbench plan`: what a run would send, without sending it.

use clap::Args;

use super::exit::{Exit, Failure};
use super::run::{Config, Output, RunArgs};
use super::{print, style};

/// Say what a run would send: calls, tokens, money, the quota that it needs, and where data may be processed. Takes what
/// `bedbench run` takes; nothing is sent.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench plan --rps 50 --profile apac
  bedbench plan --rps 5 --profile au -d 10m --workload customer-api
  bedbench plan --rps 20 --profile candidates --no-reference --format json")]
pub struct PlanArgs {
    #[command(flatten)]
    run: RunArgs,
}

pub fn run(args: PlanArgs) -> Result<Exit, Failure> {
    let output = args.run.format;
    let config = Config::resolve(args.run)?;
    match output {
        Output::Text => print(&config.planned(style())?)?,
        Output::Json => {
            let json = config.planned_json()?;
            print(&(serde_json::to_string_pretty(&json).expect("it is plain data") + "\n"))?;
        }
    }
    Ok(Exit::Ok)
}
