//! A closed loop, and that it says so wherever its numbers stand.

use super::desk::{Desk, files_in};

const CLOSED: &str = "run --concurrency 4 -d 500ms --warmup 0s --profile apac --route sydney --route singapore --scenario calm --workload short.toml";
const LABEL: &str = "CLOSED LOOP";

/// Everything that a run leaves says which loop it was, and nothing says what was offered.
fn check(desk: &Desk, world: &str) {
    let said = desk.measures(&format!("{CLOSED} {world} -o run"), &[]).exits(0);
    assert!(said.out.contains(LABEL) && said.err.contains(LABEL), "{said:#?}");
    let plots: Vec<_> = files_in(&desk.path("run")).into_iter().filter(|file| file.ends_with(".svg")).collect();
    assert!(plots.len() >= 3, "{plots:?}");
    for file in plots.iter().map(String::as_str).chain(["report.md"]) {
        assert!(desk.read(&format!("run/{file}")).contains(LABEL), "{file} does not say {LABEL}");
    }
    assert!(!desk.read("run/plots/timeline.svg").contains("offered</text>"));

    let config = &desk.json("run/manifest.json")["config"];
    assert_eq!((&config["loop"], &config["concurrency"]), (&"closed".into(), &4.into()));
    assert!(config.get("rps").is_none() && config.get("arrival").is_none(), "{config}");
    let summary = desk.json("run/summary.json");
    assert_eq!(summary["loop"], "closed");
    for route in summary["routes"].as_array().unwrap() {
        let whole = &route["slices"][0];
        assert!(whole["planned"].is_null() && whole["offered_load"].is_null(), "absent, not zero: {whole}");
        assert!(whole["outcomes"]["ok"].as_u64() > Some(0), "{whole}");
    }
    let rows = desk.read("run/requests.csv").lines().count() - 1;
    assert!(rows > 8, "{rows} requests: each worker should have sent several");
}

#[test]
fn a_closed_loop_is_labelled_in_every_output() {
    check(&Desk::with_short_answers(), "--mock");
}

#[test]
fn simulated_it_is_labelled_just_so() {
    check(&Desk::with_short_answers(), "--sim");
}

#[test]
fn an_open_loop_is_not_called_a_closed_one() {
    let desk = Desk::with_short_answers();
    let said = desk.measures("run --rps 40 --sim -d 2s --route sydney --workload short.toml -o run", &[]).exits(0);
    assert!(!said.out.contains(LABEL) && !desk.read("run/report.md").contains(LABEL), "{said:#?}");
    assert_eq!(desk.json("run/summary.json")["loop"], "open");
}

#[test]
fn a_closed_loop_with_a_plan_or_without_workers_is_refused() {
    let desk = Desk::new();
    for (load, said) in [
        ("--concurrency 0", "--concurrency must be from 1 to 10000, not 0"),
        ("--concurrency 10001", "--concurrency must be from 1 to 10000, not 10001"),
        ("--concurrency 5 --rps 5", "cannot be used with"),
        ("--concurrency 5 --stage 1m:5", "cannot be used with"),
        ("--concurrency 5 --pattern weekday", "cannot be used with"),
        ("--concurrency 5 --trace mine.csv", "cannot be used with"),
        ("--concurrency 5 --arrival poisson", "cannot be used with"),
        ("--concurrency 5 --burstiness 2", "cannot be used with"),
        ("--concurrency 5 --in-flight 9", "cannot be used with"),
        ("--concurrency 5 -d 0s", "--duration must be above 0"),
    ] {
        let answer = desk.says(&format!("run --sim {load}")).exits(2);
        assert!(answer.error().contains(said), "{load}: {answer:#?}");
    }
}
