//! What calls have in common that ask for the same model in the same way: looked up once, so that a
//! call need not carry it.

use std::cmp::Reverse;
use std::collections::{BTreeMap, HashMap, HashSet};
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
    /// In which turn it was asked for last.
    asked: u64,
}

type QuotaKey = (RegionId, Pool, Arc<str>);

#[derive(Debug, Default)]
pub struct Paths {
    known: HashMap<Service, Path>,
    ways: Places<Way>,
    quota_of: HashMap<QuotaKey, usize>,
    quotas: Places<(RegionId, Quota)>,
    turn: u64,
    /// How many are not worth looking through, as most of them were in use the last time.
    in_use: usize,
}

/// Things that are known by where they are: a place that was left is taken by the next.
#[derive(Debug)]
struct Places<T> {
    taken: Vec<T>,
    left: Vec<usize>,
}

impl<T> Default for Places<T> {
    fn default() -> Self {
        Self { taken: Vec::new(), left: Vec::new() }
    }
}

impl<T> Places<T> {
    fn put(&mut self, thing: T) -> usize {
        if let Some(place) = self.left.pop() {
            self.taken[place] = thing;
            return place;
        }
        self.taken.push(thing);
        self.taken.len() - 1
    }
}

impl Paths {
    /// `new_quota` makes the quota of a service that is asked for the first time, if it has one.
    pub fn path(
        &mut self,
        service: &Service,
        by_region: &BTreeMap<RegionId, usize>,
        new_quota: impl FnOnce() -> Option<Quota>,
    ) -> Path {
        self.turn += 1;
        if let Some(path) = self.known.get(service) {
            self.ways.taken[path.0 as usize].asked = self.turn;
            return *path;
        }
        let Service { endpoint, pool, model, destinations } = service;
        let key = (*endpoint, *pool, model.clone());
        let quota = self.quota_of.get(&key).copied().or_else(|| {
            let quota = self.quotas.put((*endpoint, new_quota()?));
            self.quota_of.insert(key, quota);
            Some(quota)
        });
        let provisioned = *pool == Pool::Provisioned;
        let mut places: Vec<usize> = by_region.get(endpoint).copied().into_iter().collect();
        if let (false, Some(source)) = (provisioned, places.first().copied()) {
            let others = destinations.iter().filter_map(|region| by_region.get(region).copied());
            places.extend(others.filter(|place| *place != source));
        }
        let way = self.ways.put(Way { provisioned, places, quota, asked: self.turn });
        let path = Path(u32::try_from(way).expect("fewer than four billion models"));
        self.known.insert(service.clone(), path);
        path
    }

    /// Whether there are more than `most`, and some that [can be forgotten](Self::forget).
    pub fn exceed(&self, most: usize) -> bool {
        self.known.len() > most.max(2 * self.in_use)
    }

    /// Keeps the `most` that were asked for last, and those `in_use`. A quota of which nobody has taken anything for
    /// long is full, as that of a new path is.
    pub fn forget(&mut self, most: usize, in_use: &HashSet<Path>) {
        let Self { known, ways, quota_of, quotas, .. } = self;
        let mut turns: Vec<_> = known.values().map(|path| ways.taken[path.0 as usize].asked).collect();
        turns.sort_unstable_by_key(|turn| Reverse(*turn));
        let newer = turns.get(most).copied().unwrap_or(0);
        known.retain(|_, path| {
            let place = path.0 as usize;
            let kept = ways.taken[place].asked > newer || in_use.contains(path);
            ways.left.extend((!kept).then_some(place));
            kept
        });
        let drawn_on: HashSet<_> = known.values().filter_map(|path| ways.taken[path.0 as usize].quota).collect();
        quota_of.retain(|_, quota| {
            let kept = drawn_on.contains(quota);
            quotas.left.extend((!kept).then_some(*quota));
            kept
        });
        self.in_use = in_use.len();
    }

    pub fn way(&self, path: Path) -> &Way {
        &self.ways.taken[path.0 as usize]
    }

    pub fn quota(&mut self, path: Path) -> Option<&mut Quota> {
        let quota = self.way(path).quota?;
        Some(&mut self.quotas.taken[quota].1)
    }

    /// What the account's other applications leave of its quotas in `region`.
    pub fn set_shares(&mut self, now: RunTime, region: RegionId, left: Shares) {
        for (_, quota) in self.quotas.taken.iter_mut().filter(|(endpoint, _)| *endpoint == region) {
            quota.set_shares(now, left);
        }
    }
}
