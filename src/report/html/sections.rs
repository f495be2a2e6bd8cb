//! What stands on the page, in the order in which it is asked: can I believe it, what does it say, and why.

use maud::{Markup, html};

use super::{Section, plots, tables};
use crate::measure::verdict::Grade;
use crate::report::definitions::DEFINITIONS;
use crate::report::plots::Topic;
use crate::report::{Report, cell, finding, phrase};

pub fn verdict(report: &Report<'_>) -> Markup {
    let verdict = &report.summary.verdict;
    let class = |grade| match grade {
        Grade::Valid => "valid",
        Grade::Suspect => "suspect",
        Grade::Invalid => "invalid",
    };
    html! {
        section class=(format!("verdict {}", class(verdict.grade))) aria-labelledby="verdict" {
            h2 id="verdict" { "The run’s verdict on itself: " span class="grade" { (verdict.grade) } }
            p { (phrase::capital(&phrase::verdict(report.summary))) "." }
            @if !verdict.reasons.is_empty() {
                ul {
                    @for reason in phrase::reasons(verdict) {
                        li {
                            span class=(format!("grade is-{}", class(reason.grade))) { (reason.grade) } " " (reason.text) "."
                        }
                    }
                }
            }
        }
    }
}

/// Every section behind the verdict.
pub fn all(report: &Report<'_>) -> Vec<Section> {
    let (summary, section) = (report.summary, |id, title, body| Section { id, title, body });
    let held = tables::objectives(summary).map(|tables| section("objectives", "Objectives", tables));
    let others = vec![
        section("findings", "Findings", findings(report)),
        section("load", "Load and outcomes", load(report)),
        section(
            "latency",
            "Latency",
            html! {
                p class="about" {
                    "What users wait. A failed request ranks above every answer: a percentile that falls among the failures is "
                    span class="failed" { "failed" } ", not a time."
                }
                (plots(report, Topic::Latency))
                (tables::latency(summary))
                @if let Some(table) = tables::regions(summary) { (table) }
            },
        ),
        section(
            "course",
            "As the run went on",
            html! {
                (plots(report, Topic::Course))
                @if let Some(table) = tables::phases(summary) { (table) }
            },
        ),
        section(
            "time",
            "Where the time went",
            html! {
                p class="about" {
                    "The mean response time of the answered requests, taken apart by the stamps of the client and the latency "
                    "that the service tells with each answer. What neither explains is left as unattributed."
                }
                (plots(report, Topic::Time))
                @if let Some(table) = tables::parts(summary) { (table) }
            },
        ),
        section("cost", "Where the work went, and what it cost", cost(report)),
        section(
            "instrument",
            "The instrument",
            html! {
                p class="about" { "What bedbench itself took, which is part of the numbers above." }
                ul { @for fact in phrase::instrument(summary) { li { (phrase::capital(&fact)) } } }
            },
        ),
        section("setting", "What was run", setting(report)),
        section(
            "definitions",
            "How each number is defined",
            html! {
                p class="about" { "In short; at length in " code { "docs/method.md" } " of bedbench." }
                dl { @for (word, meaning) in DEFINITIONS { dt { (word) } dd { (super::prose(&phrase::capital(meaning))) "." } } }
            },
        ),
    ];
    held.into_iter().chain(others).collect()
}

fn findings(report: &Report<'_>) -> Markup {
    let sentences = finding::sentences(report.summary);
    html! {
        @if sentences.is_empty() {
            p { "One route alone: there is nothing to compare it with." }
        } @else {
            p class="about" {
                "Response time over all requests, whole measured time; 95 % intervals of the differences in brackets."
            }
            ul class="findings" { @for sentence in &sentences { li { (opened(sentence, report)) "." } } }
        }
    }
}

/// A sentence with a capital, unless it begins with the name of a route: that is written as it is.
fn opened(sentence: &str, report: &Report<'_>) -> String {
    let named = report.summary.routes.iter().any(|route| sentence.starts_with(&route.head.name));
    if named { sentence.to_owned() } else { phrase::capital(sentence) }
}

fn load(report: &Report<'_>) -> Markup {
    html! {
        p class="about" {
            "Goodput counts the requests that completed within every SLO. "
            (phrase::capital(&phrase::goodput_rule(report.summary))) "."
        }
        (tables::load(report.summary))
        @if let Some(table) = tables::errors(report.summary) {
            details { summary { "What failed attempts were told" } (table) }
        }
    }
}

fn cost(report: &Report<'_>) -> Markup {
    let notes = cell::cost_notes(&report.summary.routes);
    html! {
        @if report.summary.world.is_modelled() {
            p class="about" { "Nothing was spent: this is what these tokens would have cost." }
        }
        (plots(report, Topic::Place))
        (tables::costs(report.summary))
        @if !notes.is_empty() { ul class="notes" { @for note in notes { li { (note) } } } }
        @if let Some(table) = tables::prices(report.summary) {
            details { summary { "The prices behind it" } (table) }
        }
    }
}

fn setting(report: &Report<'_>) -> Markup {
    let json = serde_json::to_string_pretty(&report.manifest.config).expect("a configuration is plain data");
    html! {
        dl { @for (setting, value) in phrase::configuration(report) { dt { (setting) } dd { (value) } } }
        // Not printed: pages of it, and the manifest has it.
        details class="bulk" {
            summary { "The effective configuration, number by number" }
            section class="scroll" tabindex="0" aria-label="Effective configuration" { pre { (json) } }
        }
    }
}
