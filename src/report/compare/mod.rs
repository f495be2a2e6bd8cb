//! Two runs side by side, or two routes of one: what `bedbench compare` prints.

pub mod markdown;
mod sentence;
pub mod text;

use serde::Serialize;

use crate::core::Metric;
use crate::core::fail_if::FailIf;
use crate::core::run::{self, Loop, World};
use crate::core::units::{Span, grouped, length};
use crate::measure::Summary;
use crate::measure::summary::RouteSummary;
use crate::measure::verdict::{Grade, Reason};
use crate::measure::versus::{Judgement, Pairing, Row, Versus};
use crate::store::Manifest;

pub const SCHEMA: u32 = 1;

/// One side: a route of a run.
#[derive(Clone, Debug, Serialize)]
pub struct Head {
    /// As it was named on the command line.
    pub folder: String,
    pub route: String,
    pub world: World,
    #[serde(rename = "loop")]
    pub kind: Loop,
    pub profile: String,
    pub workload: String,
    pub load: String,
    pub measured: Span,
    pub seed: u64,
    pub started: String,
    pub version: String,
    pub requests: u64,
    pub interrupted: bool,
    pub grade: Grade,
    pub reasons: Vec<Reason>,
}

impl Head {
    pub fn new(folder: String, manifest: &Manifest, summary: &Summary, route: &RouteSummary) -> Self {
        let config = &manifest.config;
        Self {
            folder,
            route: route.head.name.clone(),
            world: summary.world,
            kind: summary.kind,
            profile: config.profile.clone(),
            workload: config.workload.clone(),
            load: config.load.clone(),
            measured: config.duration,
            seed: config.seed.0,
            started: manifest.started.clone(),
            version: manifest.version.clone(),
            requests: route.whole().counted(),
            interrupted: summary.interrupted,
            grade: summary.verdict.grade,
            reasons: summary.verdict.reasons.clone(),
        }
    }

    /// `MOCK`, or `MOCK, CLOSED LOOP`.
    pub fn label(&self) -> String {
        run::label(self.world, self.kind)
    }

    fn facts(&self) -> Vec<String> {
        vec![
            self.profile.clone(),
            format!("workload {}", self.workload),
            self.load.clone(),
            format!("{} measured", length(self.measured.0)),
            format!("seed {}", self.seed),
            format!("{} requests", grouped(self.requests)),
            format!("started {}", self.started),
        ]
    }
}

/// Milliseconds of every success, ascending, and failures: what the plot is drawn from.
#[derive(Clone, Debug, Default)]
pub struct Curve {
    pub times: Vec<f64>,
    pub failures: u64,
}

/// One route against one other.
#[derive(Clone, Debug, Serialize)]
pub struct Pair {
    pub a: Head,
    pub b: Head,
    #[serde(flatten)]
    pub versus: Versus,
    #[serde(skip)]
    pub curves: Vec<(Metric, [Curve; 2])>,
    pub gates: Vec<Gate>,
}

impl Pair {
    /// The route, or both where they differ: an arrow would read as a fallback.
    pub(in crate::report) fn name(&self) -> String {
        match self.a.route == self.b.route {
            true => self.a.route.clone(),
            false => format!("A {} · B {}", self.a.route, self.b.route),
        }
    }
}

/// A gate and what came of it.
#[derive(Clone, Debug, Serialize)]
pub struct Gate {
    pub fail_if: FailIf,
    pub judgement: Judgement,
    /// In words.
    pub text: String,
}

/// Everything that a comparison prints.
#[derive(Clone, Debug, Serialize)]
pub struct Compared {
    pub schema: u32,
    /// In which ways the runs are unlike, compared all the same.
    pub unlike: Vec<String>,
    pub pairs: Vec<Pair>,
}

impl Compared {
    pub fn json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a comparison is plain data") + "\n"
    }

    /// What stands on all of its numbers: the labels of both sides.
    pub fn label(&self) -> String {
        let heads = self.pairs.iter().flat_map(|pair| [&pair.a, &pair.b]);
        let mut labels: Vec<_> = heads.map(Head::label).collect();
        labels.dedup();
        labels.sort();
        labels.dedup();
        labels.join(" / ")
    }
}

/// What a gate says of its row.
pub fn gate(fail_if: FailIf, row: &Row) -> Gate {
    Gate { fail_if, judgement: row.judge(fail_if.more_than), text: sentence::gate(fail_if, row) }
}

fn pairing(pairing: Pairing) -> &'static str {
    match pairing {
        Pairing::Requests => "paired: both were asked the same at the same instants",
        Pairing::Time => "paired: both ran at the same time",
        Pairing::Rounds => "paired by round: they took turns",
        Pairing::None => "not paired: they did not have the same requests at the same instants",
    }
}

/// Doubts about the runs themselves, each once.
fn doubts(compared: &Compared) -> Vec<(Grade, String)> {
    let mut doubts = Vec::new();
    for head in compared.pairs.iter().flat_map(|pair| [&pair.a, &pair.b]) {
        for reason in &head.reasons {
            let doubt = (reason.grade, format!("{}: {}", head.folder, reason.text));
            if !doubts.contains(&doubt) {
                doubts.push(doubt);
            }
        }
    }
    doubts.sort_by_key(|(grade, _)| std::cmp::Reverse(*grade));
    doubts
}

/// What a reader must know before any number.
fn warnings(compared: &Compared) -> Vec<String> {
    let mut warnings: Vec<_> = compared.unlike.iter().map(|what| format!("unlike runs: {what}")).collect();
    for head in compared.pairs.iter().flat_map(|pair| [&pair.a, &pair.b]).filter(|head| head.interrupted) {
        let warning = format!("{} was interrupted", head.folder);
        if !warnings.contains(&warning) {
            warnings.push(warning);
        }
    }
    warnings
}

#[cfg(test)]
mod tests;
