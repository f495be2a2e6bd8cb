//! After which outcomes another target is tried, and which targets are left alone for a while, so that
//! the requests behind one that was refused need not each find out for themselves.

use std::time::Duration;

use super::{Decision, Settings, Target, Tried};
use crate::core::{Outcome, RunTime};

pub struct Cooldowns {
    fall_back_on: Vec<Outcome>,
    length: Duration,
    /// When each target may be tried again.
    until: Vec<RunTime>,
}

impl Cooldowns {
    pub fn new(settings: &Settings) -> Self {
        Self {
            fall_back_on: settings.fall_back_on.clone(),
            length: settings.cooldown,
            until: vec![RunTime::ZERO; settings.targets],
        }
    }

    /// What to do after an attempt has ended: the next target where another Region may do better.
    pub fn after(&mut self, now: RunTime, tried: &[Tried], ended: usize) -> Decision {
        let last = &tried[ended];
        let Some(outcome) = last.outcome() else { return Decision::NOTHING };
        if outcome == Outcome::Throttled {
            self.until[last.target] = now + self.length;
        }
        if !self.fall_back_on.contains(&outcome) {
            return Decision::NOTHING;
        }
        self.next(now, tried).map_or(Decision::NOTHING, Decision::attempt)
    }

    pub fn targets(&self) -> usize {
        self.until.len()
    }

    pub fn ready(&self, now: RunTime, target: Target) -> bool {
        self.until[target] <= now
    }

    /// The first target that is neither tried nor cooling down.
    pub fn spare(&self, now: RunTime, tried: &[Tried]) -> Option<Target> {
        self.untried(tried).find(|target| self.ready(now, *target))
    }

    /// The same; if all that are left cool down, the first of them: a refusal is no worse than not
    /// asking.
    pub fn next(&self, now: RunTime, tried: &[Tried]) -> Option<Target> {
        self.spare(now, tried).or_else(|| self.untried(tried).next())
    }

    fn untried(&self, tried: &[Tried]) -> impl Iterator<Item = Target> {
        (0..self.until.len()).filter(|target| tried.iter().all(|tried| tried.target != *target))
    }
}
