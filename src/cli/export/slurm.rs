//! `bedbench export slurm`: a Slurm array that fires a plan in shards.

use clap::{ArgMatches, Args};

use super::jobs::JobArgs;
use super::{Export, Made, arguments};
use crate::cli::exit::Failure;
use crate::govern::jobs::slurm::render;

pub const EXPORT: Export =
    Export::new::<SlurmArgs>("slurm", "A Slurm array that fires one plan in shards, as a script for sbatch", make);

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
bedbench export slurm --shards 4 --results /shared/results --out job.sh -- --rps 8000 --profile au --yes \
--start-at 2026-11-23T15:00:00Z\n  sbatch job.sh\n\nThen `bedbench merge` on any node: docs/distributed.md")]
struct SlurmArgs {
    #[command(flatten)]
    job: JobArgs,
    /// Folder for the results, which every node sees
    #[arg(long, default_value = "results", value_name = "DIR")]
    results: String,
}

fn make(matches: &ArgMatches) -> Result<Made, Failure> {
    let args: SlurmArgs = arguments(matches);
    let warnings = args.job.check()?;
    let text = render(&args.job.job(), args.results.trim_end_matches('/'));
    Ok(Made { text, warnings, ..Made::default() })
}
