//! A recommendation, what it rests on and what would change it; and the published matrix beside it.

mod matrix;
mod sentence;
#[cfg(test)]
mod tests;
mod text;

pub use matrix::{json as matrix_json, render as matrix};
pub use text::render;

use serde::Serialize;

use crate::core::RegionId;
use crate::core::region::Jurisdiction;
use crate::core::run::World;
use crate::core::slo::Slo;
use crate::core::units::{Rate, Span};
use crate::govern::decision::{self, Contradiction, Entry, Inputs};
use crate::sweep::advice::{ASKED, Candidate, rank};

pub const SCHEMA: u32 = 1;

/// What stands on every advice.
pub const ASSUMPTIONS: &str = "rests on the assumptions of profiles/regions.toml, which nobody has measured for your account: \
                               measure the routes with `bedbench run` before you decide";

/// What was asked, and with what it was simulated.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Setting {
    /// As named on the command line: a built-in name, or a file.
    pub profile: String,
    pub workload: String,
    pub scenario: String,
    /// Single values from the command line, `path=value`.
    pub set: Vec<String>,
    pub inputs: Inputs,
    /// Where workload and inputs come from, where they were not typed.
    pub taken: Vec<String>,
    pub rps: Rate,
    /// Why this load.
    pub rps_from: String,
    pub seeds: u64,
    /// The first of the seeds, which follow one another.
    pub seed: u64,
    /// Of each simulation, behind the warm-up.
    pub duration: Span,
    pub warmup: Span,
    /// The countries that may process the requests.
    pub allowed: Vec<Jurisdiction>,
}

/// What the published matrix says of the same inputs.
#[derive(Debug, Serialize)]
pub struct Article {
    pub source: &'static str,
    pub regions: Vec<RegionId>,
    /// Rows and scenarios for such work.
    pub entries: Vec<&'static Entry>,
    pub contradictions: Vec<&'static Contradiction>,
}

#[derive(Debug, Serialize)]
pub struct Advice {
    pub schema: u32,
    /// Version of bedbench.
    pub version: &'static str,
    pub world: World,
    pub assumptions: &'static str,
    pub setting: Setting,
    /// All of them are held, under every seed.
    pub slos: Vec<Slo>,
    /// Allowed routes that meet every objective, the best first.
    pub ranking: Vec<String>,
    pub recommended: Option<String>,
    pub runner_up: Option<String>,
    pub what_would_change_it: Vec<String>,
    pub warnings: Vec<String>,
    pub article: Article,
    pub candidates: Vec<Candidate>,
}

impl Advice {
    /// `candidates` in the order of the profile; `warnings` are what to know besides.
    pub fn new(setting: Setting, slos: Vec<Slo>, candidates: Vec<Candidate>, warnings: Vec<String>) -> Self {
        let inputs = setting.inputs;
        let ranking: Vec<_> = rank(allowed(&candidates), ASKED).iter().map(|route| route.head.name.clone()).collect();
        let mut advice = Self {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION"),
            world: World::Sim,
            assumptions: ASSUMPTIONS,
            setting,
            slos,
            recommended: ranking.first().cloned(),
            runner_up: ranking.get(1).cloned(),
            ranking,
            what_would_change_it: Vec::new(),
            warnings,
            article: Article {
                source: decision::SOURCE,
                regions: decision::regions(inputs),
                entries: inputs.entries().collect(),
                contradictions: inputs.contradictions().collect(),
            },
            candidates,
        };
        advice.what_would_change_it = sentence::changes(&advice);
        advice
    }

    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("an advice is plain data") + "\n"
    }

    fn candidate(&self, name: &str) -> Option<&Candidate> {
        self.candidates.iter().find(|candidate| candidate.head.name == name)
    }
}

/// Those that may be recommended.
fn allowed(candidates: &[Candidate]) -> impl Iterator<Item = &Candidate> {
    candidates.iter().filter(|candidate| candidate.refused.is_none())
}
