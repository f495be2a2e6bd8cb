//! Whether a run met what it was held to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recorder::Recorder;
use super::series::Level;
use super::summary::RouteSummary;
use crate::core::Outcome;
use crate::core::gate::{Gate, Objective};
use crate::core::residency::Standing;
use crate::core::units::{Span, per_second, percent};

/// One objective of one route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    /// As it was asked for.
    pub gate: Gate,
    pub route: String,
    pub met: bool,
    /// What was found, in words.
    pub found: String,
}

/// Over the whole measured time. A gate without a route is for every candidate, and for no reference.
pub fn judge(recorder: &Recorder, routes: &[RouteSummary]) -> Vec<GateResult> {
    let mut results = Vec::new();
    for (route, series) in routes.iter().zip(recorder.routes()) {
        let is_candidate = route.head.standing == Standing::Candidate;
        let own = |gate: &&Gate| gate.is_for(&route.head.name) && (is_candidate || gate.route.is_some());
        for gate in recorder.gates().iter().filter(own) {
            let whole = route.whole();
            let (met, found) = match gate.objective {
                Objective::Latency(slo) => {
                    let level = series.whole(recorder.phases()).sample(slo.metric).at(slo.quantile);
                    let met = level.and_then(Level::time).is_some_and(|time| time < slo.limit);
                    (met, level.map(|level| level.time().map_or("failed".to_owned(), |time| Span(time).to_string())))
                }
                Objective::Errors(most) => share(whole.counted() - whole.ok(), whole.counted(), most),
                Objective::Throttles(most) => {
                    let attempts = route.regions.iter().flat_map(|region| region.attempts.values()).sum();
                    share(route.attempts(Outcome::Throttled), attempts, most)
                }
                Objective::Goodput(least) => (whole.goodput > least.0, Some(per_second(whole.goodput))),
                // A run has no knee; it was refused.
                Objective::Knee(_) => (false, None),
            };
            let found = found.unwrap_or_else(|| "nothing was measured".to_owned());
            results.push(GateResult { gate: gate.clone(), route: route.head.name.clone(), met, found });
        }
    }
    results
}

/// `most` in percent.
fn share(part: u64, whole: u64, most: f64) -> (bool, Option<String>) {
    let met = whole > 0 && (part as f64) * 100.0 < most * whole as f64;
    (met, (whole > 0).then(|| percent(part, whole)))
}

impl GateResult {
    /// `ttft:p95<900ms by sydney: 1.24 s`.
    pub fn line(&self) -> String {
        format!("{} by {}: {}", self.gate, self.route, self.found)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::core::Seed;
    use crate::core::phase::Phases;
    use crate::core::record::AttemptRecord;
    use crate::core::run::{Loop, RouteHead, World};
    use crate::measure::recorder::tests::record;
    use crate::measure::verdict::Evidence;
    use crate::measure::{Context, Summary};

    fn head(name: &str, standing: Standing) -> RouteHead {
        RouteHead { name: name.into(), label: name.into(), policy: "pinned".into(), standing, targets: vec![] }
    }

    /// 100 requests in 10 s on each of a candidate and a reference: 95 take 1 s, and 5 are throttled. The candidate tries
    /// once more, in vain.
    fn judged(gates: &[&str]) -> Vec<GateResult> {
        let gates: Vec<Gate> = gates.iter().map(|gate| gate.parse().unwrap()).collect();
        let heads = vec![head("sydney", Standing::Candidate), head("oregon", Standing::Reference)];
        let slos: Vec<_> = gates.iter().filter(|gate| gate.route.is_none()).filter_map(Gate::slo).collect();
        let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(10), &[]);
        let mut recorder = Recorder::new(phases, slos, 2).held_to(&gates, &heads);
        for route in 0..2 {
            for index in 0..100 {
                let outcome = if index % 20 == 0 { Outcome::Throttled } else { Outcome::Ok };
                let mut request = record(index, f64::from(index) / 10.0, 1.0, outcome);
                request.route = route;
                for attempt in 0..=u16::from(!outcome.is_ok() && route == 0) {
                    recorder.attempt(&tried(&request, attempt), request.intended);
                }
                recorder.request(&request);
            }
        }
        let context = Context {
            world: World::Sim,
            kind: Loop::Open,
            seed: Seed(1),
            stopped: None,
            blocks: vec![],
            routes: heads,
            prices: vec![],
            evidence: Evidence::default(),
        };
        Summary::new(&recorder, context).gates
    }

    fn tried(request: &crate::core::record::RequestRecord, attempt: u16) -> AttemptRecord {
        AttemptRecord {
            route: request.route,
            index: request.index,
            attempt,
            asked_tokens: 10,
            sent: request.sent,
            ..AttemptRecord::ended(request.finished, request.outcome)
        }
    }

    #[test]
    fn every_kind_of_gate_can_be_met_and_can_fail() {
        for (met, missed, found) in [
            ("response:p50<1.1s", "response:p50<900ms", "1.00 s"),
            ("ttft:p95<600ms", "ttft:p95<400ms", "500 ms"),
            ("response:p95<61s", "response:p96<61s", ""),
            ("error<5.1%", "error<5%", "5.0 %"),
            // 10 of 105 attempts.
            ("throttle<9.6%", "throttle<9.5%", "9.5 %"),
            ("goodput>9.4/s", "goodput>9.5/s", "9.50/s"),
        ] {
            for (gate, holds) in [(met, true), (missed, false)] {
                let results = judged(&[gate]);
                assert_eq!(results.len(), 1, "a reference is held to what names it: {results:?}");
                assert_eq!((results[0].met, results[0].route.as_str()), (holds, "sydney"), "{results:?}");
                assert!(results[0].found.contains(found), "{}", results[0].line());
            }
        }
        assert_eq!(judged(&["response:p96<61s"])[0].found, "failed", "failures rank last");
    }

    #[test]
    fn goodput_counts_requests_that_meet_every_latency_objective_of_their_route() {
        assert!(judged(&["goodput>9/s", "response:p50<2s"]).iter().all(|result| result.met));
        let all = judged(&["goodput>0/s", "response:p50<900ms"]);
        assert_eq!(all[0].line(), "goodput>0/s by sydney: 0.00/s");
        let own = judged(&["goodput>0/s", "oregon/goodput>0/s", "oregon/response:p50<900ms"]);
        let found: Vec<_> = own.iter().map(GateResult::line).collect();
        assert_eq!(
            found,
            [
                "goodput>0/s by sydney: 9.50/s",
                "oregon/goodput>0/s by oregon: 0.00/s",
                "oregon/response:p50<900ms by oregon: 1.00 s"
            ]
        );
    }
}
