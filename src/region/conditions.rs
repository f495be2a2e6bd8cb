//! What changes over time in a Region, as the scenario schedules it.

use std::time::Duration;

use super::fault::Fault;
use crate::core::RunTime;

/// The state of a Region during one phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Load that other tenants offer, as a share of all slots; above 1 the queue grows.
    pub background: f64,
    /// Share of the account's quota that its other applications use.
    pub account_load: f64,
    /// Service times are multiplied by this.
    pub slowdown: f64,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// Before anything is scheduled.
static AT_REST: Condition = Condition { background: 0.0, account_load: 0.0, slowdown: 1.0, faults: Vec::new() };

impl Default for Condition {
    fn default() -> Self {
        AT_REST.clone()
    }
}

/// Conditions from their start until the next one starts; repeated after `period`, if there is one.
#[derive(Clone, Debug, PartialEq)]
pub struct Conditions {
    steps: Vec<(RunTime, Condition)>,
    period: Option<Duration>,
}

impl Conditions {
    /// `steps` ascending; before the first of them everything is at rest.
    pub fn new(steps: Vec<(RunTime, Condition)>, period: Option<Duration>) -> Self {
        debug_assert!(steps.is_sorted_by_key(|(start, _)| *start));
        Self { steps, period }
    }

    pub fn constant(condition: Condition) -> Self {
        Self::new(vec![(RunTime::ZERO, condition)], None)
    }

    pub fn at(&self, now: RunTime) -> &Condition {
        let within = self.within_period(now);
        let after = self.steps.partition_point(|(start, _)| *start <= within);
        after.checked_sub(1).map_or(&AT_REST, |i| &self.steps[i].1)
    }

    /// Whether it is so in any of them.
    pub fn any(&self, is_so: impl Fn(&Condition) -> bool) -> bool {
        self.steps.iter().any(|(_, condition)| is_so(condition))
    }

    /// The first change after `now`.
    pub fn next_change(&self, now: RunTime) -> Option<RunTime> {
        let within = self.within_period(now);
        let start_of_period = now.since(RunTime::ZERO + within.since_start());
        let next = self.steps.iter().map(|(start, _)| *start).find(|start| *start > within);
        let next = next.map(RunTime::since_start).or(self.period)?;
        Some(RunTime::from_duration(start_of_period + next))
    }

    fn within_period(&self, now: RunTime) -> RunTime {
        match self.period {
            Some(period) => RunTime::from_nanos(now.as_nanos() % period.as_nanos() as u64),
            None => now,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn busy(background: f64) -> Condition {
        Condition { background, ..Condition::default() }
    }

    #[test]
    fn conditions_hold_until_the_next_and_come_round_again() {
        let at = RunTime::from_secs_f64;
        let steps = vec![(at(0.0), busy(0.1)), (at(20.0), busy(0.9))];
        let conditions = Conditions::new(steps, Some(Duration::from_secs(60)));
        for (second, background, change) in [(0.0, 0.1, 20.0), (20.0, 0.9, 60.0), (59.9, 0.9, 60.0), (61.0, 0.1, 80.0)]
        {
            assert_eq!(conditions.at(at(second)).background, background, "{second} s");
            assert_eq!(conditions.next_change(at(second)), Some(at(change)), "{second} s");
        }
        assert_eq!(Conditions::constant(busy(0.5)).next_change(at(1.0)), None);
    }
}
