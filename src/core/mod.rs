//! The vocabulary: what every other part of the house talks about. Imports nothing of ours,
//! never waits, never reads a clock, never draws from an unseeded source.

pub mod block;
pub mod clock_offset;
pub mod fail_if;
pub mod gate;
pub mod geography;
pub mod log_normal;
pub mod metric;
pub mod outcome;
pub mod phase;
pub mod price;
pub mod record;
pub mod region;
pub mod request;
pub mod residency;
pub mod run;
pub mod seed;
pub mod shard;
pub mod slo;
pub mod time;
pub mod units;

pub use clock_offset::ClockOffset;
pub use metric::Metric;
pub use outcome::Outcome;
pub use region::RegionId;
pub use request::{Request, RequestKey};
pub use seed::Seed;
pub use shard::Shard;
pub use time::RunTime;
