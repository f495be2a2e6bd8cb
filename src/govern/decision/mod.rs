//! A published decision matrix as data: what it advises for a latency need, a data sensitivity and a throughput. It is
//! printed beside what was simulated, and never in its place.

mod contradictions;
mod entries;
mod overlay;

pub use contradictions::{Against, CONTRADICTIONS, Contradiction};
pub use entries::{ENTRIES, Entry, SOURCE};
pub use overlay::overlay;

use std::collections::BTreeSet;
use std::fmt;

use serde::Serialize;

use crate::core::RegionId;
use crate::core::region::Jurisdiction;
use crate::plan::workload::Sensitivity;

/// One of the three inputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Grade {
    Low,
    /// Of data and throughput only: latency is low or high.
    Medium,
    High,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

impl From<Sensitivity> for Grade {
    fn from(class: Sensitivity) -> Self {
        match class {
            Sensitivity::Low => Self::Low,
            Sensitivity::Medium => Self::Medium,
            Sensitivity::High => Self::High,
        }
    }
}

/// What the matrix asks about a piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Inputs {
    /// How much somebody waits for the answer.
    pub latency: Grade,
    /// How much it would matter if others read it.
    pub data: Grade,
    /// The scenarios name none.
    pub throughput: Option<Grade>,
}

impl Inputs {
    /// Nothing that both name differs.
    fn alike(self, other: Self) -> bool {
        let throughput = self.throughput.zip(other.throughput).is_none_or(|(a, b)| a == b);
        self.latency == other.latency && self.data == other.data && throughput
    }

    /// Rows and scenarios for such work, in the order of the article.
    pub fn entries(self) -> impl Iterator<Item = &'static Entry> {
        ENTRIES.iter().filter(move |entry| entry.inputs.alike(self))
    }

    /// Where the article contradicts itself, or the facts, about such work.
    pub fn contradictions(self) -> impl Iterator<Item = &'static Contradiction> {
        CONTRADICTIONS.iter().filter(move |found| found.entries.iter().any(|id| self.entries().any(|e| e.id == *id)))
    }
}

/// The Regions that the article advises, the first one first: one rule that gives all its rows and scenarios. Throughput
/// does not come into it.
pub fn regions(inputs: Inputs) -> Vec<RegionId> {
    let codes: &[&str] = match (inputs.data, inputs.latency) {
        (Grade::High, _) => &["ap-southeast-2"],
        (Grade::Low, Grade::Low) => &["ap-southeast-2", "us-west-2"],
        _ => &["ap-southeast-2", "ap-southeast-1"],
    };
    codes.iter().map(|code| code.parse().expect("a Region that bedbench knows")).collect()
}

/// The countries that may process data of this sensitivity, as the matrix has it; absent where it sets no bound.
pub fn countries(data: Grade) -> Option<BTreeSet<Jurisdiction>> {
    match data {
        Grade::High => Some([Jurisdiction::Australia].into()),
        Grade::Medium => Some([Jurisdiction::Australia, Jurisdiction::Singapore].into()),
        Grade::Low => None,
    }
}

#[cfg(test)]
mod tests;
