//! A short mock run from the command line to the results folder.

use std::process::Stdio;

use super::desk::{Desk, INVALID, SHORT, Said, end_of, files_in};

#[test]
fn a_run_leaves_everything_that_a_review_needs() {
    let desk = Desk::with_short_answers();
    let said = desk.measures(&format!("{SHORT} -q -o run"), &[]).exits(0);
    assert_eq!((said.out.as_str(), said.err.as_str()), ("", ""), "quiet is quiet");
    let files = files_in(&desk.path("run"));
    for file in ["attempts.csv", "manifest.json", "report.md", "requests.csv", "summary.json"] {
        assert!(files.iter().any(|found| found == file), "no {file} among {files:?}");
    }
    let plots: Vec<_> = files.iter().filter(|file| file.starts_with("plots/")).collect();
    assert!(plots.len() >= 3 && plots.iter().all(|plot| plot.ends_with(".svg")), "{plots:?}");
    assert!(plots.iter().all(|plot| desk.read(&format!("run/{plot}")).contains("MOCK")), "a plot must say MOCK");
    assert!(desk.read("run/report.md").contains("MOCK"));

    let summary = desk.json("run/summary.json");
    assert_eq!(summary["world"], "mock");
    let planned = summary["routes"][0]["slices"][0]["planned"].as_u64().unwrap();
    let rows = desk.read("run/requests.csv").lines().count() as u64 - 1;
    assert!(planned > 0 && rows == planned, "{rows} rows for {planned} planned requests");
    assert!(desk.read("run/attempts.csv").lines().count() as u64 > planned);

    let manifest = desk.json("run/manifest.json");
    assert_eq!(manifest["config"]["profile"], "apac");
    assert_eq!(manifest["finished"]["interrupted"], false);
}

/// Started in the same second, as a script does it.
#[test]
fn two_runs_in_one_place_do_not_meet() {
    let desk = Desk::with_short_answers();
    let runs = [(); 2].map(|()| desk.child(&format!("{SHORT} -q")).spawn().unwrap());
    for run in runs {
        // Two at once may be too much for the machine; their folders are what this is about.
        assert!(matches!(end_of(run).code, Some(0 | INVALID)));
    }
    let manifests = files_in(&desk.path("results")).into_iter().filter(|file| file.ends_with("/manifest.json"));
    assert_eq!(manifests.count(), 2);
}

#[test]
fn json_on_stdout_is_the_summary_and_nothing_else() {
    let desk = Desk::with_short_answers();
    let said = desk.measures(&format!("{SHORT} --format json -o run"), &[]).exits(0);
    let printed: serde_json::Value = serde_json::from_str(&said.out).unwrap_or_else(|e| panic!("{e}: {said:#?}"));
    assert_eq!(printed, desk.json("run/summary.json"));
    assert!(said.err.contains("Results in run"), "{said:#?}");
}

/// Piped output is plain, and `NO_COLOR` holds even where colour is forced.
#[test]
fn what_is_piped_has_no_escape_codes() {
    let desk = Desk::with_short_answers();
    let plain = |said: &Said| !said.out.contains('\u{1b}') && !said.err.contains('\u{1b}');
    let run = desk.measures(SHORT, &[]).exits(0);
    assert!(run.out.contains("MOCK") && plain(&run), "{run:#?}");
    for args in ["profile list", "profile list --nonsense", "run --rps 0 --mock", "--help"] {
        let said = desk.says(args);
        assert!(plain(&said), "{said:#?}");
        let said = Said::of(desk.command(args).env("NO_COLOR", "1").env("CLICOLOR_FORCE", "1"));
        assert!(plain(&said), "NO_COLOR: {said:#?}");
    }
}

#[test]
fn a_missed_objective_fails_the_run_and_names_the_route() {
    let desk = Desk::with_short_answers();
    let args = format!("{SHORT} -q -o run --slo ttft:p95<1ms --slo response:p99<50s");
    let said = desk.measures(&args, &[]).exits(3);
    let missed: Vec<_> = said.err.lines().filter(|line| line.starts_with("SLO missed: ")).collect();
    assert_eq!(missed.len(), 1, "{said:#?}");
    assert!(missed[0].contains("ttft:p95<1ms by sydney: "), "{said:#?}");
    assert!(files_in(&desk.path("run")).iter().any(|file| file == "report.md"), "the report is needed now");
}

/// As in `bedbench run … | head -1`, closed while the run is still going on.
#[test]
fn a_closed_stdout_fails_nothing() {
    let desk = Desk::with_short_answers();
    let mut child =
        desk.child(&format!("{SHORT} -o run")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stdout.take());
    let said = end_of(child);
    assert!(matches!(said.code, Some(0 | INVALID)), "{said:#?}");
    assert!(said.err.contains("Results in run"), "{said:#?}");
    assert!(files_in(&desk.path("run")).iter().any(|file| file == "report.md"));
}

/// A limit on file size stands for the disk: both refuse a write in the middle of a run.
#[cfg(unix)]
#[test]
fn a_disk_that_fills_up_ends_the_run_and_keeps_what_was_written() {
    let desk = Desk::with_short_answers();
    // 64 blocks of 512 bytes: a few hundred rows of the two thousand.
    let run = "run --rps 100 --mock -d 20s --warmup 0s --route sydney --scenario calm --workload short.toml -o run";
    let said = desk.says_limited("-f 64", run).exits(1);
    assert!(said.error().starts_with("error: the results are incomplete: "), "{said:#?}");
    assert!(said.error().ends_with("What was written is in run"), "{said:#?}");
    let rows = desk.read("run/requests.csv").lines().count();
    assert!((10..1_000).contains(&rows), "{rows} rows: it should have stopped soon after the disk was full");
}
