//! Whatever stands in the records of a run, reading them ends with a line about what is wrong, or with every report.
//!
//! The input is rows of requests.csv, a line `--`, and rows of attempts.csv; a second `--` ends a manifest that takes
//! the place of the sound one.

#![no_main]

use std::fs;
use std::sync::LazyLock;

use bedbench::report::plots::PLOTS;
use bedbench::report::{FILE_SETS, FORMATS, Report};
use bedbench::store::Run;
use libfuzzer_sys::fuzz_target;
use tempfile::TempDir;

const MANIFEST: &str = include_str!("../../results/example/manifest.json");
const REQUESTS: &[u8] = b"route,index,phase,block,intended_ns,sent_ns,last_sent_ns,first_token_ns,last_token_ns,\
    finished_ns,outcome,attempts,region,input_tokens,output_tokens,prompt\n";
const ATTEMPTS: &[u8] = b"route,index,attempt,region,model,asked_tokens,sent_ns,head_ns,first_token_ns,last_token_ns,\
    finished_ns,outcome,http_status,http_version,connection,acquisition_ns,input_tokens,output_tokens,processed_in,\
    queued_ns,service_latency_ms,request_id,error\n";

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| {
    let memory = "/dev/shm";
    if fs::metadata(memory).is_ok() { TempDir::new_in(memory) } else { TempDir::new() }.expect("a folder")
});

fuzz_target!(|input: &[u8]| {
    let mut parts = split(input);
    let requests = parts.next().unwrap_or_default();
    let attempts = parts.next().unwrap_or_default();
    let manifest = parts.next().unwrap_or(MANIFEST.as_bytes());
    let write = |file: &str, bytes: &[u8]| fs::write(FOLDER.path().join(file), bytes).expect("room");
    write("manifest.json", manifest);
    write("requests.csv", &[REQUESTS, requests].concat());
    write("attempts.csv", &[ATTEMPTS, attempts].concat());
    let run = match Run::open(FOLDER.path()) {
        Ok(run) => run,
        Err(error) => return one_line(&error.to_string()),
    };
    let rebuilt = match run.rebuild() {
        Ok(rebuilt) => rebuilt,
        Err(error) => return one_line(&error.to_string()),
    };
    let report = Report { manifest: &run.manifest, summary: &rebuilt.summary, recorder: &rebuilt.recorder };
    for format in FORMATS {
        (format.render)(&report);
    }
    for set in FILE_SETS {
        (set.render)(&report);
    }
    for plot in PLOTS {
        (plot.draw)(&report);
    }
});

fn split(input: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = Some(input);
    std::iter::from_fn(move || {
        let bytes = rest.take()?;
        let Some(at) = bytes.windows(4).position(|four| four == b"\n--\n") else { return Some(bytes) };
        rest = Some(&bytes[at + 4..]);
        Some(&bytes[..=at])
    })
}

fn one_line(said: &str) {
    assert!(!said.is_empty() && said.len() < 2_000, "{} bytes", said.len());
}
