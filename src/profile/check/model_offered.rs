//! A Region takes the model in the way in which the profile asks for it.

use super::{Draft, Finding, Rule, refuse, warn};
use crate::profile::models::Offer;

pub const RULE: Rule =
    Rule { name: "model-offered", summary: "each Region offers the model in the way it is asked for it", check };

fn check(draft: &Draft<'_>) -> Vec<Finding> {
    // What is bought as provisioned capacity is in no list of on-demand models.
    let on_demand = draft.targets().filter(|(_, target, _)| target.provisioned.is_none());
    on_demand
        .filter_map(|(route, target, at)| {
            let (region, model) = (target.region, &target.model);
            let date = draft.models.lists_date();
            let wrong = |what: &str| format!("route `{}`: {} {what} `{model}`", route.name, region.name());
            match draft.models.offer(region, model) {
                Offer::Yes => None,
                // Another rule says so, with the sources.
                _ if draft.models.inference_profiles().resolve(region, model).is_err() => None,
                Offer::OtherWise(ids) => {
                    let what = format!("{} (lists of {date})", wrong("does not offer"));
                    Some(refuse(at, what, format!("There it is called as {}", ids.join(" or "))))
                }
                Offer::Elsewhere(regions) => {
                    let what = format!("{} in any way (lists of {date})", wrong("does not offer"));
                    let places: Vec<_> = regions.iter().map(|region| region.name()).collect();
                    let way_out = format!(
                        "It is offered in {}; choose another model here, or pass a newer list with --models FILE",
                        places.join(", ")
                    );
                    Some(refuse(at, what, way_out))
                }
                Offer::Unlisted { nearest } => {
                    let what = format!(
                        "route `{}`: whether {} offers `{model}` is not in the lists of {date}",
                        route.name,
                        region.name()
                    );
                    let way_out = match nearest {
                        Some(near) => format!("Did you mean `{near}`?"),
                        None => "Nothing was checked; --models FILE takes a newer list".to_owned(),
                    };
                    Some(warn(at, what, way_out))
                }
            }
        })
        .collect()
}
