//! Requests that went to a second Region: when, from where, where to and why.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ledger::places;
use crate::core::record::AttemptRecord;
use crate::core::run::RouteHead;
use crate::core::{Outcome, RegionId, RunTime};

/// One step of a request from one Region to another.
#[derive(Clone, Debug, PartialEq)]
pub struct Incident {
    /// When the second Region was called.
    pub at: RunTime,
    pub route: String,
    /// Number of the request.
    pub request: u32,
    pub from: RegionId,
    pub to: RegionId,
    pub why: Why,
    /// How the call of the second Region ended.
    pub outcome: Outcome,
    /// Whether the second call may be processed in a country in which the first could not.
    pub other_country: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub enum Why {
    /// The first call had ended so, with the service's words if it had any.
    Failed(Outcome, Option<String>),
    /// The first call was still under way: a hedge.
    Slow,
}

/// Of one request; `attempts` oldest first.
pub fn incidents(routes: &[RouteHead], attempts: &[AttemptRecord]) -> Vec<Incident> {
    let steps = attempts.windows(2).filter(|step| step[0].region != step[1].region);
    steps.filter_map(|step| incident(routes, &step[0], &step[1])).collect()
}

fn incident(routes: &[RouteHead], first: &AttemptRecord, second: &AttemptRecord) -> Option<Incident> {
    let route = &routes[usize::from(second.route)];
    let at = second.sent?;
    let processed_in = |attempt: &AttemptRecord| places(&route.targets[usize::from(attempt.target)].processed_in);
    let why = match first.finished <= at {
        true => Why::Failed(first.outcome, first.error.clone().map(Cow::into_owned)),
        false => Why::Slow,
    };
    Some(Incident {
        at,
        route: route.name.clone(),
        request: second.index,
        from: first.region,
        to: second.region,
        why,
        outcome: second.outcome,
        other_country: super::ledger::countries(&processed_in(first))
            != super::ledger::countries(&processed_in(second)),
    })
}

/// Those of a run: all of them counted, the first ones kept.
#[derive(Clone, Debug, Default)]
pub struct Incidents {
    pub kept: Vec<Incident>,
    /// By route, Regions and reason.
    pub counts: BTreeMap<(String, RegionId, RegionId, String), u64>,
    most: usize,
}

impl Incidents {
    pub fn keeping(most: usize) -> Self {
        Self { most, ..Self::default() }
    }

    pub fn add(&mut self, incident: Incident) {
        let key = (incident.route.clone(), incident.from, incident.to, incident.why.in_short());
        *self.counts.entry(key).or_default() += 1;
        if self.kept.len() < self.most {
            self.kept.push(incident);
        }
    }

    pub fn total(&self) -> u64 {
        self.counts.values().sum()
    }
}

impl Why {
    /// Without the service's words.
    pub fn in_short(&self) -> String {
        match self {
            Self::Failed(outcome, _) => outcome.to_string(),
            Self::Slow => "no answer yet (hedged)".to_owned(),
        }
    }
}
