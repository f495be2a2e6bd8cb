//! What a route costs, and how its residency is enforced, watched and shown.

pub mod cloudwatch;
pub mod prices;
pub mod queries;
pub mod scp;

pub use prices::{Price, Prices};
