//! What a route costs and needs, and what keeps a run within its budget.

pub mod budget;
pub mod demand;
pub mod prices;

pub use budget::Purse;
pub use prices::Prices;
