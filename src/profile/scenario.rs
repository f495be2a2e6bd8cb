//! What goes wrong, when and where. For mock and simulation only: nobody schedules AWS.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::core::phase::{PhaseShare, Phases};
use crate::core::units::Span;
use crate::core::{RegionId, RunTime};
use crate::region::Conditions;
use crate::region::conditions::Condition;
use crate::region::fault::Fault;

/// As long as a run may last. Far longer spans are no number of nanoseconds, by which it is played over and over.
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3_600);

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
    #[serde(default = "one_client")]
    fleet: usize,
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
    #[serde(default, skip_serializing_if = "Option::is_none")]
    token_load: Option<f64>,
    #[serde(default = "undisturbed")]
    slowdown: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slow_start: Option<Span>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    faults: Vec<Fault>,
}

fn undisturbed() -> f64 {
    1.0
}

fn one_client() -> usize {
    1
}

impl Scenario {
    /// # Errors
    /// When a number in it makes no sense.
    pub fn check(&self) -> Result<(), String> {
        let wrong = |phase: &str, what: String| format!("phase `{phase}`: {what}");
        if self.phase.is_empty() {
            return Err("a scenario needs at least one [[phase]]".into());
        }
        if !(Duration::from_secs(1)..=LONGEST).contains(&self.length.0) {
            return Err(format!("length must be at least 1s and at most 7 days, not {}", self.length));
        }
        if !(1..=1_000).contains(&self.fleet) {
            return Err(format!("fleet must be from 1 to 1000 clients, not {}", self.fleet));
        }
        for phase in &self.phase {
            if !(phase.share > 0.0 && phase.share <= 1e6) {
                return Err(wrong(
                    &phase.name,
                    format!("share must be above 0 and at most 1000000, not {}", phase.share),
                ));
            }
            for region in &phase.regions {
                region.check().map_err(|what| wrong(&phase.name, what))?;
            }
        }
        Ok(())
    }

    /// Clients that the load comes from. They share nothing: each learns by itself which Region
    /// throttles.
    pub fn fleet(&self) -> usize {
        self.fleet
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

impl ConditionFile {
    fn check(&self) -> Result<(), String> {
        let code = self.code;
        for (key, load) in [("account_load", Some(self.account_load)), ("token_load", self.token_load)] {
            if load.is_some_and(|load| !(0.0..1.0).contains(&load)) {
                return Err(format!("{key} of {code} must be from 0 to below 1"));
            }
        }
        if !(0.0..=10.0).contains(&self.background) || !(0.01..=100.0).contains(&self.slowdown) {
            return Err(format!("background of {code} must be from 0 to 10, slowdown from 0.01 to 100"));
        }
        if let Some(slow_start) = self.slow_start
            && (slow_start.0.is_zero() || self.slowdown <= 1.0)
        {
            return Err(format!("slow_start of {code} must be above 0, and needs a slowdown above 1 that falls in it"));
        }
        for fault in &self.faults {
            fault.check().map_err(|what| format!("faults of {code}: {what}"))?;
        }
        Ok(())
    }
}

impl PhaseFile {
    fn at(&self, region: RegionId) -> Condition {
        self.regions.iter().find(|condition| condition.code == region).map_or_else(Condition::default, |found| {
            Condition {
                background: found.background,
                account_load: found.account_load,
                token_load: found.token_load,
                slowdown: found.slowdown,
                slow_start: found.slow_start.unwrap_or_default().0,
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
        for (right, broken, part) in [
            ("account_load = 0.5", "account_load = 1.0", "phase `storm`: account_load of ap-southeast-2"),
            ("account_load = 0.5", "token_load = 1.5", "phase `storm`: token_load of ap-southeast-2"),
            (
                "account_load = 0.5",
                "slowdown = 2.0, slow_start = \"0s\"",
                "slow_start of ap-southeast-2 must be above 0",
            ),
            ("account_load = 0.5", "slow_start = \"5s\"", "needs a slowdown above 1"),
            (
                "account_load = 0.5",
                "faults = [{ kind = \"dribble\", time = \"10000000000000000000s\" }]",
                "phase `storm`: faults of ap-southeast-2: time must be at most a day",
            ),
            ("schema = 1", "schema = 1\nfleet = 0", "fleet must be from 1 to 1000 clients, not 0"),
            ("schema = 1", "schema = 1\nfleet = 1001", "fleet must be from 1 to 1000 clients, not 1001"),
            // Played over and over, it would change without end at one instant.
            ("10s", "0s", "length must be at least 1s"),
            // 2^64 times 2^9 x 5^9 nanoseconds: a period of none.
            ("10s", "36028797018963968s", "at most 7 days"),
            // Two of them are more than a number holds, and each of no length beside such a sum.
            ("share = 3", "share = 1e308", "phase `storm`: share must be above 0 and at most 1000000"),
        ] {
            let said = parsed(&TWO_PHASES.replace(right, broken)).check().unwrap_err();
            assert!(said.contains(part), "{broken}: {said}");
        }
    }

    #[test]
    fn the_load_comes_from_one_client_unless_a_fleet_is_named() {
        assert_eq!(parsed(TWO_PHASES).fleet(), 1);
        let fleet = parsed(&TWO_PHASES.replace("schema = 1", "schema = 1\nfleet = 25"));
        fleet.check().unwrap();
        assert_eq!(fleet.fleet(), 25);
    }

    #[test]
    fn a_slow_start_counts_from_the_start_of_its_phase() {
        let scenario = parsed(&TWO_PHASES.replace("account_load = 0.5", "slowdown = 3.0, slow_start = \"4s\""));
        let seconds = RunTime::from_secs_f64;
        let phases = Phases::lay_out(Duration::from_secs(5), Duration::from_secs(60), &scenario.phases());
        let during = scenario.during(&phases, RegionId::SYDNEY);
        for (second, factor) in [(19.0, 1.0), (20.0, 3.0), (22.0, 2.0), (24.0, 1.0), (60.0, 1.0)] {
            assert_eq!(during.slowdown(seconds(second)), factor, "{second} s");
        }
    }
}
