//! Service control policies that hold an organisation to a profile's residency.

pub mod derive;
pub mod evaluate;
pub mod explain;
pub mod policy;

#[cfg(test)]
mod tests;

pub use policy::Policy;
