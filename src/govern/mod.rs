//! What a route costs.

pub mod prices;

pub use prices::Prices;
