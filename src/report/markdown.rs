//! `report.md`: the run as a comment on a pull request. The verdict comes first, because a
//! comment is read from the top.

use std::time::Duration;

use super::definitions::DEFINITIONS;
use super::plots::PLOTS;
use super::{Format, Report, cell, finding, objectives, phrase, places};
use crate::core::units::{grouped, length, per_second};
use crate::core::{Metric, Outcome};
use crate::measure::gate::GateResult;
use crate::measure::summary::{Percentiles, RegionSummary, RouteSummary};

pub const FORMAT: Format =
    Format { file: "report.md", summary: "findings and tables that fit a comment on a pull request", render };

fn render(report: &Report<'_>) -> String {
    sections(report, true)
}

/// The same where nothing beside it can be shown, as in the summary of a CI job.
pub fn without_plots(report: &Report<'_>) -> String {
    sections(report, false)
}

fn sections(report: &Report<'_>, with_plots: bool) -> String {
    let summary = report.summary;
    let world = summary.label();
    let mut sections = vec![
        format!("## bedbench: {} ({world})", escape(&report.manifest.config.profile)),
        verdict(report),
        list(&phrase::headline(report)) + "\\\n" + &list(&phrase::setting(report)),
    ];
    for group in objectives::groups(summary) {
        let about = phrase::capital(group.about);
        sections.push(format!("### Objectives ({world})\n\n{about}.\n\n{}", held(group.results)));
    }
    let sentences = finding::sentences(summary);
    if !sentences.is_empty() {
        let about = "Response time over all requests, whole measured time; 95 % intervals in brackets.";
        let bullets: Vec<_> = sentences.iter().map(|sentence| format!("- {}", escape(sentence))).collect();
        sections.push(format!("### Findings ({world})\n\n{about}\n\n{}", bullets.join("\n")));
    }
    sections.push(format!("### Requests ({world})\n\n{}", requests(&summary.routes)));
    sections.push(format!("### Times ({world})\n\n{}", times(&summary.routes)));
    if summary.routes.iter().any(|route| route.slices.len() > 1) {
        sections.push(format!("### Phases ({world})\n\n{}", phases(&summary.routes)));
    }
    sections.push(format!("### Cost ({world})\n\n{}", costs(&summary.routes)));
    if with_plots {
        let plots = PLOTS.iter().map(|plot| format!("![{} ({world})](plots/{})", plot.summary, plot.file));
        let plots: Vec<_> = plots.collect();
        sections.push(format!("### Plots ({world})\n\n{}", plots.join("\n")));
    }
    sections.push(format!("### Instrument\n\n{}", list(&phrase::instrument(summary))));
    sections.push(details("Configuration", &configuration(report)));
    let definitions: Vec<_> = DEFINITIONS.iter().map(|(word, meaning)| format!("- **{word}**: {meaning}")).collect();
    sections.push(details("How each number is defined", &definitions.join("\n")));
    sections.join("\n\n") + "\n"
}

fn verdict(report: &Report<'_>) -> String {
    let verdict = &report.summary.verdict;
    let mut text = format!("**{}**: {}", verdict.grade, phrase::verdict(report.summary));
    if !verdict.reasons.is_empty() {
        text.push('\n');
    }
    for reason in phrase::reasons(verdict) {
        text.push_str(&format!("\n- {}: {}", reason.grade, escape(&reason.text)));
    }
    text
}

fn held(results: &[GateResult]) -> String {
    let mut table = Table::new(&["objective", "route", "", "found"], &[]);
    for gate in results {
        let met = if gate.met == Some(true) { "met".to_owned() } else { format!("**{}**", gate.outcome()) };
        table.0.push_str(&format!(
            "\n| {} | {} | {met} | {} |",
            escape(&gate.gate.to_string()),
            escape(&gate.route),
            escape(&gate.found)
        ));
    }
    table.0
}

fn requests(routes: &[RouteSummary]) -> String {
    let mut table =
        Table::new(&["route", "processed in"], &["sent / planned", "ok", "throttled", "other failed", "goodput"]);
    let mut notes = String::new();
    for route in routes {
        let whole = route.whole();
        table.row(&[
            cell::name(&route.head),
            cell::place(&route.head),
            cell::sent_of_planned(whole),
            cell::share(whole, whole.ok()),
            cell::share(whole, whole.count(Outcome::Throttled)),
            cell::share(whole, cell::other_failures(whole)),
            per_second(whole.goodput),
        ]);
        for note in cell::footnote(whole).into_iter().chain(cell::errors(route)) {
            notes.push_str(&format!("\n- {}: {}", escape(&cell::name(&route.head)), escape(&note)));
        }
    }
    if notes.is_empty() { table.0 } else { format!("{}\n{notes}", table.0) }
}

fn times(routes: &[RouteSummary]) -> String {
    const QUANTILES: [f64; 3] = [0.50, 0.95, 0.99];
    let mut table = Table::new(&["time", "route"], &["n", "p50", "p95", "p99", "max"]);
    let mut add = |what: &str, route: &RouteSummary, times: &Percentiles| {
        let value = |q| {
            let interval = match times.at(q).is_some() && times.without_intervals() {
                true => format!("({})", cell::TOO_FEW),
                false => cell::bracketed(times, q),
            };
            format!("{} {interval}", cell::value(times, q)).trim_end().to_owned()
        };
        let [p50, p95, p99] = QUANTILES.map(value);
        let max = cell::level(times.max);
        table.row(&[what.to_owned(), cell::name(&route.head), grouped(times.n), p50, p95, p99, max]);
    };
    for (metric, what) in [
        (Metric::Response, "response, from intended start"),
        (Metric::Service, "service, from sent"),
        (Metric::Ttft, "TTFT, from intended start"),
        (Metric::Tpot, "TPOT"),
    ] {
        for route in routes {
            add(what, route, &route.whole().metric(metric).all);
            if metric == Metric::Response && cell::failures_matter(route.whole(), metric, &QUANTILES) {
                add(&format!("{what}, ok requests only"), route, &route.whole().metric(metric).ok);
            }
        }
    }
    format!(
        "All requests, failures above every success, unless it says otherwise; 95 % intervals in brackets.\n\n{}",
        table.0
    )
}

fn phases(routes: &[RouteSummary]) -> String {
    let numbers = ["n", "ok", "throttled", "goodput", "response p50", "p95", "p99", "TTFT p95"];
    let mut table = Table::new(&["phase", "route"], &numbers);
    let phases = routes.iter().map(|route| route.slices.len()).max().unwrap_or(0);
    for phase in 1..phases {
        for (route, slice) in routes.iter().filter_map(|route| Some((route, route.slices.get(phase)?))) {
            let response = &slice.metric(Metric::Response).all;
            table.row(&[
                format!("{}, {}", slice.phase, length(Duration::from_secs_f64(slice.seconds))),
                cell::name(&route.head),
                grouped(slice.counted()),
                cell::share(slice, slice.ok()),
                cell::share(slice, slice.count(Outcome::Throttled)),
                per_second(slice.goodput),
                cell::value(response, 0.50),
                cell::value(response, 0.95),
                cell::value(response, 0.99),
                cell::value(&slice.metric(Metric::Ttft).all, 0.95),
            ]);
        }
    }
    table.0
}

fn configuration(report: &Report<'_>) -> String {
    let mut table = Table::new(&["setting", "value"], &[]);
    for (setting, value) in phrase::configuration(report) {
        table.row(&[setting.to_owned(), value]);
    }
    table.0
}

/// What the tokens cost; what has no cost says why.
fn costs(routes: &[RouteSummary]) -> String {
    let numbers = ["attempts", "tokens in", "tokens out", "USD", "USD per 1,000 good"];
    let mut table = Table::new(&["route", "tokens"], &numbers);
    for route in routes {
        let sum = |of: fn(&RegionSummary) -> u64| grouped(route.regions.iter().map(of).sum());
        table.row(&[
            cell::name(&route.head),
            places::in_words(route),
            sum(|region| region.attempts.values().sum()),
            sum(|region| region.input_tokens),
            sum(|region| region.output_tokens),
            cell::usd(&route.cost, route.cost.usd),
            cell::usd(&route.cost, route.cost.usd_per_thousand_good),
        ]);
    }
    let notes: String = cell::cost_notes(routes).iter().map(|note| format!("\n- {}", escape(note))).collect();
    if notes.is_empty() { table.0 } else { format!("{}\n{notes}", table.0) }
}

fn list(facts: &[String]) -> String {
    facts.iter().map(|fact| escape(fact)).collect::<Vec<_>>().join(" · ")
}

fn details(summary: &str, body: &str) -> String {
    // GitHub reads Markdown inside HTML only behind an empty line.
    format!("<details>\n<summary>{summary}</summary>\n\n{body}\n\n</details>")
}

/// A table, line by line. `.0` is the Markdown so far.
pub(super) struct Table(pub(super) String);

impl Table {
    /// Text columns first, then columns of numbers, which align on the right.
    pub(super) fn new(text: &[&str], numbers: &[&str]) -> Self {
        let heads: Vec<_> = text.iter().chain(numbers).copied().collect();
        let rule = "---|".repeat(text.len()) + &"---:|".repeat(numbers.len());
        Self(format!("| {} |\n|{rule}", heads.join(" | ")))
    }

    pub(super) fn row(&mut self, cells: &[String]) {
        self.marked(&cells.iter().map(|cell| escape(cell)).collect::<Vec<_>>());
    }

    /// Cells that are Markdown already.
    pub(super) fn marked(&mut self, cells: &[String]) {
        self.0.push_str(&format!("\n| {} |", cells.join(" | ")));
    }
}

/// Names come from files that anybody may write: none may break a table or become markup.
pub(super) fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '\n' | '\r' => escaped.push(' '),
            '\\' | '`' | '|' | '*' | '_' | '<' | '>' | '[' | ']' | '~' | '#' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::verdict::{Doubt, Grade, Reason};
    use crate::report::fixture;

    #[test]
    fn a_comment_reads_like_this() {
        insta::assert_snapshot!(render(&fixture::congested().report()));
    }

    #[test]
    fn an_objective_is_shown_as_met_or_missed_with_what_was_found() {
        let mut run = fixture::alone();
        let result = |gate: &str, met| GateResult {
            gate: gate.parse().unwrap(),
            route: "sydney".into(),
            met: Some(met),
            found: "1.24 s".into(),
        };
        run.summary.gates = vec![result("ttft:p95<900ms", false), result("response:p99<4s", true)];
        let text = render(&run.report());
        assert!(text.contains("| ttft:p95\\<900ms | sydney | **missed** | 1.24 s |"), "{text}");
        assert!(text.contains("| response:p99\\<4s | sydney | met | 1.24 s |"), "{text}");
        assert!(!without_plots(&run.report()).contains(".svg"), "nobody could see them");
    }

    #[test]
    fn the_verdict_and_its_reasons_come_before_any_number() {
        let mut run = fixture::congested().clone();
        let reason = |grade, text: &str| Reason { grade, doubt: Doubt::Drift, text: text.into() };
        run.summary.verdict.grade = Grade::Invalid;
        run.summary.verdict.reasons = vec![reason(Grade::Suspect, "it drifted"), reason(Grade::Invalid, "it shed")];
        let text = render(&run.report());
        let lines: Vec<_> = text.lines().filter(|line| !line.is_empty()).take(4).collect();
        assert_eq!(lines[0], "## bedbench: apac (MOCK)");
        assert!(lines[1].starts_with("**INVALID**"), "{}", lines[1]);
        assert_eq!(lines[2..], ["- INVALID: it shed", "- SUSPECT: it drifted"]);
    }

    #[test]
    fn a_name_cannot_break_a_table() {
        let mut run = fixture::alone();
        run.summary.routes[0].head.name = "a|b`c\n<img>".into();
        let text = render(&run.report());
        let row = text.lines().find(|line| line.contains("3,000 / 3,000")).unwrap();
        assert!(row.starts_with(r"| a\|b\`c \<img\> | Sydney |"), "{row}");
    }

    #[test]
    fn every_heading_above_numbers_says_mock() {
        let text = render(&fixture::congested().report());
        for heading in ["Findings", "Requests", "Times", "Phases", "Plots"] {
            assert!(text.contains(&format!("### {heading} (MOCK)")), "{heading}");
        }
    }

    #[test]
    fn a_run_without_requests_shows_no_number() {
        let text = render(&fixture::empty().report());
        let numbers = text.split("### Times").nth(1).unwrap().split("### Plots").next().unwrap();
        let times = ["ns", "µs", "ms", "s"].iter().any(|unit| {
            let words: Vec<_> = numbers.split_whitespace().collect();
            words.windows(2).any(|pair| pair[1] == *unit && pair[0].starts_with('0'))
        });
        assert!(!times && numbers.contains("– | – | –"), "{numbers}");
        assert!(text.contains("interrupted, gates not judged"));
    }
}
