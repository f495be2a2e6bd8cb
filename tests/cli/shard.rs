//! One plan fired by several processes, and what they left made one run again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::process::{Child, Stdio};

use bedbench::clock::unix_nanos;
use bedbench::store::folder::rfc3339;
use bedbench::store::rows::{RequestRow, read_attempts, read_requests};
use serde_json::Value;

use super::desk::{Desk, SHORT, Said, Server, end_of, files_in};
use super::endpoint::in_turns;

const SHARDS: u32 = 4;

/// 240 requests, along two routes.
fn run(server: &Server, rest: &str) -> String {
    let own = SHORT.replace("--mock", "").replace("--scenario calm", "").replace("--rps 40", "--rps 120");
    let own = own.replace("-d 500ms", "-d 2s").replace("--route sydney", "");
    format!("{own} --profile au {} {rest}", server.flags())
}

/// In so many seconds, as --start-at takes it.
fn soon(seconds: u64) -> String {
    rfc3339(unix_nanos() + seconds * 1_000_000_000)
}

fn quietly(desk: &Desk, args: &str) -> Child {
    desk.child(args).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

/// What was asked of each route, and when.
fn asked(rows: &[RequestRow]) -> Vec<(String, u32, u64, Option<String>)> {
    let asked = rows.iter().map(|row| (row.route.clone(), row.index, row.intended_ns.as_nanos(), row.prompt.clone()));
    let mut asked: Vec<_> = asked.collect();
    asked.sort();
    asked
}

/// Everything in a summary that can be counted.
fn counts(summary: &Value) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    let mut add = |name: String, count: &Value| *counts.entry(name).or_insert(0) += count.as_u64().unwrap_or(0);
    for route in summary["routes"].as_array().unwrap() {
        let name = route["name"].as_str().unwrap();
        let whole = &route["slices"][0];
        for key in ["planned", "sent"] {
            add(format!("{name} {key}"), &whole[key]);
        }
        for (outcome, count) in whole["outcomes"].as_object().unwrap() {
            add(format!("{name} {outcome}"), count);
        }
        for (metric, of) in whole["metrics"].as_object().unwrap() {
            add(format!("{name} {metric} n"), &of["ok"]["n"]);
        }
        for region in route["regions"].as_array().unwrap() {
            for key in ["input_tokens", "output_tokens"] {
                add(format!("{name} {key}"), &region[key]);
            }
        }
        for key in ["opened", "reused", "http1"] {
            add(format!("{name} {key}"), &route["connections"][key]);
        }
    }
    counts
}

/// Four shards that started together, in folders 0 to 3.
fn shards(desk: &Desk, server: &Server) {
    let at = soon(3);
    let start = |index| quietly(desk, &run(server, &format!("--shard {index}/{SHARDS} --start-at {at} -o {{shard}}")));
    let running: Vec<_> = (0..SHARDS).map(start).collect();
    for child in running {
        let said = end_of(child);
        assert!(matches!(said.code, Some(0 | 5)), "{said:#?}");
        assert!(said.err.contains(" as --shard says"), "{said:#?}");
        assert!(said.err.contains(&format!("starts at {at}, in ")), "{said:#?}");
    }
}

#[test]
fn shards_fire_the_plan_together_and_merged_they_are_one_run_of_it() {
    let desk = Desk::with_short_answers();
    let server = Server::start(&desk, "--profile au --scenario calm --workload short.toml");
    shards(&desk, &server);
    let whole = desk.says(&run(&server, "-o whole"));
    assert!(matches!(whole.code, Some(0 | 5)), "{whole:#?}");

    let said = desk.says("merge 2 0 3 1 -o merged");
    assert!(matches!(said.code, Some(0 | 5)), "{said:#?}");
    assert!(said.out.contains("4 independent clients"), "{said:#?}");
    assert!(!said.out.contains("INCOMPLETE"), "{said:#?}");

    // Instants, keys and prompts are those of the plan, and every row is there, word for word.
    let folder = |name: &str| read_requests(&desk.path(name)).unwrap();
    let merged = folder("merged");
    assert_eq!(asked(&merged), asked(&folder("whole")));
    for file in ["requests.csv", "attempts.csv"] {
        let lines =
            |name: &str| desk.read(&format!("{name}/{file}")).lines().skip(1).map(str::to_owned).collect::<Vec<_>>();
        let mut parts: Vec<_> = (0..SHARDS).flat_map(|index| lines(&index.to_string())).collect();
        let mut together = lines("merged");
        parts.sort();
        together.sort();
        assert_eq!(together, parts, "{file}");
    }
    assert_eq!(read_attempts(&desk.path("merged")).unwrap().len(), merged.len());

    // Counts add, exactly.
    let summaries: Vec<_> = (0..SHARDS).map(|index| desk.json(&format!("{index}/summary.json"))).collect();
    let mut sums = BTreeMap::new();
    for (name, count) in summaries.iter().flat_map(counts) {
        *sums.entry(name).or_insert(0) += count;
    }
    let summary = desk.json("merged/summary.json");
    assert_eq!(counts(&summary), sums);
    let planned =
        |summary: &Value| counts(summary).into_iter().filter(|(name, _)| name.ends_with("planned")).collect::<Vec<_>>();
    assert_eq!(planned(&summary), planned(&desk.json("whole/summary.json")));

    // Started together: by one clock, at the time that was given.
    let manifest = desk.json("merged/manifest.json");
    let started =
        manifest["merged"].as_array().unwrap().iter().map(|shard| shard["started_unix_nanos"].as_u64().unwrap());
    assert_eq!(started.collect::<BTreeSet<_>>().len(), 1, "{manifest:#}");
    let clock = &manifest["merged"][1]["clock"];
    assert!(
        clock["ahead_ms"].as_f64().unwrap().abs() <= clock["uncertainty_ms"].as_f64().unwrap(),
        "one machine: {clock}"
    );
    assert!(clock["method"].as_str().unwrap().contains("Date header of http://127.0.0.1"), "{clock}");

    // A results folder like any other.
    let before: Vec<_> =
        files_in(&desk.path("merged")).iter().map(|file| desk.bytes(&format!("merged/{file}"))).collect();
    desk.says("report merged -q").exits(0);
    let after: Vec<_> =
        files_in(&desk.path("merged")).iter().map(|file| desk.bytes(&format!("merged/{file}"))).collect();
    assert!(before == after, "rebuilt, byte for byte");
    desk.says("compare whole merged").exits(0);
    let part = desk.says("compare whole 0").exits(6);
    assert!(part.error().contains("part of the plan: all and shard 0/4"), "{part:#?}");

    // What cannot be merged is refused in one line, and leaves nothing.
    desk.says(&run(&server, "--shard 1/2 -o half"));
    desk.says(&run(&server, "--shard 3/4 --seed 9 -o seed"));
    for (folders, why) in [
        ("0 1 0 2 3", "0 and 0 both hold shard 0/4"),
        ("0 1 2 half", "0 and half are shards of different plans (shards: 4 and 2)"),
        ("0 1 2 seed", "shards of different plans (seed: "),
        ("0 whole", "whole is no shard"),
        ("merged 0", "merged is merged already"),
        ("0 nowhere", "there is no folder nowhere"),
    ] {
        let said = desk.says(&format!("merge {folders} -o out")).exits(2);
        assert!(said.error().contains(why), "{folders}: {said:#?}");
        assert!(!desk.path("out").exists(), "{folders}");
    }
    assert!(desk.says("merge 0 1 2 3 -o merged").exits(2).error().contains("not empty"));

    // A shard that is missing is said, and so is one that was killed.
    let said = desk.says("merge 0 1 3 -o three").exits(5);
    assert!(said.out.contains("3 of 4 independent clients"), "{said:#?}");
    assert!(said.out.contains("INCOMPLETE: shard 2/4 is missing"), "{said:#?}");
    let mut killed = desk.json("2/manifest.json");
    killed["finished"] = Value::Null;
    desk.write("2/manifest.json", &killed.to_string());
    let said = desk.says("merge 0 1 2 3 -o cut").exits(5);
    assert!(said.out.contains("shard 2/4: INCOMPLETE: stopped before the end of the plan"), "{said:#?}");

    // Rows of another shard are nobody's.
    let foreign = desk.read("1/requests.csv");
    desk.write("3/requests.csv", &foreign);
    desk.write("3/attempts.csv", &desk.read("1/attempts.csv"));
    let said = desk.says("merge 0 1 3 -o foreign").exits(2);
    assert!(said.error().contains("does not belong to shard 3/4"), "{said:#?}");
    assert!(!desk.path("foreign").exists());
}

/// Blocks keep their stamps and their turns, which the seed alone decides on.
#[test]
fn routes_that_take_turns_take_them_in_every_shard_and_merged() {
    let desk = Desk::with_short_answers();
    let server = Server::start(&desk, "--profile apac --scenario calm --workload short.toml");
    let run = |rest: &str| in_turns(&server, &format!("-d 400ms --blocks 2 --block-gap 200ms --short-blocks {rest}"));
    let at = soon(3);
    let start = |index| quietly(&desk, &run(&format!("--shard {index}/2 --start-at {at} -o {index}")));
    let running = [start(0), start(1)];
    running.into_iter().for_each(|child| drop(end_of(child)));
    desk.says(&run("-o whole"));
    let said = desk.says("merge 0 1 -o merged");
    assert!(said.out.contains("2 independent clients") && !said.out.contains("INCOMPLETE"), "{said:#?}");
    let rows = |name: &str| read_requests(&desk.path(name)).unwrap();
    assert_eq!(asked(&rows("merged")), asked(&rows("whole")), "stamps of the run, not of its blocks end to end");
    let blocks =
        |name: &str| rows(name).iter().map(|row| (row.route.clone(), row.index, row.block)).collect::<BTreeSet<_>>();
    assert_eq!(blocks("merged"), blocks("whole"));
    let turns = |name: &str| desk.json(&format!("{name}/manifest.json"))["blocks"].clone();
    assert!(["0", "1", "merged"].iter().all(|name| turns(name) == turns("whole")));
    let planned = |name: &str, slice: usize| {
        desk.json(&format!("{name}/summary.json"))["routes"][1]["slices"][slice]["planned"].clone()
    };
    for slice in 0..3 {
        assert_eq!(planned("merged", slice), planned("whole", slice));
    }
}

#[test]
fn an_engine_says_which_shard_this_is_and_the_folder_has_its_number() {
    let desk = Desk::with_short_answers();
    let server = Server::start(&desk, "--profile au --scenario calm --workload short.toml");
    let mut command = desk.command(&run(&server, "-o runs/{shard}"));
    let said = Said::of(command.env("JOB_COMPLETION_INDEX", "2").env("BEDBENCH_SHARDS", "3"));
    assert!(matches!(said.code, Some(0 | 5)), "{said:#?}");
    assert!(said.err.contains("shard 2/3 as a Kubernetes Indexed Job says"), "{said:#?}");
    assert!(said.out.contains("shard 2/3 of the plan, objectives not judged"), "{said:#?}");
    let shard = &desk.json("runs/2/manifest.json")["shard"];
    assert_eq!((&shard["index"], &shard["count"]), (&2.into(), &3.into()), "{shard}");
    assert!(read_requests(Path::new(&desk.path("runs/2"))).unwrap().iter().all(|row| row.index % 3 == 2));
}

#[test]
fn a_shard_that_makes_no_sense_is_refused() {
    let desk = Desk::with_short_answers();
    for (args, why) in [
        ("--sim --rps 5 --shard 0/2", "a simulated Region that sees a part of the load"),
        ("--mock --rps 5 --shard 0/2", "--mock starts a mock of its own for each shard"),
        ("--sim --concurrency 2 --shard 0/2", "a closed loop has no plan"),
        ("--mock --rps 5 --start-at 2020-01-01T00:00:00Z", "--start-at 2020-01-01T00:00:00Z was "),
        ("--mock --rps 5 --start-at 2120-01-01T00:00:00Z", "is more than 168 h away"),
    ] {
        let said = desk.says(&format!("run -d 1s --warmup 0s {args} -o run")).exits(2);
        assert!(said.error().contains(why), "{args}: {said:#?}");
    }
    for (args, why) in [
        ("--rps 5 --shard 4/4", "shards are counted from 0, so the last of 4 is 3/4"),
        ("--rps 5 --sim --start-at 2120-01-01T00:00:00Z", "cannot be used with"),
        ("--rps 5 --mock --start-at 15:00", "write it in UTC, like 2026-11-23T15:00:00Z"),
    ] {
        let said = desk.says(&format!("run {args} -o run")).exits(2);
        assert!(said.err.contains(why), "{args}: {said:#?}");
    }
    desk.says("run -d 30s --warmup 0s --sim --rps 5 --shard 0/1 -q -o whole").exits(0);
    assert_eq!(files_in(&desk.path("")).iter().filter(|file| file.starts_with("run")).count(), 0);
}

#[cfg(unix)]
#[test]
fn ctrl_c_before_the_start_ends_at_once_and_leaves_nothing() {
    use std::io::{BufRead, BufReader};

    use rustix::process::Signal;

    let desk = Desk::with_short_answers();
    let mut child = quietly(&desk, &format!("{SHORT} --start-at {} -o run", soon(3_600)));
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    assert!(lines.any(|line| line.unwrap().contains(", in 59 min 5")), "a countdown");
    super::desk::signal(&child, Signal::INT);
    let said = end_of(child).exits(130);
    let rest: Vec<_> = lines.map(Result::unwrap).collect();
    assert!(rest.iter().any(|line| line.contains("nothing was sent")), "{rest:?} {said:#?}");
    assert!(!desk.path("run").exists());
}

/// Four clients with a memory each are not one client; four that remember nothing are.
#[test]
fn unlike_numbers_of_clients_are_compared_only_where_the_policy_remembers_nothing() {
    let desk = Desk::new();
    let run = "run --sim --rps 20 -d 2m --warmup 5s --scenario calm -q --profile apac --route sydney --route sydney→singapore";
    for folder in ["one", "four"] {
        desk.says(&format!("{run} -o {folder}")).exits(0);
    }
    let mut manifest = desk.json("four/manifest.json");
    manifest["config"]["clients"] = 4.into();
    desk.write("four/manifest.json", &manifest.to_string());
    let said = desk.says("compare one four").exits(6);
    assert!(said.error().contains("independent clients: 1 and 4"), "{said:#?}");
    desk.says("compare one:sydney four:sydney").exits(0);
    desk.says("compare one four --anyway").exits(0);
}
