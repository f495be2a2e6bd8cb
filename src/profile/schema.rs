//! The shape of profile, region and model files. Every shipped number has a source and a date.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::de::{Error, Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use toml::Spanned;

use crate::core::region::Jurisdiction;
use crate::core::residency::{InferenceProfile, Pool};
use crate::core::time::DAY;
use crate::core::units::Span;
use crate::core::{Outcome, RegionId};
use crate::region::Law;
use crate::region::quota::{QuotaSpec, Window};
use crate::routing::settings::{Backoff, Hedge, HomeQuota};

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
    #[serde(default)]
    pub route: Vec<Spanned<RouteFile>>,
    /// Overrides of the built-in Region model.
    #[serde(default)]
    pub region: Vec<Spanned<RegionFile>>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouteFile {
    pub name: String,
    pub policy: String,
    pub targets: Vec<Spanned<TargetFile>>,
    /// Fired beside the others though outside the residency; never recommended.
    #[serde(default)]
    pub reference: bool,
    // What follows is for policies that heed it.
    /// How long a throttled target is left alone.
    pub cooldown: Option<Span>,
    /// Outcomes after which another target is tried.
    pub fall_back_on: Option<Vec<Outcome>>,
    pub backoff: Option<Backoff>,
    pub home_quota: Option<HomeQuota>,
    /// Share of the home quota above which requests spill.
    pub threshold: Option<f64>,
    pub hedge: Option<Hedge>,
    /// How long a latency is remembered.
    pub decay: Option<Span>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TargetFile {
    pub region: RegionId,
    /// The model id, with the prefix of its inference profile if it is called through one.
    pub model: String,
    /// ARN of provisioned capacity for this model, which is then called in its place.
    pub provisioned: Option<String>,
    /// Share of the requests; for policies that heed it.
    pub weight: Option<f64>,
}

impl TargetFile {
    /// What the Region is asked for.
    pub fn called(&self) -> &str {
        self.provisioned.as_ref().unwrap_or(&self.model)
    }
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
    pub rtt: Option<Spanned<Rtt>>,
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
    pub queue: QueueLimit,
    pub source: String,
    pub date: String,
}

/// How many may wait: a number, or `"unbounded"`, which is `usize::MAX`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct QueueLimit(pub usize);

const UNBOUNDED: &str = "unbounded";

impl Serialize for QueueLimit {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            usize::MAX => serializer.serialize_str(UNBOUNDED),
            limit => limit.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for QueueLimit {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Limit;

        impl Visitor<'_> for Limit {
            type Value = QueueLimit;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "a number of requests or \"{UNBOUNDED}\"")
            }

            fn visit_i64<E: Error>(self, limit: i64) -> Result<QueueLimit, E> {
                usize::try_from(limit).map(QueueLimit).map_err(|_| E::invalid_value(Unexpected::Signed(limit), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<QueueLimit, E> {
                if text == UNBOUNDED {
                    return Ok(QueueLimit(usize::MAX));
                }
                Err(E::invalid_value(Unexpected::Str(text), &self))
            }
        }

        deserializer.deserialize_any(Limit)
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Constant {
    pub value: Span,
    pub source: String,
    pub date: String,
}

/// A time by its percentiles, or by its mean. Median and 95th alone make it log-normal, or fixed where
/// they are equal; with `min`, `p99` and `max` it is a table of quantiles. The mean alone makes it
/// exponential, with a `shape` gamma.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Times {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p50: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p95: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p99: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<Span>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub mean: Option<Span>,
    /// Of a gamma law: 1 is exponential, and more is narrower.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<f64>,
    pub source: String,
    pub date: String,
}

impl Times {
    /// # Errors
    /// When its parts do not make one law, or its numbers make no sense.
    pub fn law(&self) -> Result<Law, String> {
        [self.min, self.p50, self.p95, self.p99, self.max, self.mean]
            .into_iter()
            .flatten()
            .try_for_each(within_a_day)?;
        match (self.p50, self.p95, self.mean) {
            (Some(p50), Some(p95), None) if self.shape.is_none() => self.by_percentiles(p50, p95),
            (None, None, Some(mean)) if (self.min, self.p99, self.max) == (None, None, None) => {
                by_mean(mean, self.shape)
            }
            _ => Err("it is given by p50 and p95 (and min, p99, max), or by mean (and shape), not by a mixture".into()),
        }
    }

    fn by_percentiles(&self, p50: Span, p95: Span) -> Result<Law, String> {
        match (self.min, self.p99, self.max) {
            (Some(min), Some(p99), Some(max)) => {
                let table = [(0.0, min.0), (0.5, p50.0), (0.95, p95.0), (0.99, p99.0), (1.0, max.0)];
                if table.is_sorted_by_key(|(_, time)| *time) {
                    return Ok(Law::Quantiles(table));
                }
                Err(format!("min, p50, p95, p99 and max must not go down: {min}, {p50}, {p95}, {p99}, {max}"))
            }
            (None, None, None) if p50 == p95 => Ok(Law::Fixed(p50.0)),
            (None, None, None) if p50.0.is_zero() || p95 < p50 => {
                Err(format!("p95 ({p95}) must not be below p50 ({p50}), nor p50 be 0"))
            }
            (None, None, None) => Ok(Law::log_normal(p50.0, p95.0)),
            _ => Err("min, p99 and max go together: with all three it is a table of quantiles".into()),
        }
    }
}

/// Times are multiplied by tokens and by slowdowns, and that has to stay a time.
///
/// # Errors
/// When it is longer than anything takes.
pub fn within_a_day(time: Span) -> Result<(), String> {
    if time.0 > DAY { Err(format!("at most a day, not {time}")) } else { Ok(()) }
}

fn by_mean(mean: Span, shape: Option<f64>) -> Result<Law, String> {
    match shape {
        None => Ok(Law::Exponential(mean.0)),
        Some(shape) if (0.01..=1e6).contains(&shape) && !mean.0.is_zero() => {
            Law::gamma(mean.0, shape).map_err(|error| error.to_string())
        }
        Some(_) => Err("a gamma needs a mean above 0 and a shape from 0.01 to 1000000".into()),
    }
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaFile {
    /// Each pool is counted apart.
    pub pools: Vec<Pool>,
    pub requests_per_minute: Option<f64>,
    pub tokens_per_minute: Option<f64>,
    /// How the minute is kept: `bucket` (the default) or `minute`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub window: Option<WindowFile>,
    /// How much unused quota a bucket saves up.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub burst: Option<Span>,
    pub source: String,
    pub date: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum WindowFile {
    Bucket,
    Minute,
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
        let window = match (self.window.unwrap_or(WindowFile::Bucket), self.burst) {
            (WindowFile::Bucket, Some(burst)) if burst.0 >= Duration::from_millis(1) => {
                Window::Bucket { burst: burst.0 }
            }
            (WindowFile::Bucket, None) => {
                return Err("a bucket needs burst, the quota that can be saved up, such as burst = \"5s\"".into());
            }
            (WindowFile::Bucket, Some(_)) => {
                return Err("burst must be at least 1ms: it is the quota that can be saved up".into());
            }
            (WindowFile::Minute, None) => Window::FixedMinute,
            (WindowFile::Minute, Some(_)) => {
                return Err("a fixed minute saves nothing up; take burst out, or use window = \"bucket\"".into());
            }
        };
        let spec = QuotaSpec {
            requests_per_minute: self.requests_per_minute,
            tokens_per_minute: self.tokens_per_minute,
            window,
        };
        Ok(self.pools.iter().map(move |pool| (*pool, spec)))
    }
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelsFile {
    pub schema: u32,
    pub inference_profile: Vec<InferenceProfile>,
    pub model_lists: ModelLists,
    #[serde(default)]
    pub model: Vec<ListedModel>,
    #[serde(default)]
    pub burndown: Vec<Burndown>,
}

/// Where the rows of `[[model]]` come from.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModelLists {
    pub source: String,
    pub date: String,
}

/// How Regions offer some models.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ListedModel {
    /// Without a profile prefix.
    pub ids: Vec<String>,
    /// By Region: `in-region`, or the prefix of an inference profile. Regions not named were not read.
    pub ways: BTreeMap<RegionId, Vec<String>>,
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
