//! One true sentence per comparison.
//!
//! A sentence says what the finding and its interval support and no more. A failure is not a
//! time, so a percentile that falls among failures is compared in words. A reference route is
//! named as one wherever it appears, and no sentence recommends.

use std::time::Duration;

use super::cell;
use crate::core::units::{Span, percent, percentile, range};
use crate::measure::series::Level;
use crate::measure::summary::{Comparison, Finding, QuantileComparison, RouteSummary, Summary};

/// Shares of failed requests that differ by less than this go unmentioned.
const NOTABLE: f64 = 0.005;

/// One sentence per comparison, in the order of the routes.
pub fn sentences(summary: &Summary) -> Vec<String> {
    let route = |name: &str| summary.routes.iter().find(|route| route.head.name == name);
    summary
        .comparisons
        .iter()
        .filter_map(|comparison| Some((comparison, route(&comparison.base)?, route(&comparison.other)?)))
        .map(|(comparison, base, other)| Pair { base, other }.sentence(comparison))
        .collect()
}

struct Pair<'a> {
    base: &'a RouteSummary,
    other: &'a RouteSummary,
}

impl Pair<'_> {
    fn sentence(&self, comparison: &Comparison) -> String {
        let (base, other) = (cell::name(&self.base.head), cell::name(&self.other.head));
        // The highest percentile leads: it is the one that SLOs are written about.
        let told = comparison.quantiles.iter().rev().filter(|at| at.finding != Finding::TooLittleData);
        let told: Vec<_> = told.collect();
        let Some((lead, rest)) = told.split_first() else {
            let answered = [self.base, self.other].iter().any(|route| route.whole().ok() > 0);
            let way_out = if answered { "run longer" } else { "no request of either was answered" };
            return format!("too little data to compare {other} with {base}: {way_out}");
        };
        let mut text = self.lead(lead);
        for at in rest {
            text.push_str("; ");
            text.push_str(&self.also(at));
        }
        let failed = matches!(lead.base, Level::Failed) || matches!(lead.other, Level::Failed);
        if !failed && (failed_share(self.base) - failed_share(self.other)).abs() >= NOTABLE {
            let shares = (failed_percent(self.other), failed_percent(self.base));
            text.push_str(&format!("; {other} fails {} of its requests, {base} {}", shares.0, shares.1));
        }
        text
    }

    fn lead(&self, at: &QuantileComparison) -> String {
        let (base, other) = (cell::name(&self.base.head), cell::name(&self.other.head));
        let p = percentile(at.q);
        match (at.base, at.other) {
            (Level::At(base_time), Level::At(time)) => match verb(at.finding) {
                Some(verb) => {
                    let within = format!("{} within {}", answers(&other, at.q), Span(time));
                    match distance(at) {
                        Some(distance) => format!("{within}, {distance} {verb} than {base}"),
                        None => format!("{within}, {verb} than {base}; failures leave open by how much"),
                    }
                }
                None => {
                    let spread = at.difference.map(|[_, low, high]| format!(": {}", between(low, high)));
                    let (base_time, time) = (Span(base_time), Span(time));
                    let spread = spread.unwrap_or_default();
                    format!("no difference shown at {p} between {other} ({time}) and {base} ({base_time}){spread}")
                }
            },
            (Level::Failed, Level::Failed) => format!(
                "neither {other} nor {base} has a {p}: they fail {} and {} of their requests",
                failed_percent(self.other),
                failed_percent(self.base)
            ),
            (Level::Failed, Level::At(time)) => {
                failed_against(at, self.base, self.other, time, at.finding == Finding::Faster)
            }
            (Level::At(time), Level::Failed) => {
                failed_against(at, self.other, self.base, time, at.finding == Finding::Slower)
            }
        }
    }

    fn also(&self, at: &QuantileComparison) -> String {
        let (p, other) = (percentile(at.q), cell::name(&self.other.head));
        match (at.base, at.other, verb(at.finding)) {
            (Level::Failed, Level::Failed, _) => format!("neither has a {p}"),
            (Level::Failed, ..) => format!("{} has no {p} either", cell::name(&self.base.head)),
            (_, Level::Failed, _) => format!("{other} has no {p} either"),
            (_, _, None) => format!("no difference shown at {p}"),
            (_, _, Some(verb)) => match distance(at) {
                Some(distance) => format!("at {p} {other} is {distance} {verb}"),
                None => format!("at {p} {other} is {verb}; failures leave open by how much"),
            },
        }
    }
}

/// A percentile on one side only: the other side's requests fail before they get there.
fn failed_against(
    at: &QuantileComparison,
    failing: &RouteSummary,
    answering: &RouteSummary,
    time: Duration,
    shown: bool,
) -> String {
    let (p, name) = (percentile(at.q), cell::name(&answering.head));
    let too = match cell::failures(answering.whole()) {
        0 => String::new(),
        _ => format!(" and fails {}", failed_percent(answering)),
    };
    let doubt = if shown { "" } else { ", yet no difference between the two is shown" };
    format!(
        "{} within {}{too}; {} fails {} of its requests, so its {p} is failed, not a time{doubt}",
        answers(&name, at.q),
        Span(time),
        cell::name(&failing.head),
        failed_percent(failing)
    )
}

fn answers(name: &str, q: f64) -> String {
    format!("{name} answers {} % of requests", percentile(q).trim_start_matches('p'))
}

fn verb(finding: Finding) -> Option<&'static str> {
    match finding {
        Finding::Faster => Some("sooner"),
        Finding::Slower => Some("later"),
        Finding::NoDifferenceShown | Finding::TooLittleData => None,
    }
}

fn span(milliseconds: f64) -> Span {
    Span(Duration::from_secs_f64(milliseconds.abs() / 1e3))
}

/// `1.21 s (0.90–1.50 s)`; the interval alone where the estimate lies outside it, which the
/// coarser histograms under the interval make possible.
fn distance(at: &QuantileComparison) -> Option<String> {
    let [estimate, low, high] = at.difference?;
    let (near, far) = if high < 0.0 { (high, low) } else { (low, high) };
    let interval = range(span(near), span(far));
    Some(if (low..=high).contains(&estimate) { format!("{} ({interval})", span(estimate)) } else { interval })
}

/// An interval around zero, in words that need no sign.
fn between(low: f64, high: f64) -> String {
    if low == 0.0 && high == 0.0 {
        return "not a moment".to_owned();
    }
    let side = |value: f64| match value {
        v if v < 0.0 => format!("{} sooner", span(v)),
        v if v > 0.0 => format!("{} later", span(v)),
        _ => "equal".to_owned(),
    };
    format!("between {} and {}", side(low), side(high))
}

fn failed_share(route: &RouteSummary) -> f64 {
    cell::failures(route.whole()) as f64 / route.whole().counted().max(1) as f64
}

fn failed_percent(route: &RouteSummary) -> String {
    percent(cell::failures(route.whole()), route.whole().counted())
}

#[cfg(test)]
mod tests;
