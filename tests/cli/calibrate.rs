//! Runs with known parameters, which a calibration has to find again.

use bedbench::core::RegionId;
use bedbench::profile::Loader;
use bedbench::profile::schema::QuotaFile;

use super::desk::{Desk, INVALID, SHORT};

/// The times of Sydney, in seconds, as a profile's TOML has them.
fn time(profile: &str, table: &str, key: &str) -> f64 {
    let line = profile.lines().find(|line| line.starts_with(&format!("{table} = "))).expect(table);
    let (_, rest) = line.split_once(&format!("{key} = \"")).unwrap_or_else(|| panic!("no {key} in {line}"));
    let (micros, _) = rest.split_once("us\"").expect("microseconds");
    micros.parse::<f64>().unwrap() / 1e6
}

/// Within 5 %, or within `slack` seconds.
#[track_caller]
fn near(found: f64, known: f64, slack: f64) {
    assert!((found - known).abs() <= (0.05 * known).max(slack), "{found} s, and it was {known} s");
}

#[test]
fn a_simulated_run_is_found_again_and_its_profile_reproduces_it() {
    let desk = Desk::new();
    let run = "run --sim --scenario calm --rps 10 -d 30m --route sydney --quiet";
    let known = "--set region.sydney.rtt.value=20ms --set region.sydney.rtt.jitter=4ms \
                 --set region.sydney.ttft.p50=500ms --set region.sydney.ttft.p95=900ms \
                 --set region.sydney.tpot.p50=20ms --set region.sydney.tpot.p95=26ms";
    desk.says(&format!("{run} {known} -o run")).exits(0);
    desk.says("profile calibrate run --out fitted.toml").exits(0);
    let fitted = desk.read("fitted.toml");
    for (table, key, seconds) in [
        ("rtt", "value", 0.020),
        ("rtt", "jitter", 0.004),
        ("ttft", "p50", 0.500),
        ("ttft", "p95", 0.900),
        ("tpot", "p50", 0.020),
        ("tpot", "p95", 0.026),
    ] {
        near(time(&fitted, table, key), seconds, 0.0);
    }
    assert!(fitted.contains("answers of a simulated run"), "{fitted}");
    desk.says(&format!("{run} --seed 7 --profile fitted.toml -o again")).exits(0);
    let [run, again] = ["run", "again"].map(|folder| desk.json(&format!("{folder}/summary.json")));
    let mut compared = 0;
    for metric in ["ttft", "response"] {
        let quantiles = |summary: &serde_json::Value| {
            summary["routes"][0]["slices"][0]["metrics"][metric]["all"]["quantiles"].as_array().unwrap().clone()
        };
        for (run, again) in quantiles(&run).iter().zip(&quantiles(&again)) {
            if [0.5, 0.95, 0.99].contains(&run["q"].as_f64().unwrap()) {
                near(again["value"].as_f64().unwrap(), run["value"].as_f64().unwrap(), 0.005);
                compared += 1;
            }
        }
    }
    assert_eq!(compared, 6);
}

/// A Sydney with this quota and nothing else that could refuse a call.
fn with_quota(quota: &str) -> String {
    format!(
        r#"
schema = 1
name = "own"
summary = "a known quota"
residency = ["Australia"]
source = "test"
date = "2026-11-23"

[[route]]
name = "sydney"
policy = "pinned"
targets = [{{ region = "ap-southeast-2", model = "au.anthropic.claude-sonnet-5" }}]

[[region]]
code = "ap-southeast-2"
quota = [
  {{ pools = ["in-region"], requests_per_minute = 7, burst = "5s", source = "test", date = "2026-11-23" }},
  {{ pools = ["geographic"], {quota}, source = "test", date = "2026-11-23" }},
]
"#
    )
}

const QUIET: &str = r#"
schema = 1
name = "quiet"
summary = "no load but ours"
source = "test"
date = "2026-11-23"
length = "60s"

[[phase]]
name = "quiet"
share = 1.0
steady = true
"#;

/// The quota of the pool that was called, in a profile that a calibration wrote.
fn fitted(desk: &Desk, name: &str) -> QuotaFile {
    let profile = Loader::built_in().unwrap().parse_profile(name, &desk.read(name)).unwrap();
    let sydney = profile.regions.into_iter().find(|region| region.code == RegionId::SYDNEY).unwrap();
    let [other, fitted] = sydney.quota.unwrap().try_into().expect("two pools");
    assert_eq!(other.requests_per_minute, Some(7.0), "the other pool stays");
    fitted
}

fn throttled_share(summary: &serde_json::Value) -> f64 {
    let slice = &summary["routes"][0]["slices"][0];
    slice["outcomes"]["throttled"].as_f64().unwrap() / slice["sent"].as_f64().unwrap()
}

#[test]
fn a_quota_that_refused_is_found_again_and_its_profile_reproduces_the_run() {
    let desk = Desk::new();
    desk.write("quiet.toml", QUIET);
    // What is calibrated knows nothing of what was run.
    desk.write("blind.toml", &with_quota("requests_per_minute = 999, tokens_per_minute = 9999999, burst = \"5s\""));
    let run = "run --sim --scenario quiet.toml --rps 5 -d 2h --quiet";
    for (quota, requests, tokens) in [
        ("requests_per_minute = 120, burst = \"5s\"", Some(120.0), None),
        ("tokens_per_minute = 150000, burst = \"5s\"", None, Some(150_000.0)),
    ] {
        desk.write("own.toml", &with_quota(quota));
        let kind = if requests.is_some() { "requests" } else { "tokens" };
        desk.says(&format!("{run} --profile own.toml -o {kind}")).exits(0);
        let said =
            desk.says(&format!("profile calibrate {kind} --profile blind.toml --out fitted-{kind}.toml")).exits(0);
        assert!(
            said.err.contains(&format!("{kind}/min ± ")) && said.err.contains("quota not fitted: nothing was refused")
        );
        let found = fitted(&desk, &format!("fitted-{kind}.toml"));
        for (found, known, untouched) in
            [(found.requests_per_minute, requests, 999.0), (found.tokens_per_minute, tokens, 9_999_999.0)]
        {
            // 1 % of requests; of tokens 3 %, for what a call gives back is known only when it has ended.
            let slack = if requests.is_some() { 0.01 } else { 0.03 };
            let known = known.unwrap_or(untouched);
            assert!((found.unwrap() / known - 1.0).abs() <= slack, "{found:?}, and it was {known}: {}", said.err);
        }
        desk.says(&format!("{run} --seed 7 --profile fitted-{kind}.toml -o again-{kind}")).exits(0);
        let [run, again] = ["", "again-"].map(|which| desk.json(&format!("{which}{kind}/summary.json")));
        assert!((throttled_share(&run) - throttled_share(&again)).abs() < 0.02);
        for metric in ["ttft", "response"] {
            let quantiles = |summary: &serde_json::Value| {
                let metrics = &summary["routes"][0]["slices"][0]["metrics"][metric];
                metrics["ok"]["quantiles"].as_array().unwrap().clone()
            };
            let (run, again) = (quantiles(&run), quantiles(&again));
            let mut compared = 0;
            for (run, again) in run.iter().zip(&again) {
                if [0.5, 0.95, 0.99].contains(&run["q"].as_f64().unwrap()) {
                    near(again["value"].as_f64().unwrap(), run["value"].as_f64().unwrap(), 0.005);
                    compared += 1;
                }
            }
            assert_eq!(compared, 3);
        }
    }
}

#[test]
fn a_quota_is_found_through_the_mocks_sockets() {
    let desk = Desk::with_short_answers();
    desk.write("quiet.toml", QUIET);
    desk.write("own.toml", &with_quota("requests_per_minute = 1200, burst = \"1s\""));
    desk.write("blind.toml", &with_quota("requests_per_minute = 99, burst = \"1s\""));
    let run = SHORT.replace("--scenario calm", "--scenario quiet.toml").replace("500ms", "6s");
    // Also a run that is INVALID for its lateness has told when it sent.
    assert!([Some(0), Some(INVALID)].contains(&desk.says(&format!("{run} --profile own.toml -o run")).code));
    desk.says("profile calibrate run --profile blind.toml --out fitted.toml").exits(0);
    let found = fitted(&desk, "fitted.toml").requests_per_minute.unwrap();
    assert!((found / 1_200.0 - 1.0).abs() < 0.05, "{found}, and it was 1200");
}

#[test]
fn a_quota_that_keeps_minutes_is_not_fitted_as_a_bucket() {
    let desk = Desk::new();
    desk.write("quiet.toml", QUIET);
    desk.write("own.toml", &with_quota("requests_per_minute = 120, window = \"minute\""));
    desk.write("blind.toml", &with_quota("requests_per_minute = 99, burst = \"5s\""));
    desk.says("run --sim --scenario quiet.toml --rps 5 -d 20m --quiet --profile own.toml -o run").exits(0);
    let said = desk.says("profile calibrate run --profile blind.toml --out fitted.toml").exits(0);
    assert!(said.err.contains("requests quota not fitted"), "{}", said.err);
    assert_eq!(fitted(&desk, "fitted.toml").requests_per_minute, Some(99.0));
}

#[test]
fn a_mock_run_is_found_again_through_its_sockets() {
    let desk = Desk::with_short_answers();
    desk.write("ten.toml", &desk.read("short.toml").replace("= 2", "= 10"));
    let known = "--set region.sydney.rtt.value=40ms --set region.sydney.rtt.jitter=0ms \
                 --set region.sydney.ttft.p50=120ms --set region.sydney.ttft.p95=120ms \
                 --set region.sydney.tpot.p50=10ms --set region.sydney.tpot.p95=10ms";
    let run = SHORT.replace("--rps 40", "--rps 100").replace("500ms", "4s").replace("short.toml", "ten.toml");
    desk.measures(&format!("{run} {known} -o run"), &[]).exits(0);
    desk.says("profile calibrate run --out fitted.toml").exits(0);
    let fitted = desk.read("fitted.toml");
    for (table, key, seconds) in [("rtt", "value", 0.040), ("ttft", "p50", 0.120), ("tpot", "p50", 0.010)] {
        near(time(&fitted, table, key), seconds, 0.0);
    }
    desk.says("profile check fitted.toml").exits(0);
    let again = desk.says("profile calibrate run --out fitted.toml").exits(2);
    assert!(again.error().contains("is there already"), "{again:#?}");
}

#[test]
fn a_run_that_is_too_small_or_none_is_refused() {
    let desk = Desk::with_short_answers();
    desk.says(&format!("{} -o run", SHORT.replace("--mock", "--sim"))).exits(0);
    let few = desk.says("profile calibrate run --out fitted.toml").exits(2);
    assert!(few.error().contains("of the 300 needed"), "{few:#?}");
    assert!(!desk.path("fitted.toml").exists());
    desk.says("profile calibrate nowhere").exits(2).error();
    let set = desk.says("profile calibrate run --set region.sydney.rtt.value=5ms").exits(2);
    assert!(set.error().contains("--set"), "{set:#?}");
}
