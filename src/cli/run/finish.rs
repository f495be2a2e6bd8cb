//! After the last answer: numbers, files, what is printed, and the exit code.

use std::collections::BTreeMap;

use super::args::Output;
use super::config::Config;
use super::fire::Fired;
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::report;
use crate::clock;
use crate::core::RegionId;
use crate::measure::Summary;
use crate::report::{Report, junit};
use crate::store::Folder;
use crate::store::manifest::{self, Manifest};

/// A run whose last answer is in.
pub struct Finished {
    pub config: Config,
    pub folder: Folder,
    pub manifest: Manifest,
    pub fired: Fired,
    pub output: Output,
    pub quiet: bool,
}

/// Everything that can still be said is said, whatever went wrong before.
pub fn finish(run: Finished) -> Result<Exit, Failure> {
    let Finished { config, folder, mut manifest, fired, output, quiet } = run;
    let Fired { recorder, ending, written, .. } = fired;
    manifest.finished = Some(manifest::Finished {
        unix_nanos: clock::unix_nanos(),
        interrupted: ending.stopped.is_some(),
        stopped: ending.stopped,
        requests: recorder.requests(),
        evidence: ending.evidence,
    });
    let summary = Summary::new(&recorder, manifest.context());
    let report = Report { manifest: &manifest, summary: &summary, recorder: &recorder };
    // What does not fit on the disk does not keep the rest from it; the first that did not is named.
    let ended = folder.write_manifest(&manifest);
    let saved = report::save(&folder, &report, config.png);
    let saved = written.and(ended).map_err(|error| error.to_string()).and(saved);
    let saved = saved.map_err(|error| {
        let place = folder.path().display();
        Failure::new(Code::CannotWrite, format!("the results are incomplete: {error}. What was written is in {place}"))
    });
    // What is kept comes before what is shown, in what is done and in what is said of it.
    let gates = || junit::of_run(&summary, &config.gates);
    let junit = config.junit.as_ref().map(|path| report::write_junit(path, &manifest.config.profile, &gates()));
    let shown = report::show(&report, output, quiet, &format!("Results in {}", folder.path().display()));
    saved.and(junit.unwrap_or(Ok(()))).and(shown)?;
    if let Some(purse) = config.purse.as_ref().filter(|purse| purse.has_refused()) {
        return Err(Failure::new(
            Code::Budget,
            format!(
                "the budget of {} USD would have been passed: arrivals were stopped, and {:.4} USD at most were spent. Raise --budget, \
             or plan less; the numbers are those until then",
                purse.budget(),
                purse.taken()
            ),
        ));
    }
    if ending.stopped.is_some() {
        return Ok(Exit::Interrupted(ending.signal.unwrap_or(130)));
    }
    if let Some(nothing) = nothing_answered(&summary, &manifest.config.endpoints) {
        return Err(Failure::new(Code::NothingAnswered, nothing));
    }
    Ok(report::verdict(&summary, quiet || output == Output::Json))
}

/// A run that got no single answer has measured nothing: most likely it was set up wrongly.
fn nothing_answered(summary: &Summary, endpoints: &BTreeMap<RegionId, String>) -> Option<String> {
    if summary.routes.iter().any(|route| route.whole().ok() > 0) {
        return None;
    }
    let said = summary.routes.iter().find_map(|route| Some(route.errors().first()?.1.message.clone()));
    let said = said.map(|said| format!(": {said}")).unwrap_or_default();
    let urls: Vec<_> = endpoints.values().map(String::as_str).collect();
    let at = if urls.is_empty() { String::new() } else { format!(". Asked was {}", urls.join(", ")) };
    Some(format!("no request was answered{said}{at}"))
}
