//! What people look at after a sweep.

pub mod sentence;
pub mod text;

mod csv;

use crate::sweep::Sweep;

/// One file that a sweep leaves, beside its plots.
pub struct SweepFormat {
    pub file: &'static str,
    pub render: fn(&Sweep) -> String,
}

/// Every format. A new one is a file of its own and a line here.
pub static SWEEP_FORMATS: &[SweepFormat] = &[JSON, csv::FORMAT];

/// Every point and every finding, for machines.
pub const JSON: SweepFormat = SweepFormat {
    file: "sweep.json",
    render: |sweep| serde_json::to_string_pretty(sweep).expect("a sweep is plain data") + "\n",
};

pub use csv::FORMAT as CSV;
