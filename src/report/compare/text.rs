//! A comparison on the terminal.

use console::measure_text_width;

use super::sentence::{points, sentences, signed, signed_percent, signed_range};
use super::{Compared, Head, Pair, doubts, pairing, warnings};
use crate::core::Metric;
use crate::core::run::World;
use crate::core::units::percentile;
use crate::measure::series::Level;
use crate::measure::summary::Finding;
use crate::measure::verdict::Grade;
use crate::measure::versus::{Judgement, Row};
use crate::report::cell;
use crate::report::table::{Cell, Column, Paint, Table};
use crate::report::text::{Style, banner, bullets, joined, title};
use crate::report::wrap::{flow, wrap};

pub fn render(compared: &Compared, style: Style) -> String {
    let style = style.readable();
    let mut sections = vec![header(compared, style)];
    for pair in &compared.pairs {
        sections.extend([table(pair, style), findings(pair, style), gates(pair, style)]);
    }
    sections.push(verdicts(compared, style));
    joined(&sections)
}

fn header(compared: &Compared, style: Style) -> Vec<String> {
    let pair = &compared.pairs[0];
    let world = if pair.a.world == pair.b.world { pair.a.world } else { World::Endpoint };
    let what = vec![format!("A {}", pair.a.folder), format!("B {}", pair.b.folder)];
    let (mut lines, indent) = banner(world, &compared.label(), &what, &[pairing(pair.versus.pairing).into()], style);
    for (name, head) in [("A", &pair.a), ("B", &pair.b)] {
        let facts = flow(&head.facts(), style.width - indent - 3);
        for (i, line) in facts.iter().enumerate() {
            let name = if i == 0 { name } else { " " };
            lines.push(Paint::Faint.on(&format!("{}{name}  {line}", " ".repeat(indent)), style.colour));
        }
    }
    for warning in warnings(compared) {
        lines.extend(
            wrap(&warning, style.width - indent, 2)
                .iter()
                .map(|line| format!("{}{}", " ".repeat(indent), Paint::Doubtful.on(line, style.colour))),
        );
    }
    lines
}

fn word(finding: Finding) -> Cell {
    match finding {
        Finding::Slower => Cell::new("slower", Paint::Bad),
        Finding::Faster => Cell::new("faster", Paint::Good),
        Finding::NoDifferenceShown => Cell::new("no difference shown", Paint::Faint),
        Finding::TooLittleData => Cell::new("too little data", Paint::Doubtful),
    }
}

fn level(level: Option<Level>) -> Cell {
    let paint = if level == Some(Level::Failed) { Paint::Bad } else { Paint::Plain };
    Cell::new(cell::level(level), paint)
}

/// `(−3.00 to +160 ms)`.
pub fn interval(row: &Row) -> String {
    let Some([_, low, high]) = row.difference_ms else { return String::new() };
    format!("({})", signed_range(low, high))
}

/// Names that leave room for numbers; the sentences below have the long ones.
fn short(metric: Metric) -> &'static str {
    match metric {
        Metric::Ttft => "TTFT",
        Metric::Tpot => "per token",
        other => other.name(),
    }
}

fn table(pair: &Pair, style: Style) -> Vec<String> {
    let mut lines = vec![title(&pair.name(), "all requests, failures last; B − A with 95 % intervals", style)];
    let mut columns = vec![Column::left(""), Column::right(""), Column::right("A"), Column::right("B")];
    columns.extend([Column::right("B − A"), Column::left("").attached().expendable(1)]);
    columns.extend([Column::right("change").expendable(2), Column::left("")]);
    let mut table = Table::new(columns);
    for rows in pair.versus.rows.chunk_by(|one, next| one.metric == next.metric) {
        for (i, row) in rows.iter().enumerate() {
            let metric = if i == 0 { short(row.metric) } else { "" };
            table.row(vec![
                Cell::new(metric, Paint::Strong),
                percentile(row.q).into(),
                level(row.a),
                level(row.b),
                row.difference_ms.map(|[estimate, ..]| signed(estimate)).unwrap_or_default().into(),
                Cell::new(interval(row), Paint::Faint),
                row.change.filter(|_| row.difference_ms.is_some()).map(signed_percent).unwrap_or_default().into(),
                word(row.finding),
            ]);
        }
    }
    let failed = &pair.versus.failed;
    if failed.a > 0.0 || failed.b > 0.0 {
        let more = match failed.finding {
            Finding::Slower => Cell::new("more", Paint::Bad),
            Finding::Faster => Cell::new("fewer", Paint::Good),
            other => word(other),
        };
        let interval = failed.difference.map(|[_, low, high]| format!("({} to {} %)", points(low), points(high)));
        table.row(vec![
            Cell::new("failed requests", Paint::Strong),
            "".into(),
            format!("{:.2} %", failed.a * 100.0).into(),
            format!("{:.2} %", failed.b * 100.0).into(),
            failed.difference.map(|[estimate, ..]| format!("{} %", points(estimate))).unwrap_or_default().into(),
            Cell::new(interval.unwrap_or_default(), Paint::Faint),
            "".into(),
            more,
        ]);
    }
    lines.extend(table.lines(style.width, style.colour));
    lines
}

fn findings(pair: &Pair, style: Style) -> Vec<String> {
    let head = title("Findings", &format!("{}; in brackets: 95 % intervals", pair.name()), style);
    std::iter::once(head).chain(bullets(&sentences(&pair.versus), style)).collect()
}

fn gates(pair: &Pair, style: Style) -> Vec<String> {
    if pair.gates.is_empty() {
        return Vec::new();
    }
    let mut lines = vec![title("Gates", &pair.name(), style)];
    for gate in &pair.gates {
        let (sign, paint) = match gate.judgement {
            Judgement::Held => ("✓", Paint::Good),
            Judgement::Broken => ("✗", Paint::Bad),
            Judgement::TooLittleData => ("?", Paint::Doubtful),
        };
        for (i, line) in wrap(&gate.text, style.width - 2, 0).iter().enumerate() {
            let sign = if i == 0 { sign } else { " " };
            lines.push(format!("{} {line}", paint.on(sign, style.colour)));
        }
    }
    lines
}

fn verdicts(compared: &Compared, style: Style) -> Vec<String> {
    let pair = &compared.pairs[0];
    let paint = |grade| match grade {
        Grade::Valid => Paint::Good,
        Grade::Suspect => Paint::Doubtful,
        Grade::Invalid => Paint::Bad,
    };
    let of =
        |name: &str, head: &Head| format!("{name} {}", paint(head.grade).on(&head.grade.to_string(), style.colour));
    let mut lines =
        vec![format!("{}  {}   {}", Paint::Strong.on("Verdicts", style.colour), of("A", &pair.a), of("B", &pair.b))];
    if [&pair.a, &pair.b].iter().any(|head| head.grade == Grade::Invalid) {
        let text = "an INVALID run measured its own limits: do not use this comparison";
        lines.push(format!("  {}", Paint::Bad.on(text, style.colour)));
    }
    for (grade, text) in doubts(compared) {
        let name = format!("  {:<7}  ", grade.to_string().to_lowercase());
        let indent = measure_text_width(&name);
        let wrapped = wrap(&text, style.width - indent, 0);
        lines.extend(wrapped.iter().enumerate().map(|(i, line)| match i {
            0 => format!("{}{line}", paint(grade).on(&name, style.colour)),
            _ => format!("{}{line}", " ".repeat(indent)),
        }));
    }
    lines
}
