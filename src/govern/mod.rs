//! What a route costs and needs, what keeps a run within its budget, and how residency is enforced, watched and shown.

pub mod baseline;
pub mod budget;
pub mod cloudwatch;
pub mod controls;
pub mod decision;
pub mod demand;
pub mod incidents;
pub mod jobs;
pub mod ledger;
pub mod outlook;
pub mod prices;
pub mod queries;
pub mod scp;

pub use budget::Purse;
pub use ledger::Ledger;
pub use prices::Prices;
