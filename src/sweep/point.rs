//! What is kept of one route at one load under one seed.

use std::collections::BTreeMap;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::record::Tokens;
use crate::core::region::Jurisdiction;
use crate::core::slo::Slo;
use crate::core::units::percentile;
use crate::core::{Metric, Outcome, RegionId};
use crate::govern::Price;
use crate::measure::Recorder;
use crate::measure::recorder::{RegionShare, RouteSeries};
use crate::measure::series::Level;

/// One percentile of one metric.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Watched {
    pub metric: Metric,
    pub q: f64,
}

impl Watched {
    /// The percentiles that a sweep keeps: those of the objectives, and the usual ones of both metrics.
    pub fn for_slos(slos: &[Slo]) -> Vec<Self> {
        let usual = [Metric::Ttft, Metric::Response].map(|metric| [0.50, 0.95, 0.99].map(|q| Self { metric, q }));
        let mut watched: Vec<_> = usual.into_iter().flatten().collect();
        for slo in slos {
            let of_slo = Self::from(slo);
            if !watched.contains(&of_slo) {
                watched.push(of_slo);
            }
        }
        watched
    }

    /// As in SLOs: `ttft:p95`.
    pub fn key(&self) -> String {
        let metric = if self.metric == Metric::Ttft { "ttft" } else { "response" };
        format!("{metric}:{}", percentile(self.q))
    }
}

impl From<&Slo> for Watched {
    fn from(slo: &Slo) -> Self {
        Self { metric: slo.metric, q: slo.quantile }
    }
}

/// A target of a route, and what its tokens cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PricedTarget {
    /// Whose endpoint is called.
    pub region: RegionId,
    pub model: String,
    #[serde(flatten)]
    pub price: Price,
}

/// A percentile over all requests, failures last: milliseconds, or `"failed"`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct WatchedLevel {
    #[serde(flatten)]
    pub of: Watched,
    pub value: Level,
}

/// One route at one load under one seed, over the measured time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Point {
    /// Offered load, in requests per second.
    pub rps: f64,
    pub seed: u64,
    pub planned: u64,
    /// Requests by outcome.
    pub outcomes: BTreeMap<Outcome, u64>,
    /// Requests that met every SLO.
    pub good: u64,
    pub levels: Vec<WatchedLevel>,
    pub attempts: u64,
    pub throttled_attempts: u64,
    /// Tokens in and out, by the country that processed them.
    pub processed_tokens: BTreeMap<Jurisdiction, u64>,
    /// USD for the tokens of all attempts.
    pub cost_usd: f64,
}

impl Point {
    /// Reads the one route of `recorder`.
    pub fn read(recorder: &Recorder, (rps, seed): (f64, u64), watched: &[Watched], targets: &[PricedTarget]) -> Self {
        let series = &recorder.routes()[0];
        let whole = series.whole(recorder.phases());
        let attempts = series.regions.values().map(|share| &share.attempts);
        Self {
            rps,
            seed,
            planned: whole.planned,
            outcomes: whole.outcomes.occurred().collect(),
            good: whole.good,
            levels: watched
                .iter()
                .filter_map(|of| Some(WatchedLevel { of: *of, value: whole.sample(of.metric).at(of.q)? }))
                .collect(),
            attempts: attempts.clone().map(|outcomes| outcomes.total()).sum(),
            throttled_attempts: attempts.map(|outcomes| outcomes.get(Outcome::Throttled)).sum(),
            processed_tokens: processed(series),
            cost_usd: cost(series, targets),
        }
    }

    /// Absent where nothing was measured.
    pub fn level(&self, watched: Watched) -> Option<Level> {
        self.levels.iter().find(|level| level.of == watched).map(|level| level.value)
    }

    /// Seconds; a failed percentile counts as the deadline, so that failures rank last.
    pub fn seconds(&self, watched: Watched, deadline: Duration) -> f64 {
        self.level(watched).and_then(Level::time).unwrap_or(deadline).as_secs_f64()
    }

    /// Of all attempts, those that were throttled; absent without an attempt.
    pub fn throttle_share(&self) -> Option<f64> {
        (self.attempts > 0).then(|| self.throttled_attempts as f64 / self.attempts as f64)
    }

    /// Of all tokens, those processed in `country`; absent without a token.
    pub fn processed_share(&self, country: Jurisdiction) -> Option<f64> {
        let all: u64 = self.processed_tokens.values().sum();
        let there = self.processed_tokens.get(&country).copied().unwrap_or(0);
        (all > 0).then(|| there as f64 / all as f64)
    }

    /// USD per 1,000 requests that met every SLO; absent where none did.
    pub fn cost_per_thousand_good(&self) -> Option<f64> {
        (self.good > 0).then(|| self.cost_usd * 1_000.0 / self.good as f64)
    }
}

/// Tokens by country: where they were processed if that is known, else where they were asked for.
fn processed(series: &RouteSeries) -> BTreeMap<Jurisdiction, u64> {
    let mut tokens = BTreeMap::new();
    let mut add = |region: &RegionId, of_region: Tokens| {
        if of_region.total() > 0 {
            *tokens.entry(region.jurisdiction()).or_default() += of_region.total();
        }
    };
    if series.processed.is_empty() {
        series.regions.iter().for_each(|(region, share)| add(region, share.tokens));
    } else {
        series.processed.iter().for_each(|(region, processed)| add(region, *processed));
    }
    tokens
}

/// Every attempt pays the usage that it reported. One that was cancelled reports none, and has had its
/// input read all the same: it pays that, which is the least that it can cost.
fn cost(series: &RouteSeries, targets: &[PricedTarget]) -> f64 {
    let of_region = |(region, share): (&RegionId, &RegionShare)| {
        let input = (share.tokens.input + share.cancelled_input) as f64;
        // Two models in one Region are not told apart: the dearer one, so that nothing looks too cheap.
        let prices = targets.iter().filter(|target| target.region == *region);
        prices.map(|target| target.price.of(input, share.tokens.output as f64)).fold(0.0, f64::max)
    };
    series.regions.iter().map(of_region).sum()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::RunTime;
    use crate::core::phase::Phases;
    use crate::core::record::{AttemptRecord, Usage};
    use crate::measure::recorder::tests::record;

    const SECOND: Duration = Duration::from_secs(1);

    fn attempt(region: &str, outcome: Outcome, usage: Option<(u32, u32)>) -> AttemptRecord {
        AttemptRecord {
            route: 0,
            index: 0,
            attempt: 0,
            region: region.parse().unwrap(),
            target: 0,
            asked_tokens: 1_000,
            sent: Some(RunTime::ZERO),
            head: None,
            first_token: None,
            last_token: None,
            finished: RunTime::from_secs_f64(1.0),
            outcome,
            http_status: None,
            error: None,
            request_id: None,
            acquisition: None,
            usage: usage.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens }),
            place: None,
            queued: None,
            service_latency: None,
        }
    }

    fn target(region: &str, input: f64, output: f64) -> PricedTarget {
        let price = Price { input, output, source: "test".into(), date: "2026-11-23".into() };
        PricedTarget { region: region.parse().unwrap(), model: "model".into(), price }
    }

    fn read(attempts: &[AttemptRecord], good: u32, slow: u32) -> Point {
        let phases = Phases::lay_out(Duration::ZERO, 60 * SECOND, &[]);
        let slos = vec!["response:p95<1s".parse().unwrap()];
        let mut recorder = Recorder::new(phases, slos.clone(), 1);
        attempts.iter().for_each(|attempt| recorder.attempt(attempt, RunTime::ZERO));
        (0..good + slow).for_each(|index| {
            let response = if index < good { 0.5 } else { 2.0 };
            recorder.request(&record(index, 1.0, response, Outcome::Ok));
        });
        let targets = [target("ap-southeast-2", 2.0, 10.0), target("us-west-2", 1.0, 5.0)];
        Point::read(&recorder, (5.0, 42), &Watched::for_slos(&slos), &targets)
    }

    #[test]
    fn every_attempt_with_usage_is_paid_for_whatever_came_of_it() {
        let attempts = [
            attempt("ap-southeast-2", Outcome::Ok, Some((1_000, 100))),
            attempt("us-west-2", Outcome::StreamError, Some((1_000, 50))),
            attempt("ap-southeast-2", Outcome::Throttled, None),
        ];
        let point = read(&attempts, 1, 0);
        let expected = (1_000.0 * 2.0 + 100.0 * 10.0 + 1_000.0 * 1.0 + 50.0 * 5.0) / 1e6;
        assert!((point.cost_usd - expected).abs() < 1e-12, "{}", point.cost_usd);
        assert_eq!((point.attempts, point.throttle_share()), (3, Some(1.0 / 3.0)));
        assert_eq!(point.processed_share(Jurisdiction::UnitedStates), Some(1_050.0 / 2_150.0));
    }

    #[test]
    fn a_hedge_that_lost_pays_for_its_input() {
        let ok = attempt("ap-southeast-2", Outcome::Ok, Some((1_000, 100)));
        let alone = read(std::slice::from_ref(&ok), 1, 0).cost_usd;
        let hedged = read(&[ok, attempt("us-west-2", Outcome::Cancelled, None)], 1, 0).cost_usd;
        assert!((hedged - alone - 1_000.0 / 1e6).abs() < 1e-12, "{hedged} beside {alone}");
    }

    #[test]
    fn cost_is_per_answer_within_every_slo_and_absent_without_one() {
        let attempts = [attempt("ap-southeast-2", Outcome::Ok, Some((1_000_000, 0)))];
        assert_eq!(read(&attempts, 4, 4).cost_per_thousand_good(), Some(2.0 * 1_000.0 / 4.0));
        assert_eq!(read(&attempts, 0, 4).cost_per_thousand_good(), None);
    }

    #[test]
    fn a_failed_percentile_counts_as_the_deadline() {
        let phases = Phases::lay_out(Duration::ZERO, 60 * SECOND, &[]);
        let mut recorder = Recorder::new(phases, vec![], 1);
        recorder.request(&record(0, 1.0, 0.5, Outcome::Ok));
        recorder.request(&record(1, 1.0, 0.1, Outcome::Throttled));
        let point = Point::read(&recorder, (5.0, 42), &Watched::for_slos(&[]), &[]);
        let at = |q| point.seconds(Watched { metric: Metric::Response, q }, 60 * SECOND);
        assert!((at(0.50) - 0.5).abs() < 0.001);
        assert_eq!(at(0.95), 60.0);
    }
}
