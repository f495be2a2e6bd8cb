//! What can be asked without firing anything.

use super::desk::Desk;

#[test]
fn help_shows_commands_that_work_as_they_stand() {
    let desk = Desk::new();
    let help = desk.says("--help").exits(0).out;
    assert!(help.contains("bedbench run --rps 50 --profile apac --mock"), "{help}");
    assert!(help.contains("Exit codes: 0 ok"), "{help}");
    let help = desk.says("run --help").exits(0).out;
    assert!(help.contains("bedbench run --rps 3000/min --profile candidates --mock --scenario calm -d 2m"), "{help}");
    assert!(help.contains("--slo 'ttft:p95<1500ms'"), "{help}");
}

#[test]
fn no_command_at_all_is_answered_with_the_help() {
    let said = Desk::new().says("").exits(2);
    assert!(said.err.contains("Usage: bedbench") && said.err.contains("profile list"), "{said:#?}");
}

#[test]
fn profiles_are_listed_with_their_routes_and_where_each_is_processed() {
    let list = Desk::new().says("profile list").exits(0).out;
    for part in ["apac", "au", "candidates", "residency: Australia, Singapore", "sydney→singapore  fallback"] {
        assert!(list.contains(part), "no {part} in\n{list}");
    }
    let oregon = list.lines().find(|line| line.contains("oregon")).unwrap();
    assert!(oregon.contains("us. from Oregon") && oregon.contains("(reference)"), "{oregon}");
}

/// Copy, change, pass the path: the way to a profile of one's own.
#[test]
fn what_show_prints_can_be_saved_changed_and_used() {
    let desk = Desk::new();
    let text = desk.says("profile show apac").exits(0).out;
    desk.write("mine.toml", &text.replace("name = \"apac\"", "name = \"mine\""));
    let shown = desk.says("profile show mine.toml").exits(0).out;
    assert!(shown.contains("name = \"mine\"") && shown.contains("sydney→singapore"), "{shown}");
    let said = desk.says("run --rps 1 --mock --profile mine.toml --route nowhere").exits(2);
    assert!(said.error().contains("profile `mine` has no route `nowhere`"), "{said:#?}");
}

#[test]
fn a_profile_with_a_mistake_is_shown_together_with_what_is_wrong() {
    let desk = Desk::new();
    desk.write("broken.toml", "schema = 1\nnamme = \"x\"\n");
    let said = desk.says("profile show broken.toml").exits(2);
    assert!(said.out.contains("namme"), "{said:#?}");
    assert_eq!(said.error(), "error: broken.toml:2: unknown key `namme`; did you mean `name`?");
}

#[test]
fn workloads_and_scenarios_are_listed_shown_and_used_by_name() {
    let desk = Desk::new();
    let list = desk.says("workload list").exits(0).out;
    for row in
        ["chat", "moderation", "enrichment", "synthetic-data", "reporting", "ab-test", "customer-api", "background"]
    {
        assert!(list.lines().any(|line| line.starts_with(&format!("{row}  "))), "no {row} in\n{list}");
        desk.says(&format!("workload show {row}")).exits(0);
    }
    assert!(list.contains("sensitivity: high; SLO: ttft:p95<1.5s"), "{list}");
    let list = desk.says("scenario list").exits(0).out;
    assert!(list.contains("phases: calm 30 %, congested 40 %, recovery 30 %"), "{list}");
    let shown = desk.says("scenario show congested").exits(0).out;
    assert!(shown.contains("# phase.share") && shown.contains("account_load = 0.45"), "{shown}");
    desk.write("mine.toml", &shown.replace("background = 0.80", "background = 80"));
    let said = desk.says("scenario show mine.toml").exits(2);
    assert!(said.error().contains("background of ap-southeast-2 must be from 0 to 10"), "{said:#?}");
}

/// The levers are in the report, for a number without them is another number.
#[test]
fn levers_and_changed_values_are_named_in_the_report() {
    let desk = Desk::with_short_answers();
    let set = "--set workload.cache_hit_rate=0.5 --set workload.token_multiplier=0.6 --set region.sydney.rtt.value=3ms";
    let said = desk.measures(&format!("{} --latency article {set} -o run", super::desk::SHORT), &[]).exits(0);
    for fact in
        ["prompts × 0.6", "the application's cache answers", "latency article: ", "--set region.sydney.rtt.value=3ms"]
    {
        assert!(said.out.replace("\n     ", "").contains(fact), "no {fact} in\n{}", said.out);
    }
    let manifest = desk.json("run/manifest.json");
    assert_eq!(manifest["config"]["files"]["workload"]["cache_hit_rate"], 0.5);
    let regions = manifest["config"]["files"]["regions"].as_array().unwrap();
    let sydney = regions.iter().find(|region| region["code"] == "ap-southeast-2").unwrap();
    assert_eq!(sydney["rtt"]["value"], "3.00ms");
    assert!(sydney["rtt"]["source"].as_str().unwrap().ends_with("; --set region.sydney.rtt.value=3ms"), "{sydney}");
    assert_eq!(sydney["ttft"]["p99"], "830ms", "{sydney}");
}

#[cfg(unix)]
#[test]
fn a_reader_that_has_seen_enough_is_no_error() {
    let desk = Desk::new();
    let mut child = desk.child("profile show apac").stdout(std::process::Stdio::piped()).spawn().unwrap();
    // Closed before the first byte is written, or after: both are fine.
    drop(child.stdout.take());
    assert_eq!(super::desk::end_of(child).code, Some(0));
}
