//! The instrument tests itself: on its own, and before every run in real time.

use super::desk::{Desk, SHORT};
use serde_json::Value;

#[test]
fn a_selftest_counts_every_request_and_finds_that_nothing_is_early() {
    let desk = Desk::new();
    let said = desk.says("selftest --rps 200 -d 1s --format json").exits(0);
    let found: Value = serde_json::from_str(&said.out).unwrap();
    let requests = found["requests"].as_u64().unwrap();
    assert!((100..400).contains(&requests), "{found}");
    assert_eq!(found["failed"], 0);
    let p50 = |of: &str| found[of]["quantiles"][0]["value"].as_f64().unwrap();
    // A request is seen by the server after it is sent, and answered after that.
    assert!(p50("lag") > 0.0 && p50("seen") > p50("lag"), "{found}");
    assert!(p50("error") > 0.0, "{found}");
}

#[test]
fn the_table_says_what_is_true_and_what_was_measured() {
    let said = Desk::new().says("selftest --rps 200 -d 400ms --arrival constant").exits(0);
    for line in [
        "against a mock on this machine that always takes 5.00 ms",
        "dispatch lag",
        "seen by the server",
        "measured − true",
    ] {
        assert!(said.out.contains(line), "{line}: {said:#?}");
    }
}

#[test]
fn a_run_in_real_time_tests_the_instrument_first_and_a_simulation_does_not() {
    let desk = Desk::with_short_answers();
    desk.measures(&format!("{SHORT} -q -o run"), &[]);
    let summary = desk.json("run/summary.json");
    assert!(summary["evidence"]["selftest"]["requests"].as_u64().unwrap() > 10, "{summary}");
    let report = desk.read("run/report.md");
    assert!(report.contains("selftest before the run"), "{report}");
    desk.says("run --sim --rps 20 -d 20s --profile sydney -q -o sim").exits(0);
    assert!(!desk.read("sim/summary.json").contains("selftest"));
}

#[test]
fn without_records_a_run_in_real_time_keeps_its_numbers() {
    let desk = Desk::with_short_answers();
    desk.measures(&format!("{SHORT} --no-records -q -o run"), &[]);
    assert!(!desk.path("run/requests.csv").exists() && !desk.path("run/attempts.csv").exists());
    let summary = desk.json("run/summary.json");
    assert_eq!(summary["evidence"]["selftest"]["failed"], 0, "{summary}");
    assert!(summary["routes"][0].is_object(), "{summary}");
}
