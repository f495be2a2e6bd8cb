//! `goodput.tsv`: what each route is good for, one line each, for a shell script.

use super::{Format, Report};

pub const FORMAT: Format =
    Format { file: "goodput.tsv", summary: "requests per second that met every objective, by route", render };

fn render(report: &Report<'_>) -> String {
    let label = report.summary.label();
    let line = |name: &str, goodput: f64| format!("{label}\t{name}\t{goodput:.2}\n");
    report.summary.routes.iter().map(|route| line(&route.head.name, route.whole().goodput)).collect()
}
