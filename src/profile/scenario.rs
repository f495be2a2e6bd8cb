//! What goes wrong, when and where. For mock and simulation only: nobody schedules AWS.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::phase::{PhaseShare, Phases};
use crate::core::units::Span;
use crate::core::{RegionId, RunTime};
use crate::region::Conditions;
use crate::region::conditions::Condition;
use crate::region::fault::Fault;

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Scenario {
    pub schema: u32,
    pub name: String,
    pub summary: String,
    pub source: String,
    pub date: String,
    /// How long the mock takes to play it once when no run sets the length.
    pub length: Span,
    phase: Vec<PhaseFile>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct PhaseFile {
    name: String,
    share: f64,
    #[serde(default)]
    steady: bool,
    #[serde(default)]
    regions: Vec<ConditionFile>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct ConditionFile {
    code: RegionId,
    #[serde(default)]
    background: f64,
    #[serde(default)]
    account_load: f64,
    #[serde(default = "undisturbed")]
    slowdown: f64,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault>,
}

fn undisturbed() -> f64 {
    1.0
}

impl Scenario {
    /// # Errors
    /// When a number in it makes no sense.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |phase: &str, what: String| format!("phase `{phase}`: {what}");
        if self.phase.is_empty() {
            return Err("a scenario needs at least one [[phase]]".into());
        }
        if self.length.0 < Duration::from_secs(1) {
            return Err(format!("length must be at least 1s, not {}", self.length));
        }
        for phase in &self.phase {
            if !(phase.share.is_finite() && phase.share > 0.0) {
                return Err(wrong(&phase.name, format!("share must be above 0, not {}", phase.share)));
            }
            for region in &phase.regions {
                if !(0.0..1.0).contains(&region.account_load) {
                    let what = format!("account_load of {} must be from 0 to below 1", region.code);
                    return Err(wrong(&phase.name, what));
                }
                if !(0.0..=10.0).contains(&region.background) || !(0.01..=100.0).contains(&region.slowdown) {
                    let what = format!("background of {} must be from 0 to 10, slowdown from 0.01 to 100", region.code);
                    return Err(wrong(&phase.name, what));
                }
                for fault in &region.faults {
                    fault.check().map_err(|what| wrong(&phase.name, format!("faults of {}: {what}", region.code)))?;
                }
            }
        }
        Ok(())
    }

    pub fn phases(&self) -> Vec<PhaseShare> {
        self.phase
            .iter()
            .map(|phase| PhaseShare { name: phase.name.clone(), share: phase.share, steady: phase.steady })
            .collect()
    }

    /// Conditions of `region` over the phases of a run; the warm-up has those of the first phase.
    pub fn during(&self, phases: &Phases, region: RegionId) -> Conditions {
        let starts = phases.iter().filter(|phase| phase.measured).map(|phase| phase.start);
        let steps = self.phase.iter().zip(starts).enumerate();
        let steps = steps.map(|(i, (phase, start))| (if i == 0 { RunTime::ZERO } else { start }, phase.at(region)));
        Conditions::new(steps.collect(), None)
    }

    /// Conditions of `region` when the scenario plays over and over, from time zero.
    pub fn repeating(&self, region: RegionId) -> Conditions {
        let phases = Phases::lay_out(Duration::ZERO, self.length.0, &self.phases());
        let steps = self.phase.iter().zip(phases.iter()).map(|(phase, laid)| (laid.start, phase.at(region)));
        Conditions::new(steps.collect(), Some(self.length.0))
    }
}

impl PhaseFile {
    fn at(&self, region: RegionId) -> Condition {
        self.regions.iter().find(|condition| condition.code == region).map_or_else(Condition::default, |found| {
            Condition {
                background: found.background,
                account_load: found.account_load,
                slowdown: found.slowdown,
                faults: found.faults.clone(),
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TWO_PHASES: &str = r#"
schema = 1
name = "test"
summary = "test"
source = "test"
date = "2026-11-23"
length = "10s"

[[phase]]
name = "calm"
share = 1
steady = true

[[phase]]
name = "storm"
share = 3
regions = [{ code = "ap-southeast-2", background = 0.9, account_load = 0.5 }]
"#;

    fn parsed(text: &str) -> Scenario {
        toml::from_str(text).unwrap()
    }

    #[test]
    fn a_run_stretches_the_phases_and_the_mock_repeats_them() {
        let scenario = parsed(TWO_PHASES);
        scenario.check().unwrap();
        let seconds = RunTime::from_secs_f64;
        let phases = Phases::lay_out(Duration::from_secs(5), Duration::from_secs(60), &scenario.phases());
        let during = scenario.during(&phases, RegionId::SYDNEY);
        assert_eq!(during.at(seconds(19.9)).background, 0.0);
        assert_eq!(during.at(seconds(20.0)).background, 0.9);
        let repeating = scenario.repeating(RegionId::SYDNEY);
        assert_eq!(repeating.at(seconds(2.5)).background, 0.9);
        assert_eq!(repeating.at(seconds(10.0)).background, 0.0);
    }

    #[test]
    fn numbers_without_sense_are_refused() {
        let broken = TWO_PHASES.replace("account_load = 0.5", "account_load = 1.0");
        let said = parsed(&broken).check().unwrap_err();
        assert!(said.contains("`storm`") && said.contains("account_load"), "{said}");
        // Played over and over, it would change without end at one instant.
        let said = parsed(&TWO_PHASES.replace("10s", "0s")).check().unwrap_err();
        assert!(said.contains("length must be at least 1s"), "{said}");
    }
}
