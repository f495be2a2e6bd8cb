//! The published matrix, row by row, beside the one rule that gives it, and where it contradicts itself.

use serde_json::json;

use crate::core::RegionId;
use crate::govern::decision::{Against, CONTRADICTIONS, Contradiction, ENTRIES, Entry, SOURCE, regions};
use crate::report::table::{Cell, Column, Paint, Table};
use crate::report::text::{Style, bullets, joined, title};

pub fn render(style: Style) -> String {
    let style = style.readable();
    let told: Vec<_> =
        CONTRADICTIONS.iter().map(|found| format!("{}: {}", about(found), contradiction(found))).collect();
    let mut contradictions = vec![title("Contradictions", "of the article with itself, and with the facts", style)];
    contradictions.extend(bullets(&told, style));
    joined(&[table(style), contradictions])
}

pub fn json() -> String {
    let entries: Vec<_> = ENTRIES
        .iter()
        .map(|entry| {
            let mut of_entry = serde_json::to_value(entry).expect("plain data");
            of_entry["by_rule"] = json!(regions(entry.inputs));
            of_entry
        })
        .collect();
    let all =
        json!({ "schema": super::SCHEMA, "source": SOURCE, "entries": entries, "contradictions": CONTRADICTIONS });
    serde_json::to_string_pretty(&all).expect("plain data") + "\n"
}

fn table(style: Style) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::left("id"),
        Column::left("work"),
        Column::left("latency"),
        Column::left("data"),
        Column::left("throughput").expendable(2),
        Column::left("Regions"),
        Column::left("by rule").expendable(1),
        Column::left("strategy").expendable(3),
    ]);
    for entry in ENTRIES {
        let inputs = entry.inputs;
        table.row(vec![
            entry.id.into(),
            entry.work.into(),
            inputs.latency.to_string().into(),
            inputs.data.to_string().into(),
            inputs.throughput.map_or(String::new(), |throughput| throughput.to_string()).into(),
            printed(entry).into(),
            by_rule(entry),
            entry.strategy.into(),
        ]);
    }
    let mut lines = vec![title("The published matrix", SOURCE, style)];
    lines.extend(table.lines(style.width, style.colour));
    lines
}

fn printed(entry: &Entry) -> String {
    let name = |code: &&str| code.parse::<RegionId>().map_or((*code).to_owned(), |region| region.name().to_owned());
    entry.regions.iter().map(name).collect::<Vec<_>>().join(", ")
}

fn by_rule(entry: &Entry) -> Cell {
    let by_rule = regions(entry.inputs);
    if by_rule.iter().map(|region| region.code()).eq(entry.regions.iter().copied()) {
        return Cell::new("the same", Paint::Good);
    }
    Cell::new(by_rule.iter().map(|region| region.name()).collect::<Vec<_>>().join(", "), Paint::Bad)
}

/// What it says, and against what.
pub fn contradiction(found: &Contradiction) -> String {
    match (found.against, found.source) {
        (Against::Itself, _) | (_, None) => format!("contradicts itself: {}", found.what),
        (Against::Facts, Some(source)) => format!("contradicts the facts: {} ({source})", found.what),
    }
}

fn about(found: &Contradiction) -> String {
    match found.entries.len() {
        12.. => "every row and scenario".to_owned(),
        _ => found.entries.join(", "),
    }
}
