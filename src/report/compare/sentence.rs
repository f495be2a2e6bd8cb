//! One sentence per metric: what is shown, and no more.

use std::time::Duration;

use crate::core::fail_if::FailIf;
use crate::core::units::{Span, percentile, range};
use crate::measure::series::Level;
use crate::measure::summary::Finding;
use crate::measure::versus::{Failed, Judgement, Row, Versus};
use crate::report::{cell, phrase};

/// Of one pair, in the order of the metrics; failures last.
pub fn sentences(versus: &Versus) -> Vec<String> {
    let metrics = versus.rows.chunk_by(|one, next| one.metric == next.metric);
    metrics.map(of_metric).chain(failures(&versus.failed)).collect()
}

fn of_metric(rows: &[Row]) -> String {
    let of = |wanted: Finding| rows.iter().filter(move |row| row.finding == wanted).collect::<Vec<_>>();
    let mut parts = Vec::new();
    for (finding, word) in [(Finding::Slower, "slower"), (Finding::Faster, "faster")] {
        let told: Vec<_> = of(finding).into_iter().map(|row| format!("{}{}", percentile(row.q), by(row))).collect();
        if !told.is_empty() {
            parts.push(format!("B is {word} at {}", told.join(" and at ")));
        }
    }
    let unshown = of(Finding::NoDifferenceShown);
    if !unshown.is_empty() {
        parts.push(format!("no difference shown at {}", names(&unshown)));
    }
    let lacking = of(Finding::TooLittleData);
    for same in lacking.chunk_by(|one, next| one.lacking == next.lacking) {
        let why = same[0].lacking.as_ref().map(|why| format!(" ({why})")).unwrap_or_default();
        parts.push(format!("too little data at {}{why}", names(same)));
    }
    format!("{}: {}", phrase::capital(rows[0].metric.name()), parts.join("; "))
}

fn names(rows: &[&Row]) -> String {
    rows.iter().map(|row| percentile(row.q)).collect::<Vec<_>>().join(", ")
}

/// ` by 120 ms (80.0–160 ms; 12 %)`; in words where a failure is no time.
fn by(row: &Row) -> String {
    let Some([estimate, low, high]) = row.difference_ms else {
        return match (row.a, row.b) {
            (Some(Level::At(_)), Some(Level::Failed)) => ", which is failed and no time any more".into(),
            (Some(Level::Failed), Some(Level::At(_))) => ", which is failed in A and a time in B".into(),
            _ => "; failures leave open by how much".into(),
        };
    };
    let (near, far) = if high < 0.0 { (high, low) } else { (low, high) };
    let change = row.change.map(|change| format!("; {:.1} %", change.abs() * 100.0)).unwrap_or_default();
    format!(" by {} ({}{change})", span(estimate), range(span(near), span(far)))
}

fn span(milliseconds: f64) -> Span {
    Span(Duration::from_secs_f64(milliseconds.abs() / 1e3))
}

/// `+120 ms`, `−3.00 ms`.
pub fn signed(milliseconds: f64) -> String {
    let sign = match milliseconds {
        ms if ms > 0.0 => "+",
        ms if ms < 0.0 => "−",
        _ => "",
    };
    format!("{sign}{}", span(milliseconds))
}

/// `+80.0 to +160 ms`: the unit once, unless an end would lose its digits by it.
pub fn signed_range(low: f64, high: f64) -> String {
    let [low, high] = [low, high].map(signed);
    match (low.split_once(' '), high.split_once(' ')) {
        (Some((number, unit)), Some((_, same))) if unit == same => format!("{number} to {high}"),
        _ => format!("{low} to {high}"),
    }
}

/// `+12.0 %`.
pub fn signed_percent(share: f64) -> String {
    let sign = if share < 0.0 { "−" } else { "+" };
    format!("{sign}{:.1} %", share.abs() * 100.0)
}

/// `+0.50`, in percentage points.
pub fn points(share: f64) -> String {
    let sign = if share < 0.0 { "−" } else { "+" };
    format!("{sign}{:.2}", share.abs() * 100.0)
}

fn failures(failed: &Failed) -> Option<String> {
    if failed.a == 0.0 && failed.b == 0.0 {
        return None;
    }
    let shares = format!("A fails {:.2} % of its requests, B {:.2} %", failed.a * 100.0, failed.b * 100.0);
    Some(match (failed.finding, failed.difference) {
        (Finding::Slower, Some([_, low, high])) => {
            format!("Failures: {shares}; more by {:.2}–{:.2} percentage points", low * 100.0, high * 100.0)
        }
        (Finding::Faster, Some([_, low, high])) => {
            format!("Failures: {shares}; fewer by {:.2}–{:.2} percentage points", -high * 100.0, -low * 100.0)
        }
        (Finding::TooLittleData, _) | (_, None) => format!("Failures: {shares}; too little data to compare"),
        _ => format!("Failures: {shares}; no difference shown"),
    })
}

/// Why a gate broke, held or could not be judged.
pub fn gate(fail_if: FailIf, row: &Row) -> String {
    let (a, b) = (cell::level(row.a), cell::level(row.b));
    let grew = row.change.map(signed_percent).map(|change| format!(", {change}")).unwrap_or_default();
    let bound = match row.lower_99_ms {
        Some(lower) if lower == f64::INFINITY => "more than any time".to_owned(),
        Some(lower) => format!("at least {}", signed(lower)),
        None => "unknown".to_owned(),
    };
    match row.judge(fail_if.more_than) {
        Judgement::TooLittleData => {
            let why = row.lacking.as_deref().unwrap_or("no bound at 99 %");
            format!("{fail_if} not judged, too little data: {why}")
        }
        Judgement::Held => format!("{fail_if} holds: {a} → {b}{grew}"),
        Judgement::Broken => format!("{fail_if} is broken: {a} → {b}{grew}; {bound} with 99 % confidence"),
    }
}
