//! Interrupting a run: what was measured is kept, and said to be a part.

use std::process::{Child, Stdio};

use rustix::process::Signal;

use super::desk::{Desk, end_of, signal, wait_until};

/// Starts a run that would take a minute, and returns once the first rows are on disk.
fn started(desk: &Desk) -> Child {
    let args = "run --rps 20 --mock -d 60s --warmup 0s --route sydney --scenario calm --slo ttft:p95<1ms -o run";
    let child = desk.child(args).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let rows = || std::fs::read_to_string(desk.path("run/requests.csv")).unwrap_or_default().lines().count();
    wait_until("a first row in requests.csv", || rows() > 1);
    child
}

#[test]
fn an_interrupted_run_keeps_its_part_and_says_that_it_is_one() {
    for (stop, code) in [(Signal::INT, 130), (Signal::TERM, 143)] {
        let desk = Desk::new();
        let child = started(&desk);
        signal(&child, stop);
        let said = end_of(child).exits(code);
        assert!(said.err.contains("Results in run"), "{said:#?}");
        assert!(!said.err.contains("SLO missed"), "half a run is no verdict: {said:#?}");
        assert_eq!(desk.json("run/manifest.json")["finished"]["interrupted"], true);
        let summary = desk.json("run/summary.json");
        assert_eq!(summary["interrupted"], true);
        let slice = &summary["routes"][0]["slices"][0];
        let (planned, rows) =
            (slice["planned"].as_u64().unwrap(), desk.read("run/requests.csv").lines().count() as u64);
        assert!(planned > 0 && planned < 1_100, "{planned} planned until it was stopped");
        assert_eq!(rows - 1, planned, "every request that was due has its row");
        assert!(desk.read("run/report.md").contains("nterrupted"));
    }
}
