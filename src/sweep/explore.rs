//! From points to knees and crossovers: the grid first, then more points where something turns.

use std::cmp::Ordering;
use std::ops::Range;
use std::time::Duration;

use super::engine::{Engine, Key};
use super::point::{Point, Watched};
use super::result::{Overtaking, Pair};
use crate::core::slo::Slo;
use crate::stats::crossover;
use crate::stats::knee::{self, Knee};

/// What is asked of the points.
#[derive(Clone, Debug)]
pub struct Question {
    /// Names, by position.
    pub routes: Vec<String>,
    /// Requests per second, ascending, at least two.
    pub loads: Vec<f64>,
    /// Seeds of the grid, at least two.
    pub seeds: u64,
    /// At least one. All decide the knees; the percentile of the first decides the crossovers.
    pub slos: Vec<Slo>,
    /// Longest time for a request: what a failed percentile counts as.
    pub deadline: Duration,
    /// Whether to measure more where something turns: cheap in virtual time only.
    pub closer: bool,
}

#[derive(Clone, Debug, PartialEq)]
pub struct Findings {
    /// By route.
    pub knees: Vec<Knee>,
    /// Every two routes, by position.
    pub pairs: Vec<Pair>,
}

pub fn explore<M: Fn(Key) -> Point + Sync>(engine: &mut Engine<'_, M>, question: &Question) -> Findings {
    let Question { routes, loads, seeds, .. } = question;
    let seeds = *seeds;
    let of_load = |load: f64| (0..routes.len()).flat_map(move |route| keys(route, load, 0..seeds));
    engine.ensure(loads.iter().copied().flat_map(of_load));
    let knees = (0..routes.len())
        .map(|route| {
            let find = if question.closer { knee::find } else { knee::bracket };
            find(loads, seeds, &mut |load, seeds| question.margins(engine, route, load, seeds))
        })
        .collect();
    let mut pairs = Vec::new();
    for base in 0..routes.len() {
        for other in base + 1..routes.len() {
            let mut difference = |load, seeds| question.differences(engine, (base, other), load, seeds);
            let found = match question.closer {
                true => crossover::find(loads, seeds, &mut difference),
                false => {
                    let sides = crossover::sides(loads, seeds, &mut difference);
                    crossover::Crossovers { found: Vec::new(), sides }
                }
            };
            let lower = |side: Ordering| match side {
                Ordering::Less => Some(routes[other].clone()),
                Ordering::Equal => None,
                Ordering::Greater => Some(routes[base].clone()),
            };
            let overtaking = |one: &crossover::Crossover| Overtaking {
                crossing: one.crossing,
                lower_beyond: routes[if one.rising { base } else { other }].clone(),
            };
            pairs.push(Pair {
                base: routes[base].clone(),
                other: routes[other].clone(),
                crossovers: found.found.iter().map(overtaking).collect(),
                lower: found.sides.into_iter().map(lower).collect(),
            });
        }
    }
    Findings { knees, pairs }
}

fn keys(route: usize, load: f64, seeds: Range<u64>) -> impl Iterator<Item = Key> {
    seeds.map(move |seed| Key::new(route, load, seed))
}

impl Question {
    /// By how much the objective nearest to being missed is met, as the logarithm of limit over level.
    fn margins<M: Fn(Key) -> Point + Sync>(
        &self,
        engine: &mut Engine<'_, M>,
        route: usize,
        load: f64,
        seeds: Range<u64>,
    ) -> Vec<f64> {
        engine.ensure(keys(route, load, seeds.clone()));
        let margin = |point: &Point| {
            let of_slo = |slo: &Slo| (slo.limit.as_secs_f64() / point.seconds(slo.into(), self.deadline)).ln();
            self.slos.iter().map(of_slo).fold(f64::INFINITY, f64::min)
        };
        keys(route, load, seeds).map(|key| margin(engine.point(key))).collect()
    }

    /// The logarithm of the other's level over the base's: a ratio, so that one seed under which a
    /// percentile fails does not outweigh all the others.
    fn differences<M: Fn(Key) -> Point + Sync>(
        &self,
        engine: &mut Engine<'_, M>,
        (base, other): (usize, usize),
        load: f64,
        seeds: Range<u64>,
    ) -> Vec<f64> {
        engine.ensure(keys(base, load, seeds.clone()).chain(keys(other, load, seeds.clone())));
        let watched = Watched::from(&self.slos[0]);
        let mut level = |route, seed| engine.point(Key::new(route, load, seed)).seconds(watched, self.deadline).ln();
        seeds.map(|seed| level(other, seed) - level(base, seed)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::{NEAR, QUEUES, explored, question};
    use super::*;

    fn findings() -> (Question, Findings) {
        let question = question();
        let (findings, _) = explored(&question, 4);
        (question, findings)
    }

    /// Both routes are M/M/c; the knee is where the delay behind all slots eats up the limit.
    #[test]
    fn the_knee_of_a_route_is_below_what_its_slots_can_carry() {
        let (_, findings) = findings();
        let Knee::At(knee) = findings.knees[NEAR] else { panic!("{:?}", findings.knees) };
        let carries = QUEUES[NEAR].slots as f64 / QUEUES[NEAR].service;
        assert!(knee.at > 0.6 * carries && knee.at < carries, "{knee:?} of {carries}");
        assert!(knee.low.unwrap() <= knee.at && knee.at <= knee.high.unwrap(), "{knee:?}");
    }

    #[test]
    fn the_far_route_overtakes_the_near_one_once_and_is_slower_before() {
        let (question, findings) = findings();
        let pair = &findings.pairs[0];
        let [one] = &pair.crossovers[..] else { panic!("{pair:?}") };
        assert_eq!(one.lower_beyond, question.routes[1]);
        assert_eq!(pair.lower[0].as_deref(), Some(question.routes[0].as_str()));
        assert_eq!(pair.lower.last().unwrap().as_deref(), Some(question.routes[1].as_str()));
    }

    #[test]
    fn every_two_routes_are_compared_and_one_with_itself_shows_nothing() {
        let mut question = question();
        question.routes = vec!["sydney".into(), "oregon".into(), "sydney again".into()];
        let (findings, _) = explored(&question, 4);
        let names: Vec<_> = findings.pairs.iter().map(|pair| (pair.base.as_str(), pair.other.as_str())).collect();
        assert_eq!(names, [("sydney", "oregon"), ("sydney", "sydney again"), ("oregon", "sydney again")]);
        let itself = &findings.pairs[1];
        assert!(itself.crossovers.is_empty() && itself.lower.iter().all(Option::is_none), "{itself:?}");
    }

    #[test]
    fn the_findings_do_not_depend_on_the_cores() {
        let question = question();
        assert_eq!(explored(&question, 1), explored(&question, 3));
    }
}
