//! What every command that reads profiles takes: where the model list is, and single values.

use std::path::PathBuf;

use clap::Args;

use crate::clock;
use crate::profile::{LoadError, Loader, Override};
use crate::store::folder::rfc3339;

#[derive(Clone, Debug, Default, Args)]
pub struct Sources {
    /// Change one value of the profile, workload, scenario or pattern; repeatable. Passes the same checks:
    /// region.singapore.rtt.value=95ms, route.sydney→singapore.cooldown=5s, workload.max_tokens=512,
    /// scenario.phase.congested.share=0.6
    #[arg(long, value_name = "PATH=VALUE", help_heading = "Files")]
    pub set: Vec<Override>,
    /// A newer list of models than the built-in one, of the shape of profiles/models.toml
    #[arg(long, value_name = "FILE", help_heading = "Files")]
    models: Option<PathBuf>,
}

impl Sources {
    /// `latency` names service times to use in place of the built-in ones.
    ///
    /// # Errors
    /// When a file named cannot be read.
    pub fn loader(&self, latency: Option<&str>) -> Result<Loader, LoadError> {
        let now = rfc3339(clock::unix_nanos());
        let today = now.split('T').next().unwrap_or_default();
        let overrides = self.set.iter().cloned().map(|set| set.on(today)).collect();
        Loader::new(self.models.as_deref(), latency, overrides)
    }
}
