//! `report.html`: the whole run on one page, for the design review. One file without scripts and without the
//! network: it can be mailed, printed, and read in ten years.

mod sections;
mod tables;
#[cfg(test)]
mod tests;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::plots::{PLOTS, Topic};
use super::{Format, Report, phrase};
use crate::core::run::World;

pub const FORMAT: Format =
    Format { file: "report.html", summary: "the whole report on one page, for reading, mailing and printing", render };

/// No script, no network, no frame, no form: whatever a name or an error message may hold.
const POLICY: &str =
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'";

/// System type, one accent per meaning; light and dark, screen and paper.
const SHEET: &str = include_str!("page.css");

/// One part of the page.
struct Section {
    id: &'static str,
    title: &'static str,
    body: Markup,
}

fn render(report: &Report<'_>) -> String {
    let sections = sections::all(report);
    let profile = &report.manifest.config.profile;
    let label = report.summary.label();
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta http-equiv="Content-Security-Policy" content=(POLICY);
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                meta name="generator" content=(format!("bedbench {}", report.manifest.version));
                // A page without one asks its server for /favicon.ico.
                link rel="icon" href="data:,";
                title { (profile) " (" (label) "), bedbench" }
                style { (PreEscaped(SHEET)) }
            }
            body {
                a class="skip" href="#report" { "Skip to the report" }
                (header(report, &label))
                nav aria-label="Contents" {
                    ul {
                        @for section in &sections {
                            li { a href=(format!("#{}", section.id)) { (section.title) } }
                        }
                    }
                }
                main id="report" tabindex="-1" {
                    (sections::verdict(report))
                    @for section in &sections {
                        section id=(section.id) aria-labelledby=(format!("{}-title", section.id)) {
                            h2 id=(format!("{}-title", section.id)) { (section.title) }
                            (section.body)
                        }
                    }
                }
                footer {
                    p {
                        "Made by bedbench " (report.manifest.version) ". The numbers behind this page: "
                        code { "summary.json" } ", " code { "requests.csv" } " and " code { "attempts.csv" }
                        " in the folder of the run."
                    }
                }
            }
        }
    };
    page.into_string() + "\n"
}

fn header(report: &Report<'_>, label: &str) -> Markup {
    let live = report.summary.world == World::Live;
    html! {
        header {
            p class="kind" {
                span class=(if live { "badge" } else { "badge modelled" }) { (label) }
                @if report.summary.interrupted { " " span class="badge bad" { "INTERRUPTED" } }
                " started " (report.manifest.started)
            }
            h1 { "Profile " (report.manifest.config.profile) ", " (report.manifest.config.load) }
            (facts(&phrase::headline(report)[2..]))
            (facts(&phrase::setting(report)))
            @if let Some(caution) = phrase::caution(report.summary.world) {
                p class="caution" { (caution) }
            }
        }
    }
}

fn facts(facts: &[String]) -> Markup {
    html! {
        ul class="facts" { @for fact in facts { li { (fact) } } }
    }
}

/// The plots that are about `topic`, each as it is in its file.
fn plots(report: &Report<'_>, topic: Topic) -> Markup {
    html! {
        @for plot in PLOTS.iter().filter(|plot| plot.topic == topic) {
            figure {
                // Text that shrinks with a narrow window cannot be read: there the plot is moved sideways.
                section class="scroll" tabindex="0" aria-label=(format!("Plot: {}", plot.summary)) {
                    (PreEscaped((plot.draw)(report)))
                }
                figcaption { (phrase::capital(plot.summary)) " (" code { "plots/" (plot.file) } ")" }
            }
        }
    }
}

/// Text in which `backticks` mark what is written so.
fn prose(text: &str) -> Markup {
    html! {
        @for (i, piece) in text.split('`').enumerate() {
            @if i % 2 == 1 { code { (piece) } } @else { (piece) }
        }
    }
}
