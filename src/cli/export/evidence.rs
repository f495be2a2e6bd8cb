//! `bedbench export evidence`: what a run shows those who ask where data goes.

use std::path::{Path, PathBuf};

use clap::{ArgMatches, Args};

use super::records::{open, replay};
use super::{Export, Made, arguments};
use crate::cli::exit::{Code, Failure};
use crate::core::Request;
use crate::core::record::RequestRecord;
use crate::govern::Ledger;
use crate::govern::incidents::{Incidents, incidents};
use crate::govern::scp::derive::policy_of_run;
use crate::measure::Summary;
use crate::plan::prompt;
use crate::profile::Models;
use crate::report::evidence::{Evidence, render};
use crate::store::Run;
use crate::store::read::ReadError;

pub const EXPORT: Export =
    Export::new::<EvidenceArgs>("evidence", "What a run shows: data flow, ledger, incidents, policy, controls", make);

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  bedbench export evidence results/20261123T065409Z-apac-mock --out evidence.md\n\n\
Exit codes: 0 ok · 2 the folder holds no run")]
struct EvidenceArgs {
    /// Results folder of a run, as `bedbench run` named it
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Most incidents listed one by one; all are counted
    #[arg(long, default_value_t = 1_000, value_name = "N")]
    incidents: usize,
}

fn make(matches: &ArgMatches) -> Result<Made, Failure> {
    let args: EvidenceArgs = arguments(matches);
    let run = open(&args.folder)?;
    let (ledger, found) = match from_records(&run, args.incidents) {
        Err(ReadError::NoRecords(_)) => (Ledger::of_summary(&summary(&args.folder)?), None),
        read => read.map(|(ledger, found)| (ledger, Some(found)))?,
    };
    let models = Models::built_in().map_err(|error| Failure::new(Code::Unreadable, error.to_string()))?;
    let config = &run.manifest.config;
    let policy = policy_of_run(&config.routes, &config.residency, &models).map(|policy| policy.pretty());
    let text = render(&Evidence {
        manifest: &run.manifest,
        ledger: &ledger,
        policy: policy.as_deref().map_err(String::as_str),
        incidents: found.as_ref(),
    });
    Ok(Made { text, ..Made::default() })
}

fn from_records(run: &Run, most: usize) -> Result<(Ledger, Incidents), ReadError> {
    let routes = &run.manifest.config.routes;
    let (mut ledger, mut found) = (Ledger::of(routes), Vec::new());
    replay(run, |entry, later| {
        for attempt in entry.attempts {
            ledger.add(attempt, prompt_bytes(run, entry.request, attempt.asked_tokens));
        }
        for mut incident in incidents(routes, entry.attempts) {
            incident.at = incident.at + later;
            found.push(incident);
        }
    })?;
    Ok((ledger, Incidents::new(found, most)))
}

/// The prompt is a function of seed, number and length: written again, its fingerprint says whether it is the one.
fn prompt_bytes(run: &Run, request: &RequestRecord, asked_tokens: u32) -> Option<u64> {
    let fingerprint = request.prompt_hash?;
    let again = Request { index: request.index, intended: request.intended, input_tokens: asked_tokens, max_tokens: 1 };
    let prompt = prompt::write(run.manifest.config.seed, &again);
    (prompt.hash == fingerprint).then_some(prompt.text.len() as u64)
}

fn summary(folder: &Path) -> Result<Summary, Failure> {
    let path = folder.join("summary.json");
    let unreadable = |what: String| Failure::new(Code::Unreadable, format!("{}: {what}", path.display()));
    let text = std::fs::read_to_string(&path).map_err(|error| unreadable(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| unreadable(error.to_string()))
}
