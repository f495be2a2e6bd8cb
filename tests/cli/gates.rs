//! Objectives on the command line: each kind can fail a run, and what cannot be judged is refused.

use super::desk::{Desk, Said};

/// A simulation in which Sydney is congested: some requests are throttled, and most meet a lax objective.
const RUN: &str =
    "run --rps 60 --sim -d 5m --profile apac --route sydney --route singapore --scenario congested -q -o run";

fn held_to(slos: &str) -> (Desk, Said) {
    let desk = Desk::new();
    let said = desk.says(&format!("{RUN} --junit gates.xml {slos}"));
    (desk, said)
}

/// A gate that cannot fail guards nothing.
#[test]
fn every_kind_of_gate_can_fail_a_run_and_names_what_it_found() {
    for (gate, found) in [
        ("ttft:p5<1ms", "s"),
        ("response:p50<1ms", "s"),
        ("response:p99<50s", "failed"),
        ("error<0.1%", " %"),
        ("throttle<0.1%", " %"),
        ("goodput>1000/s", "/s"),
    ] {
        let (desk, said) = held_to(&format!("--slo {gate}"));
        let said = said.exits(3);
        let line = said.err.lines().find(|line| line.starts_with(&format!("SLO missed: {gate} by sydney: ")));
        assert!(line.is_some_and(|line| line.ends_with(found)), "{gate}: {said:#?}");
        let junit = desk.read("gates.xml");
        let document = roxmltree::Document::parse(&junit).unwrap();
        let failed =
            document.descendants().find(|node| node.has_tag_name("failure")).expect("a failure").parent().unwrap();
        assert_eq!((failed.attribute("classname"), failed.attribute("name")), (Some("sydney"), Some(gate)));
        let judged = &desk.json("run/summary.json")["gates"];
        assert_eq!((&judged[0]["gate"], &judged[0]["met"]), (&gate.into(), &false.into()), "{judged}");
    }
}

#[test]
fn a_run_that_meets_everything_passes() {
    let (desk, said) = held_to("--slo response:p50<50s --slo error<99% --slo throttle<99% --slo goodput>1/s");
    said.exits(0);
    let junit = desk.read("gates.xml");
    assert!(junit.contains("tests=\"9\" failures=\"0\""), "four for each of two routes, and the verdict: {junit}");
    assert!(desk.read("run/report.md").contains("### Objectives (SIMULATED)"));
}

#[test]
fn what_so_few_requests_cannot_tell_is_said_and_fails_nothing() {
    let desk = Desk::new();
    let run = "run --rps 5 --sim -d 20s --route sydney --scenario calm -q -o run --junit gates.xml";
    let said = desk.says(&format!("{run} --slo response:p99<50s --slo response:p95<50s")).exits(0);
    let warned = "warning: SLO not judged: response:p99<50s by sydney: p99 needs 300 requests, there are ";
    assert!(said.err.starts_with(warned), "{said:#?}");
    assert!(desk.read("gates.xml").contains("tests=\"3\" failures=\"0\" skipped=\"1\""));
    assert!(desk.read("run/report.md").contains("| **not judged** | p99 needs 300"));
    assert!(desk.json("run/summary.json")["gates"][0]["met"].is_null());
}

#[test]
fn what_a_workload_asks_is_judged_in_every_report_and_fails_nothing() {
    let (desk, said) = held_to("--slo error<99%");
    said.exits(0);
    let summary = desk.json("run/summary.json");
    assert_eq!(summary["objectives"].as_array().unwrap().len(), 4, "two of chat for each of two routes: {summary}");
    let missed = summary["objectives"].as_array().unwrap().iter().find(|objective| objective["met"] == false).unwrap();
    let (gate, route) = (missed["gate"].as_str().unwrap(), missed["route"].as_str().unwrap());
    let terminal = desk.says("report run").exits(0).out;
    assert!(terminal.contains("Objectives  as --slo asks") && terminal.contains("Objectives  of the workload"));
    assert!(terminal.contains(&format!("{gate}: missed by {route}")), "{terminal}");
    assert!(desk.read("run/report.md").contains("| **missed** |"));
    assert!(desk.read("run/report.html").contains("<span class=\"grade is-invalid\">missed</span>"));
}

#[test]
fn an_answer_in_one_piece_is_good_without_a_first_token() {
    let desk = Desk::new();
    desk.says("run --rps 5 --sim -d 2m --route sydney --scenario calm --api converse -q -o run").exits(0);
    let summary = desk.json("run/summary.json");
    assert_eq!(summary["slos"], serde_json::json!(["response:p95<3s"]));
    assert!(summary["routes"][0]["slices"][0]["goodput"].as_f64().unwrap() > 4.0, "{summary}");
}

#[test]
fn a_gate_of_one_route_leaves_the_others_alone() {
    let (desk, said) = held_to("--slo singapore/ttft:p95<1ms");
    let said = said.exits(3);
    let missed: Vec<_> = said.err.lines().filter(|line| line.starts_with("SLO missed: ")).collect();
    assert_eq!(missed.len(), 1, "{said:#?}");
    assert!(missed[0].starts_with("SLO missed: singapore/ttft:p95<1ms by singapore: "), "{said:#?}");
    let summary = desk.json("run/summary.json");
    let goodput = |route: usize| summary["routes"][route]["slices"][0]["goodput"].as_f64().unwrap();
    assert!(goodput(0) > 1.0 && goodput(1) == 0.0, "it counts in the goodput of its route alone");
}

#[test]
fn what_cannot_be_judged_is_refused_before_anything_is_fired() {
    let desk = Desk::new();
    for (flags, error) in [
        ("--slo ttft:p95<soon", "at character 10, `soon` is not a span of time"),
        ("--slo error<1", "at character 7, `1` is not a share"),
        ("--slo goodput<45/s", "at character 8, `goodput` takes `>`"),
        ("--slo speed<1s", "at character 1, `speed` is none of ttft:pN"),
        ("--slo perth/error<1%", "--slo perth/error<1%: no route `perth` is fired. There are sydney"),
        ("--slo sidney/error<1%", "no route `sidney` is fired; did you mean `sydney`?"),
        ("--slo knee>40/s", "a run has one load and so no knee"),
        ("--slo ttft:p95<1s --api converse", "a unary answer has no first token"),
        ("--junit no/such/gates.xml", "--junit no/such/gates.xml: its folder is not there"),
    ] {
        let said = desk.says(&format!("run --rps 5 --sim -d 10s --route sydney -o run {flags}")).exits(2);
        assert!(said.error().contains(error), "{flags}: {said:#?}");
        assert!(!desk.path("run").exists(), "{flags}");
    }
}

#[test]
fn a_sweep_is_held_to_its_knees_and_to_nothing_of_one_load() {
    let desk = Desk::new();
    for (flags, error) in [
        ("--slo error<1%", "--slo error<1%: it is for one load; hold `bedbench run --sim` to it"),
        ("--slo sydney/ttft:p95<1s", "a sweep holds every route to the same latency"),
        ("--slo perth/knee>1/s", "no route `perth` is swept. There are sydney"),
    ] {
        let said = desk.says(&format!("sweep --rps 5,10 --route sydney {flags}")).exits(2);
        assert!(said.error().contains(error), "{flags}: {said:#?}");
    }
    let sweep =
        "sweep --rps 1,2 --route sydney --scenario calm --seeds 2 --slo ttft:p95<50s -q -o swept --junit gates.xml";
    let said = desk.says(&format!("{sweep} --slo knee>1000/s")).exits(3);
    assert!(said.err.contains("SLO missed: knee>1000/s by sydney: beyond 2/s, the largest load tried"), "{said:#?}");
    assert!(desk.read("gates.xml").contains("failures=\"1\""));
    assert!(desk.path("swept/sweep.json").exists(), "the findings are needed now");
}
