//! The quotas of a profile, fitted where a run was throttled.

use std::collections::BTreeMap;
use std::time::Duration;

use super::quota::{Limit, Rate, Traffic};
use crate::core::RegionId;
use crate::core::record::AttemptRecord;
use crate::core::residency::Pool;
use crate::core::units::{Span, grouped, readable};
use crate::profile::Profile;
use crate::profile::schema::{QuotaFile, WindowFile};
use crate::store::Manifest;

/// Of a bucket where the profile has none for the pool: as the built-in Region model has it.
const BURST: Duration = Duration::from_secs(5);

/// One target of one route: in a mock and in a simulation each route has a quota of its own, live they take turns.
struct Target {
    region: RegionId,
    pool: Option<Pool>,
    burndown: f64,
    traffic: Traffic,
}

pub struct Throttled {
    routes: Vec<Vec<Target>>,
    /// Absent in a manifest that does not say.
    max_tokens: Option<u32>,
}

/// What came of it.
#[derive(Default)]
pub struct Quotas {
    /// All quotas of a Region, the fitted ones among them.
    pub fitted: Vec<(RegionId, Vec<QuotaFile>)>,
    pub said: Vec<String>,
    pub doubts: Vec<String>,
}

impl Throttled {
    pub fn of(manifest: &Manifest, profile: &Profile) -> Self {
        let config = &manifest.config;
        let max_tokens = config.files.get("workload").and_then(|workload| workload["max_tokens"].as_u64());
        let profiles = profile.models.inference_profiles();
        let target = |head: &crate::core::run::TargetHead| Target {
            region: head.region,
            pool: profiles.resolve(head.region, &head.model).ok().map(|(pool, _)| pool),
            burndown: profile.models.burndown(&head.model),
            traffic: Traffic::default(),
        };
        let routes = config.routes.iter().map(|route| route.targets.iter().map(target).collect());
        Self { routes: routes.collect(), max_tokens: max_tokens.and_then(|tokens| u32::try_from(tokens).ok()) }
    }

    pub fn add(&mut self, attempts: &[AttemptRecord], block: u16) {
        for attempt in attempts {
            let target = &mut self.routes[usize::from(attempt.route)][usize::from(attempt.target)];
            target.traffic.add(attempt, block, self.max_tokens.unwrap_or_default(), target.burndown);
        }
    }

    pub fn fit(self, profile: &Profile, manifest: &Manifest) -> Quotas {
        // Of several routes on one pool the one that was refused most says most.
        let mut by_pool: BTreeMap<(RegionId, Pool), Target> = BTreeMap::new();
        for target in self.routes.into_iter().flatten().filter(|target| target.traffic.refused() > 0) {
            let Some(pool) = target.pool else { continue };
            let best = by_pool.remove(&(target.region, pool));
            let more = best.filter(|best| best.traffic.refused() >= target.traffic.refused()).unwrap_or(target);
            by_pool.insert((more.region, pool), more);
        }
        let mut quotas = Quotas::default();
        for ((region, pool), target) in by_pool {
            let known = quotas.fitted.iter().find(|(of, _)| *of == region).map(|(_, quotas)| quotas.clone());
            let known = known.unwrap_or_else(|| {
                let model = profile.regions.iter().find(|model| model.code == region);
                model.and_then(|model| model.quota.clone()).unwrap_or_default()
            });
            let limits = if self.max_tokens.is_some() { &Limit::ALL[..] } else { &[Limit::Requests] };
            if let Some(fitted) = of_pool(region, pool, target, known, limits, manifest, &mut quotas) {
                quotas.fitted.retain(|(of, _)| *of != region);
                quotas.fitted.push((region, fitted));
            }
        }
        quotas
    }
}

/// All quotas of the Region with this pool's in place; absent where nothing could be fitted.
fn of_pool(
    region: RegionId,
    pool: Pool,
    mut target: Target,
    mut known: Vec<QuotaFile>,
    limits: &[Limit],
    manifest: &Manifest,
    quotas: &mut Quotas,
) -> Option<Vec<QuotaFile>> {
    let before = known.iter().find(|quota| quota.pools.contains(&pool)).cloned();
    let word = serde_json::to_value(pool).expect("a pool is a word");
    let place = format!("{region}, {} pool", word.as_str().unwrap_or_default());
    if before.as_ref().is_some_and(|quota| quota.window == Some(WindowFile::Minute)) {
        quotas.doubts.push(format!(
            "{place}: its quota keeps fixed minutes in the profile, and only a bucket is fitted; it stays"
        ));
        return None;
    }
    let burst = before.as_ref().and_then(|quota| quota.burst).unwrap_or(Span(BURST));
    let mut found: BTreeMap<&str, Rate> = BTreeMap::new();
    for limit in limits {
        match target.traffic.fit(*limit, burst.0) {
            Some(Ok(rate)) => {
                quotas.said.push(format!("{place}: {}", said(*limit, rate)));
                found.insert(limit.name(), rate);
            }
            Some(Err(why)) => quotas.doubts.push(format!("{place}: {} quota not fitted: {why}", limit.name())),
            None => quotas.said.push(format!(
                "{place}: {} quota not fitted: nothing was refused for it; it stays as the profile has it",
                limit.name()
            )),
        }
    }
    if found.is_empty() {
        return None;
    }
    quotas.said.push(format!(
        "{place}: burst {burst} is the profile's. What other applications of the account used is taken from the quota, and a \
         throttle that is no quota's is not told apart; what was refused for capacity (503) was let through by it"
    ));
    let rates: Vec<_> = Limit::ALL.iter().filter_map(|limit| Some(said(*limit, *found.get(limit.name())?))).collect();
    let world = manifest.world.label().to_lowercase();
    let per_minute =
        |limit: Limit, before: Option<f64>| found.get(limit.name()).map(|rate| readable(rate.per_minute)).or(before);
    let fitted = QuotaFile {
        pools: vec![pool],
        requests_per_minute: per_minute(Limit::Requests, before.as_ref().and_then(|quota| quota.requests_per_minute)),
        tokens_per_minute: per_minute(Limit::Tokens, before.as_ref().and_then(|quota| quota.tokens_per_minute)),
        window: None,
        burst: Some(burst),
        source: format!(
            "bedbench profile calibrate, {world} run, config {}: {}; the rest as it was",
            manifest.config_hash,
            rates.join("; ")
        ),
        date: manifest.started.split('T').next().unwrap_or_default().to_owned(),
    };
    for quota in &mut known {
        quota.pools.retain(|of| *of != pool);
    }
    known.retain(|quota| !quota.pools.is_empty());
    known.push(fitted);
    Some(known)
}

fn said(limit: Limit, rate: Rate) -> String {
    format!(
        "{} {}/min ± {}, from {} refusals over {} s in which it was exhausted",
        readable(rate.per_minute),
        limit.name(),
        readable(rate.uncertainty),
        grouped(rate.refused),
        readable(rate.seconds),
    )
}
