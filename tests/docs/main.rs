//! What the documents show is run as they show it: commands by exit code, files as they stand there, and the programs of
//! `docs/extending.md` where their paths mean the same as in `src`.
#![cfg(unix)]

mod links;
mod walk;

use std::time::Duration;

use bedbench::core::Seed;
use bedbench::core::phase::Phases;
use bedbench::core::record::{AttemptRecord, RequestRecord};
use bedbench::core::units::Rate;
use bedbench::drive::sim::{ClientModel, Simulation, Sink};
use bedbench::plan::Load;
use bedbench::plan::rate_curve::RateCurve;
use bedbench::profile::Loader;
use bedbench::report::Report;
use bedbench::store::Run;
use walk::Walk;

/// As the crate itself has them, with a file more.
mod core {
    pub use bedbench::core::*;
}
mod plan {
    pub mod arrival {
        pub use bedbench::plan::arrival::*;
        pub mod batches;
    }
}
mod report {
    pub use bedbench::report::*;
    pub mod goodput;
}
mod routing {
    pub use bedbench::routing::*;
    pub mod round_robin;
}

const EXTENDING: &str = include_str!("../../docs/extending.md");

#[test]
fn every_command_of_the_tutorial_ends_as_it_says() {
    let walk = Walk::through(include_str!("../../docs/tutorial.md"));
    assert_eq!(walk.commands, 8, "a command was added or lost");
    assert!(walk.desk.path().join("hello/report.html").is_file(), "the page that step 2 names");
    assert!(walk.desk.path().join("loads/plots").is_dir(), "the plots that step 5 names");
}

#[test]
fn files_of_ones_own_are_checked_and_used() {
    let walk = Walk::through(EXTENDING);
    assert_eq!((walk.files, walk.commands), (3, 3), "a file or a command was added or lost");
    let manifest = std::fs::read_to_string(walk.desk.path().join("storm/manifest.json")).unwrap();
    for name in ["claims", "letters", "storm"] {
        assert!(manifest.contains(&format!("\"{name}\"")), "{name} was not used");
    }
}

#[test]
fn the_document_shows_the_programs_that_are_tested() {
    for program in [
        include_str!("routing/round_robin.rs"),
        include_str!("plan/arrival/batches.rs"),
        include_str!("report/goodput.rs"),
    ] {
        assert!(EXTENDING.contains(&format!("```rust\n{program}```\n")), "docs/extending.md has not\n{program}");
    }
}

/// Attempts by target.
struct Counted([u32; 2]);

impl Sink for Counted {
    fn record(&mut self, _: &RequestRecord, attempts: &[AttemptRecord]) {
        attempts.iter().for_each(|attempt| self.0[usize::from(attempt.target)] += 1);
    }

    fn stop(&mut self, _: crate::core::RunTime) -> bool {
        false
    }
}

#[test]
fn a_policy_as_documented_serves_a_route() {
    static ROUND_ROBIN: routing::Entry = routing::round_robin::ENTRY;
    let loader = Loader::built_in().unwrap();
    let (mut profile, workload) = (loader.profile("pacific").unwrap(), loader.workload("chat").unwrap());
    profile.select(&["sydney→oregon".to_owned()]).unwrap();
    let scenario = loader.scenario("calm").unwrap();
    let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &scenario.phases());
    let client = ClientModel::usual(Rate(10.0));
    let simulation = Simulation {
        profile: &profile,
        scenario: &scenario,
        workload: &workload,
        seed: Seed(1),
        phases: &phases,
        client,
    };
    let rates = RateCurve::level(Rate(10.0), Duration::from_secs(60));
    let constant = bedbench::plan::arrival::find("constant").unwrap();
    let load = Load::new(rates, constant, Default::default(), &workload, Seed(1));
    let mut route = profile.routes[0].clone();
    route.policy = &ROUND_ROBIN;
    let mut counted = Counted([0; 2]);
    simulation.run(&route, 0, load.requests().peekable(), &mut counted).unwrap();
    assert_eq!(counted.0, [300, 300], "600 requests, in turn");
}

#[test]
fn an_arrival_process_as_documented_keeps_its_rate() {
    static BATCHES: plan::arrival::Entry = plan::arrival::batches::ENTRY;
    let workload = Loader::built_in().unwrap().workload("chat").unwrap();
    let rates = RateCurve::level(Rate(50.0), Duration::from_secs(60));
    let load = Load::new(rates, &BATCHES, Default::default(), &workload, Seed(1));
    let starts: Vec<_> = load.requests().map(|request| request.intended).collect();
    assert_eq!(starts.len(), 3_000);
    assert!(starts.chunks(10).all(|batch| batch.iter().all(|start| *start == batch[0])), "ten at once");
    assert_eq!(starts[10].since(starts[0]), Duration::from_millis(200));
}

#[test]
fn a_report_format_as_documented_reads_a_run() {
    let walk = Walk::through("```sh\nbedbench run --rps 20 --profile apac --no-reference --sim -d 2m -q -o run\n```\n");
    let run = Run::open(&walk.desk.path().join("run")).unwrap();
    let rebuilt = run.rebuild().unwrap();
    let report = Report { manifest: &run.manifest, summary: &rebuilt.summary, recorder: &rebuilt.recorder };
    let text = (report::goodput::FORMAT.render)(&report);
    let lines: Vec<Vec<_>> = text.lines().map(|line| line.split('\t').collect()).collect();
    assert_eq!(lines.len(), 3, "{text}");
    for (line, route) in lines.iter().zip(["sydney", "singapore", "sydney→singapore"]) {
        assert_eq!(line[..2], ["SIMULATED", route], "{text}");
        let goodput: f64 = line[2].parse().unwrap();
        assert!((10.0..25.0).contains(&goodput), "{text}");
    }
}
