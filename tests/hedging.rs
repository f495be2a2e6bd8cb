//! A hedge goes by the first token: an attempt that has begun to answer is not late, however long its
//! answer is.

mod common;

use bedbench::core::Outcome;
use bedbench::govern::Prices;
use bedbench::plan::prompt::BYTES_PER_TOKEN;
use bedbench::profile::Loader;
use bedbench::store::rows::read_attempts;
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

/// A hedge that lost keeps its reservation: nobody knows what is charged for it.
#[test]
fn a_budget_holds_where_every_request_is_hedged() {
    const BUDGET: f64 = 0.08;
    let (folder, loader) = (tempfile::tempdir().unwrap(), Loader::built_in().unwrap());
    let profile = fixture("profiles/hedged.toml");
    let mut command = bedbench();
    command.args([
        "run",
        "--rps",
        "20",
        "--duration",
        "3s",
        "--warmup",
        "0s",
        "--mock",
        "--scenario",
        "calm",
        "--quiet",
    ]);
    command.args(["--route", "before it", "--budget", &BUDGET.to_string(), "--profile"]).arg(&profile);
    let status = command.arg("--out").arg(folder.path()).status().unwrap();
    assert_eq!(status.code(), Some(6), "the budget ended it");

    let profile = loader.profile(profile.to_str().unwrap()).unwrap();
    let price = Prices::built_in().unwrap().of(&profile.routes[0].targets[0], &profile.models).unwrap();
    let most_tokens = f64::from(loader.workload("chat").unwrap().max_tokens);
    let attempts = read_attempts(folder.path()).unwrap();
    let of = |attempt: &bedbench::store::rows::AttemptRow| match (attempt.input_tokens, attempt.output_tokens) {
        (Some(input), Some(output)) => price.of(f64::from(input), f64::from(output)),
        _ => price.of(f64::from(attempt.asked_tokens) * BYTES_PER_TOKEN as f64, most_tokens),
    };
    let spent: f64 = attempts.iter().map(of).sum();
    let lost = attempts.iter().filter(|attempt| attempt.outcome == Outcome::Cancelled).count();
    assert!(lost >= 3, "{lost} hedges lost");
    // A prompt ends with a word: it may be some bytes longer than asked for, and is paid for with them.
    assert!(spent <= BUDGET, "{spent} USD, of them {lost} reservations of hedges that lost");
    assert!(spent > BUDGET / 4.0, "{spent} USD: it ended long before the budget was taken");
}
