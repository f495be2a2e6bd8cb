//! What governs a route outside bedbench: policies, alarms, queries, quota requests, evidence.

use std::fmt::Write;
use std::path::Path;

use bedbench::clock::unix_nanos;
use bedbench::store::folder::rfc3339;
use serde_json::Value;

use super::desk::{Desk, files_in};

fn json(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error} in\n{text}"))
}

#[test]
fn a_policy_is_printed_or_written_and_minified_says_the_same() {
    let desk = Desk::new();
    let printed = desk.says("export scp --profile au").exits(0);
    assert_eq!(printed.err, "");
    let written = desk.says("export scp --profile au --minify --out scp.json").exits(0);
    assert_eq!((written.out.as_str(), written.err.as_str()), ("", ""));
    let minified = desk.read("scp.json");
    assert_eq!(json(&minified), json(&printed.out));
    assert!(minified.len() < printed.out.len() && !minified.contains(' '), "{minified}");
    assert_eq!(files_in(&desk.path("")), ["scp.json"]);
}

#[test]
fn explained_it_says_which_calls_are_allowed() {
    let desk = Desk::new();
    let said = desk.says("export scp --profile apac --explain --out scp.json").exits(0);
    for (region, cells) in [
        ("ap-southeast-2 Sydney", &["allowed", "allowed", "denied 2", "–", "–", "denied 2"]),
        ("ap-southeast-4 Melbourne", &["denied 3", "allowed", "–", "–", "–", "denied 2"]),
        ("us-west-2 Oregon", &["denied 1", "–", "–", "–", "denied 1", "denied 1"]),
    ] {
        let line = said.out.lines().find(|line| line.trim().starts_with(region)).unwrap();
        let found: Vec<_> = line[2 + 31..].split("  ").map(str::trim).filter(|cell| !cell.is_empty()).collect();
        assert_eq!(found, cells, "{line}");
    }
    assert!(said.out.contains("us.anthropic.claude-sonnet-5 in us-west-2: denied 1 (a reference"), "{}", said.out);
    assert!(json(&desk.read("scp.json"))["Statement"].is_array());
}

#[test]
fn a_residency_that_no_route_keeps_is_refused_and_nothing_is_written() {
    let desk = Desk::new();
    let leaves = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/profiles/apac-in-australia.toml");
    let leaves = leaves.to_string_lossy();
    for (args, said) in
        [(format!("--profile {leaves}"), "apac"), ("--profile apac --route oregon".to_owned(), "only references")]
    {
        for what in ["scp", "cloudwatch"] {
            let refused = desk.says(&format!("export {what} {args} --out file.json")).exits(6);
            assert!(refused.error().contains(said), "{refused:#?}");
            assert_eq!(refused.out, "");
        }
    }
    let refused = desk.says("export scp --profile apac --route nowhere").exits(2);
    assert!(refused.error().contains("no route `nowhere`"), "{refused:#?}");
    assert_eq!(files_in(&desk.path("")), Vec::<String>::new());
}

/// A profile of as many inference profiles as are asked for, each of one Region.
fn many_prefixes(desk: &Desk, count: usize) {
    let mut models =
        "schema = 1\nmodel = []\nburndown = []\nmodel_lists = { source = \"test\", date = \"2026-11-23\" }\n"
            .to_owned();
    let mut profile = "schema = 1\nname = \"many\"\nsummary = \"many\"\nresidency = [\"Australia\"]\nsource = \"test\"\ndate = \"2026-11-23\"\n".to_owned();
    for number in 0..count {
        writeln!(
            models,
            "[[inference_profile]]\nprefix = \"made-up-{number}.\"\nsources = [\"ap-southeast-2\"]\n\
             destinations = [\"ap-southeast-2\"]\nsource = \"test\"\ndate = \"2026-11-23\""
        )
        .unwrap();
        writeln!(
            profile,
            "[[route]]\nname = \"r{number}\"\npolicy = \"pinned\"\n\
             targets = [{{ region = \"ap-southeast-2\", model = \"made-up-{number}.model\" }}]"
        )
        .unwrap();
    }
    desk.write("models.toml", &models);
    desk.write("many.toml", &profile);
}

#[test]
fn a_policy_too_long_for_aws_is_an_error_and_a_long_one_a_warning() {
    let desk = Desk::new();
    let args = "export scp --profile many.toml --models models.toml --minify --out scp.json";
    many_prefixes(&desk, 90);
    let long = desk.says(args).exits(0);
    assert!(long.err.contains("above the 5,120 that were the limit until 15 May 2026"), "{long:#?}");
    std::fs::remove_file(desk.path("scp.json")).unwrap();
    many_prefixes(&desk, 200);
    let too_long = desk.says(args).exits(2);
    assert!(too_long.error().contains("AWS takes 10,240"), "{too_long:#?}");
    assert!(!files_in(&desk.path("")).contains(&"scp.json".to_owned()));
}

#[test]
fn alarms_and_queries_are_made_for_every_built_in_profile() {
    let desk = Desk::new();
    for profile in ["au", "apac", "candidates", "pacific", "sydney"] {
        let template = json(&desk.says(&format!("export cloudwatch --profile {profile}")).exits(0).out);
        let body = template["Resources"]["Dashboard"]["Properties"]["DashboardBody"].as_str().unwrap();
        assert!(json(body)["widgets"].as_array().unwrap().len() > 6, "{profile}");
        let queries = desk.says(&format!("export queries --profile {profile}")).exits(0).out;
        assert!(queries.contains("inferenceRegion"), "{queries}");
    }
}

/// A simulated minute in which Sydney fills up and requests go on to Singapore.
fn congested() -> Desk {
    let desk = Desk::new();
    desk.says("run --rps 60 --sim -d 70s --warmup 10s --profile apac -q -o run").exits(0);
    desk
}

#[test]
fn a_run_leaves_a_ledger_and_its_evidence_counts_the_same() {
    let desk = congested();
    let ledger = desk.read("run/residency.md");
    let evidence = desk.says("export evidence run").exits(0).out;
    let rows = desk.read("run/attempts.csv");
    for route in ["sydney", "singapore"] {
        let attempts = rows.lines().filter(|line| line.starts_with(&format!("{route},"))).count() as u64;
        let attempts = bedbench::core::units::grouped(attempts);
        for text in [&ledger, &evidence] {
            let row = text.lines().find(|line| line.starts_with(&format!("| {route} |")) && line.contains(&attempts));
            assert!(row.is_some(), "{attempts} attempts of {route}, warm-up included, are not in\n{text}");
        }
    }
    for part in [
        "Allowed to be processed in: Australia, Singapore.",
        "Reference routes, outside what is allowed: oregon.",
        "SIMULATED: no request was sent",
        "| United States | reference |",
    ] {
        assert!(ledger.contains(part) && evidence.contains(part), "no {part} in\n{ledger}");
    }
}

#[test]
fn the_example_that_ships_has_its_evidence() {
    let example = concat!(env!("CARGO_MANIFEST_DIR"), "/results/example");
    let ledger = std::fs::read_to_string(format!("{example}/residency.md")).unwrap();
    let evidence = Desk::new().says(&format!("export evidence {example}")).exits(0).out;
    // The example ships without records. What its warm-up sent, all to the first target, only its own ledger counts.
    let rows = ledger.lines().filter(|line| line.starts_with("| sydney→"));
    let rows: Vec<_> = rows.filter(|row| row.contains("candidate") || !row.contains("| Sydney |")).collect();
    assert_eq!(rows.len(), 6, "data flow of two routes with two targets each, and the ledger of their second ones");
    for row in rows {
        assert!(evidence.contains(row), "no {row} in\n{evidence}");
    }
    for said in ["(SIMULATED)", "Attempts of the measured time only: the run has left no records"] {
        assert!(evidence.contains(said), "no {said} in\n{evidence}");
    }
}

#[test]
fn evidence_has_a_line_for_every_fallback_with_its_reason() {
    let desk = congested();
    let rows = desk.read("run/attempts.csv");
    let to_singapore = |attempt: u8| {
        let called = format!(",{attempt},ap-southeast-1,");
        rows.lines().filter(|line| line.starts_with("sydney→singapore,") && line.contains(&called)).count()
    };
    // Refused in Sydney, and not tried there while it cools down.
    let (moved, at_once) = (to_singapore(1), to_singapore(0));
    assert!(moved > 10, "{moved} fallbacks: the run must have some to mean something");
    let evidence = desk.says("export evidence run --incidents 100000").exits(0).out;
    let lines: Vec<_> = evidence.lines().filter(|line| line.contains("; then Singapore: ")).collect();
    let because = |why: &str| lines.iter().filter(|line| line.contains(why)).count();
    assert_eq!((because("Sydney ended "), because("Sydney was left alone")), (moved, at_once));
    assert!(lines.iter().all(|line| line.starts_with("- 20")), "{}", lines[0]);
    assert!(lines[0].ends_with("may be processed in other countries"), "{}", lines[0]);
    let few = desk.says("export evidence run --incidents 3").exits(0).out;
    assert_eq!(few.matches("; then Singapore: ").count(), 3);
    let rest = bedbench::core::units::grouped((moved + at_once - 3) as u64);
    assert!(few.contains(&format!("{rest} more are not listed here")), "{few}");
}

/// It says what was done. Whether that is enough is for others to say.
#[test]
fn evidence_holds_the_policy_and_the_controls_and_claims_no_approval() {
    let desk = congested();
    let evidence = desk.says("export evidence run --out evidence.md").exits(0);
    assert_eq!(evidence.out, "");
    let text = desk.read("evidence.md");
    let policy = text.split("```json\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    assert_eq!(json(policy), json(&desk.says("export scp --profile apac").exits(0).out));
    for number in ["5.14", "5.23", "5.34", "8.20", "8.22", "8.24", "CC6.7"] {
        assert!(text.contains(&format!("| {number}")), "no {number} in\n{text}");
    }
    for word in ["accept", "approve", "complian", "certif", "satisf"] {
        assert!(!text.to_lowercase().contains(word), "`{word}` is in\n{text}");
    }
}

#[test]
fn a_quota_request_has_what_support_asks_for() {
    let desk = congested();
    let text = desk.says("export quota-request run --route sydney").exits(0).out;
    for part in [
        "SIMULATED: these are the numbers of a rehearsal",
        "## au.anthropic.claude-sonnet-5 in Sydney (ap-southeast-2)",
        "| requests (RPM) |",
        "| tokens as the quota counts them: input + output × 10 |",
        "| tokens reserved: input + max\\_tokens |",
        "| input tokens |",
        "Throttle timeline:",
        "Hold the peaks against your quota in Service Quotas first",
    ] {
        assert!(text.contains(part), "no {part} in\n{text}");
    }
    assert!(!text.contains("Singapore"), "{text}");
    let all = desk.says("export quota-request run").exits(0).out;
    assert_eq!(all.matches("\n## ").count(), 4, "a block for each target but the reference's:\n{all}");
    let refused = desk.says("export quota-request run --route oregon").exits(2);
    assert!(refused.error().contains("only reference routes"), "{refused:#?}");
}

#[test]
fn without_records_evidence_says_what_it_leaves_out_and_a_quota_request_is_refused() {
    let desk = Desk::new();
    desk.says("run --rps 20 --sim -d 20s --profile au --no-records -q -o run").exits(0);
    let evidence = desk.says("export evidence run").exits(0).out;
    assert!(evidence.contains("what its warm-up sent is **not in these counts**"), "{evidence}");
    assert!(evidence.contains("Not known: the run has left no records"), "{evidence}");
    let refused = desk.says("export quota-request run").exits(2);
    assert!(refused.error().contains("no requests.csv"), "{refused:#?}");
}

#[test]
fn a_folder_that_holds_no_run_is_a_mistake_of_one_line() {
    let desk = Desk::new();
    for what in ["evidence", "quota-request"] {
        desk.says(&format!("export {what} nowhere")).exits(2).error();
        std::fs::create_dir_all(desk.path("empty")).unwrap();
        let refused = desk.says(&format!("export {what} empty --out file.md")).exits(2);
        assert!(refused.error().contains("not a results folder"), "{refused:#?}");
    }
    assert!(!desk.path("file.md").exists());
}

const IMAGE: &str = "--image example.org/bedbench:0.1.0";

#[test]
fn a_job_file_holds_the_run_and_says_how_many_shards_there_are() {
    let desk = Desk::new();
    let at = rfc3339(unix_nanos() + 3_600_000_000_000);
    let run = format!("-- --rps 400 --profile au --yes --start-at {at}");
    let yaml = desk.says(&format!("export k8s --shards 4 {IMAGE} {run}")).exits(0);
    assert_eq!(yaml.err, "");
    for line in [
        "  completions: 4\n",
        "  parallelism: 4\n",
        "              value: \"4\"\n",
        "            - \"/results/bedbench/{shard}\"\n",
    ] {
        assert!(yaml.out.contains(line), "{line}: {}", yaml.out);
    }
    let both = json(&desk.says(&format!("export batch --shards 4 {IMAGE} --queue load --efs fs-1 {run}")).exits(0).out);
    assert_eq!(both["SubmitJob"]["arrayProperties"]["size"], 4);
    let command = &both["RegisterJobDefinition"]["containerProperties"]["command"];
    assert_eq!(command.as_array().unwrap().len(), 2 + 7 + 2, "{command}");
    let script = desk.says(&format!("export slurm --shards 4 --results /shared/ --name spring {run}")).exits(0).out;
    assert!(script.contains("#SBATCH --array=0-3\n"), "{script}");
    assert!(script.ends_with(&format!("--start-at {at} --out '/shared/spring/{{shard}}'\n")), "{script}");
}

#[test]
fn a_job_that_every_shard_would_refuse_is_refused_before_it_is_written() {
    let desk = Desk::new();
    for (run, why) in [
        ("--rps 400 --yes --out runs", "leave --out and --shard out"),
        ("--rps 400 --yes --shard 0/4", "leave --out and --shard out"),
        ("--rps 400", "add --yes or --budget"),
        ("--rps 400 --mock", "--mock starts a mock of its own"),
        ("--rps 400 --sim", "a simulated Region"),
        ("--concurrency 4 --yes", "a closed loop has no plan"),
        ("--rps 400 --yes --start-at 2020-01-01T00:00:00Z", "name a time at which every shard will be there"),
    ] {
        let said = desk.says(&format!("export slurm --shards 4 --out job.sh -- {run}")).exits(2);
        assert!(said.error().contains(why), "{run}: {said:#?}");
    }
    let typo = desk.says("export slurm --shards 4 --out job.sh -- --rbs 400").exits(2);
    assert!(typo.err.contains("--rbs"), "{typo:#?}");
    desk.says("export slurm --shards 1 --out job.sh -- --rps 400 --yes").exits(2);
    desk.says("export slurm --shards 4 --name Spring_1 --out job.sh -- --rps 400 --yes").exits(2);
    assert_eq!(files_in(&desk.path("")), Vec::<String>::new());
    let said = desk.says("export slurm --shards 4 --out job.sh -- --rps 400 --yes").exits(0);
    assert!(said.err.contains("without --start-at each shard starts as soon as it runs"), "{said:#?}");
}
