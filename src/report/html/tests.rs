use std::collections::BTreeSet;

use roxmltree::Document;

use super::*;
use crate::core::units::{Span, grouped};
use crate::core::{Metric, Outcome};
use crate::measure::gate::GateResult;
use crate::measure::parts::Part;
use crate::measure::summary::{ErrorSummary, Finding, QUANTILES};
use crate::measure::verdict::{Doubt, Grade, Reason};
use crate::report::fixture::{self, Run};
use crate::report::{cell, finding};

fn page(run: &Run) -> String {
    render(&run.report())
}

/// The page without its plots, which repeat much of it.
fn words(run: &Run) -> String {
    let page = page(run);
    let mut words = String::new();
    let mut rest = page.as_str();
    while let Some((before, svg)) = rest.split_once("<svg ") {
        words += before;
        rest = svg.split_once("</svg>").unwrap().1;
    }
    words + rest
}

/// What a hostile configuration could try.
const SCRIPT: &str = "</pre></title><script>alert('x')</script><img src=x onerror=alert(1)>\"'&";

#[test]
fn nothing_from_outside_becomes_markup() {
    let mut run = fixture::congested().clone();
    let route = &mut run.summary.routes[1];
    (route.head.name, route.head.label, route.head.policy) = (SCRIPT.into(), SCRIPT.into(), SCRIPT.into());
    route.cost.absent = vec![SCRIPT.into()];
    route.cost.warnings = vec![SCRIPT.into()];
    route.regions[0].name = SCRIPT.into();
    route.regions[0].errors = vec![ErrorSummary { count: 1, outcome: Outcome::Invalid, message: SCRIPT.into() }];
    route.slices[1].phase = SCRIPT.into();
    for price in &mut run.summary.routes[0].cost.prices {
        (price.model, price.price.source, price.price.date) = (SCRIPT.into(), SCRIPT.into(), SCRIPT.into());
    }
    run.summary.comparisons[0].other = SCRIPT.into();
    let objective =
        GateResult { gate: "error<1%".parse().unwrap(), route: SCRIPT.into(), met: Some(false), found: SCRIPT.into() };
    (run.summary.gates, run.summary.objectives) = (vec![objective.clone()], vec![objective]);
    run.summary.verdict.reasons = vec![Reason { grade: Grade::Suspect, doubt: Doubt::Drift, text: SCRIPT.into() }];
    let config = &mut run.manifest.config;
    for text in [&mut config.profile, &mut config.workload, &mut config.load, &mut config.api] {
        *text = SCRIPT.into();
    }
    (config.scenario, config.latency) = (Some(SCRIPT.into()), Some(SCRIPT.into()));
    (config.set, config.workload_facts) = (vec![SCRIPT.into()], vec![SCRIPT.into()]);
    config.endpoints.insert(crate::core::RegionId::SYDNEY, SCRIPT.into());
    config.files.insert(SCRIPT.into(), SCRIPT.into());
    config.routes[0].targets[0].model = SCRIPT.into();
    (run.manifest.started, run.manifest.version) = (SCRIPT.into(), SCRIPT.into());
    run.manifest.host.os = SCRIPT.into();
    let page = page(&run);
    let tags: BTreeSet<_> = page.match_indices('<').map(|(at, _)| tag(&page[at + 1..])).collect();
    for tag in ["script", "img", "iframe", "object", "embed", "form"] {
        assert!(!tags.contains(tag), "<{tag}>");
    }
    assert!(page.matches("&lt;script&gt;").count() > 20);
    assert!(!page.contains("onerror=alert(1)&gt;\""), "in an attribute, this quote would end it");
    assert_eq!(page.matches("</title>").count(), 1);
}

fn tag(text: &str) -> &str {
    text.split(|c: char| !c.is_ascii_alphanumeric()).next().unwrap_or_default()
}

#[test]
fn it_needs_nothing_but_itself() {
    let page = page(fixture::congested());
    assert!(page.contains("http-equiv=\"Content-Security-Policy\" content=\"default-src 'none';"));
    assert!(!page.contains("script-src") && !page.contains("@import") && !page.contains("url("));
    for attribute in ["src=\"", "href=\"http", "srcset=\"", "action=\""] {
        assert!(!page.contains(attribute), "{attribute}");
    }
}

#[test]
fn the_verdict_comes_before_any_number_and_names_every_reason() {
    let mut run = fixture::congested().clone();
    let reason = |grade, text: &str| Reason { grade, doubt: Doubt::Drift, text: text.into() };
    run.summary.verdict.grade = Grade::Invalid;
    run.summary.verdict.reasons = vec![reason(Grade::Suspect, "it drifted"), reason(Grade::Invalid, "it shed")];
    let page = words(&run);
    let at = |text: &str| page.find(text).unwrap_or_else(|| panic!("no `{text}`"));
    assert!(at("INVALID") < at("it shed") && at("it shed") < at("it drifted"));
    assert!(at("it drifted") < at("id=\"findings\"") && at("it drifted") < at("<table"));
}

#[test]
fn every_finding_every_percentile_and_every_outcome_is_there() {
    let run = fixture::congested();
    let page = words(run);
    for sentence in finding::sentences(&run.summary) {
        assert!(page.contains(&sentence[1..]), "{sentence}");
    }
    for route in &run.summary.routes {
        let whole = route.whole();
        for metric in Metric::ALL {
            for q in QUANTILES {
                let times = &whole.metric(metric).all;
                for text in [cell::value(times, q), cell::interval(times, q)] {
                    assert!(page.contains(&text), "{}, {metric:?} {q}: {text}", route.head.name);
                }
            }
        }
        for (outcome, count) in &whole.outcomes {
            assert!(page.contains(outcome.name()) && page.contains(&grouped(*count)), "{outcome} {count}");
        }
    }
}

#[test]
fn a_percentile_among_failures_says_so_and_ok_requests_stand_apart() {
    let run = fixture::congested();
    assert!(cell::value(&run.summary.routes[0].whole().metric(Metric::Response).all, 0.95) == "failed");
    let page = words(run);
    assert!(page.contains("<span class=\"failed\">failed</span>") && page.contains("ok requests only"));
}

#[test]
fn a_row_that_would_repeat_the_one_above_is_said_in_two_words() {
    let mut run = fixture::congested().clone();
    let rows = |run: &Run| words(run).matches("<th scope=\"row\">from sent (service time)").count();
    let before = rows(&run);
    let metrics = &mut run.summary.routes[0].slices[0].metrics;
    let response = metrics[&Metric::Response].clone();
    metrics.insert(Metric::Service, response);
    assert_eq!(rows(&run), before - 1);
    assert!(words(&run).contains("<small>from sent (service time): the same</small>"));
}

#[test]
fn a_cost_is_there_or_its_reason_is() {
    let page = words(fixture::congested());
    let cost = &fixture::congested().summary.routes[0].cost;
    assert!(page.contains(&cell::dollars(cost.usd.unwrap())));
    assert!(page.contains(&cell::dollars(cost.usd_per_thousand_good.unwrap())));
    assert!(page.contains("singapore: no price is known for `vendor.model-v1:0` in-region in Singapore"));
    assert!(!page.contains(">0.00<"));
}

#[test]
fn the_parts_of_the_time_are_there_and_add_up() {
    let run = fixture::congested();
    let page = words(run);
    for route in &run.summary.routes {
        let parts = route.whole().parts.as_ref().unwrap();
        assert_eq!(parts.n, route.whole().ok());
        let total = Span(std::time::Duration::from_secs_f64(parts.total() / 1e3)).to_string();
        assert!(page.contains(&total), "{}: {total}", route.head.name);
    }
    assert!(
        page.contains(Part::Service.name(true))
            && !page.contains(&format!("<th scope=\"col\">{}", Part::Queue.name(true)))
    );
}

#[test]
fn definitions_are_text_and_not_markdown() {
    let page = words(fixture::congested());
    let definitions = page.split("id=\"definitions\"").nth(1).unwrap();
    assert!(definitions.contains("is <code>failed</code>, not a time") && !definitions.contains('`'));
}

#[test]
fn a_comparison_that_shows_nothing_claims_nothing() {
    let mut run = fixture::congested().clone();
    for comparison in &mut run.summary.comparisons {
        comparison.quantiles.iter_mut().for_each(|at| at.finding = Finding::TooLittleData);
    }
    let page = words(&run);
    assert!(page.contains("Too little data to compare") && !page.contains("sooner"));
}

#[test]
fn every_plot_is_in_it_with_words_for_those_who_do_not_see_it() {
    for run in [fixture::congested(), &fixture::alone(), &fixture::empty()] {
        let page = page(run);
        let svgs: Vec<_> = page.split("<svg ").skip(1).map(|rest| rest.split_once("</svg>").unwrap().0).collect();
        assert_eq!(svgs.len(), PLOTS.len());
        for svg in svgs {
            let text = format!("<svg {svg}</svg>");
            let document = Document::parse(&text).unwrap();
            let root = document.root_element();
            assert_eq!(root.attribute("role"), Some("img"));
            assert!(root.attribute("aria-label").is_some_and(|label| label.contains("MOCK") && label.len() > 40));
        }
    }
}

#[test]
fn a_poor_run_has_a_page_too() {
    let page = words(&fixture::empty());
    assert!(page.contains("INTERRUPTED") && page.contains("interrupted, gates not judged"));
    let alone = words(&fixture::alone());
    assert!(alone.contains("nothing to compare it with") && !alone.contains("<strong>Phases"));
}

#[test]
fn links_lead_somewhere_and_ids_are_of_one_thing() {
    let page = page(fixture::congested());
    let ids: Vec<_> = page.split(" id=\"").skip(1).map(|rest| rest.split('"').next().unwrap()).collect();
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len(), "{ids:?}");
    for target in page.split("href=\"#").skip(1).map(|rest| rest.split('"').next().unwrap()) {
        assert!(ids.contains(&target), "#{target}");
    }
}
