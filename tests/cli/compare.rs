//! `bedbench compare`: what it finds between two runs, what it refuses, and when it fails a build.

use super::desk::{Desk, Said};

const RUN: &str = "run --sim --rps 20 -d 2m --warmup 5s --scenario calm -q";

/// Runs beside each other: `a`, the same again, another seed, and one in which Sydney is slower.
fn desk() -> Desk {
    let desk = Desk::new();
    for (folder, with) in [
        ("a", "--route sydney"),
        ("again", "--route sydney"),
        ("other", "--route sydney --seed 7"),
        ("slower", "--route sydney --seed 8 --set region.sydney.ttft.p50=1000ms --set region.sydney.ttft.p95=1500ms"),
        ("faster-load", "--route sydney --rps 30"),
        ("routes", "--profile apac"),
    ] {
        let with = if with.contains("--rps") { RUN.replace("--rps 20", with) } else { format!("{RUN} {with}") };
        let said = desk.says(&format!("{with} -o {folder}"));
        assert!(said.code == Some(0), "{said:#?}");
    }
    desk
}

fn compare(desk: &Desk, args: &str) -> Said {
    desk.says(&format!("compare {args}"))
}

#[test]
fn runs_are_compared_as_they_deserve() {
    let desk = desk();

    // The same seed asked the same: paired, and nothing is different.
    let said = compare(&desk, "a again --fail-if ttft:p95>+0%").exits(0);
    assert!(said.out.starts_with("SIMULATED"), "{said:#?}");
    for wanted in ["paired: both were asked the same", "no difference shown", "✓ ttft:p95>+0% holds", "VALID"] {
        assert!(said.out.contains(wanted), "{wanted}: {}", said.out);
    }

    // Another seed: other requests, and still nothing.
    let said = compare(&desk, "a other --fail-if response:p95>+0%").exits(0);
    assert!(said.out.contains("not paired"), "{said:#?}");

    // A true difference, found and gated.
    let said = compare(&desk, "a slower --fail-if ttft:p95>+10% --fail-if ttft:p50>+500% --format json").exits(4);
    assert!(said.err.contains("regression: sydney: ttft:p95>+10% is broken"), "{said:#?}");
    assert_eq!(said.err.matches("regression:").count(), 1, "{said:#?}");
    let json: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    let gates = &json["pairs"][0]["gates"];
    assert_eq!((&gates[0]["judgement"], &gates[1]["judgement"]), (&"broken".into(), &"held".into()));
    let rows = json["pairs"][0]["rows"].as_array().unwrap();
    let row = rows.iter().find(|row| row["metric"] == "ttft" && row["q"] == 0.5).unwrap();
    assert_eq!(row["finding"], "slower");
    assert!(row["difference_ms"][1].as_f64().unwrap() > 0.0, "{row}");

    // Routes of one folder, each with the first, and the plot.
    let said = compare(&desk, "routes --format markdown --plot side.svg").exits(0);
    assert!(said.out.contains("### A sydney · B singapore (SIMULATED)"), "{said:#?}");
    assert!(said.out.contains("![A and B by percentile (SIMULATED)](side.svg)"), "{said:#?}");
    assert!(desk.read("side.svg").contains("SIMULATED"));
    compare(&desk, "routes:sydney routes:oregon").exits(0);
    // By name, where both have it; a route is simulated alike, alone or among others.
    let said = compare(&desk, "a routes").exits(0);
    assert!(said.out.contains("paired: both were asked the same") && !said.out.contains("slower"), "{said:#?}");

    // Another load is another question.
    let said = compare(&desk, "a faster-load").exits(6);
    assert!(said.error().contains("are not alike (load: 20/s poisson and 30/s poisson"), "{said:#?}");
    let said = compare(&desk, "a faster-load --anyway").exits(0);
    assert!(said.out.contains("unlike runs: load"), "{said:#?}");

    for (args, error) in [
        ("a:perth again", "a has no route `perth`. It has sydney"),
        ("a:sidney again", "a has no route `sidney`; did you mean `sydney`? It has sydney"),
        ("a", "has one route only, sydney; name a second folder"),
        ("routes:sydney routes:sydney", "the same route of the same run"),
        (". a", "is not a results folder"),
        ("nowhere a", "there is no folder nowhere. Name the folder that `bedbench run` said"),
    ] {
        let said = compare(&desk, args).exits(2);
        assert!(said.error().contains(error), "{args}: {said:#?}");
    }

    let manifest = desk.read("again/manifest.json").replacen("\"schema\": 1", "\"schema\": 99", 1);
    desk.write("again/manifest.json", &manifest);
    assert!(compare(&desk, "a again").exits(2).error().contains("has schema 99"));
}

#[test]
fn a_malformed_gate_is_pointed_at() {
    let desk = Desk::new();
    let said = compare(&desk, "a b --fail-if ttft:p95>10%").exits(2);
    assert!(said.err.contains("no `+` before the growth") && said.err.contains("           ^"), "{said:#?}");
}

/// Whole answers have no first token.
#[test]
fn a_metric_that_the_run_does_not_have_is_named() {
    let desk = Desk::new();
    for folder in ["a", "b"] {
        desk.says(&format!("{RUN} --route sydney --api converse -o {folder}")).exits(0);
    }
    let said = compare(&desk, "a b --fail-if ttft:p95>+10%").exits(2);
    assert!(said.error().contains("sydney of a has no TTFT from intended start"), "{said:#?}");
    compare(&desk, "a b --fail-if response:p95>+10%").exits(0);
}

#[test]
fn a_run_is_held_against_a_baseline() {
    let desk = Desk::new();
    let run = "run --sim --rps 20 -d 2m --warmup 5s --scenario calm -q --profile apac --route singapore";
    desk.says(&format!("{run} -o before")).exits(0);
    desk.says(&format!("{run} -o same --baseline before")).exits(0);
    let slower = "--set region.singapore.rtt.value=900ms";
    let said = desk.says(&format!("{run} -o slower {slower} --baseline before")).exits(4);
    assert!(said.err.contains("regression:") && said.err.contains("ttft"), "{said:#?}");
    let said = desk.says(&format!("{run} -o other --baseline nowhere")).exits(2);
    assert!(!desk.path("other").exists(), "{said:#?}");
}

/// An hour of load is not fired first.
#[test]
fn a_baseline_of_something_else_is_refused_before_the_first_request() {
    let desk = Desk::new();
    let run = "run --sim --rps 20 -d 2m --warmup 5s --scenario calm -q --profile apac";
    desk.says(&format!("{run} --route sydney -o before")).exits(0);
    for (other, exit, error) in [
        (run.replace("--rps 20", "--rps 5") + " --route sydney", 6, "load: 20/s poisson and 5/s poisson"),
        (run.replace("--sim", "--mock") + " --route sydney", 6, "world: SIMULATED and MOCK"),
        (run.replace("calm", "congested") + " --route sydney", 6, "scenario: calm and congested"),
        (format!("{run} --route singapore"), 2, "no route is in both: it has sydney, and this run singapore"),
    ] {
        let said = desk.says(&format!("{other} -o after --baseline before")).exits(exit);
        assert!(said.error().contains(error) && said.error().contains("--baseline before"), "{said:#?}");
        assert!(!desk.path("after").exists(), "{other}");
    }
    desk.says(&format!("{run} --route sydney --no-records -o bare")).exits(0);
    let said = compare(&desk, "bare before").exits(2);
    assert!(said.error().contains("a run with --no-records keeps none. Run again without it"), "{said:#?}");
}
