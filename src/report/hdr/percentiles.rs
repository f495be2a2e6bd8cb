//! `percentiles/*.hgrm`: percentile distributions in the text format that HdrHistogram's plotter reads.
//!
//! Percentiles are over all requests but cancelled ones, and failures rank last: where some failed, the distribution ends
//! before 100 %, and says why.

use super::METRICS;
use crate::core::Metric;
use crate::core::units::grouped;
use crate::measure::recorder::Slice;
use crate::report::{FileSet, Report};

pub const SET: FileSet = FileSet {
    folder: "percentiles",
    summary: "percentile distributions per route, in milliseconds, for HdrHistogram's plotter",
    render,
};

/// Steps by which the distance to 100 % is halved, as in HdrHistogram.
const STEPS_PER_HALF: f64 = 5.0;

fn render(report: &Report<'_>) -> Vec<(String, String)> {
    let routes = report.manifest.config.routes.iter().zip(report.recorder.routes()).zip(1..);
    let files = routes.flat_map(|((head, series), number)| {
        let whole = series.whole(report.recorder.phases());
        METRICS.map(|(metric, word)| {
            let about = format!("{}: {word} of {}", report.summary.label(), head.name);
            (format!("{number}-{}-{word}.hgrm", plain(&head.name)), distribution(&whole, metric, &about))
        })
    });
    files.collect()
}

/// A name that every file system takes; the number before it keeps two of them apart.
fn plain(name: &str) -> String {
    let kept = name.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '-' });
    kept.take(60).collect()
}

fn distribution(slice: &Slice, metric: Metric, about: &str) -> String {
    let sample = slice.sample(metric);
    let mut text = format!("{:>12} {:>14} {:>10} {:>14}\n\n", "Value", "Percentile", "TotalCount", "1/(1-Percentile)");
    let (n, hdr) = (sample.n(), sample.ok.hdr());
    let mut below = 0;
    let mut next = 0.0;
    for value in sample.ok.hdr().iter_recorded() {
        below += value.count_since_last_iteration();
        let share = below as f64 / n as f64;
        if share < next && below < hdr.len() {
            continue;
        }
        let far = if below == n { "inf".to_owned() } else { format!("{:.2}", n as f64 / (n - below) as f64) };
        let millis = value.value_iterated_to() as f64 / 1e3;
        text.push_str(&format!("{millis:>12.3} {share:>14.12} {below:>10} {far:>14}\n"));
        // Halves of what is left, each in as many steps.
        let halves = (1.0 / (1.0 - share).max(1e-12)).log2().floor();
        next = share + 0.5_f64.powf(halves + 1.0) / STEPS_PER_HALF;
    }
    text.push_str(&format!("#[Mean    = {:>12.3}, StdDeviation   = {:>12.3}]\n", hdr.mean() / 1e3, hdr.stdev() / 1e3));
    text.push_str(&format!("#[Max     = {:>12.3}, Total count    = {:>12}]\n", hdr.max() as f64 / 1e3, hdr.len()));
    text.push_str(&format!("#[Buckets = {:>12}, SubBuckets     = {:>12}]\n", hdr.buckets(), 2048));
    text.push_str(&format!("#[{}]\n", about.replace(['\n', '\r'], " ")));
    if sample.failures > 0 {
        let (failed, n) = (grouped(sample.failures), grouped(n));
        text.push_str(&format!(
            "#[{failed} of {n} requests failed: they rank last and have no row. Mean and Max are of the others]\n"
        ));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::series::Level;
    use crate::report::fixture;

    /// (milliseconds, share, count) by row.
    fn rows(text: &str) -> Vec<(f64, f64, u64)> {
        let rows = text.lines().skip(2).filter(|line| !line.starts_with('#'));
        rows.map(|line| {
            let mut fields = line.split_whitespace();
            let mut field = || fields.next().unwrap();
            (field().parse().unwrap(), field().parse().unwrap(), field().parse().unwrap())
        })
        .collect()
    }

    #[test]
    fn each_route_has_a_file_for_each_time_and_failures_end_the_distribution_early() {
        let run = fixture::congested();
        let files = render(&run.report());
        assert_eq!(files.len(), 4 * METRICS.len());
        assert_eq!(files[3].0, "2-sydney-singapore-response.hgrm");
        let (throttling, whole) = (rows(&files[0].1), run.summary.routes[0].whole());
        let last = throttling.last().unwrap();
        assert_eq!(last.2, whole.ok());
        assert!((last.1 - whole.ok() as f64 / whole.counted() as f64).abs() < 1e-9 && last.1 < 0.95, "{last:?}");
        assert!(files[0].1.contains("requests failed: they rank last"));
        assert!(files[0].1.contains("MOCK"));
    }

    #[test]
    fn a_row_says_what_the_summary_says() {
        let run = fixture::alone();
        let files = render(&run.report());
        let rows = rows(&files[0].1);
        assert!(rows.len() > 20, "{} rows", rows.len());
        assert!(rows.windows(2).all(|pair| pair[0].0 < pair[1].0 && pair[0].1 < pair[1].1));
        for q in [0.5, 0.9, 0.99] {
            let Some(Level::At(time)) = run.summary.routes[0].whole().quantile(Metric::Response, q).map(|q| q.value)
            else {
                panic!("p{q} is a time");
            };
            let row = rows.iter().find(|row| row.1 >= q).unwrap();
            let (found, expected) = (row.0, time.as_secs_f64() * 1e3);
            assert!((expected * 0.999..expected * 1.2).contains(&found), "{q}: {found} for {expected}");
        }
        assert_eq!(rows.last().unwrap().1, 1.0);
    }

    #[test]
    fn an_empty_run_has_no_row() {
        let files = render(&fixture::empty().report());
        assert!(files.iter().all(|(_, text)| rows(text).is_empty()));
    }
}
