//! What `bedbench advise` recommends, and what it never does.

use std::collections::BTreeSet;

use serde_json::Value;

use super::desk::{Desk, Said, files_in};

fn advised(args: &str) -> Value {
    let said = advise(args).exits(0);
    serde_json::from_str(&said.out).unwrap_or_else(|error| panic!("{error}: {said:#?}"))
}

/// It leaves nothing, whatever comes out.
fn advise(args: &str) -> Said {
    let desk = Desk::new();
    let said = desk.says(&format!("advise --format json {args}"));
    assert_eq!(files_in(&desk.path("")), [""; 0], "{args} left files");
    said
}

fn refused(args: &str, code: i32) -> String {
    let said = advise(args).exits(code);
    assert_eq!(said.out, "", "{args}");
    said.error().to_owned()
}

fn texts(value: &Value) -> Vec<&str> {
    value.as_array().unwrap().iter().map(|text| text.as_str().unwrap()).collect()
}

#[test]
fn high_data_never_leaves_australia_and_the_numbers_stand_beside_it() {
    let advice = advised("--latency high --data high --throughput low --rps 3");
    assert_eq!((&advice["world"], &advice["recommended"]), (&"sim".into(), &"sydney".into()));
    assert_eq!(advice["setting"]["allowed"], serde_json::json!(["Australia"]));
    assert_eq!(advice["ranking"], serde_json::json!(["sydney"]));
    assert!(advice["assumptions"].as_str().unwrap().contains("profiles/regions.toml"));
    let candidates = advice["candidates"].as_array().unwrap();
    assert_eq!(candidates.len(), 5);
    for candidate in candidates {
        let alone = candidate["name"] == "sydney";
        assert_eq!(candidate["refused"].is_null(), alone, "{candidate}");
        assert!(candidate["asked"]["planned"].as_u64().unwrap() > 3 * 1_800 * 2, "{candidate}");
        assert!(candidate["asked"]["cost_per_thousand_good"]["middle"].as_f64().unwrap() > 0.0, "{candidate}");
        assert_eq!(candidate["doubled"]["rps"], 6.0, "{candidate}");
    }
    let warnings = texts(&advice["warnings"]).join("\n");
    assert!(warnings.contains("Sydney alone is impossible for anthropic.claude-sonnet-5"), "{warnings}");
    let changes = texts(&advice["what_would_change_it"]).join("\n");
    assert!(changes.contains("load: at 6 requests/s") && changes.contains("residency: "), "{changes}");
}

#[test]
fn the_same_seed_gives_the_same_advice() {
    let args = "--workload background --profile au --rps 1 --seed 7";
    assert_eq!(advise(args).exits(0).out, advise(args).exits(0).out);
}

#[test]
fn each_workload_that_ships_is_its_row_of_the_matrix() {
    for (workload, id, regions) in [
        ("chat", "row 1", &["ap-southeast-2"][..]),
        ("moderation", "row 2", &["ap-southeast-2", "ap-southeast-1"]),
        ("enrichment", "row 3", &["ap-southeast-2"]),
        ("synthetic-data", "row 4", &["ap-southeast-2", "us-west-2"]),
        ("reporting", "row 5", &["ap-southeast-2", "ap-southeast-1"]),
        ("ab-test", "row 6", &["ap-southeast-2", "us-west-2"]),
        ("customer-api", "row 7", &["ap-southeast-2"]),
        ("background", "row 8", &["ap-southeast-2"]),
    ] {
        let said = advise(&format!("--workload {workload} --profile au --rps 0.2"));
        assert!(matches!(said.code, Some(0 | 3)), "{said:?}");
        let advice: Value = serde_json::from_str(&said.out).unwrap();
        assert_eq!(advice["article"]["regions"], serde_json::json!(regions), "{workload}");
        let entries = advice["article"]["entries"].as_array().unwrap();
        assert!(entries.iter().any(|entry| entry["id"] == id), "{workload}: {entries:?}");
        assert!(entries.iter().all(|entry| entry["inputs"]["data"] == advice["setting"]["inputs"]["data"]));
    }
}

#[test]
fn the_matrix_is_printed_with_all_its_rows_and_contradictions() {
    let desk = Desk::new();
    let said = desk.says("advise --matrix --format json").exits(0);
    let matrix: Value = serde_json::from_str(&said.out).unwrap();
    let entries = matrix["entries"].as_array().unwrap();
    let off: BTreeSet<_> = entries
        .iter()
        .filter(|entry| entry["regions"] != entry["by_rule"])
        .map(|entry| entry["id"].as_str().unwrap())
        .collect();
    assert_eq!((entries.len(), off), (14, ["case 3a"].into()));
    let text = desk.says("advise --matrix").exits(0).out;
    for id in entries.iter().map(|entry| entry["id"].as_str().unwrap()) {
        assert!(text.contains(id), "{id}: {text}");
    }
    assert!(text.contains("contradicts itself: row 2 lets moderation fall back to Singapore"), "{text}");
}

#[test]
fn an_objective_that_no_route_meets_is_no_recommendation() {
    let said = advise("--workload chat --profile au --rps 1 --slo ttft:p95<100ms").exits(3);
    let advice: Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((&advice["recommended"], &advice["runner_up"]), (&Value::Null, &Value::Null));
    let text = Desk::new().says("advise --workload chat --profile au --rps 1 --slo ttft:p95<100ms").exits(3).out;
    let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(text.contains("none: no allowed route meets every objective at 1 requests/s"), "{text}");
    assert!(text.contains("nearest is sydney, which misses ttft:p95<100ms by "), "{text}");
    assert!(text.contains("SIMULATED"), "{text}");
}

#[test]
fn a_residency_that_no_route_keeps_is_refused() {
    for (args, said) in [
        ("--workload chat --residency Singapore", "--residency Singapore"),
        ("--workload ab-test --residency Japan", "--residency Japan"),
        ("--workload ab-test --profile au --residency singapore", "residency refuses `au."),
    ] {
        let error = refused(args, 6);
        assert!(error.contains(said) && error.contains("no route of profile"), "{args}: {error}");
    }
}

#[test]
fn bad_input_is_one_clear_line() {
    for (args, said) in [
        ("--workload chatt", "did you mean `chat`?"),
        ("--latency high", "say both --latency and --data"),
        ("--workload chat --profile sydney", "no price is known for `amazon.nova-lite-v1:0` in-region in Sydney"),
        ("--workload chat --rps 0", "must be above 0"),
        ("--workload chat --rps 0.01", "raise --rps or --duration"),
        ("--workload chat --rps 1e9", "lower --rps"),
        ("--workload chat -d 5m", "at least 30m"),
        ("--workload chat --residency Sydney", "bedbench knows Australia"),
        ("--workload chat --scenario nowhere", "no scenario is named `nowhere`"),
    ] {
        let error = refused(args, 2);
        assert!(error.contains(said), "{args}: {error}");
    }
}

/// A file of the user's need not say how sensitive its data is; nobody guesses it.
#[test]
fn data_that_nobody_graded_is_asked_for() {
    let desk = Desk::new();
    let chat = desk.says("workload show chat").exits(0).out;
    let ungraded: Vec<_> = chat.lines().filter(|line| !line.starts_with("sensitivity")).collect();
    desk.write("mine.toml", &ungraded.join("\n"));
    let said = desk.says("advise --workload mine.toml").exits(2);
    assert!(said.error().contains("give --data low, medium or high"), "{said:?}");
    let advised = desk.says("advise --workload mine.toml --data low --profile au --rps 1").exits(0).out;
    assert!(advised.contains("latency high: an objective is below 5 s"), "{advised}");
}

/// A residency is the profile's and data is the workload's: the two may contradict each other.
#[test]
fn a_run_says_where_it_takes_data_that_advise_would_keep() {
    let desk = Desk::new();
    let said = |profile: &str| desk.says(&format!("run --sim --rps 5 -d 30s {profile} -o {}", profile.len())).out;
    let apart = said("--profile apac");
    assert!(apart.contains("data of high sensitivity (advise keeps it in Australia)"), "{apart}");
    // What leaves is there for comparison alone, or not at all.
    for kept in ["--profile apac --route sydney --route oregon", "--profile au"] {
        let kept = said(kept);
        assert!(kept.contains("data of high sensitivity") && !kept.contains("advise keeps"), "{kept}");
    }
}
