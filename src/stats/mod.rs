//! Statistics that say how sure they are. Pure.

pub mod bootstrap;
pub mod quantile;
