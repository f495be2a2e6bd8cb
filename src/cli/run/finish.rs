//! After the last answer: numbers, files, what is printed, and the exit code.

use std::io;

use super::args::Output;
use super::config::Config;
use super::fire::Fired;
use crate::cli::exit::{Exit, Failure};
use crate::cli::{print, style};
use crate::clock;
use crate::core::residency::Standing;
use crate::core::slo::Slo;
use crate::core::units::Span;
use crate::measure::series::Level;
use crate::measure::verdict::Grade;
use crate::measure::{Recorder, Summary};
use crate::report::plots::PLOTS;
use crate::report::text;
use crate::report::{FORMATS, Report};
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
    let saved = written.and_then(|()| save(&folder, &report));
    if !quiet {
        match output {
            Output::Json => print(&(serde_json::to_string_pretty(&summary).expect("a summary is plain data") + "\n"))?,
            Output::Text => {
                let mut table = Vec::new();
                text::write(&report, style(), &mut table).map_err(|error| Failure::failed(error.to_string()))?;
                print(&String::from_utf8_lossy(&table))?;
            }
        }
        eprintln!("Results in {}", folder.path().display());
    }
    if let Err(error) = saved {
        return Err(Failure::failed(format!(
            "the results are incomplete: {error}. What was written is in {}",
            folder.path().display()
        )));
    }
    if ending.stopped.is_some() {
        return Ok(Exit::Interrupted(ending.signal.unwrap_or(130)));
    }
    if let Some(nothing) = nothing_answered(&summary) {
        return Err(Failure::failed(nothing));
    }
    if summary.verdict.grade == Grade::Invalid {
        // With the report on the screen the reasons are there; nobody should meet exit 5 without one.
        let unseen = quiet || output == Output::Json;
        let reasons = summary.verdict.reasons.iter().filter(|reason| unseen && reason.grade == Grade::Invalid);
        reasons
            .for_each(|reason| eprintln!("{} {}", console::style("INVALID:").red().bold().for_stderr(), reason.text));
        return Ok(Exit::Invalid);
    }
    let missed = if config.gated { missed(&config, &recorder) } else { Vec::new() };
    missed.iter().for_each(|line| eprintln!("{} {line}", console::style("SLO missed:").red().bold().for_stderr()));
    Ok(if missed.is_empty() { Exit::Ok } else { Exit::SloMissed })
}

fn save(folder: &Folder, report: &Report<'_>) -> io::Result<()> {
    folder.write_manifest(report.manifest)?;
    FORMATS.iter().try_for_each(|format| folder.write(format.file, &(format.render)(report)))?;
    PLOTS.iter().try_for_each(|plot| folder.write(&format!("plots/{}", plot.file), &(plot.draw)(report)))
}

/// A run that got no single answer has measured nothing: most likely it was set up wrongly.
fn nothing_answered(summary: &Summary) -> Option<String> {
    if summary.routes.iter().any(|route| route.whole().ok() > 0) {
        return None;
    }
    let said = summary.routes.iter().find_map(|route| Some(route.errors().first()?.1.message.clone()));
    Some(match said {
        Some(said) => format!("no request was answered: {said}"),
        None => "no request was answered".to_owned(),
    })
}

/// Objectives that a candidate route missed, one line each.
fn missed(config: &Config, recorder: &Recorder) -> Vec<String> {
    let mut lines = Vec::new();
    for (route, series) in config.profile.routes.iter().zip(recorder.routes()) {
        if route.standing == Standing::Reference {
            continue;
        }
        let whole = series.whole(recorder.phases());
        for slo in &config.slos {
            let level = whole.sample(slo.metric).at(slo.quantile);
            if !level.is_some_and(|level| met(slo, level)) {
                let found = match level {
                    None => "nothing was measured".to_owned(),
                    Some(Level::Failed) => "failed".to_owned(),
                    Some(Level::At(time)) => Span(time).to_string(),
                };
                lines.push(format!("{slo} by {}: {found}", route.name));
            }
        }
    }
    lines
}

fn met(slo: &Slo, level: Level) -> bool {
    level.time().is_some_and(|time| time < slo.limit)
}
