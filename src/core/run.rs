//! What is known of a run before it is fired: where it goes, and along which routes.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::region::RegionId;
use super::residency::Standing;

/// Where the numbers come from; stands on everything that shows one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
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

/// Who decides when a request starts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Loop {
    /// The plan, whatever comes back: what a slow answer holds up is in the numbers.
    #[default]
    Open,
    /// The answers: a worker sends its next request when its last one has ended. Load falls where answers are
    /// slow, so these numbers flatter a congested service.
    Closed,
}

/// What stands on every number of a run: `MOCK`, or `MOCK, CLOSED LOOP`.
pub fn label(world: World, of: Loop) -> String {
    match of {
        Loop::Open => world.label().to_owned(),
        Loop::Closed => format!("{}, {CLOSED_LOOP}", world.label()),
    }
}

/// Stands wherever a closed loop's numbers stand.
pub const CLOSED_LOOP: &str = "CLOSED LOOP";

/// What is known of a route before it is fired.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RouteHead {
    pub name: String,
    /// Names the place of processing: `au. from Sydney: Sydney or Melbourne`.
    pub label: String,
    pub policy: String,
    pub standing: Standing,
    /// Model ids by target, in the route's order.
    pub targets: Vec<TargetHead>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct TargetHead {
    pub region: RegionId,
    pub model: String,
    /// Where the service may process the call.
    pub processed_in: String,
}
