//! What a route costs, and how its residency is enforced, watched and shown.

pub mod cloudwatch;
pub mod controls;
pub mod demand;
pub mod incidents;
pub mod ledger;
pub mod prices;
pub mod queries;
pub mod scp;

pub use ledger::Ledger;
pub use prices::{Price, Prices};
