//! A sweep that cannot be is refused in one line, before anything is simulated; one in real time keeps its runs.

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use rustix::process::Signal;

use super::desk::{Desk, end_of, files_in, signal};

fn refused(args: &str) -> String {
    refused_with(args, 2)
}

fn refused_with(args: &str, code: i32) -> String {
    let desk = Desk::new();
    let said = desk.says(&format!("sweep {args}")).exits(code);
    assert_eq!(files_in(&desk.path("")), [""; 0], "{args} left files");
    assert_eq!(said.out, "", "{args}");
    said.error().to_owned()
}

#[test]
fn loads_that_make_no_sweep_are_refused() {
    for (loads, wrong) in [
        ("", "no load in it"),
        ("120..5", "smaller load first"),
        ("0..50", "above 0"),
        ("-5..50", "is not a rate"),
        ("5,20,10", "ascending"),
        ("a,b", "is not a rate"),
        ("50", "at least two"),
        ("5..1e9", "at most 100000/s"),
        ("5..10 --steps 1", "at least 2"),
        ("5..10 --steps 1000", "at most 200"),
        ("5,10 --steps 4", "--steps divides a range"),
        ("5..10 --steps 200 --seeds 100", "more than one sweep takes"),
        ("5..90000 -d 7d", "lower --rps or --duration"),
    ] {
        let error = refused(&format!("--rps={loads}"));
        assert!(error.contains("--rps") || error.contains("--steps") || error.contains("--seeds"), "{loads}: {error}");
        assert!(error.contains(wrong), "{loads}: {error}");
        assert!(error.len() < 200, "{error}");
    }
}

#[test]
fn a_point_that_is_too_short_says_how_long_it_must_be() {
    assert!(refused("--rps 5..10 -d 5m").contains("--duration 5m: a point needs at least 30m"));
    assert!(refused("--rps 5..10 -d 90s").contains("--duration 1m30s: "));
}

#[test]
fn an_objective_that_nobody_can_miss_is_refused() {
    assert!(refused("--rps 5..10 --slo response:p95<90s").contains("lower the limit"));
}

#[test]
fn a_missing_price_is_named_and_never_taken_for_nothing() {
    let error = refused("--rps 5..10 --profile sydney");
    assert!(error.contains("no price is known for `amazon.nova-lite-v1:0` in-region in Sydney"), "{error}");
    assert!(error.contains("--prices FILE"), "{error}");
    assert!(refused("--rps 5..10 --prices nowhere.toml").contains("--prices nowhere.toml: "));
}

#[test]
fn interrupted_it_says_that_nothing_was_written_and_leaves_nothing() {
    let desk = Desk::new();
    let args = "sweep --rps 1..5 --steps 100 --seeds 30 -o sweep";
    let mut child = desk.child(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A line of progress: it is at work.
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert!(line.contains(" points"), "{line}");
    signal(&child, Signal::INT);
    let rest: Vec<_> = stderr.lines().map(Result::unwrap).collect();
    let said = end_of(child).exits(130);
    assert_eq!(said.out, "");
    assert!(rest.last().unwrap().starts_with("interrupted: "), "{rest:?}");
    assert!(!desk.path("sweep").exists());
}

#[test]
fn in_real_time_each_load_and_seed_is_a_run_whose_folder_is_kept() {
    let desk = Desk::new();
    let load = "--rps 5,20 --seeds 2 -d 2s --warmup 1s --profile au --scenario calm --slo response:p50<9s";
    let said = desk.says(&format!("sweep {load} --mock -o sweep"));
    if said.code == Some(1) && said.error().contains("could not fire") {
        eprintln!("this machine is too busy: {}", said.error());
        return;
    }
    let said = said.exits(0);
    assert!(said.out.contains("MOCK") && said.out.contains("of the loads tried alone"), "{}", said.out);
    let sweep: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(desk.path("sweep/sweep.json")).unwrap()).unwrap();
    assert_eq!((&sweep["world"], &sweep["closer"]), (&"mock".into(), &false.into()));
    let points = sweep["routes"][0]["points"].as_array().unwrap();
    assert_eq!(points.len(), 4);
    for run in ["5.00rps-seed42", "5.00rps-seed43", "20.0rps-seed42", "20.0rps-seed43"] {
        let rows = std::fs::read_to_string(desk.path(&format!("sweep/runs/{run}/requests.csv"))).unwrap();
        let point = points.iter().find(|p| run.starts_with(&format!("{:.2}", p["rps"]).as_str()[..1])).unwrap();
        assert!(rows.lines().count() as u64 > point["planned"].as_u64().unwrap() / 2, "{run}");
    }
}

#[test]
fn a_live_sweep_says_what_it_may_spend_and_needs_a_yes() {
    let error = refused_with("--rps 1,2 --profile au --live", 6);
    assert!(error.contains("add --yes"), "{error}");
}
