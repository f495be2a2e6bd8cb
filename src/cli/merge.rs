//! `bedbench merge`: one run from its shards.

use std::path::PathBuf;

use clap::Args;

use super::exit::{Code, Exit, Failure};
use super::files;
use super::report::{self, Rendering, check_junit};
use super::run::Output;
use crate::store::merge::{Merge, MergeError};
use crate::store::{Folder, Run};

/// Make one run of its shards, without loss: every row of each, counted anew. What comes out is a results folder like any
/// other, for `report`, `compare` and `export`. A shard that is missing is said, and makes the run INVALID (exit 5).
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench merge runs/0 runs/1 runs/2 runs/3 -o runs/merged
  bedbench merge runs/* -o merged --format json -q

Exit codes: 0 ok · 2 not the shards of one plan · 3 SLO missed · 5 run invalid, or incomplete")]
pub struct MergeArgs {
    /// Results folders of all shards, as `bedbench run --shard` left them
    #[arg(value_name = "DIR", required = true)]
    folders: Vec<PathBuf>,
    /// New or empty folder for the merged run
    #[arg(short, long, value_name = "DIR")]
    out: PathBuf,
    #[command(flatten)]
    how: Rendering,
}

pub fn run(args: &MergeArgs) -> Result<Exit, Failure> {
    args.how.junit.as_deref().map_or(Ok(()), check_junit)?;
    // Two of every shard are open at once.
    files::raise_limit();
    let open = |folder: &PathBuf| Run::open(folder).map_err(MergeError::from);
    let runs = args.folders.iter().map(open).collect::<Result<_, _>>();
    let merge = runs.and_then(Merge::of).map_err(wrong)?;
    let folder = Folder::named(&args.out).map_err(|error| Failure::folder(&error))?;
    if let Err(error) = merge.write(&folder) {
        // It was empty, and half a run is none.
        let _ = std::fs::remove_dir_all(folder.path());
        return Err(wrong(error));
    }
    let summary = report::render(folder.path(), &args.how, "Merged")?;
    Ok(report::verdict(&summary, args.how.quiet || args.how.format == Output::Json))
}

fn wrong(error: MergeError) -> Failure {
    match error {
        MergeError::Write(_) => Failure::new(Code::CannotWrite, error.to_string()),
        _ => Failure::new(Code::Merge, error.to_string()),
    }
}
