//! Whether a route's knee is shown to lie beyond the load that was asked for.

use crate::core::gate::{Gate, Objective};
use crate::core::residency::Standing;
use crate::core::units::{Rate, chosen_rate, readable};
use crate::measure::gate::GateResult;
use crate::stats::knee::Knee;
use crate::sweep::{RouteSweep, Sweep};

/// A gate without a route is for every candidate, and for no reference.
pub fn judge(gates: &[Gate], sweep: &Sweep) -> Vec<GateResult> {
    let mut results = Vec::new();
    for route in &sweep.routes {
        let is_candidate = route.head.standing == Standing::Candidate;
        for gate in gates.iter().filter(|gate| gate.is_for(&route.head.name) && (is_candidate || gate.route.is_some()))
        {
            if let Objective::Knee(beyond) = gate.objective {
                let (met, found) = knee(route, beyond);
                results.push(GateResult { gate: gate.clone(), route: route.head.name.clone(), met: Some(met), found });
            }
        }
    }
    results
}

/// By the lower end of its interval: what is only likely is not shown.
fn knee(route: &RouteSweep, beyond: Rate) -> (bool, String) {
    let rate = |load: f64| chosen_rate(Rate(readable(load)));
    match route.knee {
        Knee::At(at) => {
            let low = at.low.map_or_else(|| "below the smallest load tried".to_owned(), rate);
            (at.low.is_some_and(|low| low > beyond.0), format!("at {}, and not shown to be above {low}", rate(at.at)))
        }
        Knee::Between { meets, misses } => (meets > beyond.0, format!("between {} and {}", rate(meets), rate(misses))),
        Knee::BelowSmallest { smallest } => (false, format!("below {}, the smallest load tried", rate(smallest))),
        Knee::AboveLargest { largest } => {
            (largest >= beyond.0, format!("beyond {}, the largest load tried", rate(largest)))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stats::crossing::Crossing;
    use crate::sweep::fixture::swept;

    #[test]
    fn a_knee_is_held_by_the_lower_end_of_its_interval() {
        let mut sweep = swept().clone();
        let at = Crossing { at: 45.0, low: Some(40.0), high: Some(50.0), seeds: 10 };
        for (knee, beyond, met) in [
            (Knee::At(at), "39/s", true),
            (Knee::At(at), "40/s", false),
            (Knee::At(Crossing { low: None, ..at }), "1/s", false),
            (Knee::Between { meets: 40.0, misses: 50.0 }, "39/s", true),
            (Knee::Between { meets: 40.0, misses: 50.0 }, "40/s", false),
            (Knee::BelowSmallest { smallest: 5.0 }, "1/s", false),
            (Knee::AboveLargest { largest: 120.0 }, "120/s", true),
            (Knee::AboveLargest { largest: 120.0 }, "121/s", false),
        ] {
            sweep.routes[0].knee = knee;
            let name = sweep.routes[0].head.name.clone();
            let gate: Gate = format!("{name}/knee>{beyond}").parse().unwrap();
            let results = judge(&[gate], &sweep);
            assert_eq!((results.len(), results[0].met), (1, Some(met)), "{}", results[0].line());
        }
    }
}
