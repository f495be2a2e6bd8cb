//! What can be chosen by name or given as a file: profiles, workloads and scenarios; and the
//! checks that they pass before anything is fired.

pub mod builtin;
pub mod models;
pub mod scenario;
pub mod schema;
pub mod toml_file;

pub use models::Models;
pub use scenario::Scenario;
pub use toml_file::FileError;

use crate::core::RegionId;
use crate::core::residency::{Destination, Refusal, Residency, Standing};
use crate::core::run::{RouteHead, TargetHead};
use crate::plan::workload::Workload;
use crate::region::{Conditions, PlaceSpec};
use crate::routing::{self, Settings};
use builtin::Builtin;
use schema::{ProfileFile, RegionFile, RegionsFile, RouteFile};
use toml_file::{nearest, parse};

const SCHEMA: u32 = 1;

/// A profile that has passed every check: routes whose targets are inside the residency.
pub struct Profile {
    pub name: String,
    pub summary: String,
    pub residency: Residency,
    pub routes: Vec<Route>,
    /// The Region model, complete; built-in numbers under the profile's own.
    pub regions: Vec<RegionFile>,
    pub models: Models,
}

/// One way for requests to go.
#[derive(Clone)]
pub struct Route {
    pub name: String,
    /// Names the place of processing.
    pub label: String,
    pub policy: &'static routing::Entry,
    pub settings: Settings,
    /// In the order of the profile.
    pub targets: Vec<Destination>,
    pub standing: Standing,
}

/// Why something chosen by name or file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    File(#[from] FileError),
    #[error("{file}: route `{route}`: {refusal}")]
    Refused { file: String, route: String, refusal: Box<Refusal> },
    #[error("no {kind} is named `{name}`{} Built in: {}. A path to a .toml file works too", did_you_mean(*near), known.join(", "))]
    Unknown { kind: &'static str, name: String, near: Option<&'static str>, known: Vec<&'static str> },
    #[error("cannot read {path}: {source}")]
    Unreadable { path: String, source: std::io::Error },
}

/// Ends the sentence before it.
fn did_you_mean(near: Option<&str>) -> String {
    near.map_or_else(|| ".".to_owned(), |near| format!("; did you mean `{near}`?"))
}

/// The text behind a name of `list` or a path, and what to call it in errors.
fn find(kind: &'static str, list: &'static [Builtin], name: &str) -> Result<(String, String), LoadError> {
    if let Some(builtin) = list.iter().find(|builtin| builtin.name == name) {
        return Ok((builtin.file.to_owned(), builtin.text.to_owned()));
    }
    if name.ends_with(".toml") || name.contains('/') {
        let text =
            std::fs::read_to_string(name).map_err(|source| LoadError::Unreadable { path: name.to_owned(), source })?;
        return Ok((name.to_owned(), text));
    }
    let known: Vec<_> = list.iter().map(|builtin| builtin.name).collect();
    Err(LoadError::Unknown { kind, name: name.to_owned(), near: nearest(name, known.iter().copied()), known })
}

/// The text of a profile as it is written, for `profile show`.
///
/// # Errors
/// When there is no such profile.
pub fn profile_text(name: &str) -> Result<String, LoadError> {
    Ok(find("profile", builtin::PROFILES, name)?.1)
}

/// # Errors
/// When there is no such workload, or its file is broken.
pub fn load_workload(name: &str) -> Result<Workload, LoadError> {
    let (file, text) = find("workload", builtin::WORKLOADS, name)?;
    let workload: Workload = parse(&file, &text)?;
    check_schema(&file, workload.schema)?;
    let lengths = [("input", &workload.input), ("output", &workload.output)];
    if let Some((key, _)) = lengths.iter().find(|(_, l)| l.p50 == 0 || l.p95 < l.p50 || l.max < l.p50) {
        return Err(FileError::new(&file, format!("{key}: must be 0 < p50 <= p95, and max not below p50")).into());
    }
    if workload.max_tokens == 0 {
        return Err(FileError::new(&file, "max_tokens must be at least 1").into());
    }
    Ok(workload)
}

/// # Errors
/// When there is no such scenario, or its file is broken.
pub fn load_scenario(name: &str) -> Result<Scenario, LoadError> {
    let (file, text) = find("scenario", builtin::SCENARIOS, name)?;
    let scenario = Scenario::parse(&file, &text)?;
    check_schema(&file, scenario.schema)?;
    Ok(scenario)
}

/// Loads and checks a profile.
///
/// # Errors
/// When there is none of that name, its file is broken, or a route leaves the residency.
pub fn load_profile(name: &str) -> Result<Profile, LoadError> {
    let (file, text) = find("profile", builtin::PROFILES, name)?;
    Profile::parse(&file, &text)
}

fn check_schema(file: &str, schema: u32) -> Result<(), FileError> {
    if schema == SCHEMA {
        return Ok(());
    }
    Err(FileError::new(file, format!("schema {schema} is not known to this version, which reads schema {SCHEMA}")))
}

impl Profile {
    /// # Errors
    /// When the text is no profile, or a route leaves the residency.
    pub fn parse(file: &str, text: &str) -> Result<Self, LoadError> {
        let profile: ProfileFile = parse(file, text)?;
        check_schema(file, profile.schema)?;
        let models = Models::built_in()?;
        let residency = Residency::new(profile.residency, models.inference_profiles().clone());
        let regions = merge_regions(file, profile.region)?;
        if profile.route.is_empty() {
            return Err(FileError::new(file, "a profile needs at least one [[route]]").into());
        }
        let mut routes: Vec<Route> = Vec::new();
        for route in profile.route {
            if routes.iter().any(|other| other.name == route.name) {
                return Err(FileError::new(file, format!("two routes are named `{}`", route.name)).into());
            }
            routes.push(check_route(file, route, &residency, &models)?);
        }
        Ok(Self { name: profile.name, summary: profile.summary, residency, routes, regions, models })
    }

    /// Keeps the routes named, in the profile's order.
    ///
    /// # Errors
    /// When a name is not among them.
    pub fn select(&mut self, names: &[String]) -> Result<(), String> {
        for name in names {
            if !self.routes.iter().any(|route| route.name == *name) {
                let known: Vec<_> = self.routes.iter().map(|route| route.name.as_str()).collect();
                let hint = did_you_mean(nearest(name, known.iter().copied()));
                let known = known.join(", ");
                return Err(format!("profile `{}` has no route `{name}`{hint} It has {known}", self.name));
            }
        }
        if !names.is_empty() {
            self.routes.retain(|route| names.contains(&route.name));
        }
        Ok(())
    }

    /// Regions that the routes call, in the order in which they first appear.
    pub fn endpoints(&self) -> Vec<RegionId> {
        let mut endpoints = Vec::new();
        for destination in self.routes.iter().flat_map(|route| &route.targets) {
            if !endpoints.contains(&destination.endpoint()) {
                endpoints.push(destination.endpoint());
            }
        }
        endpoints
    }

    /// What the Region model is built from, under the conditions given for each Region.
    ///
    /// # Errors
    /// When a number of the model makes no sense.
    pub fn places(&self, conditions: impl Fn(RegionId) -> Conditions) -> Result<Vec<PlaceSpec>, String> {
        self.regions.iter().map(|region| place(region, conditions(region.code))).collect()
    }
}

impl Route {
    pub fn head(&self) -> RouteHead {
        RouteHead {
            name: self.name.clone(),
            label: self.label.clone(),
            policy: self.policy.name.to_owned(),
            standing: self.standing,
            targets: self
                .targets
                .iter()
                .map(|target| TargetHead {
                    region: target.endpoint(),
                    model: target.model().to_owned(),
                    processed_in: target.processing().to_string(),
                })
                .collect(),
        }
    }
}

fn check_route(file: &str, route: RouteFile, residency: &Residency, models: &Models) -> Result<Route, LoadError> {
    let wrong = |what: String| FileError::new(file, format!("route `{}`: {what}", route.name));
    let Some(policy) = routing::find(&route.policy) else {
        let known: Vec<_> = routing::POLICIES.iter().map(|entry| entry.name).collect();
        return Err(wrong(format!("no policy `{}`; there are {}", route.policy, known.join(", "))).into());
    };
    if !policy.targets.contains(&route.targets.len()) {
        let wanted = policy.targets.start();
        let wanted = if policy.targets.end() == wanted { format!("{wanted}") } else { format!("at least {wanted}") };
        let what = format!("policy `{}` takes {wanted} target(s), not {}", policy.name, route.targets.len());
        return Err(wrong(what).into());
    }
    let standing = if route.reference { Standing::Reference } else { Standing::Candidate };
    let targets = route
        .targets
        .iter()
        .map(|target| {
            residency.admit(target.region, &target.model, standing).map_err(|refusal| LoadError::Refused {
                file: file.into(),
                route: route.name.clone(),
                refusal: Box::new(refusal),
            })
        })
        .collect::<Result<Vec<_>, _>>()?;
    let label = targets.iter().map(|target| describe(target, models)).collect::<Vec<_>>().join(" → ");
    let cooldown = route.cooldown.unwrap_or_default().0;
    let settings = Settings { targets: targets.len(), cooldown };
    Ok(Route { name: route.name, label, policy, settings, targets, standing })
}

/// `au. from Sydney: Sydney or Melbourne`, or plain `Singapore`.
fn describe(target: &Destination, models: &Models) -> String {
    match models.split(target.model()).0 {
        Some(prefix) => format!("{prefix} from {}: {}", target.endpoint().name(), target.processing()),
        None => target.processing().to_string(),
    }
}

fn merge_regions(file: &str, own: Vec<RegionFile>) -> Result<Vec<RegionFile>, FileError> {
    let base: RegionsFile = parse(builtin::REGIONS.file, builtin::REGIONS.text)?;
    check_schema(builtin::REGIONS.file, base.schema)?;
    let mut regions = base.region;
    for region in own {
        if let Some(name) = region.name.as_ref().filter(|name| *name != region.code.name()) {
            let what = format!("region {} is {}, not {name}", region.code, region.code.name());
            return Err(FileError::new(file, what));
        }
        match regions.iter_mut().find(|known| known.code == region.code) {
            Some(known) => *known = region.over(known.clone()),
            None => regions.push(region),
        }
    }
    for region in &regions {
        place(region, Conditions::new(vec![], None)).map_err(|what| FileError::new(file, what))?;
    }
    Ok(regions)
}

fn place(region: &RegionFile, conditions: Conditions) -> Result<PlaceSpec, String> {
    let code = region.code;
    let missing = |key| format!("region {code} has no built-in model, so it needs `{key}` in the profile");
    let wrong = |key: &str, what: String| format!("region {code}: {key}: {what}");
    let rtt = region.rtt.as_ref().ok_or_else(|| missing("rtt"))?;
    let capacity = region.capacity.as_ref().ok_or_else(|| missing("capacity"))?;
    if capacity.slots == 0 {
        return Err(wrong("capacity", "slots must be at least 1".into()));
    }
    let ttft = region.ttft.as_ref().ok_or_else(|| missing("ttft"))?.law().map_err(|what| wrong("ttft", what))?;
    let tpot = region.tpot.as_ref().ok_or_else(|| missing("tpot"))?.law().map_err(|what| wrong("tpot", what))?;
    let mut quotas = Vec::new();
    for quota in region.quota.as_deref().unwrap_or_default() {
        quotas.extend(quota.specs().map_err(|what| wrong("quota", what))?);
    }
    Ok(PlaceSpec {
        region: code,
        rtt: rtt.value.0,
        jitter: rtt.jitter.0,
        slots: capacity.slots,
        queue: capacity.queue,
        ttft,
        per_input_token: region.per_input.as_ref().map_or_else(Default::default, |constant| constant.value.0),
        tpot,
        quotas,
        conditions,
    })
}

#[cfg(test)]
mod tests;
