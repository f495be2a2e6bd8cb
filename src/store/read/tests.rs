use super::*;
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::core::{Outcome, RegionId, RunTime};
use crate::measure::verdict::{Doubt, Grade, Torn};
use crate::report::fixture;
use crate::store::Folder;
use crate::store::rows::{Names, RowWriter};

/// A folder with `requests` requests of two attempts each on the first route of a synthetic run.
fn written(folder: &Path, requests: u32, finished: bool) -> Manifest {
    let mut manifest = fixture::congested().manifest.clone();
    manifest.finished.as_mut().expect("a finished run").requests = u64::from(requests);
    if !finished {
        manifest.finished = None;
    }
    Folder::named(folder).unwrap().write_manifest(&manifest).unwrap();
    let mut rows = RowWriter::create(folder, Names::of(&manifest)).unwrap();
    for index in 0..requests {
        let (request, attempts) = records(index);
        attempts.iter().for_each(|attempt| rows.attempt(attempt).unwrap());
        rows.request(&request, 0).unwrap();
    }
    rows.flush().unwrap();
    manifest
}

fn records(index: u32) -> (RequestRecord, Vec<AttemptRecord>) {
    let at = |ms: u64| RunTime::from_nanos((u64::from(index) * 10 + ms) * 1_000_000);
    let attempt = |number: u16, outcome| AttemptRecord {
        index,
        attempt: number,
        sent: Some(at(1)),
        http_status: Some(429),
        error: (outcome == Outcome::Throttled).then(|| "slow down, \"please\"".into()),
        ..AttemptRecord::ended(at(9), outcome)
    };
    let attempts = vec![attempt(0, Outcome::Throttled), attempt(1, Outcome::Ok)];
    let request = RequestRecord {
        route: 0,
        index,
        phase: fixture::congested().recorder.phases().index_at(at(0)) as u16,
        intended: at(0),
        sent: Some(at(1)),
        last_sent: Some(at(1)),
        first_token: None,
        last_token: None,
        finished: at(9),
        outcome: Outcome::Ok,
        attempts: 2,
        region: Some(RegionId::SYDNEY),
        usage: None,
        prompt_hash: Some(7),
    };
    (request, attempts)
}

fn run(requests: u32, finished: bool) -> (tempfile::TempDir, Run) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("run");
    written(&path, requests, finished);
    let run = Run::open(&path).unwrap();
    (folder, run)
}

/// Cuts `file` off after `keep` bytes.
fn cut(run: &Run, file: &str, keep: impl FnOnce(usize) -> usize) {
    let path = run.path().join(file);
    let bytes = std::fs::read(&path).unwrap();
    let keep = keep(bytes.len());
    std::fs::write(path, &bytes[..keep]).unwrap();
}

#[test]
fn records_read_back_as_they_were_kept() {
    // More than a batch of attempts.
    let (_folder, run) = run(5_000, true);
    let mut index = 0;
    let replayed = run.replay(|entry| {
        let (request, attempts) = records(index);
        assert_eq!((entry.request, entry.attempts, entry.round), (&request, &attempts[..], 0));
        index += 1;
    });
    assert_eq!(replayed.unwrap(), Replayed { requests: 5_000, last: RunTime::from_nanos(49_999_000_000), torn: None });
}

#[test]
fn a_row_cut_in_half_is_dropped_and_said_so() {
    let (_folder, run) = run(100, false);
    cut(&run, "requests.csv", |length| length - 5);
    let replayed = run.replay(|_| ()).unwrap();
    let torn = Torn { ended: false, requests: Some(0), attempts: 2, half_rows: 1 };
    assert_eq!((replayed.requests, replayed.torn), (99, Some(torn)));
    let rebuilt = run.rebuild().unwrap();
    let reason = &rebuilt.summary.verdict.reasons.iter().find(|reason| reason.doubt == Doubt::Torn).unwrap();
    assert!(reason.text.contains("1 row cut off and dropped") && reason.text.contains("killed"), "{}", reason.text);
    assert!(rebuilt.summary.interrupted, "its gates are not judged");
    assert_eq!(rebuilt.summary.stopped, Some(replayed.last));
}

/// Wherever a file is cut, what is whole is read and nothing is made up.
#[test]
fn any_cut_leaves_the_rows_before_it() {
    let (_folder, run) = run(12, false);
    let whole = std::fs::read(run.path().join("requests.csv")).unwrap();
    for keep in 0..=whole.len() {
        std::fs::write(run.path().join("requests.csv"), &whole[..keep]).unwrap();
        let lines = whole[..keep].iter().filter(|byte| **byte == b'\n').count();
        let mut seen = 0;
        let replayed = run.replay(|entry| {
            assert_eq!(*entry.request, records(seen).0);
            seen += 1;
        });
        assert_eq!(replayed.unwrap().requests as usize, lines.saturating_sub(1), "{keep} bytes");
    }
    std::fs::write(run.path().join("requests.csv"), &whole).unwrap();
    cut(&run, "attempts.csv", |length| length / 2);
    let torn = run.replay(|_| ()).unwrap().torn.unwrap();
    assert!((10..=16).contains(&torn.attempts) && torn.half_rows == 1, "{torn:?}");
}

/// A request that was waiting for its answer leaves a gap in the numbers.
#[test]
fn requests_without_a_row_are_counted_and_too_many_of_them_invalidate() {
    let (_folder, run) = run(100, false);
    let path = run.path().join("requests.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let without = |gone: &[usize]| {
        let lines = text.lines().enumerate().filter(|(line, _)| !gone.contains(line));
        lines.map(|(_, line)| format!("{line}\n")).collect::<String>()
    };
    for (gone, grade) in [(&[50][..], Grade::Suspect), (&[50, 60], Grade::Invalid)] {
        std::fs::write(&path, without(gone)).unwrap();
        let rebuilt = run.rebuild().unwrap();
        assert_eq!(rebuilt.torn.unwrap().requests, Some(gone.len() as u64));
        let verdict = &rebuilt.summary.verdict;
        let torn = verdict.reasons.iter().find(|reason| reason.doubt == Doubt::Torn).unwrap();
        assert_eq!(torn.grade, grade, "{}", torn.text);
    }
}

#[test]
fn a_finished_run_that_lost_rows_says_so() {
    let (_folder, run) = run(100, true);
    let text = std::fs::read_to_string(run.path().join("requests.csv")).unwrap();
    let rows: Vec<_> = text.lines().take(91).collect();
    std::fs::write(run.path().join("requests.csv"), rows.join("\n") + "\n").unwrap();
    let torn = Torn { ended: true, requests: Some(10), attempts: 20, half_rows: 0 };
    assert_eq!(run.replay(|_| ()).unwrap().torn, Some(torn));
}

#[test]
fn what_is_no_run_is_refused_in_one_line() {
    let folder = tempfile::tempdir().unwrap();
    let open = |what: &str| {
        let said = Run::open(folder.path()).unwrap_err().to_string();
        assert!(said.contains(what) && !said.contains('\n'), "{said}");
    };
    open("is not a results folder");
    std::fs::write(folder.path().join("sweep.json"), "{}").unwrap();
    open("holds a sweep and no run");
    std::fs::write(folder.path().join("manifest.json"), "{\"schema\": 99}").unwrap();
    open("has schema 99, and this bedbench");
    std::fs::write(folder.path().join("manifest.json"), "{\"schema\": 1}").unwrap();
    open("missing field");
    std::fs::write(folder.path().join("manifest.json"), "{\"schema\": ").unwrap();
    open("EOF");
    let gone = Run::open(&folder.path().join("gone")).unwrap_err().to_string();
    assert!(gone.contains("there is no folder ") && gone.contains("gone. Name the folder"), "{gone}");
}

#[test]
fn a_row_that_is_none_of_ours_is_named_by_its_line() {
    for (from, to, said) in [
        ("ok,2,", "fine,2,", "requests.csv:2: `fine` in column `outcome` is not an outcome"),
        ("sydney,0,", "perth,0,", "requests.csv:2: `perth` in column `route` is not a route of the manifest"),
        ("sydney,1,", "sydney,-1,", "requests.csv:3: `-1` in column `index` is not a number that fits there"),
        ("sydney,1,", "sydney,", "requests.csv:3: 15 fields in place of 16"),
        ("route,index", "index,route", "requests.csv: its columns are not in the order"),
        ("route,", "way,", "requests.csv: it has no column `route`"),
    ] {
        let (_folder, run) = run(3, true);
        let path = run.path().join("requests.csv");
        let text = std::fs::read_to_string(&path).unwrap();
        assert!(text.contains(from), "{from} in {text}");
        std::fs::write(&path, text.replacen(from, to, 1)).unwrap();
        let error = run.replay(|_| ()).unwrap_err().to_string();
        assert!(error.contains(said), "{error}");
    }
}

/// As when two folders were put together by hand.
#[test]
fn rows_that_are_there_twice_are_not_counted_twice() {
    let (_folder, run) = run(3, true);
    let path = run.path().join("requests.csv");
    let text = std::fs::read_to_string(&path).unwrap();
    let (header, rows) = text.split_once('\n').unwrap();
    std::fs::write(&path, format!("{header}\n{rows}{rows}")).unwrap();
    let said = run.rebuild().err().expect("they are there twice").to_string();
    assert!(
        said.ends_with("requests.csv: it holds requests of route `sydney` twice, and they would count twice"),
        "{said}"
    );
}

#[test]
fn a_run_without_records_has_nothing_to_rebuild_from() {
    let (_folder, run) = run(1, true);
    std::fs::remove_file(run.path().join("requests.csv")).unwrap();
    let said = run.rebuild().err().expect("there is nothing").to_string();
    assert!(said.contains("no requests.csv, which this is made from"), "{said}");
}
