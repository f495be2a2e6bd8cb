//! Experiments: several loads along several routes at once, and what is expected to come out.

use serde::{Deserialize, Serialize};

use super::load::in_place_of;
use crate::core::slo::Slo;
use crate::core::units::{Rate, Span};
use crate::core::{Metric, RegionId};
use crate::plan::pattern::TimeOfDay;

/// A claim that can be run. Nothing is shared between its arms: each has limiters of its own.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Experiment {
    pub schema: u32,
    pub name: String,
    pub summary: String,
    /// In words, as it was made.
    pub claim: String,
    pub source: String,
    pub date: String,
    /// How often each arm is simulated, under seeds that follow each other.
    #[serde(default = "usual_seeds")]
    pub seeds: u64,
    /// For every arm, before its own: as `--set` takes them.
    #[serde(default)]
    pub set: Vec<String>,
    pub arm: Vec<Arm>,
    pub expect: Vec<Expectation>,
}

fn usual_seeds() -> u64 {
    5
}

/// One load along one route.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Arm {
    pub name: String,
    pub profile: String,
    pub route: String,
    pub workload: String,
    pub scenario: String,
    /// Service times other than the built-in ones.
    pub latency: Option<String>,
    /// As `--set` takes them.
    #[serde(default)]
    pub set: Vec<String>,
    /// Of an open loop; with a pattern, the mean over the day.
    pub rps: Option<Rate>,
    pub pattern: Option<String>,
    pub start: Option<TimeOfDay>,
    /// Workers of a closed loop.
    pub concurrency: Option<usize>,
    pub duration: Span,
    #[serde(default)]
    pub warmup: Span,
    /// Where the numbers of this arm come from.
    pub source: String,
    pub date: String,
}

/// What is expected of an arm.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Expectation {
    /// So many items are done within a window, at the throughput measured.
    Batch { arm: String, items: u64, window: Span, feasible: bool },
    /// An objective is met.
    Slo { arm: String, slo: Slo, met: bool },
    /// Attempts are throttled.
    Throttled { arm: String, any: bool },
    /// A percentile of an arm against that of another.
    Compare { arm: String, than: String, metric: Metric, quantile: f64, finding: Side },
    /// A Region never processes anything of an arm.
    Never { arm: String, region: RegionId },
}

/// On which side one percentile lies of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Side {
    Faster,
    Slower,
}

impl Expectation {
    /// The arms that it names.
    fn arms(&self) -> Vec<&str> {
        match self {
            Self::Compare { arm, than, .. } => vec![arm, than],
            Self::Batch { arm, .. } | Self::Slo { arm, .. } | Self::Throttled { arm, .. } | Self::Never { arm, .. } => {
                vec![arm]
            }
        }
    }
}

impl Experiment {
    /// # Errors
    /// When a number in it makes no sense, or an expectation names an arm that is not there.
    pub fn check(&self) -> Result<(), String> {
        if self.arm.is_empty() || self.expect.is_empty() {
            return Err("an experiment needs at least one [[arm]] and one [[expect]]".into());
        }
        if !(2..=100).contains(&self.seeds) {
            return Err(format!("seeds must be from 2 to 100, not {}", self.seeds));
        }
        for (i, arm) in self.arm.iter().enumerate() {
            if self.arm[..i].iter().any(|other| other.name == arm.name) {
                return Err(format!("two arms are named `{}`; rename one", arm.name));
            }
            if arm.rps.is_some() == arm.concurrency.is_some() {
                return Err(format!("arm `{}` needs either rps or concurrency", arm.name));
            }
            if arm.rps.is_none() && (arm.pattern.is_some() || arm.start.is_some()) {
                return Err(format!("arm `{}`: pattern and start go with rps", arm.name));
            }
        }
        for expectation in &self.expect {
            if let Some(name) = expectation.arms().into_iter().find(|name| self.arm.iter().all(|arm| arm.name != *name))
            {
                let known: Vec<_> = self.arm.iter().map(|arm| arm.name.as_str()).collect();
                return Err(format!("expect names the arm `{name}`{}", in_place_of(name, "There are", known)));
            }
            match expectation {
                Expectation::Batch { items: 0, .. } => return Err("expect: items must be at least 1".into()),
                Expectation::Batch { window, .. } if window.0.is_zero() => {
                    return Err("expect: window must be above 0".into());
                }
                Expectation::Compare { quantile, .. } if !(*quantile > 0.0 && *quantile < 1.0) => {
                    return Err(format!("expect: quantile must be between 0 and 1, not {quantile}"));
                }
                _ => {}
            }
        }
        Ok(())
    }
}
