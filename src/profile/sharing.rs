//! Which routes draw on one quota.

use std::collections::BTreeSet;

use super::{Profile, Route};
use crate::core::RegionId;
use crate::core::residency::{Destination, Pool};

impl Profile {
    /// Positions of the routes in groups: those of one group share a Region, a quota pool and a model, if
    /// only by way of another route of the group.
    pub fn groups(&self) -> Vec<Vec<u16>> {
        let mut groups: Vec<(Vec<u16>, BTreeSet<_>)> = Vec::new();
        for (position, route) in (0..).zip(&self.routes) {
            let quotas = self.quotas(route);
            let (sharing, apart): (Vec<_>, _) = groups.into_iter().partition(|(_, known)| !known.is_disjoint(&quotas));
            groups = apart;
            let mut joined = (vec![position], quotas);
            for (routes, quotas) in sharing {
                joined.0.extend(routes);
                joined.1.extend(quotas);
            }
            joined.0.sort_unstable();
            groups.push(joined);
        }
        groups.into_iter().map(|(routes, _)| routes).collect()
    }

    fn quotas<'a>(&'a self, route: &'a Route) -> BTreeSet<(RegionId, Pool, &'a str)> {
        let quota = |target: &'a Destination| (target.endpoint(), target.pool(), self.models.split(target.model()).1);
        route.targets.iter().map(quota).collect()
    }
}

#[cfg(test)]
mod tests {
    use crate::profile::Loader;

    #[test]
    fn routes_share_a_quota_by_region_pool_and_model_and_by_way_of_others() {
        let loader = Loader::built_in().unwrap();
        for (profile, groups) in [
            ("au", vec![vec![0]]),
            // Sydney falling back to Singapore draws on both; Oregon stands alone.
            ("apac", vec![vec![0, 1, 2], vec![3]]),
            ("candidates", vec![vec![0, 1, 2, 3, 4]]),
        ] {
            assert_eq!(loader.profile(profile).unwrap().groups(), groups, "{profile}");
        }
    }
}
