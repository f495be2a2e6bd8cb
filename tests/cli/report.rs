//! A run rebuilt from its records: the same files byte for byte, or a word on what is missing.

use std::collections::BTreeMap;
use std::process::Stdio;

use super::desk::{Desk, INVALID, SHORT, Said, Server, files_in, wait_until};
use super::endpoint::in_turns;

/// Every file of the run but its records, with what is in it.
fn made(desk: &Desk) -> BTreeMap<String, Vec<u8>> {
    let kept = ["manifest.json", "requests.csv", "attempts.csv"];
    let files = files_in(&desk.path("run")).into_iter().filter(|file| !kept.contains(&file.as_str()));
    files.map(|file| (file.clone(), std::fs::read(desk.path("run").join(&file)).unwrap())).collect()
}

/// Deletes what was made of the records, has it rebuilt, and compares.
#[track_caller]
fn rebuilds(desk: &Desk, printed: &str) {
    let before = made(desk);
    for file in ["summary.json", "summary.csv", "report.md", "latency.hlog", "percentiles/1-sydney-response.hgrm"] {
        assert!(before.contains_key(file), "{file} among {:?}", before.keys());
    }
    before.keys().for_each(|file| std::fs::remove_file(desk.path("run").join(file)).unwrap());
    let said = desk.says("report run").exits(0);
    let after = made(desk);
    assert_eq!(before.keys().collect::<Vec<_>>(), after.keys().collect::<Vec<_>>());
    for (file, bytes) in &before {
        let text = String::from_utf8_lossy(&after[file]);
        assert!(*bytes == after[file], "{file} is another one:\n{text}");
    }
    assert_eq!(said.out, printed, "it prints what the run printed");
    assert_eq!(said.err, "Rebuilt in run\n");
}

/// Runs as it is, valid or not: a busy machine's numbers are rebuilt just so.
#[track_caller]
fn ran(desk: &Desk, args: &str) -> Said {
    let said = desk.says(&format!("{args} -o run"));
    assert!(matches!(said.code, Some(0 | 3 | INVALID)), "{said:#?}");
    said
}

#[test]
fn a_mock_run_is_rebuilt_byte_for_byte() {
    let desk = Desk::with_short_answers();
    let run = "run --rps 40 --mock -d 1s --warmup 200ms --profile apac --scenario congested --workload short.toml \
               --slo response:p99<1.234567s --slo error<1% --slo sydney/ttft:p95<123ms --slo goodput>5/s";
    let said = ran(&desk, run);
    rebuilds(&desk, &said.out);
}

#[test]
fn a_simulation_is_rebuilt_byte_for_byte() {
    let desk = Desk::with_short_answers();
    // Congested, with throttles, hedges and fallbacks, and every arrival of a cache's numbers missing.
    let said = ran(&desk, "run --rps 60 --sim -d 4m --profile apac --set workload.cache_hit_rate=0.3");
    rebuilds(&desk, &said.out);
}

#[test]
fn closed_loops_are_rebuilt_byte_for_byte() {
    for world in ["--sim", "--mock"] {
        let desk = Desk::with_short_answers();
        let load = "run --concurrency 4 -d 700ms --warmup 100ms --profile apac --route sydney --scenario calm";
        let said = ran(&desk, &format!("{load} --workload short.toml {world}"));
        rebuilds(&desk, &said.out);
    }
}

#[test]
fn routes_that_took_turns_are_rebuilt_byte_for_byte() {
    let desk = Desk::with_short_answers();
    let server = Server::start(&desk, "--profile apac --scenario calm --workload short.toml");
    let said = ran(&desk, &in_turns(&server, "-d 400ms --blocks 2 --block-gap 200ms --short-blocks"));
    rebuilds(&desk, &said.out);
}

#[cfg(unix)]
#[test]
fn an_interrupted_run_is_rebuilt_byte_for_byte() {
    let desk = Desk::with_short_answers();
    let args = SHORT.replace("500ms", "60s") + " -o run";
    let child = desk.child(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let rows = || std::fs::read_to_string(desk.path("run/requests.csv")).unwrap_or_default().lines().count();
    wait_until("a first row in requests.csv", || rows() > 1);
    super::desk::signal(&child, rustix::process::Signal::INT);
    let said = super::desk::end_of(child).exits(130);
    assert!(said.out.contains("interrupted"), "{said:#?}");
    rebuilds(&desk, &said.out);
}

#[test]
fn a_killed_run_is_reported_with_what_is_missing() {
    let desk = Desk::with_short_answers();
    let args = SHORT.replace("500ms", "60s") + " -o run";
    let mut child = desk.child(&args).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
    let rows = || std::fs::read_to_string(desk.path("run/requests.csv")).unwrap_or_default().lines().count();
    wait_until("a first row in requests.csv", || rows() > 1);
    child.kill().unwrap();
    child.wait().unwrap();
    // As if the disk had taken half of a line.
    let mut text = desk.read("run/requests.csv");
    text.push_str("sydney,99,meas");
    desk.write("run/requests.csv", &text);
    let whole = text.lines().count() - 2;
    let said = desk.says("report run").exits(0);
    assert!(said.err.contains("warning: its end is not recorded: it was killed, or goes on"), "{said:#?}");
    assert!(said.err.contains("1 row cut off and dropped"), "{said:#?}");
    let summary = desk.json("run/summary.json");
    let slice = &summary["routes"][0]["slices"][0];
    assert_eq!(slice["planned"].as_u64(), Some(whole as u64), "{slice}");
    assert_eq!(summary["evidence"]["torn"]["half_rows"], 1);
    assert_ne!(summary["verdict"]["grade"], "VALID");
    for shown in [&said.out, &desk.read("run/report.md")] {
        assert!(shown.contains("cut off and dropped") && shown.contains("nterrupted"), "{shown}");
    }
}

#[test]
fn json_and_quiet_are_what_they_say() {
    let desk = Desk::with_short_answers();
    ran(&desk, "run --rps 40 --sim -d 10s --route sydney --workload short.toml -q");
    let said = desk.says("report run --format json").exits(0);
    let printed: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!(printed, desk.json("run/summary.json"));
    let quiet = desk.says("report run -q").exits(0);
    assert_eq!((quiet.out.as_str(), quiet.err.as_str()), ("", ""));
}

#[test]
fn what_is_no_run_is_refused_in_one_line() {
    let desk = Desk::with_short_answers();
    let refused = |what: &str, error: &str| {
        let said = desk.says(&format!("report {what}")).exits(2);
        assert!(said.error().contains(error), "{said:#?}");
        assert_eq!(said.out, "");
    };
    refused("nowhere", "there is no folder nowhere. Name the folder that `bedbench run` said its results are in");
    refused(".", ". is not a results folder: it has no manifest.json");
    desk.says("run --rps 40 --sim -d 10s --route sydney --workload short.toml --no-records -q -o run");
    refused("run", "run has no requests.csv, which this is made from: a run with --no-records keeps none");
    refused("run/manifest.json", "run/manifest.json is a file; pass the folder that it is in: run");
    assert!(desk.path("run/summary.json").exists(), "what the run left stays");
    let newer = desk.read("run/manifest.json").replacen("\"schema\": 1", "\"schema\": 2", 1);
    desk.write("run/manifest.json", &newer);
    refused("run", "run/manifest.json has schema 2, and this bedbench");
    desk.write("run/manifest.json", &newer[..newer.len() / 2]);
    refused("run", "run/manifest.json is cut off or was changed: EOF");
    let mut other: serde_json::Value =
        serde_json::from_str(&newer.replacen("\"schema\": 2", "\"schema\": 1", 1)).unwrap();
    other["version"] = "0.0.1".into();
    other["config"].as_object_mut().unwrap().remove("load");
    desk.write("run/manifest.json", &other.to_string());
    refused("run", "missing field `load`. It was changed, or another one wrote it (0.0.1): use that, or run again");
}

/// As a CI job shows it: appended behind what other steps have said, and without pictures that nobody could see.
#[test]
fn a_ci_job_is_told_too() {
    let desk = Desk::with_short_answers();
    desk.write("shown.md", "another step\n");
    let mut run = desk.command("run --rps 40 --sim -d 10s --route sydney --workload short.toml -q -o run");
    Said::of(run.env("GITHUB_STEP_SUMMARY", desk.path("shown.md"))).exits(0);
    let shown = desk.read("shown.md");
    assert!(shown.starts_with("another step\n## bedbench: apac (SIMULATED)"), "{shown}");
    assert!(!shown.contains(".svg"), "{shown}");
    let mut report = desk.command("report run -q");
    let said = Said::of(report.env("GITHUB_STEP_SUMMARY", desk.path("no/such/folder"))).exits(0);
    assert!(said.err.contains("warning: GITHUB_STEP_SUMMARY"), "{said:#?}");
}

#[test]
fn plots_as_png_are_drawn_or_the_missing_font_is_named() {
    let desk = Desk::with_short_answers();
    ran(&desk, "run --rps 40 --sim -d 10s --route sydney --workload short.toml -q");
    let said = desk.says("report run --png -q");
    match said.code {
        Some(0) => {
            let png = std::fs::read(desk.path("run/plots/timeline.png")).unwrap();
            assert_eq!(&png[1..4], b"PNG");
        }
        _ => assert!(said.exits(1).error().contains("install one, as with"), "a machine without a font"),
    }
    assert!(desk.path("run/plots/timeline.svg").exists());
}
