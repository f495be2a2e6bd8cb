//! The model of what a Region does with a request. The mock server and the simulator ask the same
//! one; the client side may not look in here.
//!
//! A call meets, in this order: the quota of the account (429), a free slot at the source or at a
//! destination of its inference profile, the queue (503 when full), and then service. Slots and
//! queue are shared with background load from other tenants: that is congestion.

mod background;
pub mod call;
pub mod conditions;
pub mod fault;
pub mod law;
mod paths;
pub mod quota;
pub mod world;

pub use conditions::Conditions;
pub use law::Law;
pub use paths::Service;
pub use world::World;

use std::time::Duration;

use crate::core::RegionId;

/// The capacity and speed of one Region, as far as one account can feel it.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaceSpec {
    pub region: RegionId,
    /// Round trip from Sydney.
    pub rtt: Duration,
    /// Mean of the extra delay per round trip (exponential).
    pub jitter: Duration,
    /// Requests served at once, other tenants' included.
    pub slots: usize,
    /// Requests that may wait for a slot.
    pub queue: usize,
    /// From service start to the first token, without input.
    pub ttft: Law,
    /// Added to it per input token.
    pub per_input_token: Duration,
    /// Time per output token after the first.
    pub tpot: Law,
    pub quotas: Vec<(crate::core::residency::Pool, quota::QuotaSpec)>,
    pub conditions: Conditions,
}
