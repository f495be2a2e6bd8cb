//! The folder that `--out` leaves: all of it, or nothing.

use std::path::Path;

use super::read::Read;
use crate::cli::exit::{Code, Failure};
use crate::cli::guard;
use crate::govern::baseline::{Source, pattern, profile, slug, workload};
use crate::report::audit::{Audit, Audited, hours_csv};
use crate::store::folder::new_folder;

/// Name and text of a file.
type File = (String, String);

/// Writes the folder, and says how to use it.
///
/// # Errors
/// When it cannot be written; nothing is left then.
pub fn write(path: &Path, read: &Read, max_tokens: Option<u32>) -> Result<String, Failure> {
    let audit = &read.audit;
    let json = serde_json::to_string_pretty(audit).expect("an audit is plain data") + "\n";
    let mut files: Vec<File> = vec![("baseline.json".into(), json), ("hours.csv".into(), hours_csv(audit))];
    let mut example = None;
    for audited in &audit.models {
        let made = of_model(audited, audit, read, max_tokens);
        if let [Some(workload), Some(profile), _] = &made
            && example.is_none()
        {
            example = Some((audited.baseline.per_second, workload.0.clone(), profile.0.clone()));
        }
        files.extend(made.into_iter().flatten());
    }
    new_folder(path, &files)
        .map_err(|error| Failure::new(Code::CannotWrite, format!("cannot write {}: {error}", path.display())))?;
    let mut said = format!("Written: {} files in {}\n", files.len(), path.display());
    if let Some((rate, workload, profile)) = example {
        let at = |name: &str| path.join(name).display().to_string();
        said +=
            &format!("bedbench run --sim --rps {rate:.3} --workload {} --profile {}\n", at(&workload), at(&profile));
    }
    Ok(said)
}

/// Workload, profile and pattern; what cannot be made is said.
fn of_model(audited: &Audited, audit: &Audit, read: &Read, max_tokens: Option<u32>) -> [Option<File>; 3] {
    let baseline = &audited.baseline;
    let date = audit.date.split('T').next().unwrap_or_default().to_owned();
    let source = Source { region: audit.region, window: audit.window, date };
    let file = |kind: &str, made: Result<String, String>| match made {
        Ok(text) => Some((format!("{kind}-{}.toml", slug(&baseline.model)), text)),
        Err(why) => {
            guard::warn(&format!("no {kind} of {}: {why}", baseline.model));
            None
        }
    };
    [
        file("workload", workload(baseline, &source, max_tokens)),
        file("profile", profile(baseline, &audited.quota, &read.models, &source)),
        file("pattern", Ok(pattern(baseline, &source))),
    ]
}
