use std::time::Duration;

use rand_distr::{Distribution, LogNormal};

use super::*;
use crate::core::phase::Phases;
use crate::core::seed::Purpose;
use crate::core::{Outcome, Seed};
use crate::measure::recorder::tests::record;
use crate::measure::versus::Side;
use crate::report::fixture;
use crate::report::plots::compare::draw;
use crate::report::text::Style;

/// 3,000 requests in a minute, each of the same luck, `slower` by a factor, of which every so many fail.
fn side(slower: f64, fails: u32) -> Side {
    let mut side = Side::new(&Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]));
    let mut draws = Seed(1).stream(Purpose::FirstToken);
    let law = LogNormal::new(-0.5, 0.4).expect("a distribution");
    for index in 0..3_000 {
        let time = law.sample(&mut draws) * slower;
        let outcome = if index % fails == 7 { Outcome::Throttled } else { Outcome::Ok };
        side.record(&record(index, f64::from(index) / 50.0, time, outcome));
    }
    side
}

fn compared(a: &Side, b: &Side) -> Compared {
    let run = fixture::congested();
    let head =
        |folder: &str, route: usize| Head::new(folder.into(), &run.manifest, &run.summary, &run.summary.routes[route]);
    let gated: FailIf = "ttft:p95>+10%".parse().expect("a gate");
    let held: FailIf = "response:p99.9>+10%".parse().expect("a gate");
    let asked = [gated, held].map(|gate| (gate.metric, gate.quantile));
    let versus = Versus::new((a, b), Pairing::Requests, &asked, Seed(1));
    let gates = [gated, held].map(|of| gate(of, versus.row(of.metric, of.quantile).expect("it was asked for")));
    let curve = |side: &Side, metric| {
        let (times, failures) = side.sorted(metric);
        Curve { times, failures }
    };
    let curves = [Metric::Response, Metric::Ttft].map(|metric| (metric, [curve(a, metric), curve(b, metric)]));
    let pair = Pair { a: head("before", 0), b: head("after", 0), versus, curves: curves.into(), gates: gates.into() };
    Compared { schema: SCHEMA, unlike: vec![], pairs: vec![pair] }
}

fn text(compared: &Compared, width: usize) -> String {
    text::render(compared, Style { colour: false, width })
}

#[test]
fn a_comparison_reads_like_this() {
    insta::assert_snapshot!(text(&compared(&side(1.0, 1_000), &side(1.15, 60)), 100));
}

#[test]
fn a_comment_reads_like_this() {
    insta::assert_snapshot!(markdown::render(&compared(&side(1.0, 1_000), &side(1.15, 60)), Some("side.svg")));
}

#[test]
fn no_line_is_wider_than_a_terminal() {
    for width in [80, 100, 140] {
        let text = text(&compared(&side(1.0, 1_000), &side(1.15, 10)), width);
        let widest = text.lines().map(console::measure_text_width).max().unwrap();
        assert!(widest <= width, "{widest} of {width}:\n{text}");
    }
}

#[test]
fn doubts_and_unlike_runs_are_said() {
    let mut compared = compared(&side(1.0, 1_000), &side(1.0, 1_000));
    compared.unlike = vec!["load: 20/s and 30/s".into()];
    compared.pairs[0].a.grade = Grade::Invalid;
    compared.pairs[0].b.interrupted = true;
    compared.pairs[0].b.kind = Loop::Closed;
    for text in [text(&compared, 100), markdown::render(&compared, None)] {
        for said in ["unlike runs: load", "after was interrupted", "do not use this comparison", "CLOSED LOOP", "MOCK"]
        {
            assert!(text.contains(said), "{said}: {text}");
        }
    }
    let svg = draw(&compared);
    for said in ["CLOSED LOOP", "MOCK", "INVALID", "No difference shown"] {
        assert!(svg.contains(said), "{said}");
    }
}

#[test]
fn the_plot_is_drawn_whatever_there_is_of_times() {
    for (a, b) in [
        (side(1.0, 1_000), side(1.3, 30)),
        (side(1.0, 1_000), Side::new(&Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]))),
    ] {
        let svg = draw(&compared(&a, &b));
        roxmltree::Document::parse(&svg).expect("it is XML");
    }
}
