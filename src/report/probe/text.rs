//! The table of a probe.

use super::{Probed, Times};
use crate::core::units::Span;
use crate::report::table::{Cell, Column, Paint, Table};
use crate::report::text::{Style, bullets, joined, title};
use crate::stats::quantile::fewest_samples;

pub fn render(probed: &Probed, style: Style) -> String {
    joined(&[times(probed, style), failures(probed, style), warnings(probed, style)])
}

fn times(probed: &Probed, style: Style) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::left("Region"),
        Column::left("").expendable(1),
        Column::right("fastest").group("TCP round trip"),
        Column::right("p50").group("TCP round trip"),
        Column::right("p95").group("TCP round trip"),
        Column::right("p50").group("TLS on top"),
        Column::right("p95").group("TLS on top"),
        Column::right("fibre"),
        Column::right("profile"),
        Column::right("failed"),
    ]);
    for reach in &probed.regions {
        let (tcp, tls) = (&reach.tcp, &reach.tls);
        let failed = if reach.failed > 0 { Paint::Bad } else { Paint::Plain };
        let known = |seconds: f64| Span(std::time::Duration::from_secs_f64(seconds)).to_string();
        table.row(vec![
            reach.name.into(),
            reach.region.to_string().into(),
            tcp.fastest.map_or_else(none, |time| Span(time).to_string().into()),
            cell(tcp, tcp.p50, 0.5),
            cell(tcp, tcp.p95, 0.95),
            cell(tls, tls.p50, 0.5),
            cell(tls, tls.p95, 0.95),
            known(reach.fibre_floor_s).into(),
            reach.profile_rtt_s.map_or_else(none, |seconds| known(seconds).into()),
            Cell::new(format!("{} of {}", reach.failed, reach.tries), failed),
        ]);
    }
    let rest = format!("beside profile {}; no credentials, no spend", probed.profile);
    let mut lines = vec![title("Round trips from this host", &rest, style)];
    lines.extend(table.lines(style.readable().width, style.colour));
    let meaning = [
        "TCP: to open a connection. TLS: from there to ready to send; with TLS 1.3 one more round trip, and the \
         cryptography of both ends"
            .to_owned(),
        "fibre: what light needs there and back from Sydney along the great circle".to_owned(),
    ];
    lines.extend(bullets(&meaning, style));
    lines
}

fn none() -> Cell {
    Cell::new("–", Paint::Faint)
}

/// A percentile, or how many tries it needs.
fn cell(times: &Times, time: Option<std::time::Duration>, q: f64) -> Cell {
    match (time, times.n) {
        (Some(time), _) => Span(time).to_string().into(),
        (None, 0) => none(),
        (None, _) => Cell::new(format!("needs {}", fewest_samples(q)), Paint::Faint),
    }
}

fn failures(probed: &Probed, style: Style) -> Vec<String> {
    let failed = probed.regions.iter().filter_map(|reach| {
        let error = reach.error.as_ref()?;
        Some(format!("{}: {error}", reach.region))
    });
    section("Failed", &failed.collect::<Vec<_>>(), style)
}

fn warnings(probed: &Probed, style: Style) -> Vec<String> {
    section("Warnings", &probed.warnings, style)
}

fn section(name: &str, lines: &[String], style: Style) -> Vec<String> {
    if lines.is_empty() {
        return Vec::new();
    }
    std::iter::once(title(name, "", style)).chain(bullets(lines, style)).collect()
}
