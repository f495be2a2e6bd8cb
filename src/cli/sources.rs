//! What every command that reads profiles takes: where the model list is, and single values.

use std::path::{Path, PathBuf};

use clap::Args;

use super::exit::{Code, Failure};
use crate::bedrock::check_ca;
use crate::clock;
use crate::govern::Prices;
use crate::profile::{LoadError, Loader, Override};
use crate::store::folder::rfc3339;

#[derive(Clone, Debug, Default, Args)]
pub struct Sources {
    /// Change one value of the profile, workload, scenario or pattern; repeatable. Passes the same checks:
    /// region.singapore.rtt.value=95ms, route.sydney→singapore.cooldown=5s, workload.max_tokens=512,
    /// scenario.phase.congested.share=0.6
    #[arg(long, value_name = "PATH=VALUE")]
    pub set: Vec<Override>,
    /// A newer list of models than the built-in one, of the shape of profiles/models.toml
    #[arg(long, value_name = "FILE")]
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

/// What `--endpoint-ca` names, in PEM.
///
/// # Errors
/// When the file cannot be read or holds no certificate.
pub fn read_ca(path: &Path) -> Result<String, Failure> {
    let wrong = |error: String| Failure::new(Code::Unreadable, format!("--endpoint-ca {}: {error}", path.display()));
    let pem = std::fs::read_to_string(path).map_err(|error| wrong(error.to_string()))?;
    check_ca(&pem).map_err(wrong)?;
    Ok(pem)
}

/// What every command that says what something costs takes.
#[derive(Clone, Debug, Default, Args)]
pub struct PriceFile {
    /// Prices of your own, of the shape of profiles/prices.toml; they stand before the built-in ones
    #[arg(long, value_name = "FILE")]
    prices: Option<PathBuf>,
}

impl PriceFile {
    /// The built-in prices, under those of the user.
    ///
    /// # Errors
    /// When the file cannot be read or is no list of prices.
    pub fn read(&self) -> Result<Prices, Failure> {
        let wrong = |error: &dyn std::fmt::Display| Failure::new(Code::Unreadable, error.to_string());
        let built_in = Prices::built_in().map_err(|error| wrong(&error))?;
        let Some(path) = &self.prices else { return Ok(built_in) };
        let text = std::fs::read_to_string(path);
        let text =
            text.map_err(|error| Failure::new(Code::Unreadable, format!("--prices {}: {error}", path.display())))?;
        built_in.under(&path.to_string_lossy(), &text).map_err(|error| wrong(&error))
    }
}
