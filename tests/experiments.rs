//! The claims of the article of 24 May 2026, simulated: what comes out is what arithmetic and published
//! quotas say, and where the two differ the experiment says so.

mod common;

use bedbench::profile::Kind;
use common::bedbench;

/// Runs an experiment, in which everything must be as expected, and returns what it prints.
fn run(name: &str) -> String {
    let output = bedbench().args(["experiment", "run", name]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    let failed = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{said}{failed}");
    assert!(said.starts_with("SIMULATED") && said.contains("unverified"), "{said}");
    let widest = said.lines().map(console::measure_text_width).max();
    assert!(widest <= Some(100), "where no terminal is asked, a line is no wider: {said}");
    // A line that was wrapped goes on further in.
    said.replace("\n    ", " ")
}

#[track_caller]
fn says(said: &str, parts: &[&str]) {
    for part in parts {
        assert!(said.contains(part), "no `{part}` in {said}");
    }
}

/// 500,000 items in 3 h are 2,778 a minute; the quotas that the article quotes allow 800 and 600.
#[test]
fn half_a_million_items_are_not_feasible_under_the_quotas_quoted() {
    let said = run("case-2");
    says(
        &said,
        &[
            "400 + 400 a minute: not feasible within 3 h: 500,000 items at 13.",
            "100 + 500 a minute: not feasible within 3 h: 500,000 items at 10.",
            "2,800 + 700 a minute: feasible within 3 h: 500,000 items at ",
            "CLOSED LOOP of 20 workers",
        ],
    );
}

/// It improves the median where Sydney is nearly full, and makes it worse where there is room.
#[test]
fn twenty_percent_to_oregon_pays_near_saturation_alone() {
    let said = run("twenty-percent");
    let line = |arm: &str| said.lines().find(|line| line.contains(arm) && line.contains("expected: ")).unwrap();
    assert!(line("far: 20 %").contains(" slower than"), "{said}");
    assert!(line("near: 20 %").contains(" faster than"), "{said}");
}

#[test]
fn a_burst_over_the_limit_throttles_and_dedicated_capacity_does_not() {
    let said = run("case-1");
    says(&said, &["before: 400 requests a minute: throttled ", "fewer tokens: nothing is throttled"]);
}

#[test]
fn moderation_stays_in_sydney_and_analytics_take_half_the_time_over_two_regions() {
    let said = run("case-3");
    says(&said, &["moderation: nothing reaches Singapore", "analytics, Sydney alone: not feasible"]);
}

/// Its own service times miss its own objective, in Sydney and even more so in Singapore.
#[test]
fn the_four_scenarios_come_out_as_their_own_numbers_say() {
    let said = run("scenarios");
    says(&said, &["1: Sydney, p95 below 500 ms: response:p95<500ms is missed"]);
}

#[test]
fn every_experiment_that_ships_is_run_here() {
    let mut names: Vec<_> = Kind::Experiment.names().collect();
    names.sort_unstable();
    assert_eq!(names, ["case-1", "case-2", "case-3", "scenarios", "twenty-percent"]);
}

#[test]
fn an_experiment_that_cannot_be_is_refused_with_the_way_out() {
    let folder = tempfile::tempdir().unwrap();
    let shown = bedbench().args(["experiment", "show", "twenty-percent"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    let path = folder.path().join("mine.toml");
    for (right, wrong, part) in [
        ("than = \"far: Sydney alone\"", "than = \"fra\"", "expect names the arm `fra`. There are far: Sydney alone"),
        ("rps = \"4/s\"", "rps = \"4/s\"\nconcurrency = 3", "needs either rps or concurrency"),
        ("rps = \"4/s\"\n", "", "needs either rps or concurrency"),
        ("route = \"sydney\"", "route = \"sidney\"", "has no route `sidney`; did you mean `sydney`?"),
        ("capacity.slots=20", "capacity.slots=0", "slots must be at least 1"),
        ("name = \"far: 20 % to Oregon\"", "name = \"far: Sydney alone\"", "two arms are named"),
    ] {
        std::fs::write(&path, shown.replacen(right, wrong, 1)).unwrap();
        let output = bedbench().args(["experiment", "run"]).arg(&path).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!((output.status.code(), said.lines().count()), (Some(2), 1), "{wrong}: {said}");
        assert!(said.contains(part), "{wrong}: {said}");
    }
}
