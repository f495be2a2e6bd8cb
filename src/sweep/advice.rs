//! Which route to take at one load: those that meet every objective, ranked by cost and then by time to first token.

use std::time::Duration;

use serde::Serialize;

use super::{Point, Spread, Watched};
use crate::core::Metric;
use crate::core::run::RouteHead;
use crate::core::slo::Slo;
use crate::measure::series::Level;

/// Costs that are apart by less than this share are the same: prices are not known any better.
pub const SAME_COST: f64 = 0.01;

/// The percentile that decides between routes of the same cost.
pub const FIRST_TOKEN: Watched = Watched { metric: Metric::Ttft, q: 0.95 };

/// One route at one load, under every seed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Held {
    /// Requests per second.
    pub rps: f64,
    /// Requests planned, all seeds together.
    pub planned: u64,
    pub slos: Vec<HeldSlo>,
    /// Over all requests, failures last.
    pub ttft_p95: Option<Spread<Level>>,
    pub response_p95: Option<Spread<Level>>,
    /// USD per 1,000 answers within every objective; absent if under any seed there was none.
    pub cost_per_thousand_good: Option<Spread<f64>>,
    /// Of all requests, those that met every objective; under the worst seed.
    pub good_share: f64,
    /// Of all attempts; under the worst seed.
    pub throttled_share: f64,
}

/// One objective over the seeds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct HeldSlo {
    pub slo: Slo,
    /// Absent where nothing was measured.
    pub value: Option<Spread<Level>>,
    /// Seeds under which it was met.
    pub met: usize,
    pub seeds: usize,
}

impl HeldSlo {
    pub fn is_met(&self) -> bool {
        self.seeds > 0 && self.met == self.seeds
    }

    /// By which share of the limit the worst seed misses it: infinite where it falls among failures; 0 or less where it is
    /// met.
    pub fn missed_by(&self) -> f64 {
        let worst = self.value.and_then(|value| value.high.time());
        worst.map_or(f64::INFINITY, |time| time.as_secs_f64() / self.slo.limit.as_secs_f64() - 1.0)
    }
}

impl Held {
    /// `points` are of one route at one load, one for each seed.
    pub fn of(points: &[Point], slos: &[Slo]) -> Self {
        let spread = |watched: Watched| Spread::of(points.iter().filter_map(|point| point.level(watched)));
        let held = |slo: &Slo| {
            let met = |point: &&Point| point.level(slo.into()).and_then(Level::time).is_some_and(|t| t < slo.limit);
            HeldSlo {
                slo: *slo,
                value: spread(slo.into()),
                met: points.iter().filter(met).count(),
                seeds: points.len(),
            }
        };
        let costs: Option<Vec<_>> = points.iter().map(Point::cost_per_thousand_good).collect();
        let good = |point: &Point| point.good as f64 / point.planned.max(1) as f64;
        Self {
            rps: points.first().map_or(0.0, |point| point.rps),
            planned: points.iter().map(|point| point.planned).sum(),
            slos: slos.iter().map(held).collect(),
            ttft_p95: spread(FIRST_TOKEN),
            response_p95: spread(Watched { metric: Metric::Response, q: 0.95 }),
            cost_per_thousand_good: costs.and_then(Spread::of),
            good_share: points.iter().map(good).fold(1.0, f64::min),
            throttled_share: points.iter().filter_map(Point::throttle_share).fold(0.0, f64::max),
        }
    }

    /// Every objective under every seed.
    pub fn meets_all(&self) -> bool {
        !self.slos.is_empty() && self.slos.iter().all(HeldSlo::is_met) && self.cost_per_thousand_good.is_some()
    }

    /// The objective that is missed by most; absent where all are met.
    pub fn worst_miss(&self) -> Option<&HeldSlo> {
        let missed = self.slos.iter().filter(|held| !held.is_met());
        missed.max_by(|a, b| a.missed_by().total_cmp(&b.missed_by()))
    }

    /// The middle seed's; infinite where there is none.
    pub fn cost(&self) -> f64 {
        self.cost_per_thousand_good.map_or(f64::INFINITY, |cost| cost.middle)
    }

    fn first_token(&self) -> Duration {
        self.ttft_p95.and_then(|value| value.middle.time()).unwrap_or(Duration::MAX)
    }
}

/// One candidate route of the profile.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Candidate {
    #[serde(flatten)]
    pub head: RouteHead,
    /// Why it is simulated and never recommended; absent if it may be.
    pub refused: Option<String>,
    /// At the load that was asked for.
    pub asked: Held,
    /// At twice that load.
    pub doubled: Held,
}

/// At which of its loads a candidate is looked at.
pub type At = fn(&Candidate) -> &Held;

pub const ASKED: At = |candidate| &candidate.asked;
pub const DOUBLED: At = |candidate| &candidate.doubled;

/// Of `candidates`, those that meet every objective, the best first: by cost, and among those of the same cost by time to
/// first token. Costs are the same if they lie within [`SAME_COST`] of the cheapest of them. A fallback that is never used
/// ranks behind the route without it.
pub fn rank<'a>(candidates: impl IntoIterator<Item = &'a Candidate>, at: At) -> Vec<&'a Candidate> {
    let mut left: Vec<_> = candidates.into_iter().filter(|candidate| at(candidate).meets_all()).collect();
    left.sort_by(|a, b| at(a).cost().total_cmp(&at(b).cost()));
    let mut ranked = Vec::with_capacity(left.len());
    while let Some(cheapest) = left.first() {
        let most = at(cheapest).cost() * (1.0 + SAME_COST);
        let same = left.iter().take_while(|candidate| at(candidate).cost() <= most).count();
        let mut tier: Vec<_> = left.drain(..same).collect();
        tier.sort_by_key(|candidate| (at(candidate).first_token(), candidate.head.targets.len()));
        ranked.extend(tier);
    }
    ranked
}

/// Of `candidates` that meet not every objective, the one that misses them by least.
pub fn nearest<'a>(
    candidates: impl IntoIterator<Item = &'a Candidate>,
    at: At,
) -> Option<(&'a Candidate, &'a HeldSlo)> {
    let missing = candidates.into_iter().filter_map(|candidate| Some((candidate, at(candidate).worst_miss()?)));
    // Failures are no distance: among routes that fail, more good answers are nearer.
    missing.min_by(|(one, a), (other, b)| {
        let better = at(other).good_share.total_cmp(&at(one).good_share);
        a.missed_by().total_cmp(&b.missed_by()).then(better)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::fixture::candidate;

    fn names(ranked: &[&Candidate]) -> Vec<String> {
        ranked.iter().map(|candidate| candidate.head.name.clone()).collect()
    }

    #[test]
    fn cost_goes_before_time_and_time_decides_where_costs_are_the_same() {
        let all = [
            candidate("dear and fast", 600, 2.5),
            candidate("cheap and slow", 900, 2.0),
            candidate("as cheap and fast", 700, 2.01),
            candidate("misses", 1_600, 1.0),
        ];
        assert_eq!(names(&rank(&all, ASKED)), ["as cheap and fast", "cheap and slow", "dear and fast"]);
        assert_eq!(rank(&all, DOUBLED), [&all[0]; 0]);
    }

    #[test]
    fn a_fallback_that_is_never_used_does_not_rank_before_the_route_without_it() {
        let all = [candidate("sydney→oregon", 700, 2.0), candidate("sydney", 700, 2.0)];
        assert_eq!(names(&rank(&all, ASKED)), ["sydney", "sydney→oregon"]);
    }

    #[test]
    fn the_order_in_the_profile_does_not_matter() {
        let mut all = [candidate("a", 900, 2.0), candidate("b", 800, 2.015), candidate("c", 700, 2.03)];
        let before = names(&rank(&all, ASKED));
        all.reverse();
        assert_eq!(names(&rank(&all, ASKED)), before);
        assert_eq!(before, ["b", "a", "c"]);
    }

    #[test]
    fn one_seed_that_misses_is_a_miss_and_the_nearest_is_named() {
        let all = [candidate("far off", 3_000, 1.0), candidate("near", 1_650, 1.0)];
        assert!(rank(&all, ASKED).is_empty());
        let (nearest, slo) = nearest(&all, ASKED).unwrap();
        assert_eq!(nearest.head.name, "near");
        assert!((slo.missed_by() - 0.1).abs() < 1e-9, "{}", slo.missed_by());
    }

    /// A percentile among failures is no time, and without a good answer there is no cost.
    #[test]
    fn failures_and_no_good_answer_are_never_a_recommendation() {
        let mut failed = candidate("failed", 600, 2.0);
        failed.asked.slos[0].value = Some(Spread { low: Level::Failed, middle: Level::Failed, high: Level::Failed });
        failed.asked.slos[0].met = 0;
        let mut nothing = candidate("nothing good", 600, 2.0);
        nothing.asked.cost_per_thousand_good = None;
        assert!(rank([&failed, &nothing], ASKED).is_empty());
        assert_eq!(failed.asked.worst_miss().unwrap().missed_by(), f64::INFINITY);
        let mut worse = failed.clone();
        (worse.head.name, worse.asked.good_share) = ("worse".into(), 0.5);
        assert_eq!(nearest([&worse, &failed], ASKED).unwrap().0.head.name, "failed");
    }
}
