//! Provisioned capacity is called by its own ARN, in its own Region, and never through a profile.

use super::{Draft, Finding, Rule, refuse};
use crate::core::residency::{Pool, is_provisioned};

pub const RULE: Rule =
    Rule { name: "provisioned", summary: "provisioned capacity is never called through an inference profile", check };

fn check(draft: &Draft<'_>) -> Vec<Finding> {
    let bought =
        draft.targets().filter_map(|(route, target, at)| Some((route, target, at, target.provisioned.as_ref()?)));
    bought
        .filter_map(|(route, target, at, arn)| {
            let wrong = |what: String, way_out: &str| Some(refuse(at, format!("route `{}`: {what}", route.name), way_out));
            if let (Some(prefix), base) = draft.models.split(&target.model) {
                let what = format!("inference profiles do not support Provisioned Throughput, and `{prefix}` is one");
                return wrong(what, &format!("Write `model = \"{base}\"`, or take `provisioned` out"));
            }
            if !is_provisioned(target.region, arn) {
                let what = format!("`{arn}` is no provisioned capacity in {}", target.region.name());
                let way_out = format!("It looks like arn:aws:bedrock:{}:111122223333:provisioned-model/abc123", target.region);
                return wrong(what, &way_out);
            }
            let region = draft.regions.iter().find(|region| region.code == target.region);
            let mut quotas = region.and_then(|region| region.quota.as_deref()).into_iter().flatten();
            if !quotas.any(|quota| quota.pools.contains(&Pool::Provisioned)) {
                let what = format!("the profile does not say how much capacity was bought in {}", target.region.name());
                let way_out = "Add a [[region]] with a quota for pools = [\"provisioned\"]: its tokens_per_minute are your model units times the tokens of each";
                return wrong(what, way_out);
            }
            None
        })
        .collect()
}
