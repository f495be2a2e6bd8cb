//! JSON Schemas of what a run and a sweep leave for machines, made from the types that write it.

use schemars::{Schema, schema_for};

use crate::measure::Summary;
use crate::store::Manifest;
use crate::sweep::Sweep;

/// One published schema.
pub struct Published {
    /// Its file in `results/schema/`.
    pub file: &'static str,
    /// The file that it describes.
    pub of: &'static str,
    make: fn() -> Schema,
}

/// Every schema. The committed files are these; a test holds them to it.
pub static SCHEMAS: &[Published] = &[
    Published { file: "summary.schema.json", of: "summary.json", make: || schema_for!(Summary) },
    Published { file: "manifest.schema.json", of: "manifest.json", make: || schema_for!(Manifest) },
    Published { file: "sweep.schema.json", of: "sweep.json", make: || schema_for!(Sweep) },
];

impl Published {
    /// As it stands in its file.
    pub fn text(&self) -> String {
        serde_json::to_string_pretty(&(self.make)()).expect("a schema is plain data") + "\n"
    }
}
