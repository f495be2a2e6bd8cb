//! `residency.md`: what was sent where, and what was allowed. Evidence's first half; every run writes it.

use super::markdown::{Table, escape};
use super::{Format, Report};
use crate::core::Outcome;
use crate::core::residency::Standing;
use crate::core::run::World;
use crate::core::units::grouped;
use crate::govern::Ledger;
use crate::govern::ledger::Basis;
use crate::store::Manifest;

pub const FORMAT: Format =
    Format { file: "residency.md", summary: "the residency ledger: what was sent where, and what was allowed", render };

fn render(report: &Report<'_>) -> String {
    let ledger = Ledger::of_recorder(&report.manifest.config.routes, report.recorder);
    let label = report.summary.label();
    let sections = [
        format!("## Where requests went: {} ({label})", escape(&report.manifest.config.profile)),
        allowed(report.manifest),
        format!("### Data flow\n\n{}", data_flow(&ledger)),
        format!("### Ledger ({label})\n\n{}", sent(&ledger)),
        format!("### By country ({label})\n\n{}", by_countries(&ledger)),
    ];
    sections.join("\n\n") + "\n"
}

/// What the residency allowed, and where the run stood.
pub fn allowed(manifest: &Manifest) -> String {
    let config = &manifest.config;
    let countries: Vec<_> = config.residency.iter().map(ToString::to_string).collect();
    let references: Vec<_> = config
        .routes
        .iter()
        .filter(|route| route.standing == Standing::Reference)
        .map(|route| escape(&route.name))
        .collect();
    let mut lines = vec![format!(
        "- Allowed to be processed in: {}. Each target was checked before the first byte: by the Regions in which AWS \
         says that a call may be processed, not by the endpoint called.",
        countries.join(", ")
    )];
    lines.push(match references.as_slice() {
        [] => "- No reference routes: nothing was sent outside what is allowed.".to_owned(),
        names => format!(
            "- Reference routes, outside what is allowed: {}. They carry synthetic prompts only and are never recommended.",
            names.join(", ")
        ),
    });
    lines.push(match manifest.world {
        World::Live => "- LIVE: the requests went to Amazon Bedrock.".to_owned(),
        World::Mock => "- MOCK: no request left this machine. The Regions are models of Regions.".to_owned(),
        World::Sim => "- SIMULATED: no request was sent. The Regions are models of Regions.".to_owned(),
        World::Endpoint => format!(
            "- ENDPOINT: the requests went to addresses that the user gave ({}). Where those process them is not for \
             bedbench to say.",
            config
                .endpoints
                .iter()
                .map(|(region, url)| format!("{region}: {}", escape(url)))
                .collect::<Vec<_>>()
                .join("; ")
        ),
    });
    lines.push(format!(
        "- Run of {}, bedbench {}, configuration {}{}.",
        manifest.started,
        manifest.version,
        manifest.config_hash,
        match &manifest.finished {
            None => ", without an end: it was killed, or is going on",
            Some(finished) if finished.interrupted => ", interrupted",
            Some(_) => "",
        }
    ));
    lines.join("\n")
}

/// Every target as it was declared.
pub fn data_flow(ledger: &Ledger) -> String {
    let mut table = Table::new(
        &["route", "standing", "called in", "model or inference profile", "may be processed in", "countries"],
        &[],
    );
    for line in &ledger.lines {
        table.row(&[
            line.route.clone(),
            standing(line.standing).to_owned(),
            format!("{} ({})", line.region.name(), line.region),
            line.model.clone(),
            line.processed_in.to_string(),
            line.countries(),
        ]);
    }
    table.0
        + "\n\nWhich of several places it was, no client is told: CloudTrail names it as \
           `additionalEventData.inferenceRegion`, by request id. Stored data stays in the Region called by default; for \
           some models copies for the detection of abuse may be kept where a call was processed."
}

/// What every target was sent.
pub fn sent(ledger: &Ledger) -> String {
    let bytes = ledger.lines.iter().any(|line| line.prompt_bytes.is_some());
    let mut numbers = vec!["attempts", "ok", "throttled", "other", "tokens in", "tokens out"];
    numbers.extend(bytes.then_some("prompt bytes"));
    let mut table = Table::new(&["route", "called in", "may be processed in"], &numbers);
    for line in &ledger.lines {
        let (ok, throttled) = (line.count(Outcome::Ok), line.count(Outcome::Throttled));
        let mut cells = vec![
            match line.standing {
                Standing::Candidate => line.route.clone(),
                Standing::Reference => format!("{} (reference)", line.route),
            },
            line.region.name().to_owned(),
            line.processed_in.to_string(),
            grouped(line.attempts()),
            grouped(ok),
            grouped(throttled),
            grouped(line.attempts() - ok - throttled),
            grouped(line.tokens.input),
            grouped(line.tokens.output),
        ];
        cells.extend(bytes.then(|| of_bytes(line.prompt_bytes)));
        table.row(&cells);
    }
    table.0 + "\n\n" + basis(ledger)
}

pub fn by_countries(ledger: &Ledger) -> String {
    let bytes = ledger.lines.iter().any(|line| line.prompt_bytes.is_some());
    let mut numbers = vec!["attempts", "tokens in", "tokens out"];
    numbers.extend(bytes.then_some("prompt bytes"));
    let mut table = Table::new(&["may be processed in", "by routes that are"], &numbers);
    for share in ledger.by_countries() {
        let mut cells = vec![
            share.countries,
            standing(share.standing).to_owned(),
            grouped(share.attempts),
            grouped(share.tokens.input),
            grouped(share.tokens.output),
        ];
        cells.extend(bytes.then(|| of_bytes(share.prompt_bytes)));
        table.row(&cells);
    }
    table.0
}

fn standing(of: Standing) -> &'static str {
    match of {
        Standing::Candidate => "candidate",
        Standing::Reference => "reference",
    }
}

fn of_bytes(bytes: Option<u64>) -> String {
    bytes.map_or_else(|| "–".to_owned(), grouped)
}

fn basis(ledger: &Ledger) -> &'static str {
    match ledger.basis {
        Basis::Everything => {
            "All attempts of the run, the warm-up's and failed ones included. Tokens as the service counted them: an \
             attempt that failed or was given up may have used some, and tells nobody."
        }
        Basis::MeasuredTime => {
            "Attempts of the measured time only: the run has left no records, so what its warm-up sent is **not in \
             these counts**. Tokens as the service counted them."
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::report::fixture;

    #[test]
    fn the_ledger_of_a_run_reads_like_this() {
        insta::assert_snapshot!(render(&fixture::congested().report()));
    }

    /// Evidence that leaves the warm-up out understates what was sent.
    #[test]
    fn the_warm_up_is_in_the_ledger() {
        let run = fixture::congested();
        let ledger = Ledger::of_recorder(&run.manifest.config.routes, &run.recorder);
        let measured: u64 = run.summary.routes[0].regions.iter().flat_map(|region| region.attempts.values()).sum();
        assert!(ledger.lines[0].attempts() > measured, "{} attempts, {measured} measured", ledger.lines[0].attempts());
    }

    #[test]
    fn a_run_that_sent_nothing_says_so_in_figures() {
        let text = render(&fixture::empty().report());
        assert!(text.contains("| sydney | Sydney | Sydney | 0 | 0 | 0 | 0 | 0 | 0 |"), "{text}");
    }
}
