//! The tables of an audit.

use std::time::Duration;

use super::{Audit, Audited};
use crate::core::units::{Rate, Span, chosen_rate, grouped, percent, range, significant};
use crate::govern::baseline::{AccountQuota, DAY, HourOfDay, Lengths, Times};
use crate::report::table::{Cell, Column, Paint, Table};
use crate::report::text::{Style, title};
use crate::stats::quantile::fewest_samples;

/// Above this share of throttled calls an alarm is due.
const TOO_MANY: f64 = 0.05;

fn none() -> Cell {
    Cell::new("–", Paint::Faint)
}

fn cell(text: Option<String>) -> Cell {
    text.map_or_else(none, Cell::from)
}

fn whole(value: f64) -> String {
    if value > 0.0 && value < 10.0 { significant(value) } else { grouped(value.round() as u64) }
}

fn rate(per_second: f64) -> String {
    chosen_rate(Rate(per_second))
}

fn seconds(time: f64) -> Span {
    Span(Duration::from_secs_f64(time.max(0.0)))
}

fn table(name: &str, rest: &str, table: Table, style: Style) -> Vec<String> {
    let mut lines = vec![title(name, rest, style)];
    lines.extend(table.lines(style.readable().width, style.colour));
    lines
}

fn throttled(share: Option<f64>, text: String) -> Cell {
    let paint = if share.is_some_and(|share| share > TOO_MANY) { Paint::Bad } else { Paint::Plain };
    Cell::new(text, paint)
}

pub fn calls(audit: &Audit, style: Style) -> Vec<String> {
    let mut of = Table::new(vec![
        Column::left("model"),
        Column::right("calls"),
        Column::right("mean"),
        Column::right("busiest hour").group("requests/min"),
        Column::right("busiest min").group("requests/min"),
        Column::right("throttled"),
        Column::right("client").group("errors").expendable(1),
        Column::right("server").group("errors").expendable(1),
    ]);
    for audited in &audit.models {
        let found = &audited.baseline;
        let hour = found.busiest_hour().map(|hour| whole(hour.per_second * 60.0));
        let busiest = found.busiest.map(|busiest| whole(busiest.requests_per_minute));
        let of_calls = percent(found.throttled, found.calls());
        of.row(vec![
            found.model.clone().into(),
            grouped(found.calls()).into(),
            rate(found.per_second).into(),
            cell(hour),
            cell(busiest),
            throttled(audited.throttled_share, format!("{} ({of_calls})", grouped(found.throttled))),
            grouped(found.client_errors).into(),
            grouped(found.server_errors).into(),
        ]);
    }
    table("Calls", "throttled ones included", of, style)
}

pub fn times(audit: &Audit, style: Style) -> Vec<String> {
    let mut of = Table::new(vec![
        Column::left("model"),
        Column::left(""),
        Column::right("n"),
        Column::right("mean").expendable(1),
        Column::right("p50"),
        Column::right("p95"),
        Column::right("p99"),
        Column::right("p95 by hour").expendable(2),
    ]);
    for audited in &audit.models {
        for (name, times) in [("latency", &audited.baseline.latency), ("ttft", &audited.baseline.ttft)] {
            let at = |time: Option<f64>, q: f64| match time {
                Some(time) => Cell::from(seconds(time).to_string()),
                None if times.n > 0 && times.n < fewest_samples(q) => {
                    Cell::new(format!("needs {}", fewest_samples(q)), Paint::Faint)
                }
                None => none(),
            };
            let Times { n, mean, p50, p95, p99, hourly_p95, .. } = *times;
            of.row(vec![
                audited.baseline.model.clone().into(),
                name.into(),
                grouped(n).into(),
                cell(mean.map(|time| seconds(time).to_string())),
                at(p50, 0.5),
                at(p95, 0.95),
                at(p99, 0.99),
                cell(hourly_p95.map(|(low, high)| range(seconds(low), seconds(high)))),
            ]);
        }
    }
    table("Latency", "in the service: to the last token, and to the first (ttft, streams only)", of, style)
}

pub fn tokens(audit: &Audit, style: Style) -> Vec<String> {
    let mut of = Table::new(vec![
        Column::left("model"),
        Column::left(""),
        Column::right("n"),
        Column::right("mean"),
        Column::right("p50"),
        Column::right("p95"),
        Column::right("max"),
    ]);
    for audited in &audit.models {
        for (name, lengths) in [("in", &audited.baseline.input), ("out", &audited.baseline.output)] {
            let Lengths { n, mean, p50, p95, max } = *lengths;
            let [mean, p50, p95, max] = [mean, p50, p95, max].map(|tokens| cell(tokens.map(whole)));
            of.row(vec![audited.baseline.model.clone().into(), name.into(), grouped(n).into(), mean, p50, p95, max]);
        }
    }
    table("Tokens per request", "of the calls that CloudWatch has tokens of", of, style)
}

pub fn quotas(audit: &Audit, style: Style) -> Vec<String> {
    let mut of = Table::new(vec![
        Column::left("model"),
        Column::left(""),
        Column::right("busiest min"),
        Column::right("quota"),
        Column::right("left"),
        Column::left(""),
    ]);
    for audited in &audit.models {
        let (found, left) = (&audited.baseline, &audited.headroom);
        let requests = found.busiest.map(|busiest| busiest.requests_per_minute);
        let tokens = found.busiest_tokens.map(|busiest| busiest.settled_per_minute);
        let mut row = |what: &str, used: Option<f64>, quota: &Option<AccountQuota>, left: Option<f64>| {
            let left = left.map_or_else(none, |left| {
                let paint = if left <= 0.0 { Paint::Bad } else { Paint::Plain };
                Cell::new(format!("{:.0} %", left * 100.0), paint)
            });
            let whose = match quota {
                Some(quota) if quota.applied => "",
                Some(_) => "AWS's default; yours may be lower",
                None => "not found by name",
            };
            of.row(vec![
                found.model.clone().into(),
                what.into(),
                cell(used.map(whole)),
                cell(quota.as_ref().map(|quota| whole(quota.value))),
                left,
                Cell::new(whose, Paint::Faint),
            ]);
        };
        row("requests/min", requests, &audited.quota.requests, left.requests);
        row("tokens/min, settled", tokens, &audited.quota.tokens, left.tokens);
        if left.reserved_per_minute.is_some() {
            row("tokens/min, reserved (estimate)", left.reserved_per_minute, &audited.quota.tokens, left.reserved);
        }
    }
    table("Quota", "Service Quotas, and what the busiest minute left of it", of, style)
}

pub fn day(audited: &Audited, audit: &Audit, style: Style) -> Vec<String> {
    let mut of = Table::new(vec![
        Column::left("hour"),
        Column::right("mean"),
        Column::right("mean").group("requests/min"),
        Column::right("busiest").group("requests/min"),
        Column::right("throttled"),
        Column::right("p95 on its days"),
    ]);
    for hour in &audited.baseline.hours_of_day {
        let HourOfDay { per_second, requests_per_minute, busiest_per_minute, throttled_share, p95, .. } = *hour;
        let share = throttled_share.map(|share| match hour.throttled {
            0 => "0".to_owned(),
            refused => format!("{} ({:.1} %)", grouped(refused), share * 100.0),
        });
        let called = |text: String| if per_second > 0.0 { text.into() } else { none() };
        of.row(vec![
            format!("{:02}:00", hour.hour).into(),
            called(rate(per_second)),
            called(whole(requests_per_minute)),
            called(whole(busiest_per_minute)),
            share.map_or_else(none, |text| throttled(throttled_share, text)),
            cell(p95.map(|(low, high)| range(seconds(low), seconds(high)))),
        ]);
    }
    let days = audit.window.seconds() / DAY;
    let rest = format!("UTC; means over {days} × 24 h, hours without a call included");
    table(&format!("By hour of day: {}", audited.baseline.model), &rest, of, style)
}
