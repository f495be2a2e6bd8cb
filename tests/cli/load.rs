//! Loads as somebody writes them: what they come to, and what is refused.

use super::desk::{Desk, Said, files_in};

const TRACE: &str = "offset,input_tokens,output_tokens\n0.1,10,2\n0.35,900,1\n0.35,20,2\n0.6,30,1\n";

/// A short run with this load; half a second of it, unless the load says how long.
fn run(desk: &Desk, load: &str) -> Said {
    let rest = "--mock --route sydney --scenario calm --workload short.toml -o run";
    desk.measures(&format!("run {load} {rest}"), &[]).exits(0)
}

/// (intended start in nanoseconds, phase) of every request.
fn fired(desk: &Desk) -> Vec<(u64, String)> {
    let mut rows = csv::Reader::from_path(desk.path("run/requests.csv")).unwrap();
    let headers = rows.headers().unwrap().clone();
    let column = |name| headers.iter().position(|header| header == name).unwrap_or_else(|| panic!("no {name}"));
    let (intended, phase) = (column("intended_ns"), column("phase"));
    let row = |row: csv::StringRecord| (row[intended].parse().unwrap(), row[phase].to_owned());
    let mut fired: Vec<_> = rows.records().map(|record| row(record.unwrap())).collect();
    fired.sort();
    fired
}

#[test]
fn stages_set_the_length_and_are_reported_apart() {
    let desk = Desk::with_short_answers();
    let said = run(&desk, "--stage 500ms:20 --stage 250ms:20:60 --arrival constant --warmup 100ms");
    let phases = ["stage 1 (20/s)", "stage 2 (20/s to 60/s)"];
    let fired = fired(&desk);
    let count = |name: &str| fired.iter().filter(|(_, phase)| phase == name).count();
    assert_eq!([count("warm-up"), count(phases[0]), count(phases[1])], [2, 10, 10]);
    assert!(said.out.contains("2 stages of up to 60/s, constant"), "{}", said.out);
    let summary = desk.json("run/summary.json");
    let slices = summary["routes"][0]["slices"].as_array().unwrap().iter().map(|slice| slice["phase"].clone());
    assert_eq!(slices.collect::<Vec<_>>(), ["all", phases[0], phases[1]]);
    let config = &desk.json("run/manifest.json")["config"];
    assert_eq!(config["stages"], serde_json::json!(["0.5s:20/s", "0.25s:20/s:60/s"]));
    assert_eq!(config["duration"], "750ms");
}

#[test]
fn a_ramp_begins_where_the_warm_up_was() {
    let desk = Desk::with_short_answers();
    let said = run(&desk, "--rps 20:100 -d 500ms --warmup 500ms --arrival constant");
    let starts: Vec<_> = fired(&desk).into_iter().map(|(intended, _)| intended).collect();
    assert_eq!(starts.len(), 40, "10 in the warm-up, 30 on the ramp");
    assert_eq!(starts[..11], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10].map(|n| n * 50_000_000));
    // 20x + 80x² = 10
    assert_eq!(starts[20], 750_000_000);
    assert!(said.out.contains("20/s to 100/s constant"), "{}", said.out);
    assert_eq!(desk.json("run/manifest.json")["config"]["rps"], "60/s", "the mean");
}

#[test]
fn a_pattern_is_fired_from_where_in_the_day_it_starts() {
    let desk = Desk::with_short_answers();
    // 18.66 times the mean of 2/s at the open, and hardly less half a second later.
    let said = run(&desk, "--rps 2 --pattern weekday --start 10:00 -d 500ms --warmup 0s --arrival constant");
    assert_eq!(fired(&desk).len(), 19);
    assert!(said.out.contains("2/s over the day, pattern weekday from 10:00, constant"), "{}", said.out);
    assert_eq!(desk.json("run/manifest.json")["config"]["files"]["pattern"]["burst"][0]["at"], "10:00");
}

#[test]
fn a_trace_is_replayed_as_it_was_recorded() {
    let desk = Desk::with_short_answers();
    desk.write("mine.csv", TRACE);
    let said = run(&desk, "--trace mine.csv");
    let starts: Vec<_> = fired(&desk).into_iter().map(|(intended, _)| intended).collect();
    assert_eq!(starts, [100_000_000, 350_000_000, 350_000_000, 600_000_000]);
    assert!(said.out.contains("trace mine.csv · 1 s measured"), "{}", said.out);
    let mut attempts = csv::Reader::from_path(desk.path("run/attempts.csv")).unwrap();
    let headers = attempts.headers().unwrap().clone();
    let column = |name| headers.iter().position(|header| header == name).unwrap_or_else(|| panic!("no {name}"));
    let columns = [column("index"), column("input_tokens"), column("output_tokens")];
    let number = |record: &csv::StringRecord, column: usize| record[column].parse::<u32>().unwrap();
    let mut tokens: Vec<_> =
        attempts.records().map(|record| columns.map(|column| number(record.as_ref().unwrap(), column))).collect();
    tokens.sort();
    assert_eq!(tokens.iter().map(|row| row[2]).collect::<Vec<_>>(), [2, 1, 2, 1]);
    assert!((895..=905).contains(&tokens[1][1]), "{tokens:?}");

    let said = desk.says("run --trace mine.csv -d 300ms --mock --route sydney --scenario calm -o cut");
    assert!(said.err.contains("MOCK apac: 1 route × 1 requests (trace mine.csv) over 300 ms"), "{said:#?}");
}

#[test]
fn answers_that_the_workload_would_cut_short_are_counted_beforehand() {
    let desk = Desk::with_short_answers();
    desk.write("mine.csv", &TRACE.replace("900,1", "900,77"));
    let said = desk.says("run --trace mine.csv --mock --route sydney --workload short.toml -q");
    let warning = "1 of the 4 answers in mine.csv are longer than max_tokens, 2, and will end there; \
                   allow them with --set workload.max_tokens=77";
    assert!(said.err.contains(warning), "{said:#?}");
}

#[test]
fn more_than_one_machine_can_fire_is_simulated() {
    let desk = Desk::new();
    let run = "run -d 1s --warmup 0s --route sydney --no-records -q";
    let said = desk.says(&format!("{run} --mock --rps 25000")).exits(2);
    assert!(said.error().ends_with("share the plan with --shard, or simulate it with --sim"), "{said:#?}");
    desk.says(&format!("{run} --sim --rps 25000 -o run")).exits(0);
    let said = desk.says(&format!("{run} --sim --rps 200000")).exits(2);
    assert!(said.error().contains("--rps can be at most 100000/s in a simulation"), "{said:#?}");
}

#[test]
fn loads_that_cannot_be_are_refused_with_the_way_out() {
    let desk = Desk::new();
    desk.write("back.csv", "offset,input_tokens,output_tokens\n1,2,3\n0.5,2,3\n");
    desk.write("empty.csv", "offset,input_tokens,output_tokens\n");
    desk.write("mine.csv", TRACE);
    desk.write("night.toml", "schema = 1\nname = \"night\"\n");
    for (load, said) in [
        ("", "--rps <RATE[:RATE]>"),
        ("--rps 0:0", "--rps must be above 0 at some time"),
        ("--rps 5:30000", "--rps can be at most 20000/s: one bedbench cannot fire more"),
        ("--rps 5:", "`5:` lacks its end; a ramp is written like 5:80"),
        ("--rps :80", "`:80` lacks its beginning"),
        ("--rps 5..20", "a ramp is written 5:20; `..` is for the loads of `bedbench sweep`"),
        ("--stage 1m:5..20", "a ramp is written 5:20"),
        ("--rps 2000 --pattern weekday --start 10:00", "--rps with --pattern can be at most 20000/s at its peak"),
        ("--rps 5:80 --pattern weekday", "--rps takes one rate with --pattern: the mean over the day"),
        ("--rps 5 --pattern wekday", "no pattern is named `wekday`; did you mean `weekday`? Built in: weekday."),
        ("--rps 5 --pattern night.toml", "night.toml:1: missing field `summary`"),
        ("--rps 5 --pattern weekday --set pattern.burst.open.length=0s", "burst `open`: length must be above 0"),
        ("--rps 5 --start 09:30", "--pattern <NAME|FILE>"),
        ("--rps 5 --pattern weekday --start 25:00", "`25:00` is not a time of day; write it like 09:30"),
        ("--stage 0s:50", "--stage 0s:50/s must last longer than 0 s"),
        ("--stage 1m:0 --stage 1m:0", "--stage must be above 0 at some time"),
        ("--stage 1m:90000", "--stage can be at most 20000/s"),
        ("--stage 100h:5 --stage 100h:5", "--stage: all together can be at most 7 days"),
        ("--stage 2m", "`2m` is not a stage; write it like 2m:50 or 2m:5:80"),
        ("--stage 2m:50 --rps 5", "cannot be used with"),
        ("--stage 2m:50 -d 1m", "cannot be used with"),
        ("--rps 5 --burstiness 0.5", "--burstiness goes with --arrival gamma and not with poisson"),
        ("--rps 5 --arrival gamma --burstiness 0", "--burstiness must be from 0.01 to 1000, not 0; 1 is poisson"),
        ("--rps 5 --arrival gamma --burstiness -1", "--burstiness must be from 0.01 to 1000, not -1"),
        ("--rps 5 --arrival gamma --burstiness NaN", "--burstiness must be from 0.01 to 1000, not NaN"),
        ("--rps 5 --arrival trace", "--arrival trace needs --trace FILE"),
        ("--trace mine.csv --arrival poisson", "--trace goes with --arrival trace and not with poisson"),
        ("--trace mine.csv --rps 5", "cannot be used with"),
        ("--trace mine.csv --warmup 1s", "--warmup leaves nothing of the trace to measure; shorten it"),
        ("--trace back.csv", "back.csv:3: offset 0.5 lies before 1 of the row above; sort by offset"),
        ("--trace empty.csv", "empty.csv:1: no request is in it"),
        ("--trace nowhere.csv", "--trace nowhere.csv: No such file"),
    ] {
        let answer = desk.says(&format!("run --mock {load}")).exits(2);
        assert!(answer.error().contains(said) || answer.err.contains(&format!("  {said}")), "{load}: {answer:#?}");
    }
    assert!(!files_in(&desk.path("")).iter().any(|file| file.contains("manifest")), "nothing was fired");
}

#[test]
fn patterns_are_listed_and_shown() {
    let desk = Desk::new();
    let list = desk.says("pattern list").exits(0).out;
    assert!(list.contains("weekday  a working day in Sydney"), "{list}");
    assert!(list.contains("peak: 18.7 × the mean over the day") && list.contains("open at 10:00 for 15 min"), "{list}");
    let shown = desk.says("pattern show weekday").exits(0).out;
    desk.write("mine.toml", &shown.replace("height = 14.0", "height = -1"));
    let said = desk.says("pattern show mine.toml").exits(2);
    assert!(said.error().contains("burst `open`: height must be 0 or more, not -1"), "{said:#?}");
}
