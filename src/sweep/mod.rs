//! Every route at many loads under several seeds: up to which load each keeps its objectives, and
//! from which load on one overtakes another.

pub mod advice;
mod engine;
mod explore;
#[cfg(test)]
pub(crate) mod fixture;
mod loads;
mod point;
mod result;

pub use engine::{Engine, Key, Unwatched, Watcher};
pub use explore::{Findings, Question, explore};
pub use loads::Loads;
pub use point::{Point, Watched};
pub use result::{Overtaking, Pair, RouteSweep, SCHEMA, Setting, Spread, Sweep};
