//! Routes are named once, know their policy, and say nothing that the policy does not heed.

use super::{Draft, Finding, Rule, refuse};
use crate::profile::schema::RouteFile;
use crate::profile::toml_file::nearest;
use crate::routing::{self, Key};

pub const RULE: Rule = Rule {
    name: "route",
    summary: "routes have names of their own, a known policy, and only keys that it heeds",
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
            Some(policy) => found.extend(heeds(policy, route).map(|(what, way_out)| refuse(at, what, way_out))),
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

/// The first thing that `route` says and its policy cannot use, or needs and does not get.
fn heeds(policy: &routing::Entry, route: &RouteFile) -> Option<(String, String)> {
    let wrong = |what: String, way_out: &str| Some((format!("route `{}`: {what}", route.name), way_out.to_owned()));
    let name = policy.name;
    if !policy.targets.contains(&route.targets.len()) {
        let least = policy.targets.start();
        let wanted = if policy.targets.end() == least { format!("{least}") } else { format!("at least {least}") };
        let what = format!("policy `{name}` takes {wanted} target(s), not {}", route.targets.len());
        return wrong(what, "Add or remove targets, or choose another policy");
    }
    if route.cooldown.is_some() && !policy.keys.contains(&Key::Cooldown) {
        return wrong(format!("policy `{name}` does not heed `cooldown`"), "Take it out");
    }
    let weights: Vec<f64> = route.targets.iter().filter_map(|target| target.get_ref().weight).collect();
    if !policy.keys.contains(&Key::Weight) {
        return if weights.is_empty() {
            None
        } else {
            wrong(format!("policy `{name}` does not heed `weight`"), "Take it out, or use policy `weighted`")
        };
    }
    let sum: f64 = weights.iter().sum();
    let complete = weights.len() == route.targets.len() && weights.iter().all(|weight| *weight > 0.0);
    if complete && (sum - 1.0).abs() < 1e-6 {
        return None;
    }
    let what = format!("its {} weights are {weights:?} and add up to {sum}", weights.len());
    wrong(what, "Give each target a `weight` above 0, and let them add up to 1")
}
