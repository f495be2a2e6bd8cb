//! A hedge goes by the first token: an attempt that has begun to answer is not late, however long its
//! answer is.

mod common;

use bedbench::core::Outcome;
use common::{bedbench, fixture, requests};

#[test]
fn only_attempts_without_a_first_token_are_hedged_in_the_mock_and_in_the_simulation() {
    for world in ["--mock", "--sim"] {
        only_attempts_without_a_first_token_are_hedged(world);
    }
}

fn only_attempts_without_a_first_token_are_hedged(world: &str) {
    let folder = tempfile::tempdir().unwrap();
    let mut command = bedbench();
    command.args(["run", "--rps", "10", "--duration", "2s", "--warmup", "0s", world, "--scenario", "calm"]);
    command.arg("--profile").arg(fixture("profiles/hedged.toml")).args(["--quiet", "--out"]).arg(folder.path());
    command.status().unwrap();

    let rows = requests(folder.path());
    let attempts =
        |route: &str| rows.iter().filter(|row| row.route == route).map(|row| row.attempts).collect::<Vec<_>>();
    let (patient, hasty) = (attempts("after the first token"), attempts("before it"));
    assert!(!patient.is_empty() && patient.len() == hasty.len());
    assert!(patient.iter().all(|attempts| *attempts == 1), "{patient:?}");
    assert!(hasty.iter().all(|attempts| *attempts == 2), "{hasty:?}");
    // Most answers end after a second and more: without first tokens their attempts would have been late.
    let long = rows.iter().filter(|row| row.finished_ns.since(row.intended_ns).as_millis() > 600);
    assert!(long.count() > patient.len());
    assert!(rows.iter().all(|row| row.outcome == Outcome::Ok));
}
