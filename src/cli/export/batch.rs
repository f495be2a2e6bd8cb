//! `bedbench export batch`: an AWS Batch array job that fires a plan in shards.

use clap::{ArgMatches, Args};

use super::jobs::JobArgs;
use super::{Export, Made, arguments};
use crate::cli::exit::Failure;
use crate::govern::jobs::batch::{Account, render};

pub const EXPORT: Export =
    Export::new::<BatchArgs>("batch", "An AWS Batch array job that fires one plan in shards, as JSON", make);

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
bedbench export batch --shards 4 --image example.org/bedbench:0.1.0 --queue load --efs fs-0123456789abcdef0 --out job.json \
-- --rps 8000 --profile au --yes --start-at 2026-11-23T15:00:00Z\n  \
aws batch register-job-definition --cli-input-json \"$(jq .RegisterJobDefinition job.json)\"\n  \
aws batch submit-job --cli-input-json \"$(jq .SubmitJob job.json)\"\n\nThen `bedbench merge` where the file system is \
mounted: docs/distributed.md")]
struct BatchArgs {
    #[command(flatten)]
    job: JobArgs,
    /// Container image with bedbench in its PATH
    #[arg(long, value_name = "IMAGE")]
    image: String,
    /// Job queue that it is submitted to
    #[arg(long, value_name = "NAME|ARN")]
    queue: String,
    /// EFS file system for the results, which all containers can write to
    #[arg(long, value_name = "FS-ID")]
    efs: String,
    /// Role that may call Bedrock
    #[arg(long, value_name = "ARN")]
    role: Option<String>,
}

fn make(matches: &ArgMatches) -> Result<Made, Failure> {
    let args: BatchArgs = arguments(matches);
    let warnings = args.job.check()?;
    let account = Account { image: &args.image, queue: &args.queue, efs: &args.efs, role: args.role.as_deref() };
    let both = render(&args.job.job(), &account);
    let text = serde_json::to_string_pretty(&both).expect("it is plain data") + "\n";
    Ok(Made { text, warnings, ..Made::default() })
}
