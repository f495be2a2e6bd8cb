//! Common random numbers: every route is asked the same questions at the same instants.

mod common;

use std::collections::BTreeMap;
use std::path::Path;

use common::{bedbench, requests};

type Asked = Vec<(u32, u64, String)>;

/// What each route was asked: index, intended start and prompt, in order.
fn ask(folder: &Path, seed: &str) -> BTreeMap<String, Asked> {
    let mut command = bedbench();
    command.args(["run", "--rps", "100", "--duration", "2s", "--warmup", "0s", "--profile", "apac", "--mock"]);
    command.args(["--scenario", "calm", "--quiet", "--seed", seed, "--out"]).arg(folder);
    assert!(command.status().unwrap().code().is_some());
    let mut asked: BTreeMap<String, Asked> = BTreeMap::new();
    for row in requests(folder) {
        asked.entry(row.route).or_default().push((row.index, row.intended_ns.as_nanos(), row.prompt.unwrap()));
    }
    asked.values_mut().for_each(|asked| asked.sort());
    asked
}

#[test]
fn the_same_seed_asks_every_route_and_every_run_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let first = ask(&folder.path().join("1"), "7");
    assert_eq!(first.len(), 4, "four routes");
    let sydney = &first["sydney"];
    assert!(sydney.len() > 100, "{} requests", sydney.len());
    for (route, asked) in &first {
        assert_eq!(asked, sydney, "{route} was asked something else than sydney");
    }
    assert_eq!(ask(&folder.path().join("2"), "7"), first, "a second run with the same seed");
    assert_ne!(ask(&folder.path().join("3"), "8")["sydney"], *sydney, "another seed");
}
