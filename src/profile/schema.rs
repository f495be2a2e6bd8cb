//! The shape of profile, region and model files. Every shipped number has a source and a date.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::RegionId;
use crate::core::region::Jurisdiction;
use crate::core::residency::{InferenceProfile, Pool};
use crate::core::units::Span;
use crate::region::Law;
use crate::region::quota::QuotaSpec;

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProfileFile {
    pub schema: u32,
    pub name: String,
    pub summary: String,
    /// Countries in which requests may be processed.
    pub residency: Vec<Jurisdiction>,
    pub source: String,
    pub date: String,
    pub route: Vec<RouteFile>,
    /// Overrides of the built-in Region model.
    #[serde(default)]
    pub region: Vec<RegionFile>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteFile {
    pub name: String,
    pub policy: String,
    pub targets: Vec<TargetFile>,
    /// Fired beside the others though outside the residency; never recommended.
    #[serde(default)]
    pub reference: bool,
    /// `fallback`: how long a throttled target is left alone.
    pub cooldown: Option<Span>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFile {
    pub region: RegionId,
    pub model: String,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionsFile {
    pub schema: u32,
    pub region: Vec<RegionFile>,
}

/// A Region's model. In a profile every part may be left out, and is then the built-in one.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegionFile {
    pub code: RegionId,
    pub name: Option<String>,
    pub rtt: Option<Rtt>,
    pub capacity: Option<Capacity>,
    pub ttft: Option<Times>,
    pub per_input: Option<Constant>,
    pub tpot: Option<Times>,
    pub quota: Option<Vec<QuotaFile>>,
}

impl RegionFile {
    /// `self` where it says something, `base` elsewhere.
    pub fn over(self, base: Self) -> Self {
        Self {
            code: self.code,
            name: self.name.or(base.name),
            rtt: self.rtt.or(base.rtt),
            capacity: self.capacity.or(base.capacity),
            ttft: self.ttft.or(base.ttft),
            per_input: self.per_input.or(base.per_input),
            tpot: self.tpot.or(base.tpot),
            quota: self.quota.or(base.quota),
        }
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rtt {
    pub value: Span,
    #[serde(default)]
    pub jitter: Span,
    pub source: String,
    pub date: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Capacity {
    pub slots: usize,
    pub queue: usize,
    pub source: String,
    pub date: String,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    pub value: Span,
    pub source: String,
    pub date: String,
}

/// A log-normal time by its median and 95th percentile; equal numbers make it fixed.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    pub p50: Span,
    pub p95: Span,
    pub source: String,
    pub date: String,
}

impl Times {
    /// # Errors
    /// When the percentiles are not in order.
    pub fn law(&self) -> Result<Law, String> {
        let (p50, p95) = (self.p50.0, self.p95.0);
        if p50 == p95 {
            return Ok(Law::Fixed(p50));
        }
        if p50.is_zero() || p95 < p50 {
            return Err(format!("p95 ({}) must not be below p50 ({}), nor p50 be 0", self.p95, self.p50));
        }
        Ok(Law::LogNormal { p50, p95 })
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaFile {
    /// Each pool is counted apart.
    pub pools: Vec<Pool>,
    pub requests_per_minute: Option<f64>,
    pub tokens_per_minute: Option<f64>,
    /// How much unused quota is saved up.
    pub burst: Span,
    pub source: String,
    pub date: String,
}

impl QuotaFile {
    /// # Errors
    /// When a limit is not a positive number.
    pub fn specs(&self) -> Result<impl Iterator<Item = (Pool, QuotaSpec)> + '_, String> {
        for (name, limit) in
            [("requests_per_minute", self.requests_per_minute), ("tokens_per_minute", self.tokens_per_minute)]
        {
            if limit.is_some_and(|limit| !limit.is_finite() || limit <= 0.0) {
                return Err(format!("{name} must be above 0; leave it out for no limit"));
            }
        }
        if self.burst.0 < Duration::from_millis(1) {
            return Err("burst must be at least 1ms: it is the quota that can be saved up".into());
        }
        let spec = QuotaSpec {
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            burst: self.burst.0,
        };
        Ok(self.pools.iter().map(move |pool| (*pool, spec)))
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelsFile {
    pub schema: u32,
    pub inference_profile: Vec<InferenceProfile>,
    pub burndown: Vec<Burndown>,
}

/// Quota that one output token of a family of models uses.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Burndown {
    /// Beginning of the model id, without its profile prefix.
    pub model: String,
    pub rate: f64,
    pub source: String,
    pub date: String,
}
