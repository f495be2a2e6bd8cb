//! Every file that is made from the numbers of a run.

use std::fs::OpenOptions;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::cli::guard;
use crate::report::plots::PLOTS;
use crate::report::{FILE_SETS, FORMATS, Report, markdown};
use crate::store::Folder;

/// Where GitHub shows what a step has to say.
const STEP_SUMMARY: &str = "GITHUB_STEP_SUMMARY";

/// Writes them all; what cannot be made or written does not keep the others from it.
///
/// # Errors
/// The first that failed, and how many did.
pub fn save(folder: &Folder, report: &Report<'_>, png: bool) -> Result<(), String> {
    let mut failed = Vec::new();
    let mut keep = |file: &str, result: Result<(), String>| {
        failed.extend(result.err().map(|error| if error.is_empty() { file.to_owned() } else { error }));
    };
    for format in FORMATS {
        keep(
            format.file,
            made(format.file, || (format.render)(report)).and_then(|text| write(folder, format.file, text)),
        );
    }
    for set in FILE_SETS {
        match made(set.folder, || (set.render)(report)) {
            Ok(files) => files.into_iter().for_each(|(name, text)| {
                let file = format!("{}/{name}", set.folder);
                keep(&file, write(folder, &file, text));
            }),
            Err(error) => keep(set.folder, Err(error)),
        }
    }
    let mut drawn = Vec::new();
    for plot in PLOTS {
        let file = format!("plots/{}", plot.file);
        match made(&file, || (plot.draw)(report)) {
            Ok(svg) => {
                keep(&file, write(folder, &file, &svg));
                drawn.push((file, svg));
            }
            Err(error) => keep(&file, Err(error)),
        }
    }
    if png {
        keep("PNG", super::png::save(folder, &drawn));
    }
    append_to_step_summary(report);
    match failed.len() {
        0 => Ok(()),
        1 => Err(failed.remove(0)),
        n => Err(format!("{} (and {} more)", failed[0], n - 1)),
    }
}

/// A report that fails over something that nobody thought of takes no other with it.
fn made<T>(file: &str, render: impl FnOnce() -> T) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(render)).map_err(|_| format!("{file} could not be made; the others are"))
}

fn write(folder: &Folder, file: &str, bytes: impl AsRef<[u8]>) -> Result<(), String> {
    folder.write(file, bytes).map_err(|error| error.to_string())
}

/// A CI job shows it; that it cannot is no fault of the run.
fn append_to_step_summary(report: &Report<'_>) {
    let Some(path) = std::env::var_os(STEP_SUMMARY).filter(|path| !path.is_empty()) else { return };
    let text = markdown::without_plots(report) + "\n";
    let appended = OpenOptions::new().append(true).create(true).open(&path);
    if let Err(error) = appended.and_then(|mut file| file.write_all(text.as_bytes())) {
        guard::warn(&format!("{STEP_SUMMARY} {}: {error}", path.to_string_lossy()));
    }
}
