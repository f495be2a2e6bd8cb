//! Model families: who understands which body, and how each answers. Converse is the same for all.
//!
//! A family is one file and one line in [`FAMILIES`].

mod anthropic;
mod body;
mod converse_only;
mod llama;
mod mistral;
mod nova;
mod titan;

use super::asked::Asked;
use super::shape::Shape;
use super::wire::Exception;

pub struct Family {
    pub name: &'static str,
    /// Beginnings of its model ids, without a profile prefix.
    pub prefixes: &'static [&'static str],
    /// Absent where the mock answers Converse only.
    pub invoke: Option<Invoke>,
}

/// InvokeModel in the model's own words.
pub struct Invoke {
    /// Reads a body. The second argument is the model id without a profile prefix.
    pub read: fn(&[u8], &str) -> Result<Asked, Exception>,
    pub shape: Shape,
}

static FAMILIES: &[Family] =
    &[anthropic::FAMILY, nova::FAMILY, titan::FAMILY, llama::FAMILY, mistral::FAMILY, converse_only::FAMILY];

/// Provisioned capacity: its ARN does not tell which model it runs.
pub static UNTOLD: &Family = &Family { name: "provisioned capacity", prefixes: &[], invoke: None };

/// The family of a model id without a profile prefix.
pub fn of(model: &str) -> Option<&'static Family> {
    FAMILIES.iter().find(|family| family.prefixes.iter().any(|prefix| model.starts_with(prefix)))
}

#[cfg(test)]
mod tests;
