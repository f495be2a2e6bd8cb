//! From the numbers in the files to the Region model.

use toml::Spanned;

use super::builtin;
use super::latency::Latency;
use super::schema::{RegionFile, RegionsFile, within_a_day};
use super::toml_file::{FileError, check_schema, parse};
use crate::region::{Conditions, PlaceSpec};

/// The built-in model, with the service times of `latency` where it is given.
///
/// # Errors
/// When the shipped file is broken.
pub fn built_in(latency: Option<&Latency>) -> Result<Vec<RegionFile>, FileError> {
    let mut base: RegionsFile = parse(builtin::REGIONS.file, builtin::REGIONS.text)?;
    check_schema(builtin::REGIONS.file, base.schema)?;
    for region in &mut base.region {
        if let Some(latency) = latency {
            latency.replace_in(region);
        }
    }
    Ok(base.region)
}

/// `base`, with what a profile says of its own on top.
pub fn merge(mut base: Vec<RegionFile>, own: &[Spanned<RegionFile>]) -> Vec<RegionFile> {
    for region in own {
        let region = region.get_ref();
        match base.iter_mut().find(|known| known.code == region.code) {
            Some(known) => *known = region.clone().over(known.clone()),
            None => base.push(region.clone()),
        }
    }
    base
}

/// What a Region's numbers come to, under `conditions`.
///
/// # Errors
/// When a number is missing or makes no sense.
pub fn place(region: &RegionFile, conditions: Conditions) -> Result<PlaceSpec, String> {
    let code = region.code;
    let missing = |key| format!("region {code} has no built-in model, so it needs `{key}` in the profile");
    let wrong = |key: &str, what: String| format!("region {code}: {key}: {what}");
    let rtt = region.rtt.as_ref().ok_or_else(|| missing("rtt"))?.get_ref();
    let capacity = region.capacity.as_ref().ok_or_else(|| missing("capacity"))?;
    if capacity.slots == 0 {
        return Err(wrong("capacity", "slots must be at least 1".into()));
    }
    let ttft = region.ttft.as_ref().ok_or_else(|| missing("ttft"))?.law().map_err(|what| wrong("ttft", what))?;
    let tpot = region.tpot.as_ref().ok_or_else(|| missing("tpot"))?.law().map_err(|what| wrong("tpot", what))?;
    let per_input = region.per_input.as_ref().map_or_else(Default::default, |constant| constant.value);
    for (key, time) in [("rtt", rtt.value), ("rtt", rtt.jitter), ("per_input", per_input)] {
        within_a_day(time).map_err(|what| wrong(key, what))?;
    }
    let mut quotas = Vec::new();
    for quota in region.quota.as_deref().unwrap_or_default() {
        quotas.extend(quota.specs().map_err(|what| wrong("quota", what))?);
    }
    Ok(PlaceSpec {
        region: code,
        rtt: rtt.value.0,
        jitter: rtt.jitter.0,
        slots: capacity.slots,
        queue: capacity.queue.0,
        ttft,
        per_input_token: per_input.0,
        tpot,
        quotas,
        conditions,
    })
}
