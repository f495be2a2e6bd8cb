//! The evidence of a run for those who ask where data goes: data flow, policy, ledger, incidents, controls.

use super::markdown::{Table, escape};
use super::residency::{allowed, by_countries, data_flow, sent};
use crate::core::run::{World, label};
use crate::core::units::grouped;
use crate::govern::Ledger;
use crate::govern::controls::{ISO_27001, SOC_2};
use crate::govern::incidents::{Incident, Incidents, Why};
use crate::store::Manifest;
use crate::store::folder::rfc3339;

/// Everything that is shown.
pub struct Evidence<'a> {
    pub manifest: &'a Manifest,
    pub ledger: &'a Ledger,
    /// The policy as JSON, or why there is none.
    pub policy: Result<&'a str, &'a str>,
    /// Absent where the run has left no records.
    pub incidents: Option<&'a Incidents>,
}

/// As Markdown. It says what was done, and never that anybody is content with it.
pub fn render(of: &Evidence<'_>) -> String {
    let config = &of.manifest.config;
    let label = label(of.manifest.world, config.kind);
    let sections = [
        format!("# Evidence: where requests of profile {} go ({label})", escape(&config.profile)),
        allowed(of.manifest),
        format!("## Data flow\n\n{}", data_flow(of.ledger)),
        format!("## Ledger ({label})\n\n{}\n\n### By country\n\n{}", sent(of.ledger), by_countries(of.ledger)),
        format!("## Incidents: requests that went on to another Region ({label})\n\n{}", incidents(of)),
        format!("## Policy\n\n{}", policy(of.policy)),
        format!("## Controls\n\n{}", controls(of.manifest.world)),
        format!("## What this is not\n\n{NOT}"),
    ];
    sections.join("\n\n") + "\n"
}

const NOT: &str = "\
- A record of one run with synthetic prompts: not of what the application sends, nor of anybody's verdict on it. It is \
not legal advice.
- The Privacy Act (Australia) does not ask that data stay in the country: APP 8.1 asks for reasonable steps before \
personal information goes overseas, and section 16C keeps whoever sends it accountable. Law for a sector or a contract \
may ask for more. Whether a country is prescribed under APP 8.3 changes: look it up.
- A breach is notifiable when it is likely to result in serious harm to somebody and remedial action has not prevented \
that: the place where it happened is no part of the test.";

fn policy(of: Result<&str, &str>) -> String {
    match of {
        Ok(json) => format!(
            "Denies every inference call that no candidate route needs; attach it beside FullAWSAccess. bedbench does not \
             know whether it is attached. What it does call by call: `bedbench export scp --explain`.\n\n```json\n{}\n```",
            json.trim_end()
        ),
        Err(why) => format!("No policy can be made for these routes today: {}.", escape(why)),
    }
}

fn incidents(of: &Evidence<'_>) -> String {
    let Some(found) = of.incidents else {
        return "Not known: the run has left no records of single attempts.".to_owned();
    };
    if found.total() == 0 {
        return "None: no request went on to another Region than its first.".to_owned();
    }
    let mut table = Table::new(&["route", "from", "to", "because"], &["requests"]);
    for ((route, from, to, why), count) in &found.counts {
        table.row(&[route.clone(), from.name().to_owned(), to.name().to_owned(), why.clone(), grouped(*count)]);
    }
    let lines: Vec<_> = found.listed.iter().map(|incident| line(of.manifest, incident)).collect();
    let rest = found.total() - found.listed.len() as u64;
    let rest = match rest {
        0 => String::new(),
        n => format!("\n\n{} more are not listed here; `attempts.csv` has them all.", grouped(n)),
    };
    format!("{}\n\n{}{rest}", table.0, lines.join("\n"))
}

/// `- 2026-11-23T06:54:40.123Z sydney→singapore, request 812: Sydney throttled ("…"), then Singapore: ok; …`
fn line(manifest: &Manifest, of: &Incident) -> String {
    let why = match &of.why {
        Why::Failed(outcome, Some(words)) => format!("{} ended {outcome} (\"{}\")", of.from.name(), escape(words)),
        Why::Failed(outcome, None) => format!("{} ended {outcome}", of.from.name()),
        Why::Slow => format!("{} had not answered (hedged)", of.from.name()),
        Why::LeftAlone => format!("{} was left alone (cool-down or threshold)", of.from.name()),
    };
    format!(
        "- {} {}, request {}: {why}; then {}: {}{}",
        utc(manifest, of.at.as_nanos()),
        escape(&of.route),
        of.request,
        of.to.name(),
        of.outcome,
        if of.other_country { "; may be processed in other countries" } else { "" }
    )
}

/// RFC 3339 to the millisecond.
fn utc(manifest: &Manifest, run_nanos: u64) -> String {
    let nanos = manifest.started_unix_nanos.saturating_add(run_nanos);
    rfc3339(nanos).replace('Z', &format!(".{:03}Z", nanos % 1_000_000_000 / 1_000_000))
}

fn controls(world: World) -> String {
    let mut iso = Table::new(&["ISO/IEC 27001:2022", "control", "what the run shows", "what it leaves open"], &[]);
    for control in ISO_27001 {
        let shows = (control.shows)(world);
        iso.row(&[control.number.into(), control.title.into(), shows.into(), control.leaves_open.into()]);
    }
    let mut soc = Table::new(&["SOC 2 criteria", "question", "where the answer is"], &[]);
    for question in SOC_2 {
        soc.row(&[question.criteria.into(), question.asked.into(), question.answer.into()]);
    }
    format!("Numbers and titles in short; the wording of what is shown is bedbench's own.\n\n{}\n\n{}", iso.0, soc.0)
}
