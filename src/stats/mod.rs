//! Statistics that say how sure they are. Pure.

pub mod bootstrap;
pub mod crossing;
pub mod crossover;
pub mod effective;
pub mod knee;
pub mod paired;
pub mod quantile;
pub mod student;
