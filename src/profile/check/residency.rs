//! Nothing is processed outside the residency, but for reference routes, which say so.

use super::{Draft, Finding, Rule, refuse};
use crate::core::residency::Reason;

pub const RULE: Rule =
    Rule { name: "residency", summary: "no route is processed outside the residency, but for references", check };

fn check(draft: &Draft<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if draft.file.residency.is_empty() {
        let what = "the residency allows no country".to_owned();
        found.push(refuse(
            None,
            what,
            "Write the countries in which requests may be processed, such as [\"Australia\"]",
        ));
    }
    found.extend(draft.targets().filter_map(|(route, target, at)| {
        let refusal = draft.residency.admit(target.region, target.called(), route.standing()).err()?;
        // Another rule says so, with the Regions that could.
        if matches!(refusal.reason, Reason::NotASource { .. }) {
            return None;
        }
        let what = format!(
            "route `{}`: `{}` called in {} {}",
            route.name,
            target.called(),
            target.region.name(),
            refusal.reason
        );
        Some(refuse(at, what, refusal.reason.way_out()))
    }));
    found
}
