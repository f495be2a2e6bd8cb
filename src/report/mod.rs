//! What people look at. Every report is a re-reading of the records.

pub mod advise;
pub mod audit;
pub mod compare;
pub mod evidence;
pub mod finding;
pub mod hdr;
pub mod html;
pub mod junit;
pub mod markdown;
pub mod plan;
pub mod plots;
pub mod probe;
pub mod quota;
pub mod residency;
pub mod schema;
pub mod selftest;
pub mod sweep;
pub mod text;

mod cell;
mod csv;
mod definitions;
#[cfg(test)]
pub(crate) mod fixture;
mod objectives;
mod phrase;
mod places;
mod table;
pub mod wrap;

use crate::measure::{Recorder, Summary};
use crate::store::Manifest;

/// What every format is rendered from.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    pub manifest: &'a Manifest,
    pub summary: &'a Summary,
    pub recorder: &'a Recorder,
}

/// One file of the results folder that is rendered from the records.
pub struct Format {
    pub file: &'static str,
    /// What it is for, as a list of formats says it.
    pub summary: &'static str,
    pub render: fn(&Report<'_>) -> String,
}

/// Every format. A new one is a file of its own and a line here.
pub static FORMATS: &[Format] =
    &[html::FORMAT, markdown::FORMAT, residency::FORMAT, SUMMARY_JSON, csv::FORMAT, hdr::LOG];

/// Several files of one kind, in a folder of their own.
pub struct FileSet {
    pub folder: &'static str,
    /// What they are for, as a list of formats says it.
    pub summary: &'static str,
    /// Names below the folder, and what is in each.
    pub render: fn(&Report<'_>) -> Vec<(String, String)>,
}

/// Every set of files, beside the plots. A new one is a file of its own and a line here.
pub static FILE_SETS: &[FileSet] = &[hdr::PERCENTILES];

const SUMMARY_JSON: Format = Format {
    file: "summary.json",
    summary: "every number of the run with its uncertainty, for machines",
    render: |report| {
        let json = serde_json::to_string_pretty(report.summary).expect("a summary is plain data");
        json + "\n"
    },
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_summary_reads_back_as_it_was_written() {
        let run = fixture::congested();
        let json = (SUMMARY_JSON.render)(&run.report());
        assert!(json.ends_with("}\n"));
        let read: Summary = serde_json::from_str(&json).unwrap();
        assert_eq!((SUMMARY_JSON.render)(&Report { summary: &read, ..run.report() }), json);
    }

    #[test]
    fn every_format_has_a_file_of_its_own() {
        let mut files: Vec<_> = FORMATS.iter().map(|format| format.file).collect();
        files.sort_unstable();
        files.dedup();
        assert_eq!(files.len(), FORMATS.len());
    }
}
