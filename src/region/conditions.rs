//! What changes over time in a Region, as the scenario schedules it.

use std::time::Duration;

use super::fault::Fault;
use super::quota::Shares;
use crate::core::RunTime;

/// The state of a Region during one phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Condition {
    /// Load that other tenants offer, as a share of all slots; above 1 the queue grows.
    pub background: f64,
    /// Share of the account's quota that its other applications use.
    pub account_load: f64,
    /// Of its tokens per minute alone, where that is another share.
    pub token_load: Option<f64>,
    /// Service times are multiplied by this.
    pub slowdown: f64,
    /// How long the slowdown takes to fall evenly to none; zero if it stays.
    pub slow_start: Duration,
    /// What goes wrong.
    pub faults: Vec<Fault>,
}

/// Before anything is scheduled.
static AT_REST: Condition = Condition {
    background: 0.0,
    account_load: 0.0,
    token_load: None,
    slowdown: 1.0,
    slow_start: Duration::ZERO,
    faults: Vec::new(),
};

impl Default for Condition {
    fn default() -> Self {
        AT_REST.clone()
    }
}

impl Condition {
    /// What the account's other applications leave of its quota.
    pub fn quota_left(&self) -> Shares {
        Shares { requests: 1.0 - self.account_load, tokens: 1.0 - self.token_load.unwrap_or(self.account_load) }
    }

    /// Factor on service times, `since` its start.
    fn slowdown_after(&self, since: Duration) -> f64 {
        if self.slow_start.is_zero() {
            return self.slowdown;
        }
        let passed = since.div_duration_f64(self.slow_start).min(1.0);
        self.slowdown + (1.0 - self.slowdown) * passed
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
        self.step(self.within_period(now)).map_or(&AT_REST, |(_, condition)| condition)
    }

    /// Factor on the service times of what starts at `now`.
    pub fn slowdown(&self, now: RunTime) -> f64 {
        let within = self.within_period(now);
        self.step(within).map_or(AT_REST.slowdown, |(start, condition)| condition.slowdown_after(within.since(*start)))
    }

    fn step(&self, within: RunTime) -> Option<&(RunTime, Condition)> {
        let after = self.steps.partition_point(|(start, _)| *start <= within);
        self.steps[..after].last()
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

    #[test]
    fn a_slow_start_begins_with_its_phase_and_is_over_in_time() {
        let at = RunTime::from_secs_f64;
        let cold = Condition { slowdown: 5.0, slow_start: Duration::from_secs(20), ..Condition::default() };
        let slow = Condition { slowdown: 2.0, ..Condition::default() };
        let steps = vec![(at(10.0), cold), (at(40.0), slow)];
        let conditions = Conditions::new(steps, Some(Duration::from_secs(60)));
        for (second, factor) in
            [(0.0, 1.0), (10.0, 5.0), (15.0, 4.0), (30.0, 1.0), (39.0, 1.0), (59.0, 2.0), (75.0, 4.0)]
        {
            assert_eq!(conditions.slowdown(at(second)), factor, "{second} s");
        }
    }

    #[test]
    fn the_load_on_tokens_is_that_on_the_account_unless_it_is_another() {
        let loaded = Condition { account_load: 0.25, ..Condition::default() };
        assert_eq!(loaded.quota_left(), Shares { requests: 0.75, tokens: 0.75 });
        let bound = Condition { token_load: Some(0.5), ..loaded };
        assert_eq!(bound.quota_left(), Shares { requests: 0.75, tokens: 0.5 });
    }
}
