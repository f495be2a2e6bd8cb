//! Coordinated omission: whatever freezes, the numbers tell it.
//!
//! Both tests freeze a real process with SIGSTOP, in the middle of a constant load against a service that takes
//! 5 ms: 200 requests per second as built for tests, and a thousand, held to 1 %, with `cargo test --release --test omission`. Other work on the machine can make a run slower than
//! computed by hand, never faster, and an instrument that omits would be wrong every time: so a
//! run that disagrees is repeated, a few times at most.
#![cfg(unix)]

mod common;

use std::path::Path;
use std::process::Command;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bedbench::clock;
use bedbench::core::{Metric, Outcome};
use bedbench::measure::Summary;
use bedbench::measure::verdict::Grade;
use bedbench::store::Manifest;
use common::{Process, bedbench, fixture, requests, start_mock, summary};

const RPS: f64 = if cfg!(debug_assertions) { 200.0 } else { 1_000.0 };
/// What was waiting is served one after the other, and not as fast where it is built for tests.
const NEAR: f64 = if cfg!(debug_assertions) { 0.05 } else { 0.01 };
const SERVICE: f64 = 0.005;
const FREEZE: Duration = Duration::from_millis(800);
/// Machines that run tests are shared and noisy; what is wrong is wrong in every try.
const TRIES: usize = 6;

fn start_run(url: &str, folder: &Path) -> Process {
    let mut command: Command = bedbench();
    command.args(["run", "--rps", &RPS.to_string(), "--arrival", "constant", "--duration", "10s", "--warmup", "1s"]);
    command.args(["--api", "converse", "--quiet", "--endpoint"]).arg(format!("ap-southeast-2={url}"));
    command.arg("--profile").arg(fixture("one-region.toml")).arg("--out").arg(folder);
    Process(command.spawn().expect("bedbench starts"))
}

fn start_server() -> (Process, String) {
    let (profile, scenario) = (fixture("one-region.toml"), fixture("quiet.toml"));
    start_mock(&["--profile", profile.to_str().unwrap(), "--scenario", scenario.to_str().unwrap()])
}

/// Until the run has written down a request of its third second.
fn wait_for_the_middle(folder: &Path) {
    loop {
        let started = std::fs::read_to_string(folder.join("requests.csv")).unwrap_or_default();
        if started.lines().count() as f64 > 3.0 * RPS {
            return;
        }
        clock::sleep_until(clock::monotonic() + Duration::from_millis(20));
    }
}

/// Freezes `process`; returns when on the wall clock, in seconds.
fn freeze(process: &Process) -> (f64, f64) {
    let now = || clock::unix_nanos() as f64 / 1e9;
    process.signal("STOP");
    let from = now();
    clock::sleep_until(clock::monotonic() + FREEZE);
    let to = now();
    process.signal("CONT");
    (from, to)
}

fn percentile(summary: &Summary, metric: Metric, q: f64) -> f64 {
    let found = &summary.routes[0].whole().metric(metric).all;
    let level = if q == 1.0 { found.max } else { found.at(q).map(|quantile| quantile.value) };
    level.and_then(|level| level.time()).expect("a time, not a failure").as_secs_f64()
}

/// One after the other: two loads at once would disturb each other.
static ALONE: Mutex<()> = Mutex::new(());

fn in_some_tries(check: impl Fn() -> Result<(), String>) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    let mut said = Vec::new();
    while said.len() < TRIES {
        match check() {
            Ok(()) => return,
            Err(disagreement) => said.push(disagreement),
        }
    }
    panic!("every run disagreed: {said:#?}");
}

fn ensure(holds: bool, otherwise: impl FnOnce() -> String) -> Result<(), String> {
    if holds { Ok(()) } else { Err(otherwise()) }
}

#[test]
fn a_frozen_server_shows_in_full_and_nothing_is_sent_late() {
    in_some_tries(frozen_server);
}

fn frozen_server() -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let (server, url) = start_server();
    let mut run = start_run(&url, folder.path());
    wait_for_the_middle(folder.path());
    let (from, to) = freeze(&server);
    assert!(run.0.wait().unwrap().code().is_some());

    let manifest = std::fs::read_to_string(folder.path().join("manifest.json")).unwrap();
    let manifest: Manifest = serde_json::from_str(&manifest).unwrap();
    let start = manifest.started_unix_nanos as f64 / 1e9;
    let (from, to) = (from - start, to - start);

    // By hand: who was being served when the freeze began waits for its end, and who was due inside it is served after it.
    let measured = (RPS as u32..11 * RPS as u32).map(|index| f64::from(index) / RPS);
    let mut expected: Vec<f64> = measured
        .map(|due| match due {
            due if due + SERVICE > from && due < from => (to - due).max(SERVICE),
            due if due >= from && due < to => to - due + SERVICE,
            _ => SERVICE,
        })
        .collect();
    expected.sort_by(f64::total_cmp);
    let expect = |q: f64| expected[((q * expected.len() as f64).ceil() as usize).max(1) - 1];

    let summary = summary(folder.path());
    for q in [0.50, 0.90] {
        let found = percentile(&summary, Metric::Response, q);
        ensure((found - expect(q)).abs() < 0.002, || format!("p{}: {found} s, by hand {} s", q * 100.0, expect(q)))?;
    }
    // p99.9 takes 3,000 requests.
    let high: &[f64] = if RPS < 300.0 { &[0.99, 1.0] } else { &[0.99, 0.999, 1.0] };
    for q in high.iter().copied() {
        let found = percentile(&summary, Metric::Response, q);
        let near = (found / expect(q) - 1.0).abs() < NEAR || (found - expect(q)).abs() < 0.002;
        ensure(near, || format!("p{}: {found} s, by hand {} s", q * 100.0, expect(q)))?;
    }
    let rows = requests(folder.path());
    assert_eq!(rows.len() as f64, 11.0 * RPS, "every request of the plan was sent");
    let route = summary.routes[0].whole();
    assert_eq!(Some(route.sent + route.count(Outcome::Shed)), route.planned, "sent or shed, and nothing else");
    for row in &rows {
        assert_eq!(row.outcome, Outcome::Ok);
        let sent = row.sent_ns.expect("sent");
        // One attempt: what lies between the two views is the generator's own lateness, no more.
        let response = row.finished_ns.since(row.intended_ns);
        let service = row.finished_ns.since(row.last_sent_ns.expect("sent"));
        assert_eq!(response - service, sent.since(row.intended_ns));
    }
    let lag = summary.routes[0].dispatch_lag.at(0.99).unwrap().value.time().unwrap();
    ensure(lag < Duration::from_millis(10), || format!("sent late while the server was frozen: lag p99 {lag:?}"))
}

#[test]
fn a_frozen_client_shows_in_response_time_only_and_spoils_the_verdict() {
    in_some_tries(frozen_client);
}

fn frozen_client() -> Result<(), String> {
    let folder = tempfile::tempdir().unwrap();
    let (_server, url) = start_server();
    let mut run = start_run(&url, folder.path());
    wait_for_the_middle(folder.path());
    freeze(&run);
    let code = run.0.wait().unwrap().code();

    let summary = summary(folder.path());
    assert_eq!(summary.routes[0].whole().ok() as f64, 10.0 * RPS, "late is not lost");
    // Of 2,000 requests 160 were due inside the freeze: p99 lies 20 from the top, 0.7 s late.
    let response = percentile(&summary, Metric::Response, 0.99);
    assert!(response > 0.6, "response p99 {response} s hides the freeze");
    let service = percentile(&summary, Metric::Service, 0.99);
    ensure(service < 0.3, || format!("service p99 {service} s: the service was fast all the time"))?;
    assert_eq!(summary.verdict.grade, Grade::Invalid, "{:?}", summary.verdict);
    assert_eq!(code, Some(5));
    Ok(())
}
