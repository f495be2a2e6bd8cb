//! Runs with known parameters, which a calibration has to find again.

use super::desk::{Desk, SHORT};

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
