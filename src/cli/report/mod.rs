//! `bedbench report`: records → the numbers and every file made from them, anew.

mod files;
mod png;

use std::path::{Path, PathBuf};

use clap::Args;

pub use files::save;
pub use png::save as save_png;

use super::exit::{Code, Exit, Failure};
use super::run::Output;
use super::{guard, print, style};
use crate::measure::Summary;
use crate::measure::gate::GateResult;
use crate::measure::verdict::{Doubt, Grade};
use crate::report::junit::{self, Case};
use crate::report::{Report, text};
use crate::store::folder::replace;
use crate::store::{Folder, Run};

/// Rebuild everything that a run leaves from its records: the summary, the report, the plots. Works too on a run that
/// was interrupted or killed, and says what is missing then.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench report results/20261123T065409Z-apac-mock
  bedbench report results/20261123T065409Z-apac-mock --png
  bedbench report results/20261123T065409Z-apac-mock --format json -q > summary.json")]
pub struct ReportArgs {
    /// Results folder of a run, as `bedbench run` named it
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    #[command(flatten)]
    how: Rendering,
}

/// How what was rebuilt is shown.
#[derive(Debug, Args)]
pub struct Rendering {
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub format: Output,
    /// Draw the plots as PNG too
    #[arg(long)]
    pub png: bool,
    /// Write the objectives of the run as JUnit XML too
    #[arg(long, value_name = "FILE")]
    pub junit: Option<PathBuf>,
    /// No progress, no report: files, exit code, and on stderr only warnings, errors and what was missed
    #[arg(short, long)]
    pub quiet: bool,
}

pub fn run(args: &ReportArgs) -> Result<Exit, Failure> {
    render(&args.folder, &args.how, "Rebuilt").map(|_| Exit::Ok)
}

/// Makes everything anew from the records in a folder; `done` is the verb for it.
///
/// # Errors
/// When it holds no run with records, or the reports cannot be written.
pub fn render(folder: &Path, args: &Rendering, done: &str) -> Result<Summary, Failure> {
    let run = Run::open(folder)?;
    let rebuilt = run.rebuild()?;
    let report = Report { manifest: &run.manifest, summary: &rebuilt.summary, recorder: &rebuilt.recorder };
    let torn = rebuilt.summary.verdict.reasons.iter().filter(|reason| reason.doubt == Doubt::Torn);
    torn.for_each(|reason| guard::warn(&reason.text));
    let saved = Folder::existing(run.path()).map_err(|error| error.to_string());
    let saved = saved.and_then(|folder| save(&folder, &report, args.png));
    let saved = saved.map_err(|error| Failure::new(Code::CannotWrite, format!("the reports are incomplete: {error}")));
    // What is kept comes before what is shown, in what is done and in what is said of it.
    let gates = || junit::of_run(report.summary, &run.manifest.config.gates);
    let junit = args.junit.as_ref().map(|path| write_junit(path, &run.manifest.config.profile, &gates()));
    let kept = saved.and(junit.unwrap_or(Ok(())));
    let shown = show(&report, args.format, args.quiet, &format!("{done} in {}", run.path().display()));
    kept.and(shown).map(|()| rebuilt.summary)
}

/// Prints a run, and says where it is.
///
/// # Errors
/// When stdout does not take it.
pub fn show(report: &Report<'_>, format: Output, quiet: bool, place: &str) -> Result<(), Failure> {
    if quiet {
        return Ok(());
    }
    let shown = match format {
        Output::Json => print(&(serde_json::to_string_pretty(report.summary).expect("a summary is plain data") + "\n")),
        Output::Text => {
            let mut table = Vec::new();
            text::write(report, style(), &mut table)
                .map_err(|error| Failure::new(Code::CannotWrite, error.to_string()))?;
            print(&String::from_utf8_lossy(&table))
        }
    };
    say!("{place}");
    shown
}

/// Says which objectives were missed, and which could not be judged, a line each; and how the command ends.
pub fn judge(results: &[GateResult]) -> Exit {
    let mut exit = Exit::Ok;
    for result in results {
        match result.met {
            Some(true) => {}
            Some(false) => {
                say!("{} {}", console::style("SLO missed:").red().bold().for_stderr(), result.line());
                exit = Exit::SloMissed;
            }
            None => guard::warn(&format!("SLO not judged: {}", result.line())),
        }
    }
    exit
}

/// Whether a run may be believed, and what it was held to is met. `unseen`: the report is not on the screen.
pub fn verdict(summary: &Summary, unseen: bool) -> Exit {
    if summary.verdict.grade == Grade::Invalid {
        // With the report on the screen the reasons are there; nobody should meet exit 5 without one.
        let reasons = summary.verdict.reasons.iter().filter(|reason| unseen && reason.grade == Grade::Invalid);
        reasons.for_each(|reason| say!("{} {}", console::style("INVALID:").red().bold().for_stderr(), reason.text));
        return Exit::Invalid;
    }
    judge(&summary.gates)
}

/// Before anything is fired: whether it could be written at the end.
pub fn check_junit(path: &Path) -> Result<(), Failure> {
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
    match folder.is_none_or(Path::is_dir) {
        true => Ok(()),
        false => Err(Failure::usage(format!("--junit {}: its folder is not there; make it first", path.display()))),
    }
}

pub fn write_junit(path: &Path, suite: &str, cases: &[Case]) -> Result<(), Failure> {
    let xml = junit::render(&format!("bedbench {suite}"), cases);
    replace(path, xml).map_err(|error| Failure::new(Code::CannotWrite, format!("--junit {}: {error}", path.display())))
}
