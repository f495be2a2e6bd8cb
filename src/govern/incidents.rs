//! Requests that went to a second Region: when, from where, where to and why.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::ledger::{countries, places};
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
    /// The first Region was not called: the policy left it alone, in a cool-down or above its threshold.
    LeftAlone,
}

/// Policies whose first target is home, and any other a way out. The others spread requests by design.
const WITH_A_HOME: [&str; 2] = ["fallback", "overflow"];

/// Of one request; `attempts` oldest first.
pub fn incidents(routes: &[RouteHead], attempts: &[AttemptRecord]) -> Vec<Incident> {
    let Some(first) = attempts.first() else { return Vec::new() };
    let route = &routes[usize::from(first.route)];
    let left_alone = WITH_A_HOME.contains(&route.policy.as_str()) && first.region != route.targets[0].region;
    let away = left_alone.then(|| incident(route, 0, first, Why::LeftAlone)).flatten();
    let steps = attempts.windows(2).filter(|step| step[0].region != step[1].region);
    let moves = steps.filter_map(|step| {
        let why = match step[1].sent.is_some_and(|sent| step[0].finished <= sent) {
            true => Why::Failed(step[0].outcome, step[0].error.clone().map(Cow::into_owned)),
            false => Why::Slow,
        };
        incident(route, step[0].target, &step[1], why)
    });
    away.into_iter().chain(moves).collect()
}

/// From the target at position `from` to that of `to`; `None` where `to` was never sent.
fn incident(route: &RouteHead, from: u16, to: &AttemptRecord, why: Why) -> Option<Incident> {
    let countries_of = |target: u16| countries(&places(&route.targets[usize::from(target)].processed_in));
    Some(Incident {
        at: to.sent?,
        route: route.name.clone(),
        request: to.index,
        from: route.targets[usize::from(from)].region,
        to: to.region,
        why,
        outcome: to.outcome,
        other_country: countries_of(from) != countries_of(to.target),
    })
}

/// Those of a run: all of them counted, the first ones listed.
#[derive(Clone, Debug, Default)]
pub struct Incidents {
    /// By the time at which they happened.
    pub listed: Vec<Incident>,
    /// By route, Regions and reason.
    pub counts: BTreeMap<(String, RegionId, RegionId, String), u64>,
}

impl Incidents {
    /// Lists `most` of them.
    pub fn new(mut all: Vec<Incident>, most: usize) -> Self {
        let mut counts = BTreeMap::new();
        for incident in &all {
            let key = (incident.route.clone(), incident.from, incident.to, incident.why.in_short());
            *counts.entry(key).or_default() += 1;
        }
        // Records lie in the order in which requests ended.
        all.sort_by_key(|incident| incident.at);
        all.truncate(most);
        Self { listed: all, counts }
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
            Self::LeftAlone => "left alone (cool-down or threshold)".to_owned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::residency::Standing;
    use crate::core::run::TargetHead;

    fn route(policy: &str) -> RouteHead {
        let target = |code: &str, places: &str| TargetHead {
            region: code.parse().unwrap(),
            model: "model".into(),
            processed_in: places.into(),
        };
        RouteHead {
            name: "route".into(),
            label: String::new(),
            policy: policy.into(),
            standing: Standing::Candidate,
            targets: vec![target("ap-southeast-2", "Sydney or Melbourne"), target("ap-southeast-1", "Singapore")],
        }
    }

    /// An attempt of the target at a position, between two instants in ms.
    fn attempt(target: u16, (sent, finished): (u64, u64), outcome: Outcome) -> AttemptRecord {
        let at = |ms: u64| RunTime::from_nanos(ms * 1_000_000);
        AttemptRecord {
            index: 7,
            region: route("pinned").targets[usize::from(target)].region,
            target,
            asked_tokens: 1,
            sent: Some(at(sent)),
            error: (outcome == Outcome::Throttled).then(|| "Too many tokens".into()),
            ..AttemptRecord::ended(at(finished), outcome)
        }
    }

    fn whys(policy: &str, attempts: &[AttemptRecord]) -> Vec<Why> {
        incidents(&[route(policy)], attempts).into_iter().map(|incident| incident.why).collect()
    }

    #[test]
    fn a_move_has_its_reason_and_a_second_try_in_the_same_region_is_none() {
        let throttled = attempt(0, (0, 5), Outcome::Throttled);
        let moved = [throttled.clone(), attempt(1, (5, 900), Outcome::Ok)];
        assert_eq!(whys("fallback", &moved), [Why::Failed(Outcome::Throttled, Some("Too many tokens".into()))]);
        let found = &incidents(&[route("fallback")], &moved)[0];
        assert!(found.other_country && found.from.name() == "Sydney" && found.to.name() == "Singapore", "{found:?}");
        assert_eq!(whys("patient", &[throttled, attempt(0, (100, 900), Outcome::Ok)]), []);
    }

    #[test]
    fn a_hedge_and_a_region_left_alone_are_told_apart() {
        let hedged = [attempt(0, (0, 900), Outcome::Cancelled), attempt(1, (300, 800), Outcome::Ok)];
        assert_eq!(whys("hedged", &hedged), [Why::Slow]);
        let away = [attempt(1, (0, 800), Outcome::Ok)];
        assert_eq!(whys("fallback", &away), [Why::LeftAlone]);
        assert_eq!(whys("weighted", &away), [], "a weighted route spreads requests by design");
    }

    #[test]
    fn all_are_counted_and_the_first_ones_listed() {
        let at = |ms| incidents(&[route("fallback")], &[attempt(1, (ms, 800), Outcome::Ok)]);
        let found = Incidents::new([at(30), at(10), at(20)].concat(), 2);
        let listed: Vec<_> = found.listed.iter().map(|incident| incident.at.as_nanos() / 1_000_000).collect();
        assert_eq!((found.total(), listed), (3, vec![10, 20]));
    }
}
