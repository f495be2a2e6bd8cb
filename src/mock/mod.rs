//! A mock Bedrock on real sockets: right on the wire, right in time, wrong on request.
//!
//! It asks the same Region model as the simulator, and knows nothing of who is calling: not of
//! plans, not of routes, not of what is measured.

mod answer;
mod converse;
mod delay;
mod listen;
mod live_world;
mod respond;
mod wire;

pub use converse::MODEL_MAXIMUM;
pub use listen::{ListenSpec, Mock, MockSpec};
