//! Whether a run met what it was held to.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recorder::Recorder;
use super::series::{Level, Sample};
use super::summary::RouteSummary;
use crate::core::Outcome;
use crate::core::gate::{Gate, Objective};
use crate::core::residency::Standing;
use crate::core::slo::Slo;
use crate::core::units::{Span, grouped, per_second, percent, percentile};
use crate::stats::quantile::fewest_samples;

/// One objective of one route.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct GateResult {
    /// As it was asked for.
    pub gate: Gate,
    pub route: String,
    /// Absent where there are too few requests to say so.
    pub met: Option<bool>,
    /// What was found, in words.
    pub found: String,
}

/// What the run fails by, over the whole measured time. A gate without a route is for every candidate, and for no
/// reference.
pub fn judge(recorder: &Recorder, routes: &[RouteSummary]) -> Vec<GateResult> {
    held(recorder, routes, recorder.gates().to_vec())
}

/// The same of the objectives that goodput counts by, and no gate repeats: they fail nothing.
pub fn look(recorder: &Recorder, routes: &[RouteSummary]) -> Vec<GateResult> {
    let gates = recorder.gates();
    let latency = recorder.slos().iter().map(|slo| Gate { route: None, objective: Objective::Latency(*slo) });
    held(recorder, routes, latency.filter(|objective| !gates.contains(objective)).collect())
}

fn held(recorder: &Recorder, routes: &[RouteSummary], gates: Vec<Gate>) -> Vec<GateResult> {
    let mut results = Vec::new();
    for (route, series) in routes.iter().zip(recorder.routes()) {
        let is_candidate = route.head.standing == Standing::Candidate;
        let own = |gate: &&Gate| gate.is_for(&route.head.name) && (is_candidate || gate.route.is_some());
        for gate in gates.iter().filter(own) {
            let whole = route.whole();
            let (met, found) = match gate.objective {
                Objective::Latency(slo) => latency(slo, series.whole(recorder.phases()).sample(slo.metric)),
                Objective::Errors(most) => share(whole.counted() - whole.ok(), whole.counted(), most),
                Objective::Throttles(most) => {
                    let attempts = route.regions.iter().flat_map(|region| region.attempts.values()).sum();
                    share(route.attempts(Outcome::Throttled), attempts, most)
                }
                Objective::Goodput(least) => (Some(whole.goodput > least.0), Some(per_second(whole.goodput))),
                // A run has no knee; it was refused.
                Objective::Knee(_) => (Some(false), None),
            };
            let found = found.unwrap_or_else(|| "nothing was measured".to_owned());
            results.push(GateResult { gate: gate.clone(), route: route.head.name.clone(), met, found });
        }
    }
    results
}

/// A percentile that no table shows, for too few samples, meets nothing. It misses what not even they are below.
fn latency(slo: Slo, sample: Sample<'_>) -> (Option<bool>, Option<String>) {
    let (needs, n) = (fewest_samples(slo.quantile), sample.n());
    match sample.at(slo.quantile) {
        Some(Level::At(time)) if n < needs => {
            let below = time < slo.limit;
            let few =
                format!("{} needs {} requests, there are {}", percentile(slo.quantile), grouped(needs), grouped(n));
            let found = if below { few } else { format!("not below it, even of so few: {few}") };
            ((!below).then_some(false), Some(found))
        }
        Some(Level::At(time)) => (Some(time < slo.limit), Some(Span(time).to_string())),
        Some(Level::Failed) => (Some(false), Some("failed".to_owned())),
        None => (Some(false), None),
    }
}

/// `most` in percent.
fn share(part: u64, whole: u64, most: f64) -> (Option<bool>, Option<String>) {
    let met = whole > 0 && (part as f64) * 100.0 < most * whole as f64;
    (Some(met), (whole > 0).then(|| percent(part, whole)))
}

impl GateResult {
    /// In a word.
    pub fn outcome(&self) -> &'static str {
        match self.met {
            Some(true) => "met",
            Some(false) => "missed",
            None => "not judged",
        }
    }

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
    use crate::measure::series::Histogram;
    use crate::measure::verdict::Evidence;
    use crate::measure::{Context, Summary};

    fn head(name: &str, standing: Standing) -> RouteHead {
        RouteHead { name: name.into(), label: name.into(), policy: "pinned".into(), standing, targets: vec![] }
    }

    /// 100 requests in 10 s on each of a candidate and a reference: 95 take 1 s, and 5 are throttled. The candidate tries
    /// once more, in vain.
    fn judged(gates: &[&str]) -> Vec<GateResult> {
        let asked = gates.iter().map(|gate| gate.parse().unwrap());
        let slos = asked.filter(|gate: &Gate| gate.route.is_none()).filter_map(|gate| gate.slo()).collect();
        summary(gates, slos).gates
    }

    fn summary(gates: &[&str], slos: Vec<Slo>) -> Summary {
        let gates: Vec<Gate> = gates.iter().map(|gate| gate.parse().unwrap()).collect();
        let heads = vec![head("sydney", Standing::Candidate), head("oregon", Standing::Reference)];
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
        Summary::new(&recorder, context)
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
                assert_eq!((results[0].met, results[0].route.as_str()), (Some(holds), "sydney"), "{results:?}");
                assert!(results[0].found.contains(found), "{}", results[0].line());
            }
        }
        assert_eq!(judged(&["response:p96<61s"])[0].found, "failed", "failures rank last");
    }

    #[test]
    fn a_percentile_that_so_few_requests_do_not_have_is_never_met() {
        let mut ok = Histogram::fine();
        (0..100).for_each(|_| ok.record(Duration::from_secs(1)));
        let found = |slo: &str, failures| latency(slo.parse().unwrap(), Sample { ok: &ok, failures });
        assert_eq!(found("ttft:p90<9s", 0), (Some(true), Some("1.00 s".into())));
        assert_eq!(found("ttft:p99<9s", 0), (None, Some("p99 needs 300 requests, there are 100".into())));
        let missed = "not below it, even of so few: p99 needs 300 requests, there are 100";
        assert_eq!(found("ttft:p99<1s", 0), (Some(false), Some(missed.into())));
        // A rank among failures is no number that could be wrong.
        assert_eq!(found("ttft:p99<9s", 5), (Some(false), Some("failed".into())));
    }

    #[test]
    fn what_goodput_counts_by_is_looked_at_once() {
        let seen = |gates: &[&str], slos: &[&str]| {
            let found = summary(gates, slos.iter().map(|slo| slo.parse().unwrap()).collect()).objectives;
            found.iter().map(|result| (result.line(), result.met)).collect::<Vec<_>>()
        };
        let slos = ["ttft:p90<600ms", "response:p50<900ms"];
        let both = [("ttft:p90<600ms by sydney: 500 ms".to_owned(), Some(true))];
        assert_eq!(seen(&["response:p50<900ms"], &slos), both, "a gate has the other, a reference is held to nothing");
        assert_eq!(seen(&["error<1%"], &slos).len(), 2);
    }

    #[test]
    fn goodput_counts_requests_that_meet_every_latency_objective_of_their_route() {
        assert!(judged(&["goodput>9/s", "response:p50<2s"]).iter().all(|result| result.met == Some(true)));
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
