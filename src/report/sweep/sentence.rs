//! Knees and crossovers as sentences. They say what the points show and no more; a reference is named
//! as one, and no sentence recommends.

use crate::core::Metric;
use crate::core::units::{percentile, significant};
use crate::report::cell;
use crate::stats::crossing::Crossing;
use crate::stats::knee::Knee;
use crate::sweep::{Pair, RouteSweep, Sweep, Watched};

/// One sentence per route, then one per pair of routes.
pub fn sentences(sweep: &Sweep) -> Vec<String> {
    let knees = sweep.routes.iter().map(|route| knee(sweep, route));
    knees.chain(sweep.pairs.iter().map(|pair| crossovers(sweep, pair))).collect()
}

/// Up to which load `route` meets its objectives.
pub fn knee(sweep: &Sweep, route: &RouteSweep) -> String {
    let name = cell::name(&route.head);
    let slos = sweep.slos.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    match &route.knee {
        Knee::At(at) => format!("{name} meets {slos} up to {}", place(at)),
        Knee::BelowSmallest { smallest } => {
            format!("{name} misses {slos} already at {} requests/s, the smallest load tried", rate(*smallest))
        }
        Knee::AboveLargest { largest } => {
            format!("{name} meets {slos} at every load tried, up to {} requests/s", rate(*largest))
        }
    }
}

/// From which loads on one of the two is faster.
pub fn crossovers(sweep: &Sweep, pair: &Pair) -> String {
    let name =
        |name: &str| sweep.routes.iter().find(|r| r.head.name == name).map_or(name.into(), |r| cell::name(&r.head));
    let other = |than: &str| name(if than == pair.base { &pair.other } else { &pair.base });
    let what = quantity(sweep.decisive());
    if !pair.crossovers.is_empty() {
        let one = |crossover: &crate::sweep::Overtaking| {
            let (lower, higher) = (name(&crossover.lower_beyond), other(&crossover.lower_beyond));
            format!("from {} on, {lower} has a lower {what} than {higher}", place(&crossover.crossing))
        };
        return pair.crossovers.iter().map(one).collect::<Vec<_>>().join("; ");
    }
    let shown: Vec<_> = pair.lower.iter().flatten().collect();
    match shown.first() {
        None => {
            format!(
                "no difference in {what} between {} and {} is shown at any load",
                name(&pair.base),
                name(&pair.other)
            )
        }
        Some(first) if shown.iter().any(|lower| lower != first) => {
            format!("no crossover in {what} of {} and {} is established", name(&pair.base), name(&pair.other))
        }
        Some(lower) => {
            let said = format!("{} has a lower {what} than {}", name(lower), other(lower));
            format!("{said} {}", stretch(&sweep.loads, &pair.lower))
        }
    }
}

/// At which of the loads a difference is shown, if at any.
fn stretch(loads: &[f64], lower: &[Option<String>]) -> String {
    let shown: Vec<_> = (0..lower.len()).filter(|i| lower[*i].is_some()).collect();
    let (first, last) = (shown[0], shown[shown.len() - 1]);
    let whole = last - first + 1 == shown.len();
    match (first == 0, last + 1 == lower.len()) {
        (true, true) if whole => "at every load tried".into(),
        (false, true) if whole => format!("from {} requests/s on; below, no difference is shown", rate(loads[first])),
        (true, false) if whole => format!("up to {} requests/s; above, no difference is shown", rate(loads[last])),
        _ => format!("at {} of {} loads; at the others no difference is shown", shown.len(), lower.len()),
    }
}

/// `TTFT p95`
pub fn quantity(watched: Watched) -> String {
    let metric = if watched.metric == Metric::Ttft { "TTFT" } else { "response time" };
    format!("{metric} {}", percentile(watched.q))
}

/// `43.2 requests/s (41–46)`
pub fn place(crossing: &Crossing) -> String {
    format!("{} requests/s ({})", rate(crossing.at), interval(crossing))
}

/// The 95 % interval of a load.
pub fn interval(crossing: &Crossing) -> String {
    match (crossing.low, crossing.high) {
        (Some(low), Some(high)) => format!("{}–{}", rate(low), rate(high)),
        (Some(low), None) => format!("at least {}", rate(low)),
        (None, Some(high)) => format!("at most {}", rate(high)),
        (None, None) => "anywhere among the loads tried".into(),
    }
}

/// A load to three digits, without idle zeros.
pub fn rate(rps: f64) -> String {
    let text = significant(rps);
    if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.').to_owned() } else { text }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::fixture::swept;
    use crate::sweep::{Overtaking, Sweep};

    fn crossing(at: f64, low: Option<f64>, high: Option<f64>) -> Crossing {
        Crossing { at, low, high, seeds: 10 }
    }

    fn with(knee: Knee, crossovers: Vec<Overtaking>, lower: [Option<&str>; 2]) -> Sweep {
        let mut sweep = swept().clone();
        sweep.routes[0].knee = knee;
        sweep.pairs[0].crossovers = crossovers;
        sweep.pairs[0].lower = lower.map(|name| name.map(str::to_owned)).into();
        sweep
    }

    #[test]
    fn a_knee_says_where_or_on_which_side() {
        let said = |knee| {
            let sweep = with(knee, vec![], [None, None]);
            self::knee(&sweep, &sweep.routes[0])
        };
        assert_eq!(
            said(Knee::At(crossing(43.21, Some(41.0), Some(46.02)))),
            "sydney meets ttft:p95<1.5s up to 43.2 requests/s (41–46)"
        );
        assert_eq!(
            said(Knee::BelowSmallest { smallest: 5.0 }),
            "sydney misses ttft:p95<1.5s already at 5 requests/s, the smallest load tried"
        );
        assert_eq!(
            said(Knee::AboveLargest { largest: 120.0 }),
            "sydney meets ttft:p95<1.5s at every load tried, up to 120 requests/s"
        );
    }

    #[test]
    fn crossovers_are_none_one_or_several_and_references_are_named() {
        let said = |crossovers, lower| {
            let sweep = with(Knee::AboveLargest { largest: 120.0 }, crossovers, lower);
            self::crossovers(&sweep, &sweep.pairs[0])
        };
        let over = |at, lower: &str| Overtaking { crossing: crossing(at, Some(at), None), lower_beyond: lower.into() };
        let (sydney, oregon) = (Some("sydney"), Some("oregon"));
        assert_eq!(
            said(vec![over(47.0, "oregon"), over(90.0, "sydney")], [sydney, oregon]),
            "from 47 requests/s (at least 47) on, oregon (reference) has a lower TTFT p95 than sydney; \
             from 90 requests/s (at least 90) on, sydney has a lower TTFT p95 than oregon (reference)"
        );
        assert_eq!(
            said(vec![], [sydney, sydney]),
            "sydney has a lower TTFT p95 than oregon (reference) at every load tried"
        );
        assert_eq!(
            said(vec![], [None, oregon]),
            "oregon (reference) has a lower TTFT p95 than sydney from 15.5 requests/s on; below, no difference is shown"
        );
        assert_eq!(
            said(vec![], [sydney, None]),
            "sydney has a lower TTFT p95 than oregon (reference) up to 5 requests/s; above, no difference is shown"
        );
        assert_eq!(
            said(vec![], [None, None]),
            "no difference in TTFT p95 between sydney and oregon (reference) is shown at any load"
        );
        assert!(said(vec![], [sydney, oregon]).starts_with("no crossover"));
    }
}
