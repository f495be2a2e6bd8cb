//! Numbers as they stand in the cells of every table and in every sentence.

use crate::core::residency::Standing;
use crate::core::run::RouteHead;
use crate::core::units::{Span, grouped, percent, range};
use crate::core::{Metric, Outcome};
use crate::measure::cost::CostSummary;
use crate::measure::series::Level;
use crate::measure::summary::{Percentiles, Quantile, RouteSummary, SliceSummary};
use crate::stats::effective::FEWEST_CORRELATION_TIMES;

/// Stands where there is no number.
pub const ABSENT: &str = "–";

/// Stands where a percentile falls among the failures: a failure is not a time.
pub const FAILED: &str = "failed";

pub fn level(level: Option<Level>) -> String {
    match level {
        None => ABSENT.to_owned(),
        Some(Level::Failed) => FAILED.to_owned(),
        Some(Level::At(time)) => Span(time).to_string(),
    }
}

/// The value of one percentile, or how many samples it needs.
pub fn value(percentiles: &Percentiles, q: f64) -> String {
    match percentiles.needs(q) {
        Some(needs) => format!("needs {}", grouped(needs)),
        None => level(percentiles.at(q).map(|quantile| quantile.value)),
    }
}

/// Why there are percentiles and no intervals.
pub fn without_intervals(percentiles: &Percentiles) -> Option<String> {
    let times = percentiles.correlation_times.filter(|_| percentiles.without_intervals())?;
    let needed = FEWEST_CORRELATION_TIMES;
    Some(match times < needed {
        true => format!(
            "{TOO_FEW} for intervals: {times:.0} correlation times measured, {needed} needed; run {:.0} times as long",
            (needed / times).ceil()
        ),
        false => format!("{TOO_FEW} for intervals: too few stretches of time hold a request; run longer"),
    })
}

/// Stands where there would be an interval.
pub const TOO_FEW: &str = "too few effective samples";

/// The 95 % interval of one percentile; empty where it adds nothing to the value.
pub fn interval(percentiles: &Percentiles, q: f64) -> String {
    let Some(Quantile { low, high, .. }) = percentiles.at(q) else {
        return String::new();
    };
    match (low, high) {
        (Some(Level::Failed), _) | (None, None) => String::new(),
        (Some(Level::At(low)), Some(Level::At(high))) => range(Span(low), Span(high)),
        (Some(Level::At(low)), Some(Level::Failed)) => format!("{}–{FAILED}", Span(low)),
        (Some(Level::At(low)), None) => format!("≥ {}", Span(low)),
        (None, Some(Level::At(high))) => format!("≤ {}", Span(high)),
        (None, Some(Level::Failed)) => String::new(),
    }
}

/// `(790–830 ms)`; empty without an interval.
pub fn bracketed(percentiles: &Percentiles, q: f64) -> String {
    let interval = interval(percentiles, q);
    if interval.is_empty() { interval } else { format!("({interval})") }
}

/// A route's name, and whether it is one that may be chosen.
pub fn name(head: &RouteHead) -> String {
    match head.standing {
        Standing::Candidate => head.name.clone(),
        Standing::Reference => format!("{} (reference)", head.name),
    }
}

/// A route's place of processing, and what a reference is.
pub fn place(head: &RouteHead) -> String {
    match head.standing {
        Standing::Candidate => head.label.clone(),
        Standing::Reference => format!("{}; outside the residency, never recommended", head.label),
    }
}

pub fn failures(slice: &SliceSummary) -> u64 {
    slice.counted() - slice.ok()
}

/// Share of the requests that count.
pub fn share(slice: &SliceSummary, count: u64) -> String {
    percent(count, slice.counted())
}

/// Failures other than throttling.
pub fn other_failures(slice: &SliceSummary) -> u64 {
    failures(slice) - slice.count(Outcome::Throttled)
}

/// What the columns leave out: which other failures there were, and what was cancelled.
pub fn footnote(slice: &SliceSummary) -> Option<String> {
    let plain = |outcome: &Outcome| matches!(outcome, Outcome::Ok | Outcome::Throttled);
    let parts: Vec<_> = slice
        .outcomes
        .iter()
        .filter(|(outcome, count)| !plain(outcome) && **count > 0)
        .map(|(outcome, count)| match outcome {
            Outcome::Cancelled => format!("{} cancelled, which count nowhere", grouped(*count)),
            other => format!("{} {other}", grouped(*count)),
        })
        .collect();
    (!parts.is_empty()).then(|| parts.join(", "))
}

/// The errors that a report names per route.
const ERRORS: usize = 3;

/// `232 × in Sydney, ThrottlingException: Too many requests`, the most frequent first.
pub fn errors(route: &RouteSummary) -> Vec<String> {
    let errors = route.errors();
    let more = errors.len().saturating_sub(ERRORS);
    let mut lines: Vec<_> = errors
        .iter()
        .take(ERRORS)
        .map(|(region, error)| format!("{} × in {}, {}", grouped(error.count), region.name, error.message))
        .collect();
    if more > 0 {
        lines.push(format!("and {more} more kinds, in attempts.csv"));
    }
    lines
}

/// `3,000 / 3,000`; `3,000 / –` in a closed loop, which plans nothing.
pub fn sent_of_planned(slice: &SliceSummary) -> String {
    format!("{} / {}", grouped(slice.sent), slice.planned.map_or_else(|| ABSENT.to_owned(), grouped))
}

/// `3.21`, `≥ 3.21` where cancelled attempts may have cost more, or nothing known.
pub fn usd(cost: &CostSummary, amount: Option<f64>) -> String {
    let at_least = if cost.at_least { "≥ " } else { "" };
    amount.map_or_else(|| ABSENT.to_owned(), |amount| format!("{at_least}{}", dollars(amount)))
}

/// An amount of USD: cents, or three significant digits where cents do not tell.
pub fn dollars(amount: f64) -> String {
    match amount {
        a if a >= 1.0 => format!("{a:.2}"),
        a if a > 0.0 => {
            let digits = (2 - a.log10().floor() as i32).clamp(2, 9) as usize;
            format!("{a:.digits$}")
        }
        _ => "0.00".to_owned(),
    }
}

/// Why some cost is absent, and what to check of the others.
pub fn cost_notes(routes: &[RouteSummary]) -> Vec<String> {
    let mut notes: Vec<String> = Vec::new();
    let said = |route: &RouteSummary| {
        let absent = route.cost.absent.iter().map(|reason| format!("{}: {reason}", name(&route.head)));
        absent.chain(route.cost.warnings.iter().cloned()).collect::<Vec<_>>()
    };
    for note in routes.iter().flat_map(said) {
        if !notes.contains(&note) {
            notes.push(note);
        }
    }
    notes
}

/// Whether failures move a percentile, so that the ok requests alone tell another story.
pub fn failures_matter(slice: &SliceSummary, metric: Metric, quantiles: &[f64]) -> bool {
    let times = slice.metric(metric);
    quantiles.iter().any(|q| value(&times.all, *q) != value(&times.ok, *q))
}
