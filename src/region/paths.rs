//! What calls have in common that ask for the same model in the same way: looked up once, so that a
//! call need not carry it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use super::call::Path;
use super::quota::{Quota, Shares};
use crate::core::residency::Pool;
use crate::core::{RegionId, RunTime};

/// One way of asking for a model.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Service {
    pub endpoint: RegionId,
    pub pool: Pool,
    /// Without its profile prefix: quotas are counted per model.
    pub model: Arc<str>,
    /// Where the profile may process it, the source first.
    pub destinations: Vec<RegionId>,
}

/// Where calls go, and what they draw on.
#[derive(Debug)]
pub struct Way {
    /// Provisioned capacity is not shared with other tenants: it takes none of their slots.
    pub provisioned: bool,
    /// Positions of the places that may serve it, the source first; none if nobody knows the source.
    pub places: Vec<usize>,
    quota: Option<usize>,
}

type QuotaKey = (RegionId, Pool, Arc<str>);

#[derive(Debug, Default)]
pub struct Paths {
    known: HashMap<Service, Path>,
    ways: Vec<Way>,
    quota_of: HashMap<QuotaKey, usize>,
    quotas: Vec<(RegionId, Quota)>,
}

impl Paths {
    /// `new_quota` makes the quota of a service that is asked for the first time, if it has one.
    pub fn path(
        &mut self,
        service: &Service,
        by_region: &BTreeMap<RegionId, usize>,
        new_quota: impl FnOnce() -> Option<Quota>,
    ) -> Path {
        if let Some(path) = self.known.get(service) {
            return *path;
        }
        let Service { endpoint, pool, model, destinations } = service;
        let key = (*endpoint, *pool, model.clone());
        let quota = self.quota_of.get(&key).copied().or_else(|| {
            self.quotas.push((*endpoint, new_quota()?));
            self.quota_of.insert(key, self.quotas.len() - 1);
            Some(self.quotas.len() - 1)
        });
        let provisioned = *pool == Pool::Provisioned;
        let mut places: Vec<usize> = by_region.get(endpoint).copied().into_iter().collect();
        if let (false, Some(source)) = (provisioned, places.first().copied()) {
            let others = destinations.iter().filter_map(|region| by_region.get(region).copied());
            places.extend(others.filter(|place| *place != source));
        }
        let path = Path(u32::try_from(self.ways.len()).expect("fewer than four billion models"));
        self.ways.push(Way { provisioned, places, quota });
        self.known.insert(service.clone(), path);
        path
    }

    pub fn way(&self, path: Path) -> &Way {
        &self.ways[path.0 as usize]
    }

    pub fn quota(&mut self, path: Path) -> Option<&mut Quota> {
        let quota = self.ways[path.0 as usize].quota?;
        Some(&mut self.quotas[quota].1)
    }

    /// What the account's other applications leave of its quotas in `region`.
    pub fn set_shares(&mut self, now: RunTime, region: RegionId, left: Shares) {
        for (_, quota) in self.quotas.iter_mut().filter(|(endpoint, _)| *endpoint == region) {
            quota.set_shares(now, left);
        }
    }
}
