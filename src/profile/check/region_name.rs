//! A Region goes by its own name: us-west-2 is Oregon, and N. California is us-west-1.

use super::{Draft, Finding, Rule, refuse};
use crate::core::RegionId;
use crate::profile::schema::RouteFile;

pub const RULE: Rule = Rule {
    name: "region-name",
    summary: "a Region code stands beside its own name, and a route that names a Region calls it",
    check,
};

fn check(draft: &Draft<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for region in &draft.file.region {
        let (at, region) = (region.span().start, region.get_ref());
        if let Some(name) = region.name.as_ref().filter(|name| *name != region.code.name()) {
            let what = format!("{} is {}, not {name}", region.code, region.code.name());
            let way_out = match RegionId::all().find(|other| other.name().eq_ignore_ascii_case(name)) {
                Some(meant) => format!(
                    "Write `name = \"{}\"`, or `code = \"{meant}\"` if {} is meant",
                    region.code.name(),
                    meant.name()
                ),
                None => format!("Write `name = \"{}\"`, or leave the name out", region.code.name()),
            };
            found.push(refuse(at, what, way_out));
        }
    }
    for route in &draft.file.route {
        let (at, route) = (route.span().start, route.get_ref());
        if let Some(named) = named_but_not_called(route) {
            let called: Vec<_> = route
                .targets
                .iter()
                .map(|target| format!("{} ({})", target.get_ref().region.name(), target.get_ref().region))
                .collect();
            let what = format!("route `{}` calls {} and not {}", route.name, called.join(", "), named.name());
            found.push(refuse(at, what, format!("Rename the route, or call {named}")));
        }
    }
    found
}

/// A Region whose name is in the route's name, though no target of the route is in it.
fn named_but_not_called(route: &RouteFile) -> Option<RegionId> {
    let name = words(&route.name);
    let says = |region: &RegionId| name.contains(&words(region.name()));
    RegionId::all().filter(says).find(|region| route.targets.iter().all(|target| target.get_ref().region != *region))
}

/// Lower case, and a single space for everything that is no letter: ` n california `.
fn words(text: &str) -> String {
    let letters = text.to_lowercase().replace(|c: char| !c.is_alphanumeric(), " ");
    format!(" {} ", letters.split_whitespace().collect::<Vec<_>>().join(" "))
}
