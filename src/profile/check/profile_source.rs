//! An inference profile is called from one of its source Regions.

use super::{Draft, Finding, Rule, refuse};
use crate::core::residency::Reason;

pub const RULE: Rule = Rule {
    name: "profile-source",
    summary: "an inference profile is called only from Regions that are its sources",
    check,
};

fn check(draft: &Draft<'_>) -> Vec<Finding> {
    draft
        .targets()
        .filter_map(|(route, target, at)| {
            let profiles = draft.models.inference_profiles();
            let Err(Reason::NotASource { sources }) = profiles.resolve(target.region, target.called()) else {
                return None;
            };
            let prefix = draft.models.split(&target.model).0.unwrap_or_default();
            let what = format!(
                "route `{}`: the `{prefix}` profile cannot be called from {} ({})",
                route.name,
                target.region.name(),
                target.region
            );
            let sources: Vec<_> = sources.iter().map(|r| format!("{} ({r})", r.name())).collect();
            Some(refuse(at, what, format!("Call it from {}, or use another model id here", sources.join(", "))))
        })
        .collect()
}
