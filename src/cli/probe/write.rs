//! The copy of a profile that `--write` leaves.

use std::fs::OpenOptions;
use std::io::Write;
use std::path::Path;

use super::file_name;
use crate::cli::exit::{Code, Failure};
use crate::cli::guard;
use crate::profile::{Kind, Loader, Measured, text_of, with_measured};
use crate::report::probe::{Probed, Reach};

/// # Errors
/// When there is something of that name.
pub fn check_free(path: &Path) -> Result<(), Failure> {
    match path.symlink_metadata() {
        Ok(_) => {
            Err(Failure::new(Code::NotEmpty, format!("{} is there already; name a file that is not", path.display())))
        }
        Err(_) => Ok(()),
    }
}

/// # Errors
/// When nothing was measured often enough, the numbers break a rule for profiles, or the file cannot be written.
pub fn copy(path: &Path, profile: &str, loader: &Loader, probed: &Probed) -> Result<(), Failure> {
    let measured: Vec<_> = probed.regions.iter().filter_map(|reach| rtt(reach, probed)).collect();
    if measured.is_empty() {
        return Err(Failure::new(Code::Unreachable, "nothing was written: a round trip needs 6 tries that succeed"));
    }
    let text = text_of(Kind::Profile, profile)?;
    let text =
        with_measured(profile, &text, &measured).map_err(|error| Failure::new(Code::Unreadable, error.to_string()))?;
    // What every command would refuse is not worth writing.
    loader.parse_profile(&file_name(path), &text)?;
    new_file(path, &text)?;
    for reach in probed.regions.iter().filter(|reach| reach.tcp.round_trip().is_none()) {
        guard::warn(&format!("{}: too few tries succeeded, its round trip stays as it was", reach.region));
    }
    Ok(())
}

/// # Errors
/// When it cannot be written, or is there by now.
pub fn new_file(path: &Path, text: &str) -> Result<(), Failure> {
    let new = OpenOptions::new().write(true).create_new(true).open(path);
    let written = new.and_then(|mut file| file.write_all(text.as_bytes()));
    written.map_err(|error| Failure::new(Code::CannotWrite, format!("cannot write {}: {error}", path.display())))
}

fn rtt(reach: &Reach, probed: &Probed) -> Option<Measured> {
    let (value, jitter) = reach.tcp.round_trip()?;
    let place = match probed.host_in_sydney {
        Some(true) => "",
        Some(false) => "; from a host that is not in Sydney",
        None => "; from a host of which nobody knows whether it is in Sydney",
    };
    let host = reach.url.split_once("://").map_or(reach.url.as_str(), |(_, host)| host);
    Some(Measured {
        region: reach.region,
        what: "rtt",
        times: vec![("value", value), ("jitter", jitter)],
        source: format!(
            "bedbench probe, {} tries, {host}: fastest TCP connect, jitter by the median{place}",
            reach.tcp.n
        ),
        date: probed.date.split('T').next().unwrap_or_default().to_owned(),
    })
}
