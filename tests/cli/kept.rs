//! Whatever breaks under a run, what was written stays, and somebody is told what is missing.

use std::process::Stdio;

use super::desk::{Desk, INVALID, SHORT, Said, end_of, files_in, wait_until};

/// Every file that a finished run has, whoever listened to it.
fn is_whole(desk: &Desk) {
    let files = files_in(&desk.path("run"));
    for file in ["manifest.json", "requests.csv", "attempts.csv", "report.html", "report.md", "summary.json"] {
        assert!(files.iter().any(|found| found == file), "{file} among {files:?}");
    }
    assert_eq!(desk.json("run/manifest.json")["finished"]["interrupted"], false);
    assert!(!files.iter().any(|file| file.ends_with(".part")), "{files:?}");
}

/// As where the terminal was closed, or the log collector died.
#[test]
fn a_closed_stderr_ends_no_run() {
    let desk = Desk::with_short_answers();
    let mut child =
        desk.child(&format!("{SHORT} -o run")).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    drop(child.stderr.take());
    let mut said = child.wait_with_output().unwrap();
    said.stderr.clear();
    let said = Said::from(said);
    assert!(matches!(said.code, Some(0 | INVALID)), "{said:#?}");
    assert!(said.out.contains("MOCK"), "{said:#?}");
    is_whole(&desk);
}

#[cfg(target_os = "linux")]
#[test]
fn a_disk_that_does_not_take_what_is_said_costs_no_record() {
    let full = || std::fs::File::options().write(true).open("/dev/full").unwrap();
    let desk = Desk::with_short_answers();
    let child = desk.child(&format!("{SHORT} -o run")).stdout(full()).stderr(Stdio::piped()).spawn().unwrap();
    let said = end_of(child).exits(1);
    assert!(said.error().starts_with("error: cannot write to stdout: "), "{said:#?}");
    is_whole(&desk);
    let desk = Desk::with_short_answers();
    let child = desk.child(&format!("{SHORT} -o run")).stdout(Stdio::piped()).stderr(full()).spawn().unwrap();
    let said = end_of(child);
    assert!(matches!(said.code, Some(0 | INVALID)), "{said:#?}");
    is_whole(&desk);
}

/// Closed from the start, by a reader that has left, and by one that has seen enough.
#[cfg(unix)]
#[test]
fn a_stdout_that_nobody_reads_costs_no_record() {
    for line in ["\"$0\" \"$@\" >&-", "\"$0\" \"$@\" | true", "\"$0\" \"$@\" | head -1"] {
        let desk = Desk::with_short_answers();
        let said = desk.says_in_shell(line, &format!("{SHORT} --junit gates.xml -o run"));
        assert!(matches!(said.code, Some(0 | INVALID)), "{line}: {said:#?}");
        assert_eq!(said.errors().count(), 0, "{line}: {said:#?}");
        assert_eq!(said.out.lines().count(), usize::from(line.contains("head")), "{line}: {said:#?}");
        is_whole(&desk);
        assert!(desk.read("gates.xml").ends_with("</testsuites>\n"), "{line}");
    }
}

/// What was asked for is there before anything is shown, and what is missing of it is said first.
#[cfg(target_os = "linux")]
#[test]
fn what_cannot_be_shown_is_kept_nevertheless() {
    let full = |desk: &Desk, args: &str| {
        let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
        end_of(desk.child(args).stdout(full).stderr(Stdio::piped()).spawn().unwrap()).exits(1)
    };
    let desk = Desk::new();
    let run = "run --sim --rps 5 -d 10s --profile au";
    let sweep = "sweep --profile au --rps 1..2 --steps 2 --seeds 2 -d 30m -o swept";
    for args in [&format!("{run} -o run"), "report run", sweep] {
        let said = full(&desk, &format!("{args} --junit gates.xml"));
        assert!(said.error().starts_with("error: cannot write to stdout: "), "{args}: {said:#?}");
        assert!(desk.read("gates.xml").ends_with("</testsuites>\n"), "{args}");
        std::fs::remove_file(desk.path("gates.xml")).unwrap();
    }
    // In the way of a report is a folder that nobody can replace.
    std::fs::remove_file(desk.path("run/report.md")).unwrap();
    std::fs::create_dir_all(desk.path("run/report.md/inside")).unwrap();
    let said = full(&desk, "report run");
    assert!(said.error().starts_with("error: the reports are incomplete: run/report.md: "), "{said:#?}");
}

/// Whoever has the old file open reads it to its end: a second name for it shows that it is not written over.
#[test]
fn files_are_replaced_and_not_written_over() {
    let desk = Desk::new();
    desk.says("run --sim --rps 20 -d 1m --profile apac --scenario calm -q -o run").exits(0);
    for (file, args) in [
        ("gates.xml", "report run -q --junit gates.xml"),
        ("run/report.html", "report run -q"),
        ("run/plots/timeline.svg", "report run -q"),
        ("plot.svg", "compare run:sydney run:singapore --plot plot.svg"),
        ("scp.json", "export scp --profile au --out scp.json"),
        ("bedbench.1", "man ."),
    ] {
        desk.write(file, "old");
        std::fs::hard_link(desk.path(file), desk.path("held")).unwrap();
        desk.says(args).exits(0);
        assert_eq!(desk.read("held"), "old", "{file} by {args}");
        assert!(desk.read(file).len() > 100, "{file} by {args}");
        std::fs::remove_file(desk.path("held")).unwrap();
    }
    assert!(!files_in(&desk.path("")).iter().any(|file| file.contains(".part")));
}

/// A file that is deleted takes rows as if nothing were wrong.
#[cfg(unix)]
#[test]
fn results_that_are_taken_away_end_the_run_and_are_named() {
    type Take = fn(&Desk);
    let ways: [(Take, &str); 3] = [
        (|desk| std::fs::rename(desk.path("run"), desk.path("moved")).unwrap(), "requests.csv"),
        (|desk| std::fs::remove_dir_all(desk.path("run")).unwrap(), "requests.csv"),
        (|desk| std::fs::remove_file(desk.path("run/attempts.csv")).unwrap(), "attempts.csv"),
    ];
    for (take, file) in ways {
        let desk = Desk::with_short_answers();
        let args = SHORT.replace("500ms", "60s") + " -o run";
        let child = desk.child(&args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let rows = |path: &str| std::fs::read_to_string(desk.path(path)).unwrap_or_default().lines().count();
        wait_until("a first row in requests.csv", || rows("run/requests.csv") > 1);
        take(&desk);
        let said = end_of(child).exits(1);
        let error = format!("error: the results are incomplete: run/{file}: it was moved or deleted while the run");
        assert!(said.error().starts_with(&error), "{said:#?}");
        assert!(said.out.contains("nterrupted"), "the numbers until then are not lost: {said:#?}");
        if desk.path("moved").exists() {
            let said = desk.says("report moved").exits(0);
            assert!(said.err.contains("warning: its end is not recorded"), "{said:#?}");
            assert!(rows("moved/requests.csv") > 1);
        }
    }
}

/// A limit on file size stands for the disk.
#[cfg(unix)]
#[test]
fn what_a_full_disk_took_is_rebuilt_once_there_is_room() {
    let desk = Desk::with_short_answers();
    let run = "run --rps 100 --mock -d 20s --warmup 0s --route sydney --scenario calm --workload short.toml -o run";
    let said = desk.says_limited("-f 64", run).exits(1);
    assert!(said.error().contains("run/attempts.csv: File too large"), "{said:#?}");
    assert!(!files_in(&desk.path("run")).iter().any(|file| file.ends_with(".part")), "room is left");
    let said = desk.says("report run").exits(0);
    assert!(said.err.contains("warning: "), "what is missing is said: {said:#?}");
    let rows = desk.read("run/requests.csv").lines().count() as u64;
    let summary = desk.json("run/summary.json");
    let planned = summary["routes"][0]["slices"][0]["planned"].as_u64().unwrap();
    assert!(planned + 2 >= rows && planned > 10, "{planned} of {rows} lines are in the numbers");
    assert!(desk.read("run/report.html").contains("</html>"));
}

#[cfg(unix)]
#[test]
fn results_are_their_owners_alone() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::with_short_answers();
    let said = desk.says("run --sim --rps 5 -d 10s --profile au");
    assert!(matches!(said.code, Some(0 | INVALID)), "{said:#?}");
    let sweep = desk.says("sweep --profile au --rps 1..2 --steps 2 --seeds 2 -d 30m -o sweep");
    let run = std::fs::read_dir(desk.path("results")).unwrap().next().unwrap().unwrap().path();
    for folder in [run, desk.path("sweep")] {
        let mode =
            std::fs::metadata(&folder).unwrap_or_else(|error| panic!("{error}: {sweep:#?}")).permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{}", folder.display());
    }
}

/// The same instant wherever the machine thinks it is, and whatever its clocks do in October.
#[test]
fn times_of_day_are_in_utc_wherever_the_machine_is() {
    for zone in ["Australia/Sydney", "America/New_York", "XYZ-14"] {
        let desk = Desk::new();
        let before = bedbench::clock::unix_nanos();
        let said = Said::of(desk.command("run --sim --rps 5 -d 10s --profile au -q").env("TZ", zone));
        assert!(matches!(said.code, Some(0 | INVALID)), "{said:#?}");
        let folder = std::fs::read_dir(desk.path("results")).unwrap().next().unwrap().unwrap().file_name();
        let folder = folder.into_string().unwrap();
        let manifest = desk.json(&format!("results/{folder}/manifest.json"));
        let started = manifest["started_unix_nanos"].as_u64().unwrap();
        assert!((before..=bedbench::clock::unix_nanos()).contains(&started), "{zone}: {started}");
        let utc = bedbench::store::folder::rfc3339(started);
        assert_eq!(manifest["started"], utc, "{zone}");
        assert!(folder.starts_with(&utc.replace([':', '-'], "")), "{zone}: {folder}");
    }
}
