//! What the instrument itself adds: as a table, and in one line.

use super::cell;
use super::table::{Column, Table};
use super::text::{Style, bullets, joined, title};
use crate::core::units::grouped;
use crate::measure::selftest::Selftest;
use crate::measure::summary::Percentiles;
use crate::stats::quantile::fewest_samples;

pub fn render(selftest: &Selftest, style: Style) -> String {
    let mut table = Table::new(vec![
        Column::left(""),
        Column::right("p50"),
        Column::right("p90"),
        Column::right("p99"),
        Column::right("p99.9"),
        Column::right("max"),
    ]);
    let rows =
        [("dispatch lag", &selftest.lag), ("seen by the server", &selftest.seen), ("measured − true", &selftest.error)];
    for (name, percentiles) in rows {
        let mut cells = vec![name.into()];
        cells.extend([0.5, 0.9, 0.99, 0.999].map(|q| at(percentiles, q).unwrap_or_else(|| "–".to_owned()).into()));
        cells.push(cell::level(percentiles.max).into());
        table.row(cells);
    }
    let rest = format!(
        "{} requests at {:.0}/s ({}, {}) against a mock on this machine that always takes {}",
        grouped(selftest.requests),
        selftest.rps.0,
        selftest.arrival,
        selftest.api,
        selftest.service
    );
    let mut lines = vec![title("Selftest", &rest, style)];
    lines.extend(table.lines(style.readable().width, style.colour));
    let mut facts = vec![
        "dispatch lag: handed to the transport, after the planned instant".to_owned(),
        "seen by the server: its head had been read, after the planned instant".to_owned(),
        format!("measured − true: response time as a report states it, less the {} that are true", selftest.service),
    ];
    if let (Some(client), Some(pacer)) = (selftest.client_cpu, selftest.pacer_cpu) {
        let each = client / selftest.rps.0 * 1e6;
        facts.push(format!(
            "CPU: client {:.1} % of its core, {each:.0} µs a request; pacer {:.1} % of a core",
            client * 100.0,
            pacer * 100.0
        ));
    }
    if selftest.failed > 0 {
        facts.push(format!("{} requests failed and are not in these figures", grouped(selftest.failed)));
    }
    lines.extend(bullets(&facts, style));
    joined(&[lines])
}

/// In one line, for the report of a run.
pub fn sentence(selftest: &Selftest) -> String {
    let times = |percentiles: &Percentiles| {
        let known = [(0.5, "p50"), (0.99, "p99")].map(|(q, name)| Some(format!("{name} {}", at(percentiles, q)?)));
        let max = format!("max {}", cell::level(percentiles.max));
        known.into_iter().flatten().chain([max]).collect::<Vec<_>>().join(", ")
    };
    let failed = match selftest.failed {
        0 => String::new(),
        failed => format!("; {failed} requests failed"),
    };
    format!(
        "selftest before the run, {} requests at {:.0}/s against a mock that takes {}: seen by the server {} late; measured − true {}{failed}",
        grouped(selftest.requests),
        selftest.rps.0,
        selftest.service,
        times(&selftest.seen),
        times(&selftest.error),
    )
}

/// A percentile that as many samples bear.
fn at(percentiles: &Percentiles, q: f64) -> Option<String> {
    let quantile = percentiles.at(q).filter(|_| percentiles.n >= fewest_samples(q))?;
    Some(cell::level(Some(quantile.value)))
}
