//! `bedbench audit` against loopback servers: one of our own that speaks the services' wire, and moto.

#[path = "../common/mod.rs"]
mod common;

mod calls;
mod moto;
mod server;

use std::path::Path;
use std::process::Output;

use calls::{HAIKU, MODEL, Recorded};
use common::{bedbench, summary};
use server::{Behaviour, Server};

/// What a command said; nobody's configuration, and no metadata service.
fn says(dir: &Path, args: &[&str]) -> Output {
    let mut command = bedbench();
    command.current_dir(dir).env("HOME", dir).env("AWS_EC2_METADATA_DISABLED", "true").args(args);
    command.output().expect("bedbench starts")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[track_caller]
fn ok(output: &Output) -> String {
    assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
    text(&output.stdout)
}

/// Exit code and the one line of the error.
#[track_caller]
fn refused(output: &Output) -> (i32, String) {
    let said = text(&output.stderr);
    let errors: Vec<_> = said.lines().filter(|line| line.starts_with("error[")).collect();
    assert_eq!(errors.len(), 1, "{said}");
    (output.status.code().expect("it ended by itself"), errors[0].to_owned())
}

fn audit(dir: &Path, url: &str, more: &[&str]) -> Output {
    says(dir, &[&["audit", "--endpoint", url, "--days", "1"], more].concat())
}

/// What holds of the recorded calls, whoever adds them up.
fn is_as_recorded(json: &str, recorded: &Recorded) -> serde_json::Value {
    let audit: serde_json::Value = serde_json::from_str(json).unwrap();
    let found = audit["models"].as_array().unwrap().iter().find(|found| found["model"] == MODEL).unwrap();
    let number = |path: &str| found.pointer(path).and_then(serde_json::Value::as_f64).unwrap_or(f64::NAN);
    assert_eq!(number("/invocations") as usize, recorded.calls.len());
    assert_eq!(number("/throttled") as u64, recorded.throttled);
    let attempts = recorded.calls.len() as f64 + recorded.throttled as f64;
    assert!((number("/throttled_share") - recorded.throttled as f64 / attempts).abs() < 1e-9);
    assert!((number("/per_second") - attempts / 86_400.0).abs() < 1e-9);
    assert!((number("/busiest/requests_per_minute") - recorded.busiest_minute()).abs() < 1e-9);
    for (path, of) in [
        ("latency", recorded.sorted(|call| call.latency)),
        ("input", recorded.sorted(|call| call.input)),
        ("output", recorded.sorted(|call| call.output)),
    ] {
        let unit = if path == "latency" { 1e3 } else { 1.0 };
        let mean = of.iter().sum::<f64>() / of.len() as f64 / unit;
        assert!((number(&format!("/{path}/mean")) - mean).abs() < 1e-6, "{path}: {found}");
        for (q, name) in [(0.5, "p50"), (0.95, "p95")] {
            let rank = of[(q * of.len() as f64).ceil() as usize - 1] / unit;
            assert!((number(&format!("/{path}/{name}")) - rank).abs() < 1e-9, "{path} {name}: {found}");
        }
        assert_eq!(number(&format!("/{path}/max")), of.last().unwrap() / unit);
    }
    assert_eq!(number("/quota/requests/value"), 120.0);
    assert_eq!(number("/quota/tokens/value"), 200_000.0);
    audit
}

#[test]
fn a_baseline_is_what_was_called_and_its_files_are_used_by_run_and_sweep() {
    let (dir, recorded) = (tempfile::tempdir().unwrap(), Recorded::of_a_day());
    let server = Server::start(recorded.clone(), Behaviour::Answers);
    let json = ok(&audit(dir.path(), &server.url, &["--format", "json", "-o", "baseline"]));
    let audit = is_as_recorded(&json, &recorded);
    let names: Vec<_> = audit["models"].as_array().unwrap().iter().map(|found| found["model"].clone()).collect();
    assert_eq!(names, [MODEL, HAIKU], "the busiest first, and no part of their calls");
    let file = |kind: &str| format!("baseline/{kind}-au-anthropic-claude-sonnet-5.toml");
    let run = |rps: &str, out: &str| {
        let load = ["run", "--sim", "--scenario", "calm", "-d", "10m", "--quiet", "--rps", rps, "-o", out];
        let files = ["--workload", &file("workload"), "--profile", &file("profile")];
        says(dir.path(), &[&load[..], &files].concat())
    };
    ok(&run("1", "below"));
    ok(&run("5", "above"));
    // 120 a minute are 2 a second, and 5 were asked for.
    let refused = |folder: &str| {
        let summary = summary(&dir.path().join(folder));
        let slice = summary.routes[0].whole();
        slice.count(bedbench::core::Outcome::Throttled) as f64 / slice.sent as f64
    };
    assert_eq!(refused("below"), 0.0);
    assert!((refused("above") - 0.6).abs() < 0.03, "{}", refused("above"));
    let manifest = std::fs::read_to_string(dir.path().join("below/manifest.json")).unwrap();
    let manifest: serde_json::Value = serde_json::from_str(&manifest).unwrap();
    let of = recorded.sorted(|call| call.input);
    let p50 = of[of.len().div_ceil(2) - 1];
    assert_eq!(manifest["config"]["files"]["workload"]["input"]["p50"].as_f64(), Some(p50), "{manifest}");
    let sweep = ["sweep", "--sim", "--rps", "1,5", "--slo", "ttft:p95<9s", "--seeds", "2", "--quiet"];
    ok(&says(dir.path(), &[&sweep[..], &["--workload", &file("workload"), "--profile", &file("profile")]].concat()));
    ok(&says(
        dir.path(),
        &[
            &["run", "--sim", "--pattern", &file("pattern"), "--start", "09:00"][..],
            &["--rps", "0.5", "-d", "1h", "--quiet", "--profile", &file("profile"), "-o", "day"],
        ]
        .concat(),
    ));
    assert!(
        std::fs::read_dir(dir.path())
            .unwrap()
            .all(|entry| { !entry.unwrap().file_name().to_string_lossy().contains(".part") })
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join("baseline")).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "it is its owner's alone");
    }
    let again = audit_again(dir.path(), &server.url);
    assert!(again.contains("never overwritten"), "{again}");
}

fn audit_again(dir: &Path, url: &str) -> String {
    let (code, said) = refused(&audit(dir, url, &["-o", "baseline"]));
    assert_eq!(code, 2);
    said
}

#[test]
fn the_table_says_what_it_is_and_what_it_is_not() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(Recorded::of_a_day(), Behaviour::Answers);
    let said = ok(&audit(dir.path(), &server.url, &["--max-tokens", "500"]));
    for line in [
        "CloudWatch, Sydney (ap-southeast-2)",
        "needs 300",
        "tokens/min, reserved (estimate)",
        "AWS's default; yours may be lower",
        "By hour of day: au.anthropic.claude-sonnet-5",
        "Those of hours are not averaged",
        "does not count a throttled call as an invocation",
    ] {
        assert!(said.replace("\n  ", " ").contains(line), "no `{line}` in\n{said}");
    }
}

#[test]
fn answers_in_pages_are_put_together() {
    let (dir, recorded) = (tempfile::tempdir().unwrap(), Recorded::of_a_day());
    let server = Server::start(recorded.clone(), Behaviour::InPages);
    let json = ok(&audit(dir.path(), &server.url, &["--format", "json"]));
    is_as_recorded(&json, &recorded);
}

#[test]
fn the_period_follows_the_window() {
    let dir = tempfile::tempdir().unwrap();
    for (days, period) in [("14", 60), ("40", 300), ("200", 3_600)] {
        let server = Server::start(Recorded::of_a_day(), Behaviour::Answers);
        let json = ok(&says(dir.path(), &["audit", "--endpoint", &server.url, "--days", days, "--format", "json"]));
        let found: serde_json::Value = serde_json::from_str(&json).unwrap();
        assert_eq!(found["window"]["period"], period);
        assert_eq!(server.shortest_period(), period, "what was asked for");
    }
    let (code, said) = refused(&says(dir.path(), &["audit", "--endpoint", "http://127.0.0.1:1", "--days", "456"]));
    assert!(code == 2 && said.contains("from 1 to 455"), "{said}");
}

#[test]
fn a_whole_window_that_cloudwatch_refuses_leaves_percentiles_out_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(Recorded::of_a_day(), Behaviour::RefusesLongPeriods);
    let json = ok(&audit(dir.path(), &server.url, &["--format", "json", "-o", "baseline"]));
    let found: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(found["models"][0]["latency"]["p95"].is_null() && found["models"][0]["latency"]["mean"].is_number());
    assert!(found["remarks"][0].as_str().unwrap().contains("no percentiles over the whole window"), "{found}");
    let workload = dir.path().join("baseline/workload-au-anthropic-claude-sonnet-5.toml");
    assert!(std::fs::read_to_string(workload).unwrap().contains("every request gets the mean"));
}

#[test]
fn what_may_not_be_read_is_named_with_the_action_that_allows_it() {
    let dir = tempfile::tempdir().unwrap();
    for (operation, action) in [
        ("ListMetrics", "cloudwatch:ListMetrics"),
        ("GetMetricData", "cloudwatch:GetMetricData"),
        ("ListServiceQuotas", "servicequotas:ListServiceQuotas"),
        ("ListAWSDefaultServiceQuotas", "servicequotas:ListAWSDefaultServiceQuotas"),
    ] {
        let server = Server::start(Recorded::of_a_day(), Behaviour::Denies(operation));
        let (code, said) = refused(&audit(dir.path(), &server.url, &["-o", "baseline"]));
        assert!(code == 2 && said.contains(&format!("allow {action} ")), "{operation}: {said}");
        assert!(!dir.path().join("baseline").exists());
    }
    let server = Server::start(Recorded::of_a_day(), Behaviour::Denies("ListServiceQuotas"));
    ok(&audit(dir.path(), &server.url, &["--no-quotas"]));
}

#[test]
fn nothing_called_no_credentials_and_no_such_region_are_one_line() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(Recorded::default(), Behaviour::Answers);
    let (code, said) = refused(&audit(dir.path(), &server.url, &["-o", "baseline"]));
    assert!(code == 2 && said.contains("CloudWatch has no Bedrock calls in ap-southeast-2"), "{said}");
    let (code, said) = refused(&audit(dir.path(), &server.url, &["--model", "amazon.nova-lite-v1:0"]));
    assert!(code == 2 && said.contains("of amazon.nova-lite-v1:0") && said.contains("profile prefix"), "{said}");
    assert!(!dir.path().join("baseline").exists());
    let (code, said) = refused(&audit(dir.path(), &server.url, &["--endpoint-credentials"]));
    assert!(code == 2 && said.contains("no AWS credentials") && !said.contains("--mock"), "{said}");
    let unknown = says(dir.path(), &["audit", "--region", "ap-southeast-22"]);
    assert!(unknown.status.code() == Some(2) && text(&unknown.stderr).contains("ap-southeast-22"));
    // Nobody listens on the port of a server that has gone.
    let url = server.url.clone();
    drop(server);
    let (code, said) = refused(&audit(dir.path(), &url, &[]));
    assert!(code == 1 && said.contains("was not reached"), "{said}");
}
