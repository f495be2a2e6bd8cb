//! From a profile's file to a profile that can be run.

use super::check::{Draft, Problem, Weight};
use super::schema::{ProfileFile, RegionFile, RouteFile};
use super::{Models, Profile, Route, region_model};
use crate::core::residency::{Destination, Residency};
use crate::routing;

/// Checks `file` by every rule and builds the profile. `base` is the Region model beneath the
/// profile's own numbers; `text` is what lines are counted in.
///
/// # Errors
/// Every problem that stands against it.
pub fn build(
    file: &ProfileFile,
    text: Option<&str>,
    base: Vec<RegionFile>,
    models: Models,
) -> Result<Profile, Vec<Problem>> {
    let residency = Residency::new(file.residency.iter().copied(), models.inference_profiles().clone());
    let regions = region_model::merge(base, &file.region);
    let problems = Draft { file, regions: &regions, models: &models, residency: &residency }.problems(text);
    let (refused, warnings): (Vec<_>, _) = problems.into_iter().partition(|found| found.weight == Weight::Refused);
    if !refused.is_empty() {
        return Err(refused);
    }
    let routes = file.route.iter().map(|route| build_route(route.get_ref(), &residency, &models)).collect();
    Ok(Profile { name: file.name.clone(), summary: file.summary.clone(), residency, routes, regions, models, warnings })
}

/// Of a route that has passed every rule.
fn build_route(route: &RouteFile, residency: &Residency, models: &Models) -> Route {
    let standing = route.standing();
    let targets: Vec<_> = route
        .targets
        .iter()
        .map(|target| {
            let target = target.get_ref();
            residency.admit(target.region, target.called(), standing).expect("the rules have passed")
        })
        .collect();
    let settings = route.settings(models);
    let parts: Vec<_> = targets.iter().map(|target| describe(target, models)).collect();
    let label = match settings.weights.is_empty() {
        true => parts.join(" → "),
        false => {
            let shares = settings.weights.iter().map(|weight| format!("{:.0} %", weight * 100.0));
            shares.zip(parts).map(|(share, part)| format!("{share} {part}")).collect::<Vec<_>>().join(", ")
        }
    };
    let policy = routing::find(&route.policy).expect("the rules have passed");
    Route { name: route.name.clone(), label, policy, settings, targets, standing }
}

/// `au. from Sydney: Sydney or Melbourne`, or plain `Singapore`.
fn describe(target: &Destination, models: &Models) -> String {
    match models.split(target.model()).0 {
        Some(prefix) => format!("{prefix} from {}: {}", target.endpoint().name(), target.processing()),
        None => target.processing().to_string(),
    }
}
