//! Converse and ConverseStream: one shape for every model.

mod read;
mod write;

pub use read::{Request, read};
pub use write::SHAPE;
