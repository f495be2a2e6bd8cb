//! The tables of the terminal report: one row per route, so that columns compare.

use console::measure_text_width;

use super::{Style, title};
use crate::core::units::{grouped, length, per_second};
use crate::core::{Metric, Outcome};
use crate::measure::summary::{Percentiles, RegionSummary, RouteSummary, SliceSummary, Summary};
use crate::report::cell;
use crate::report::table::{Cell, Column, Paint, Table};
use crate::report::wrap::wrap;

const RESPONSE: [f64; 3] = [0.50, 0.95, 0.99];
const FIRST_TOKEN: [f64; 2] = [0.50, 0.95];

/// Names longer than this do not push the others' places out.
const NAME: usize = 32;

/// Whether any request ended, so that there are times to show.
fn anything(summary: &Summary) -> bool {
    summary.routes.iter().any(|route| route.whole().counted() > 0)
}

/// A percentile in the colour of what it is.
fn time(text: String, usual: Paint) -> Cell {
    let paint = if text == cell::FAILED { Paint::Bad } else { usual };
    Cell::new(text, paint)
}

fn failures(slice: &SliceSummary, count: u64) -> Cell {
    Cell::new(cell::share(slice, count), if count > 0 { Paint::Bad } else { Paint::Plain })
}

fn name(route: &RouteSummary) -> Cell {
    Cell::new(cell::name(&route.head), Paint::Strong)
}

pub fn requests(summary: &Summary, style: Style) -> Vec<String> {
    let build = |places: bool| {
        let mut columns = vec![Column::left("Requests")];
        columns.extend(places.then(|| Column::left("processed in")));
        columns.extend(["sent / planned", "ok", "throttled", "other failed", "goodput"].map(Column::right));
        let mut table = Table::new(columns);
        for route in &summary.routes {
            let whole = route.whole();
            let mut row = vec![name(route)];
            row.extend(places.then(|| cell::place(&route.head).into()));
            row.extend([
                cell::sent_of_planned(whole).into(),
                cell::share(whole, whole.ok()).into(),
                failures(whole, whole.count(Outcome::Throttled)),
                failures(whole, cell::other_failures(whole)),
                per_second(whole.goodput).into(),
            ]);
            table.row(row);
        }
        table
    };
    let with_places = build(true);
    let mut lines = Vec::new();
    let table = if with_places.fits(style.width) {
        with_places
    } else {
        let names: Vec<_> = summary.routes.iter().map(|route| cell::name(&route.head)).collect();
        let widths = names.iter().map(|name| measure_text_width(name));
        let widest = widths.filter(|width| *width <= NAME).max().unwrap_or(0);
        lines.push(title("Routes", "and where they are processed", style));
        for (route, name) in summary.routes.iter().zip(names) {
            let gap = " ".repeat(widest.saturating_sub(measure_text_width(&name)) + 2);
            let text = format!("{}{gap}{}", Paint::Strong.on(&name, style.colour), cell::place(&route.head));
            lines.extend(wrap(&text, style.width, widest + 2));
        }
        lines.push(String::new());
        build(false)
    };
    lines.extend(table.lines(style.width, style.colour));
    for route in &summary.routes {
        let notes = cell::footnote(route.whole()).into_iter().chain(cell::errors(route));
        for (i, note) in notes.enumerate() {
            let name = cell::name(&route.head);
            let name = if i == 0 { format!("{name}: ") } else { " ".repeat(measure_text_width(&name) + 2) };
            let text = format!("  {name}{note}");
            let indent = 2 + measure_text_width(&name);
            lines.extend(wrap(&text, style.width, indent).iter().map(|line| Paint::Faint.on(line, style.colour)));
        }
    }
    lines
}

/// Intervals stand beside their values where the terminal is wide enough, else below them.
fn intervals(style: Style, build: impl Fn(bool) -> Table) -> Vec<String> {
    let beside = build(true);
    let table = if beside.fits(style.width) { beside } else { build(false) };
    table.lines(style.width, style.colour)
}

/// Heads of columns for percentiles, each with room for its interval.
fn heads(quantiles: &[f64], group: &'static str, beside: bool) -> Vec<Column> {
    let column = |q: &f64| {
        let value = Column::right(crate::core::units::percentile(*q)).group(group);
        let interval = Column::left("").group(group).attached();
        std::iter::once(value).chain(beside.then_some(interval)).collect::<Vec<_>>()
    };
    quantiles.iter().flat_map(column).collect()
}

fn values(of: &Percentiles, quantiles: &[f64], beside: bool, paint: Paint) -> Vec<Cell> {
    let cells = |q: &f64| {
        let interval = beside.then(|| Cell::new(cell::bracketed(of, *q), Paint::Faint));
        std::iter::once(time(cell::value(of, *q), paint)).chain(interval).collect::<Vec<_>>()
    };
    quantiles.iter().flat_map(cells).collect()
}

/// The line below: intervals alone.
fn below(of: &Percentiles, quantiles: &[f64]) -> Vec<Cell> {
    quantiles.iter().map(|q| Cell::new(cell::interval(of, *q), Paint::Faint)).collect()
}

pub fn response(summary: &Summary, style: Style) -> Vec<String> {
    let mut lines =
        vec![title("Response time", "from intended start; all requests, failures last; 95 % intervals", style)];
    lines.extend(intervals(style, |beside| {
        let mut columns = vec![Column::left(""), Column::right("n")];
        columns.extend(heads(&RESPONSE, "", beside));
        columns.push(Column::right("max"));
        let mut table = Table::new(columns);
        for route in &summary.routes {
            let whole = route.whole();
            let times = whole.metric(Metric::Response);
            let mut add = |label: Cell, of: &Percentiles, paint| {
                let mut row = vec![label, Cell::new(grouped(of.n), paint)];
                row.extend(values(of, &RESPONSE, beside, paint));
                row.push(time(cell::level(of.max), paint));
                table.row(row);
                let below = below(of, &RESPONSE);
                if !beside && paint != Paint::Faint && of.n > 0 {
                    table.row(["", ""].map(Cell::from).into_iter().chain(below).collect());
                }
            };
            add(name(route), &times.all, Paint::Plain);
            if cell::failures_matter(whole, Metric::Response, &RESPONSE) {
                add(Cell::new("  ok requests only", Paint::Faint), &times.ok, Paint::Faint);
            }
        }
        table
    }));
    for route in &summary.routes {
        lines.extend(without_intervals(route, Metric::Response, style));
    }
    lines
}

fn without_intervals(route: &RouteSummary, metric: Metric, style: Style) -> Vec<String> {
    let Some(why) = cell::without_intervals(&route.whole().metric(metric).all) else { return Vec::new() };
    let name = format!("  {}: ", cell::name(&route.head));
    let lines = wrap(&format!("{name}{why}"), style.width, measure_text_width(&name));
    lines.iter().map(|line| Paint::Faint.on(line, style.colour)).collect()
}

pub fn other_times(summary: &Summary, style: Style) -> Vec<String> {
    if !anything(summary) {
        return Vec::new();
    }
    let mut lines = vec![title("Other times", "all requests, failures last", style)];
    lines.extend(intervals(style, |beside| {
        let mut columns = vec![Column::left("")];
        columns.extend(heads(&FIRST_TOKEN, "TTFT from intended start", beside));
        columns.extend(heads(&FIRST_TOKEN, "TTFT from sent", false).into_iter().map(|column| column.expendable(2)));
        columns.extend(heads(&RESPONSE, "service time, from sent", false));
        columns.push(Column::right("p50").group("per token").expendable(1));
        let mut table = Table::new(columns);
        for route in &summary.routes {
            let of = |metric| &route.whole().metric(metric).all;
            let mut row = vec![name(route)];
            row.extend(values(of(Metric::Ttft), &FIRST_TOKEN, beside, Paint::Plain));
            row.extend(values(of(Metric::ServiceTtft), &FIRST_TOKEN, false, Paint::Plain));
            row.extend(values(of(Metric::Service), &RESPONSE, false, Paint::Plain));
            row.extend(values(of(Metric::Tpot), &[0.50], false, Paint::Plain));
            table.row(row);
            if !beside && of(Metric::Ttft).n > 0 {
                table.row(std::iter::once("".into()).chain(below(of(Metric::Ttft), &FIRST_TOKEN)).collect());
            }
        }
        table
    }));
    let told = |route: &RouteSummary| route.whole().metric(Metric::Response).all.without_intervals();
    for route in summary.routes.iter().filter(|route| !told(route)) {
        lines.extend(without_intervals(route, Metric::Ttft, style));
    }
    lines
}

pub fn phases(summary: &Summary, style: Style) -> Vec<String> {
    let Some(first) = summary.routes.first().filter(|route| route.slices.len() > 1 && anything(summary)) else {
        return Vec::new();
    };
    let mut columns = vec![Column::left("")];
    columns.extend([
        Column::right("n"),
        Column::right("ok"),
        Column::right("throttled").expendable(2),
        Column::right("goodput"),
    ]);
    columns.extend(heads(&RESPONSE, "response time", false));
    columns.push(Column::right("p95").group("TTFT").expendable(1));
    let mut table = Table::new(columns);
    for (i, phase) in first.slices.iter().enumerate().skip(1) {
        let span = length(std::time::Duration::from_secs_f64(phase.seconds));
        table.row(vec![Cell::new(format!("{}, {span}", phase.phase), Paint::Strong)]);
        for route in &summary.routes {
            let Some(slice) = route.slices.get(i) else { continue };
            let mut row = vec![
                format!("  {}", cell::name(&route.head)).into(),
                grouped(slice.counted()).into(),
                cell::share(slice, slice.ok()).into(),
                failures(slice, slice.count(Outcome::Throttled)),
                per_second(slice.goodput).into(),
            ];
            row.extend(values(&slice.metric(Metric::Response).all, &RESPONSE, false, Paint::Plain));
            row.push(time(cell::value(&slice.metric(Metric::Ttft).all, 0.95), Paint::Plain));
            table.row(row);
        }
    }
    let mut lines = vec![title("Phases", "all requests, failures last; times from intended start", style)];
    lines.extend(table.lines(style.width, style.colour));
    lines
}

pub fn costs(summary: &Summary, style: Style) -> Vec<String> {
    if !anything(summary) {
        return Vec::new();
    }
    let mut columns = vec![Column::left(""), Column::right("attempts").expendable(2)];
    columns.extend(["tokens in", "tokens out"].map(|head| Column::right(head).expendable(1)));
    columns.extend(["USD", "per 1,000 good"].map(Column::right));
    let mut table = Table::new(columns);
    for route in &summary.routes {
        let sum = |of: fn(&RegionSummary) -> u64| grouped(route.regions.iter().map(of).sum()).into();
        table.row(vec![
            name(route),
            sum(|region| region.attempts.values().sum()),
            sum(|region| region.input_tokens),
            sum(|region| region.output_tokens),
            cell::usd(&route.cost, route.cost.usd).into(),
            cell::usd(&route.cost, route.cost.usd_per_thousand_good).into(),
        ]);
    }
    let mut lines = vec![title("Cost", "USD at list prices, tokens of all attempts in the measured time", style)];
    lines.extend(table.lines(style.width, style.colour));
    for note in cell::cost_notes(&summary.routes) {
        let wrapped = wrap(&format!("  {note}"), style.width, 4);
        lines.extend(wrapped.iter().map(|line| Paint::Faint.on(line, style.colour)));
    }
    lines
}
