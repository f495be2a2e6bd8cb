//! The block that AWS support asks for when a quota is to be raised, from what a run has measured.

use super::markdown::{Table, escape};
use crate::core::RegionId;
use crate::core::run::{World, label};
use crate::core::units::{grouped, percent};
use crate::govern::demand::{Demand, PerMinute, PerRequest};
use crate::store::Manifest;
use crate::store::folder::rfc3339;

/// Minutes that are listed; the table is to be read by somebody.
const MOST_MINUTES: usize = 30;

/// What one target of one route asked of its quota.
pub struct Claim<'a> {
    pub route: &'a str,
    pub region: RegionId,
    pub model: &'a str,
    /// Which of the account's quotas it draws on.
    pub pool: &'a str,
    /// Quota that one output token uses.
    pub burndown: f64,
    pub minutes: f64,
    pub demand: &'a Demand,
}

pub fn render(manifest: &Manifest, claims: &[Claim<'_>]) -> String {
    let config = &manifest.config;
    let label = label(manifest.world, config.kind);
    let mut text = format!("# Quota request: profile {} ({label})\n", escape(&config.profile));
    if manifest.world != World::Live {
        text += &format!(
            "\n**{label}: these are the numbers of a rehearsal, not of your account. They show what the load asks for; \
             whether it is throttled there, a live run shows.**\n"
        );
    }
    text += &format!(
        "\nLoad: {}. Started at {}. Fill in your account id and use case, and hand in one block for each \
         Region and model.\n",
        escape(&config.load),
        manifest.started
    );
    for claim in claims {
        text += &format!("\n{}", block(manifest, claim));
    }
    text + &format!("\n{NOTES}")
}

const NOTES: &str = "\
- Peak: the most within any 60 s of the measured time. Steady: the mean over it.
- Throttled attempts are in the requests and in what was reserved; they used no tokens. A policy that tries again is \
counted again.
- Reserved: input and max_tokens of every attempt, as the quota takes it when a request starts; lower max_tokens if it \
is far above what is used. Unused tokens are given back at the end.
- How AWS keeps its minute (fixed, or a bucket) is not published.
";

fn block(manifest: &Manifest, claim: &Claim<'_>) -> String {
    let demand = claim.demand;
    let mut text = format!(
        "## {} in {} ({})\n\nRoute {}, {}.\n\n",
        escape(claim.model),
        claim.region.name(),
        claim.region,
        escape(claim.route),
        claim.pool
    );
    if demand.attempts() == 0 {
        return text + "Nothing was sent there in the measured time.\n";
    }
    let mut table = Table::new(&["per minute"], &["steady", "peak"]);
    let mut row = |what: String, of: PerMinute| table.row(&[what, whole(of.steady), of.peak.map_or_else(none, whole)]);
    row("requests (RPM)".into(), demand.requests(claim.minutes));
    row("tokens used (TPM): input + output".into(), demand.tokens(claim.minutes, 1.0));
    if claim.burndown != 1.0 {
        row(
            format!("tokens as the quota counts them: input + output × {}", claim.burndown),
            demand.tokens(claim.minutes, claim.burndown),
        );
    }
    row("tokens reserved: input + max_tokens".into(), demand.reserved(claim.minutes));
    text += &table.0;
    let mut table = Table::new(&["per answered request"], &["mean", "p95"]);
    for (what, of) in [("input tokens", demand.input()), ("output tokens", demand.output())] {
        table.row(&[what.into(), of.map_or_else(none, |of| whole(of.mean)), of.map_or_else(none, p95)]);
    }
    text += &format!("\n\n{}\n\n", table.0);
    text += &format!(
        "{} attempts in {:.1} minutes, {} answered, {} throttled ({}).\n",
        grouped(demand.attempts()),
        claim.minutes,
        grouped(demand.answered()),
        grouped(demand.throttled()),
        percent(demand.throttled(), demand.attempts()),
    );
    if claim.minutes < 1.0 {
        text += "The run is shorter than a minute: it has no peak per minute.\n";
    }
    let timeline = demand.timeline(manifest.started_unix_nanos);
    if !timeline.is_empty() {
        let mut table = Table::new(&["minute (UTC)"], &["attempts", "throttled", "share"]);
        for minute in timeline.iter().take(MOST_MINUTES) {
            table.row(&[
                rfc3339(minute.minute),
                grouped(minute.attempts),
                grouped(minute.throttled),
                percent(minute.throttled, minute.attempts),
            ]);
        }
        text += &format!("\nThrottle timeline:\n\n{}\n", table.0);
        let rest = timeline.len().saturating_sub(MOST_MINUTES);
        if rest > 0 {
            text += &format!("\n{rest} more minutes with throttles are in `attempts.csv`.\n");
        }
        text += "\nHold the peaks against your quota in Service Quotas first: what is throttled below it meets a Region that \
                 is full, and no quota mends that.\n";
    }
    text
}

fn p95(of: PerRequest) -> String {
    of.p95.map_or_else(none, |count| grouped(u64::from(count)))
}

fn whole(value: f64) -> String {
    grouped(value.round() as u64)
}

fn none() -> String {
    "–".to_owned()
}
