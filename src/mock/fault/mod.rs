//! What the mock does wrong when it is told to.

mod exception;
mod spoil;
mod strike;

pub use exception::exception;
pub use spoil::spoil;
pub use strike::Strike;

/// How a model id asks for a fault: `bedbench.fault.ThrottlingException`.
pub const MODEL_PREFIX: &str = "bedbench.fault.";
