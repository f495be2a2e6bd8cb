//! Service times by name: what the Regions of the mock answer in, apart from how far they are.

use serde::Deserialize;

use super::schema::{Constant, RegionFile, Times};

/// The same service times in every Region.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Latency {
    pub schema: u32,
    pub name: String,
    pub summary: String,
    ttft: Times,
    per_input: Constant,
    tpot: Times,
}

impl Latency {
    pub fn replace_in(&self, region: &mut RegionFile) {
        region.ttft = Some(self.ttft.clone());
        region.per_input = Some(self.per_input.clone());
        region.tpot = Some(self.tpot.clone());
    }
}
