//! Interrupting a run: what was measured is kept, and said to be a part.

use std::process::{Child, Stdio};

use rustix::process::Signal;

use super::desk::{Desk, SHORT, end_of, signal, wait_until};

/// Starts a run that would take a minute, and returns once the first rows are on disk.
fn started(desk: &Desk) -> Child {
    let args = SHORT.replace("500ms", "60s") + " --slo ttft:p95<1ms -o run";
    let child = desk.child(&args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let rows = || std::fs::read_to_string(desk.path("run/requests.csv")).unwrap_or_default().lines().count();
    wait_until("a first row in requests.csv", || rows() > 1);
    child
}

#[test]
fn ctrl_c_keeps_the_part_that_was_measured() {
    keeps_its_part(Signal::INT, 130);
}

#[test]
fn a_job_that_is_told_to_end_keeps_its_part_too() {
    keeps_its_part(Signal::TERM, 143);
}

fn keeps_its_part(stop: Signal, code: i32) {
    let desk = Desk::with_short_answers();
    let child = started(&desk);
    signal(&child, stop);
    let said = end_of(child).exits(code);
    assert!(said.err.contains("Results in run"), "{said:#?}");
    assert!(!said.err.contains("SLO missed"), "half a run is no verdict: {said:#?}");
    assert_eq!(desk.json("run/manifest.json")["finished"]["interrupted"], true);
    let summary = desk.json("run/summary.json");
    assert_eq!(summary["interrupted"], true);
    let planned = summary["routes"][0]["slices"][0]["planned"].as_u64().unwrap();
    let rows = desk.read("run/requests.csv").lines().count() as u64 - 1;
    assert!(planned > 0 && planned < 2_000, "{planned} planned until it was stopped");
    assert_eq!(rows, planned, "every request that was due has its row");
    assert!(desk.read("run/report.md").contains("nterrupted"));
}
