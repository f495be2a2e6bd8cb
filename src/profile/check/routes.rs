//! Routes are named once, know their policy, and say nothing that the policy does not heed or that
//! cannot be meant.

use super::{Draft, Finding, Rule, refuse};
use crate::profile::Models;
use crate::profile::schema::RouteFile;
use crate::profile::toml_file::nearest;
use crate::routing;

pub const RULE: Rule = Rule {
    name: "route",
    summary: "routes have names of their own, a known policy, and keys that it heeds and that can be meant",
    check,
};

fn check(draft: &Draft<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    if draft.file.route.is_empty() {
        found.push(refuse(
            None,
            "there is no [[route]]".into(),
            "Write at least one; `bedbench profile show au` is a start",
        ));
    }
    for (i, route) in draft.file.route.iter().enumerate() {
        let (at, route) = (route.span().start, route.get_ref());
        if draft.file.route[..i].iter().any(|other| other.get_ref().name == route.name) {
            let what = format!("two routes are named `{}`", route.name);
            found.push(refuse(at, what, "Give each a name of its own"));
        }
        match routing::find(&route.policy) {
            Some(policy) => {
                let wrong = heeds(policy, route, draft.models);
                found.extend(wrong.map(|(what, way_out)| refuse(at, what, way_out)));
            }
            None => {
                let known: Vec<_> = routing::POLICIES.iter().map(|entry| entry.name).collect();
                let way_out = match nearest(&route.policy, known.iter().copied()) {
                    Some(near) => format!("Did you mean `{near}`?"),
                    None => format!("There are {}", known.join(", ")),
                };
                found.push(refuse(
                    at,
                    format!("route `{}`: no policy is named `{}`", route.name, route.policy),
                    way_out,
                ));
            }
        }
    }
    found
}

/// The first thing that `route` says and its policy cannot use, cannot mean, or needs and does not get.
fn heeds(policy: &routing::Entry, route: &RouteFile, models: &Models) -> Option<(String, String)> {
    let wrong = |what: String, way_out: &str| Some((format!("route `{}`: {what}", route.name), way_out.to_owned()));
    let name = policy.name;
    if !policy.targets.contains(&route.targets.len()) {
        let least = policy.targets.start();
        let wanted = if policy.targets.end() == least { format!("{least}") } else { format!("at least {least}") };
        let what = format!("policy `{name}` takes {wanted} target(s), not {}", route.targets.len());
        return wrong(what, "Add or remove targets, or choose another policy");
    }
    if let Some(key) = route.keys().find(|key| !policy.keys.contains(key)) {
        let heeding = routing::POLICIES.iter().filter(|entry| entry.keys.contains(&key)).map(|entry| entry.name);
        let way_out = format!("Take it out, or use {}", heeding.collect::<Vec<_>>().join(", "));
        return wrong(format!("policy `{name}` does not heed `{}`", key.name()), &way_out);
    }
    let settings = route.settings(models);
    let (what, way_out) = policy.keys.iter().find_map(|key| key.contradiction(&settings))?;
    wrong(what, way_out)
}
