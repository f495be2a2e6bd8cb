//! What the lists of models add to the article's advice: where a call really can be kept.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{Grade, Inputs, regions};
use crate::core::RegionId;
use crate::profile::Models;
use crate::profile::models::Offer;

/// A customer whose objective is below this stays in one Region, the article says.
const TIGHT: Duration = Duration::from_millis(300);

/// What to know before the article's advice for `inputs` is followed with the models `called`, which may carry a profile
/// prefix; `tightest` is the lowest latency objective.
pub fn overlay(models: &Models, called: &BTreeSet<&str>, inputs: Inputs, tightest: Option<Duration>) -> Vec<String> {
    let bases: BTreeSet<_> = called.iter().map(|model| models.split(model).1).collect();
    let mut warnings = Vec::new();
    if inputs.data == Grade::High {
        warnings.extend(bases.iter().filter_map(|model| sydney_alone(models, model)));
    }
    let singapore = regions(inputs).into_iter().find(|region| region.code() == "ap-southeast-1");
    if let Some(singapore) = singapore {
        warnings.extend(bases.iter().filter_map(|model| only_global(models, singapore, model)));
        let others: Vec<_> = models
            .ids()
            .filter(|id| id.starts_with("anthropic.claude-") && !bases.contains(id))
            .filter(|id| is_only_global(models, singapore, id))
            .collect();
        if !others.is_empty() {
            warnings.push(format!(
                "another model may not do in Singapore: through `global.` alone, which may be processed anywhere, it has {} \
                 (lists of {})",
                others.join(", "),
                models.lists_date()
            ));
        }
    }
    if tightest.is_some_and(|limit| limit < TIGHT) {
        warnings
            .push("an objective below 300 ms rules out every Region but Sydney, by the article's own rule".to_owned());
    }
    warnings
}

/// Why `model` cannot be kept in Sydney, if it cannot.
fn sydney_alone(models: &Models, model: &str) -> Option<String> {
    let Offer::OtherWise(ids) = models.offer(RegionId::SYDNEY, model) else { return None };
    let ways: Vec<_> = ids
        .iter()
        .map(|id| {
            let places = models.inference_profiles().resolve(RegionId::SYDNEY, id);
            format!("`{id}` ({})", places.map_or_else(|why| why.to_string(), |(_, places)| places.to_string()))
        })
        .collect();
    Some(format!(
        "Sydney alone is impossible for {model}: it is called there as {} (lists of {})",
        ways.join(" or "),
        models.lists_date()
    ))
}

fn is_only_global(models: &Models, region: RegionId, model: &str) -> bool {
    matches!(models.offer(region, model), Offer::OtherWise(ids) if ids.iter().all(|id| id.starts_with("global.")))
}

fn only_global(models: &Models, region: RegionId, model: &str) -> Option<String> {
    is_only_global(models, region, model).then(|| {
        format!(
            "{} means `global.{model}`, which may be processed in any commercial Region (lists of {})",
            region.name(),
            models.lists_date()
        )
    })
}
