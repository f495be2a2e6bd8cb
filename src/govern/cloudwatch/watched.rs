//! What of a profile is watched: the calls of its candidate routes.

use crate::core::RegionId;
use crate::core::residency::{Destination, Pool, Processing, Standing};
use crate::profile::{Profile, Route};

/// One model id in one Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Called {
    pub region: RegionId,
    /// As it is called, which is what the metrics' dimension says.
    pub model: String,
    /// Through an inference profile: the service itself may go to another Region.
    pub through_profile: bool,
}

#[derive(Clone, Debug)]
pub struct Watched {
    pub profile: String,
    /// Each once, in the order of the routes.
    pub calls: Vec<Called>,
    /// Where any of them may be processed.
    pub processed_in: Vec<RegionId>,
    falls_back: bool,
}

impl Watched {
    /// Reference routes are not watched: nobody's work goes there. `None` when there is no other.
    pub fn new(profile: &Profile) -> Option<Self> {
        let candidates: Vec<&Route> =
            profile.routes.iter().filter(|route| route.standing == Standing::Candidate).collect();
        let mut watched =
            Self { profile: profile.name.clone(), calls: Vec::new(), processed_in: Vec::new(), falls_back: false };
        for route in &candidates {
            watched.falls_back |= route.targets.iter().any(|target| target.endpoint() != route.targets[0].endpoint());
            route.targets.iter().for_each(|target| watched.add(target));
        }
        (!watched.calls.is_empty()).then_some(watched)
    }

    fn add(&mut self, target: &Destination) {
        let call = Called {
            region: target.endpoint(),
            model: target.model().to_owned(),
            through_profile: target.pool() == Pool::Geographic,
        };
        if !self.calls.contains(&call) {
            self.calls.push(call);
        }
        if let Processing::Within(regions) = target.processing() {
            for region in regions {
                if !self.processed_in.contains(region) {
                    self.processed_in.push(*region);
                }
            }
        }
    }

    /// Where the first route starts.
    pub fn home(&self) -> RegionId {
        self.calls[0].region
    }

    /// Regions that are called.
    pub fn regions(&self) -> Vec<RegionId> {
        let mut regions = Vec::new();
        for call in &self.calls {
            if !regions.contains(&call.region) {
                regions.push(call.region);
            }
        }
        regions
    }

    /// Whether a route has a Region of its own choosing to go to: the client moves requests then, and no metric of
    /// one Region shows it.
    pub fn falls_back(&self) -> bool {
        self.falls_back
    }
}
