//! What is known of a run before it is fired: where it goes, and along which routes.

use serde::{Deserialize, Serialize};

use super::region::RegionId;
use super::residency::Standing;

/// Where the numbers come from; stands on everything that shows one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum World {
    /// Real Bedrock.
    Live,
    /// The built-in mock, on real sockets.
    Mock,
    /// Virtual time: the rules without sockets.
    Sim,
    /// Some other address, given by `--endpoint`.
    Endpoint,
}

impl World {
    /// Made by the Region model: nothing is spent, and each route has Regions of its own.
    pub const fn is_modelled(self) -> bool {
        matches!(self, Self::Mock | Self::Sim)
    }

    /// As it stands in tables and plots.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Live => "LIVE",
            Self::Mock => "MOCK",
            Self::Sim => "SIMULATED",
            Self::Endpoint => "ENDPOINT",
        }
    }
}

/// What is known of a route before it is fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RouteHead {
    pub name: String,
    /// Names the place of processing: `au. from Sydney: Sydney or Melbourne`.
    pub label: String,
    pub policy: String,
    pub standing: Standing,
    /// Model ids by target, in the route's order.
    pub targets: Vec<TargetHead>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TargetHead {
    pub region: RegionId,
    pub model: String,
    /// Where the service may process the call.
    pub processed_in: String,
}
