use console::{measure_text_width, strip_ansi_codes};

use super::*;
use crate::measure::verdict::{Doubt, Reason, Verdict};
use crate::report::fixture::{self, Run};

fn text(run: &Run, width: usize, colour: bool) -> String {
    let mut out = Vec::new();
    write(&run.report(), Style { colour, width }, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn section<'a>(text: &'a str, title: &str) -> &'a str {
    text.split("\n\n").find(|section| section.starts_with(title)).unwrap_or_default()
}

/// The words of the row that starts with `name`.
fn row<'a>(section: &'a str, name: &str) -> Vec<&'a str> {
    let row = section.lines().find_map(|line| line.trim_start().strip_prefix(&format!("{name} ")));
    row.unwrap_or_default().split_whitespace().collect()
}

#[test]
fn a_terminal_of_80_columns_reads_like_this() {
    insta::assert_snapshot!(text(fixture::congested(), 80, false));
}

#[test]
fn a_terminal_of_140_columns_reads_like_this() {
    insta::assert_snapshot!(text(fixture::congested(), 140, false));
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let mut long = fixture::congested().clone();
    long.summary.routes[1].head.name = "sydney→singapore→tokyo→oregon with a hedge after 900 ms".into();
    long.summary.routes[1].head.label = "Sydney, Singapore, Tokyo, Seoul, Osaka, Mumbai, Hyderabad or Oregon".into();
    for run in [fixture::congested(), &fixture::empty(), &fixture::alone(), &long] {
        for (asked, most) in [(40, 80), (80, 80), (100, 100), (140, 140)] {
            for colour in [false, true] {
                for line in text(run, asked, colour).lines() {
                    assert!(measure_text_width(line) <= most, "{} columns of {most}: {line}", measure_text_width(line));
                }
            }
        }
    }
}

#[test]
fn colour_is_the_callers_choice_and_carries_no_meaning_of_its_own() {
    let plain = text(fixture::congested(), 80, false);
    let coloured = text(fixture::congested(), 80, true);
    assert!(!plain.contains('\x1b') && coloured.contains('\x1b'));
    let words = |text: &str| strip_ansi_codes(text).split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    assert_eq!(words(&plain), words(&coloured));
}

#[test]
fn a_percentile_among_failures_is_no_number() {
    let text = text(fixture::congested(), 80, false);
    assert_eq!(row(section(&text, "Response time"), "sydney"), ["3,000", "956", "ms", "failed", "failed", "failed"]);
    let congested = section(&text, "Phases").split("congested").nth(1).unwrap();
    assert_eq!(row(congested, "sydney")[4..], ["1.45", "s", "failed", "failed", "failed"]);
}

#[test]
fn percentiles_of_ok_requests_say_so() {
    let text = text(fixture::congested(), 80, false);
    assert_eq!(row(section(&text, "Response time"), "ok requests only")[..3], ["2,800", "933", "ms"]);
    let alone = self::text(&fixture::alone(), 80, false);
    assert!(!alone.contains("ok requests only"), "nothing failed, so both are the same");
}

#[test]
fn a_reference_is_labelled_wherever_it_is_named() {
    for width in [80, 100, 140] {
        let text = text(fixture::congested(), width, false);
        let flowing = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flowing.matches("oregon").count() > 5);
        assert_eq!(flowing.matches("oregon").count(), flowing.matches("oregon (reference)").count());
    }
}

#[test]
fn one_route_makes_no_claim_and_has_no_phases() {
    let text = text(&fixture::alone(), 80, false);
    assert!(!text.contains("Findings") && !text.contains("Phases"), "{text}");
    assert!(text.contains("no SLO, so goodput is throughput"));
}

#[test]
fn a_run_without_requests_has_no_times() {
    let text = text(&fixture::empty(), 80, false);
    assert_eq!(row(section(&text, "Response time"), "sydney"), ["0", "–", "–", "–", "–"]);
    assert_eq!(row(section(&text, "Requests"), "sydney"), ["0", "/", "0", "–", "–", "–", "0.00/s"]);
    assert!(text.contains("dispatch lag: nothing was sent"));
    assert!(!text.contains("0 ms") && !text.contains("0.00 "), "{text}");
    assert!(text.contains("too little data to compare singapore with sydney"));
}

#[test]
fn a_simulation_has_no_generator_whose_lateness_it_could_tell() {
    let mut run = fixture::alone();
    run.summary.world = World::Sim;
    let text = text(&run, 80, false);
    assert!(text.contains("in virtual time: the generator adds nothing"), "{text}");
    assert!(!text.contains("dispatch lag") && !text.contains("CPU"), "{text}");
}

#[test]
fn an_interrupted_run_says_that_nothing_was_judged() {
    let text = text(&fixture::empty(), 80, false);
    assert_eq!(text.matches("interrupted, gates not judged").count(), 2, "{text}");
}

#[test]
fn the_verdict_comes_last_with_the_gravest_reason_first() {
    let mut run = fixture::alone();
    let reason = |grade, text: &str| Reason { grade, doubt: Doubt::Drift, text: text.into() };
    run.summary.verdict = Verdict {
        grade: Grade::Invalid,
        reasons: vec![reason(Grade::Suspect, "it drifted"), reason(Grade::Invalid, ["it shed"; 12].join(" ").as_str())],
    };
    let text = text(&run, 80, false);
    let last: Vec<_> = text.lines().rev().take(4).collect();
    assert_eq!(last[0], "  suspect  it drifted");
    assert!(last[1].starts_with("           ") && last[1].ends_with("it shed"), "{}", last[1]);
    assert!(last[2].starts_with("  invalid  it shed it shed"), "{}", last[2]);
    assert!(last[3].starts_with("INVALID  "));
}

#[test]
fn an_endpoint_run_names_its_addresses() {
    let mut run = fixture::alone();
    run.summary.world = World::Endpoint;
    run.manifest.config.endpoints = [("ap-southeast-2".parse().unwrap(), "http://127.0.0.1:9000".into())].into();
    let text = text(&run, 100, false);
    assert!(text.starts_with("ENDPOINT  ") && text.contains("ap-southeast-2 at http://127.0.0.1:9000"), "{text}");
}
