//! What can be chosen by name or given as a file: profiles, workloads, scenarios and latency presets;
//! and the checks that they pass before anything is fired.

mod build;
pub mod builtin;
pub mod check;
pub mod experiment;
mod latency;
mod load;
mod measured;
pub mod models;
mod overrides;
mod region_model;
pub mod scenario;
pub mod schema;
mod settings;
mod sharing;
pub mod toml_file;

pub use experiment::Experiment;
pub use load::{Kind, LoadError, Loader, in_place_of, text_of};
pub use measured::{Measured, with_measured, with_quotas};
pub use models::{IN_REGION, Models};
pub use overrides::Override;
pub use scenario::Scenario;
pub use toml_file::FileError;

use std::collections::BTreeSet;

use crate::core::RegionId;
use crate::core::region::Jurisdiction;
use crate::core::residency::{Destination, Refusal, Residency, Standing};
use crate::core::run::{RouteHead, TargetHead};
use crate::region::{Conditions, PlaceSpec};
use crate::routing::{self, Settings};
use check::Problem;
use schema::RegionFile;

/// A profile that has passed every check: routes whose targets are inside the residency.
pub struct Profile {
    pub name: String,
    pub summary: String,
    pub residency: Residency,
    pub routes: Vec<Route>,
    /// The Region model, complete; built-in numbers under the profile's own.
    pub regions: Vec<RegionFile>,
    pub models: Models,
    /// What could not be checked, and the user should know.
    pub warnings: Vec<Problem>,
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

impl Profile {
    /// Keeps the routes named, in the profile's order.
    ///
    /// # Errors
    /// When a name is not among them.
    pub fn select(&mut self, names: &[String]) -> Result<(), String> {
        for name in names {
            if !self.routes.iter().any(|route| route.name == *name) {
                let known = self.routes.iter().map(|route| route.name.as_str());
                return Err(format!(
                    "profile `{}` has no route `{name}`{}",
                    self.name,
                    in_place_of(name, "It has", known)
                ));
            }
        }
        if !names.is_empty() {
            self.routes.retain(|route| names.contains(&route.name));
        }
        Ok(())
    }

    /// By route, what the rule that guards every run would say about its targets if only these countries were allowed.
    pub fn refused(&self, allowed: &BTreeSet<Jurisdiction>) -> Vec<Option<Refusal>> {
        let residency = Residency::new(allowed.iter().copied(), self.models.inference_profiles().clone());
        let of_target =
            |target: &Destination| residency.admit(target.endpoint(), target.model(), Standing::Candidate).err();
        self.routes.iter().map(|route| route.targets.iter().find_map(of_target)).collect()
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
        self.regions.iter().map(|region| region_model::place(region, conditions(region.code))).collect()
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

#[cfg(test)]
mod tests;
