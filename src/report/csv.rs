//! `summary.csv`: the numbers of the summary, one row per route, phase and time, for a spreadsheet.

use super::{Format, Report};
use crate::core::Outcome;
use crate::core::units::percentile;
use crate::measure::series::Level;
use crate::measure::summary::{Percentiles, QUANTILES};

pub const FORMAT: Format =
    Format { file: "summary.csv", summary: "the summary as a table, one row per route, phase and time", render };

fn render(report: &Report<'_>) -> String {
    let summary = report.summary;
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut columns: Vec<String> = [
        "world",
        "verdict",
        "route",
        "standing",
        "phase",
        "seconds",
        "planned",
        "sent",
        "ok",
        "throttled",
        "failed",
        "cancelled",
        "offered_load",
        "sent_rate",
        "throughput",
        "goodput",
        "time",
        "requests",
        "n",
        "effective_n",
    ]
    .map(str::to_owned)
    .to_vec();
    for q in QUANTILES {
        columns.extend(["", "_low", "_high"].map(|end| format!("{}{end}_ms", percentile(q))));
    }
    columns.push("max_ms".into());
    table.write_record(&columns).expect("memory takes what is written");
    for route in &summary.routes {
        for slice in &route.slices {
            for (metric, times) in &slice.metrics {
                for (requests, times) in [("all", &times.all), ("ok", &times.ok)] {
                    let mut row = vec![
                        summary.label(),
                        summary.verdict.grade.to_string(),
                        route.head.name.clone(),
                        word(&route.head.standing),
                        slice.phase.clone(),
                        slice.seconds.to_string(),
                        optional(slice.planned),
                        slice.sent.to_string(),
                        slice.ok().to_string(),
                        slice.count(Outcome::Throttled).to_string(),
                        (slice.counted() - slice.ok()).to_string(),
                        slice.count(Outcome::Cancelled).to_string(),
                        optional(slice.offered_load),
                        slice.sent_rate.to_string(),
                        slice.throughput.to_string(),
                        slice.goodput.to_string(),
                        word(metric),
                        requests.to_owned(),
                        times.n.to_string(),
                        optional(times.effective_n),
                    ];
                    row.extend(levels(times));
                    table.write_record(&row).expect("memory takes what is written");
                }
            }
        }
    }
    String::from_utf8(table.into_inner().expect("memory takes what is written")).expect("all of it is text")
}

fn levels(times: &Percentiles) -> impl Iterator<Item = String> + '_ {
    let quantiles = QUANTILES.iter().flat_map(|q| {
        let quantile = times.at(*q);
        [quantile.map(|q| q.value), quantile.and_then(|q| q.low), quantile.and_then(|q| q.high)].map(level)
    });
    quantiles.chain([level(times.max)])
}

/// As it stands in summary.json: a number of milliseconds, `failed`, or nothing.
fn level(level: Option<Level>) -> String {
    match level {
        None => String::new(),
        Some(Level::At(time)) => (time.as_nanos() as f64 / 1e6).to_string(),
        Some(Level::Failed) => "failed".to_owned(),
    }
}

fn optional<T: ToString>(value: Option<T>) -> String {
    value.map(|value| value.to_string()).unwrap_or_default()
}

/// As it stands in summary.json.
fn word(value: &impl serde::Serialize) -> String {
    let json = serde_json::to_value(value).expect("it is plain data");
    json.as_str().map(str::to_owned).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_table_holds_what_the_summary_holds() {
        let run = fixture::congested();
        let text = render(&run.report());
        let mut table = csv::Reader::from_reader(text.as_bytes());
        let head = table.headers().unwrap().clone();
        let rows: Vec<_> = table.records().map(Result::unwrap).collect();
        // Whole and three phases, five times, over all requests and over the ok ones.
        assert_eq!(rows.len(), 4 * 4 * 5 * 2);
        let cell =
            |row: &csv::StringRecord, column: &str| row[head.iter().position(|c| c == column).unwrap()].to_owned();
        let first = &rows[0];
        assert_eq!(cell(first, "world"), "MOCK");
        assert_eq!((cell(first, "route"), cell(first, "standing")), ("sydney".into(), "candidate".into()));
        assert_eq!((cell(first, "time"), cell(first, "requests")), ("response".into(), "all".into()));
        let whole = run.summary.routes[0].whole();
        assert_eq!(cell(first, "throttled"), whole.count(Outcome::Throttled).to_string());
        assert_eq!(cell(first, "p99_ms"), "failed", "a failure ranks above every time");
        let json = serde_json::to_value(whole.metric(crate::core::Metric::Response).all.at(0.5).unwrap()).unwrap();
        assert_eq!(cell(first, "p50_ms").parse::<f64>().unwrap(), json["value"].as_f64().unwrap());
        assert_eq!(cell(first, "p50_low_ms").parse::<f64>().unwrap(), json["low"].as_f64().unwrap());
    }
}
