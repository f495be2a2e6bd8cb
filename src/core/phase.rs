//! Phases of a run: the warm-up, and whatever the scenario schedules after it.

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::time::RunTime;

/// One stretch of the run, reported apart from the others.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Phase {
    pub name: String,
    pub start: RunTime,
    pub end: RunTime,
    /// Nothing is scheduled to change inside it, so drift in it is a finding about the run.
    pub steady: bool,
    /// The warm-up is recorded but enters no number.
    pub measured: bool,
}

/// The phases of a run, back to back from zero.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Phases(Vec<Phase>);

/// A phase before the run's length is known: its share of the measured time.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseShare {
    pub name: String,
    pub share: f64,
    pub steady: bool,
}

impl PhaseShare {
    /// All of the measured time.
    pub fn whole(steady: bool) -> Self {
        Self { name: "measured".into(), share: 1.0, steady }
    }
}

impl Phases {
    /// Lays `shares` over the measured time, behind the warm-up. Shares are relative to their
    /// sum; with none, the whole is one steady phase named `measured`.
    pub fn lay_out(warmup: Duration, measured: Duration, shares: &[PhaseShare]) -> Self {
        let whole = [PhaseShare::whole(true)];
        let shares = if shares.is_empty() { &whole[..] } else { shares };
        let start = RunTime::from_duration(warmup);
        let mut phases = Vec::with_capacity(shares.len() + 1);
        if !warmup.is_zero() {
            phases.push(Phase {
                name: "warm-up".into(),
                start: RunTime::ZERO,
                end: start,
                steady: false,
                measured: false,
            });
        }
        let total: f64 = shares.iter().map(|phase| phase.share).sum();
        let mut passed = 0.0;
        for phase in shares {
            let from = start + measured.mul_f64(passed / total);
            passed += phase.share;
            phases.push(Phase {
                name: phase.name.clone(),
                start: from,
                end: start + measured.mul_f64((passed / total).min(1.0)),
                steady: phase.steady,
                measured: true,
            });
        }
        Self(phases)
    }

    /// The blocks of a route laid end to end, each a phase behind its warm-up.
    pub fn of_blocks(rounds: u16, warmup: Duration, measured: Duration, steady: bool) -> Self {
        let mut phases = Vec::new();
        let mut start = RunTime::ZERO;
        let mut add = |name: String, length: Duration, steady, measured| {
            if !length.is_zero() {
                phases.push(Phase { name, start, end: start + length, steady, measured });
                start = start + length;
            }
        };
        for round in 1..=rounds {
            add("warm-up".into(), warmup, false, false);
            add(format!("block {round}"), measured, steady, true);
        }
        Self(phases)
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Phase> {
        self.0.iter()
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Position of the phase that `at` falls in; the last one for anything later.
    pub fn index_at(&self, at: RunTime) -> usize {
        self.0.partition_point(|phase| phase.end <= at).min(self.0.len().saturating_sub(1))
    }

    pub fn get(&self, index: usize) -> &Phase {
        &self.0[index]
    }

    /// Start and end of the measured time; between blocks there is a warm-up in it.
    pub fn measured(&self) -> (RunTime, RunTime) {
        let start = self.0.iter().find(|phase| phase.measured).map_or(RunTime::ZERO, |p| p.start);
        (start, self.0.last().map_or(RunTime::ZERO, |phase| phase.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(name: &str, share: f64) -> PhaseShare {
        PhaseShare { name: name.into(), share, steady: true }
    }

    #[test]
    fn phases_share_out_the_measured_time_behind_the_warm_up() {
        let seconds = Duration::from_secs;
        let phases = Phases::lay_out(seconds(5), seconds(60), &[share("calm", 1.0), share("storm", 2.0)]);
        let names: Vec<_> = phases.iter().map(|phase| phase.name.as_str()).collect();
        assert_eq!(names, ["warm-up", "calm", "storm"]);
        assert_eq!(phases.index_at(RunTime::from_secs_f64(4.999)), 0);
        assert_eq!(phases.index_at(RunTime::from_secs_f64(5.0)), 1);
        assert_eq!(phases.index_at(RunTime::from_secs_f64(25.0)), 2);
        assert_eq!(phases.index_at(RunTime::from_secs_f64(99.0)), 2);
        assert_eq!(phases.measured(), (RunTime::from_secs_f64(5.0), RunTime::from_secs_f64(65.0)));
    }

    #[test]
    fn a_run_without_a_scenario_is_one_measured_phase() {
        let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(10), &[]);
        assert_eq!(phases.len(), 1);
        assert!(phases.get(0).measured && phases.get(0).steady);
    }
}
