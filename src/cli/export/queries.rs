//! `bedbench export queries`: what to ask the logs that AWS keeps.

use clap::{ArgMatches, Args};

use super::{Export, Made, arguments, candidates};
use crate::cli::exit::Failure;
use crate::cli::sources::Sources;
use crate::govern::cloudwatch::Watched;
use crate::govern::queries;

pub const EXPORT: Export =
    Export::new::<QueriesArgs>("queries", "Logs Insights queries: throttles, where calls were served, tokens", make);

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedbench export queries --profile apac\n\n\
Exit codes: 0 ok · 2 the profile has mistakes · 6 no route keeps the residency")]
struct QueriesArgs {
    /// Name of a built-in profile, or path to a .toml file
    #[arg(long, value_name = "NAME")]
    profile: String,
    #[command(flatten)]
    sources: Sources,
}

fn make(matches: &ArgMatches) -> Result<Made, Failure> {
    let args: QueriesArgs = arguments(matches);
    let profile = candidates(&args.sources, &args.profile, &[])?;
    let watched = Watched::new(&profile).expect("there is a candidate");
    Ok(Made { text: queries::render(&watched), ..Made::default() })
}
