//! What a route says about its policy.

use super::Models;
use super::schema::RouteFile;
use crate::routing::{Key, Settings};

impl RouteFile {
    /// The settings as they stand, whether or not they can be meant.
    pub fn settings(&self, models: &Models) -> Settings {
        let default = Settings::new(self.targets.len());
        let home = self.targets.first().map(|target| target.get_ref().model.as_str());
        Settings {
            targets: default.targets,
            cooldown: self.cooldown.map_or(default.cooldown, |cooldown| cooldown.0),
            weights: self.targets.iter().filter_map(|target| target.get_ref().weight).collect(),
            fall_back_on: self.fall_back_on.clone().unwrap_or(default.fall_back_on),
            backoff: self.backoff.unwrap_or(default.backoff),
            home_quota: self.home_quota.unwrap_or(default.home_quota),
            burndown: home.map_or(default.burndown, |model| models.burndown(model)),
            threshold: self.threshold.unwrap_or(default.threshold),
            hedge: self.hedge.unwrap_or(default.hedge),
            decay: self.decay.map_or(default.decay, |decay| decay.0),
        }
    }

    /// The keys that it sets.
    pub fn keys(&self) -> impl Iterator<Item = Key> {
        [
            (Key::Weight, self.targets.iter().any(|target| target.get_ref().weight.is_some())),
            (Key::Cooldown, self.cooldown.is_some()),
            (Key::FallBackOn, self.fall_back_on.is_some()),
            (Key::Backoff, self.backoff.is_some()),
            (Key::HomeQuota, self.home_quota.is_some()),
            (Key::Threshold, self.threshold.is_some()),
            (Key::Hedge, self.hedge.is_some()),
            (Key::Decay, self.decay.is_some()),
        ]
        .into_iter()
        .filter_map(|(key, set)| set.then_some(key))
    }
}
