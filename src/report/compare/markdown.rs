//! A comparison as a comment on a pull request.

use super::sentence::{points, sentences, signed, signed_percent};
use super::text::interval;
use super::{Compared, Pair, doubts, pairing, warnings};
use crate::core::units::percentile;
use crate::measure::summary::Finding;
use crate::measure::verdict::Grade;
use crate::report::cell;
use crate::report::markdown::{Table, escape};

/// `plot` is the path of the drawing, where there is one.
pub fn render(compared: &Compared, plot: Option<&str>) -> String {
    let label = compared.label();
    let first = &compared.pairs[0];
    let mut sections = vec![format!("## bedbench compare ({label})")];
    let broken: Vec<_> = compared.pairs.iter().flat_map(|pair| &pair.gates).collect();
    if !broken.is_empty() {
        sections.push(broken.iter().map(|gate| format!("- {}", escape(&gate.text))).collect::<Vec<_>>().join("\n"));
    }
    let sides = [("A", &first.a), ("B", &first.b)].map(|(name, head)| {
        format!("- **{name}** {} **{}**: {}", escape(&head.folder), head.grade, escape(&head.facts().join(" · ")))
    });
    sections.push(sides.join("\n"));
    let mut said: Vec<_> = warnings(compared);
    said.extend(doubts(compared).into_iter().map(|(grade, text)| format!("{grade}: {text}")));
    if [&first.a, &first.b].iter().any(|head| head.grade == Grade::Invalid) {
        said.insert(0, "an INVALID run measured its own limits: do not use this comparison".into());
    }
    if !said.is_empty() {
        sections.push(said.iter().map(|line| format!("- {}", escape(line))).collect::<Vec<_>>().join("\n"));
    }
    for pair in &compared.pairs {
        sections.push(format!("### {} ({label})", escape(&pair.name())));
        sections.push(
            sentences(&pair.versus).iter().map(|line| format!("- {}", escape(line))).collect::<Vec<_>>().join("\n"),
        );
        sections.push(table(pair));
    }
    if let Some(plot) = plot {
        sections.push(format!("![A and B by percentile ({label})]({plot})"));
    }
    sections.push(format!(
        "All requests, failures above every success. B − A with 95 % intervals by block bootstrap; {}.",
        pairing(first.versus.pairing)
    ));
    sections.join("\n\n") + "\n"
}

fn word(finding: Finding) -> String {
    match finding {
        Finding::Slower => "**slower**",
        Finding::Faster => "**faster**",
        Finding::NoDifferenceShown => "no difference shown",
        Finding::TooLittleData => "too little data",
    }
    .to_owned()
}

fn table(pair: &Pair) -> String {
    let mut table = Table::new(&["time", "percentile", "finding"], &["A", "B", "B − A", "change"]);
    for row in &pair.versus.rows {
        table.marked(&[
            escape(row.metric.name()),
            percentile(row.q),
            word(row.finding),
            cell::level(row.a),
            cell::level(row.b),
            row.difference_ms
                .map(|[estimate, ..]| format!("{} {}", signed(estimate), interval(row)))
                .unwrap_or_default(),
            row.change.filter(|_| row.difference_ms.is_some()).map(signed_percent).unwrap_or_default(),
        ]);
    }
    let failed = &pair.versus.failed;
    if failed.a > 0.0 || failed.b > 0.0 {
        let said = match failed.finding {
            Finding::Slower => "**more**".into(),
            Finding::Faster => "**fewer**".into(),
            other => word(other),
        };
        let difference = failed
            .difference
            .map(|[estimate, low, high]| format!("{} % ({} to {} %)", points(estimate), points(low), points(high)));
        table.marked(&[
            "failed requests".into(),
            String::new(),
            said,
            format!("{:.2} %", failed.a * 100.0),
            format!("{:.2} %", failed.b * 100.0),
            difference.unwrap_or_default(),
            String::new(),
        ]);
    }
    table.0
}
