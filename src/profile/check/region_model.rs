//! The Region model is complete, and its numbers make sense.

use super::{Draft, Finding, Rule, refuse};
use crate::profile::region_model::place;
use crate::region::Conditions;

pub const RULE: Rule = Rule {
    name: "region-model",
    summary: "every Region has the numbers that the mock needs, and they make sense",
    check,
};

fn check(draft: &Draft<'_>) -> Vec<Finding> {
    let broken = draft.regions.iter().filter_map(|region| {
        let what = place(region, Conditions::new(vec![], None)).err()?;
        let own = draft.file.region.iter().find(|own| own.get_ref().code == region.code);
        let at = own.map(|own| own.span().start);
        Some(refuse(at, what, "Correct it there; what a built-in Region leaves out has a built-in number"))
    });
    let unknown = draft.targets().filter_map(|(route, target, at)| {
        let known = draft.regions.iter().any(|region| region.code == target.region);
        let what = format!("route `{}` calls {}, which has no built-in model", route.name, target.region);
        (!known).then(|| refuse(at, what, "Add a [[region]] table with its rtt, capacity, ttft and tpot"))
    });
    broken.chain(unknown).collect()
}
