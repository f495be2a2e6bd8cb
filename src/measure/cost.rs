//! What the tokens of a route cost.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::recorder::{RegionShare, RouteSeries};
use crate::core::price::{PricedTarget, RoutePrices};
use crate::core::{Outcome, RegionId};

/// The cost of one route over the measured time.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct CostSummary {
    /// USD for the tokens of all attempts, whatever came of them; absent where a price is not known.
    pub usd: Option<f64>,
    /// USD per 1,000 requests that met every SLO; absent also where none did.
    pub usd_per_thousand_good: Option<f64>,
    /// Some attempts were cancelled: what they cost beyond their input is not told.
    pub at_least: bool,
    pub prices: Vec<PricedTarget>,
    /// Why there is no cost.
    pub absent: Vec<String>,
    /// What to check before the cost is relied on.
    pub warnings: Vec<String>,
}

impl CostSummary {
    pub fn new(series: &RouteSeries, good: u64, prices: &RoutePrices) -> Self {
        let called = |region: &RegionId| series.regions.get(region).is_some_and(|share| share.attempts.total() > 0);
        let unknown = prices.unknown.iter().filter(|target| called(&target.region));
        let absent: BTreeSet<_> = unknown.map(|target| target.reason.clone()).collect();
        let priced = |region: &RegionId| prices.known.iter().any(|target| target.region == *region);
        let known = absent.is_empty() && series.regions.keys().all(|region| !called(region) || priced(region));
        let usd = known.then(|| usd(series, &prices.known));
        Self {
            usd,
            usd_per_thousand_good: usd.filter(|_| good > 0).map(|usd| usd * 1_000.0 / good as f64),
            at_least: series.regions.values().any(|share| share.attempts.get(Outcome::Cancelled) > 0),
            prices: prices.known.clone(),
            absent: if known || !absent.is_empty() {
                absent.into_iter().collect()
            } else {
                vec!["the run recorded no prices".to_owned()]
            },
            warnings: prices.warnings.clone(),
        }
    }
}

/// USD. Every attempt pays the usage that it reported. One that was cancelled reports none, and has had its
/// input read all the same: it pays that, which is the least that it can cost.
pub fn usd(series: &RouteSeries, targets: &[PricedTarget]) -> f64 {
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
    use std::time::Duration;

    use super::*;
    use crate::core::phase::Phases;
    use crate::core::price::{Price, UnpricedTarget};
    use crate::core::record::Usage;
    use crate::measure::Recorder;
    use crate::measure::recorder::tests::{attempt, record};

    fn known(region: RegionId) -> PricedTarget {
        let price = Price { input: 2.0, output: 10.0, source: "test".into(), date: "2026-11-23".into() };
        PricedTarget { region, model: "model".into(), price }
    }

    fn unknown(region: &str) -> UnpricedTarget {
        UnpricedTarget { region: region.parse().unwrap(), model: "model".into(), reason: "no price is known".into() }
    }

    /// One good request in Sydney of 1,000 tokens in and 100 out.
    fn cost(good: u64, prices: &RoutePrices) -> CostSummary {
        let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
        let mut recorder = Recorder::new(phases, vec![], 1);
        let mut ok = attempt(0, 0.0, 1.0, Outcome::Ok);
        ok.usage = Some(Usage { input_tokens: 1_000, output_tokens: 100 });
        recorder.count(&record(0, 0.0, 1.0, Outcome::Ok), &[ok]);
        CostSummary::new(&recorder.routes()[0], good, prices)
    }

    #[test]
    fn a_good_answer_costs_its_tokens() {
        let prices = RoutePrices { known: vec![known(RegionId::SYDNEY)], ..RoutePrices::default() };
        let found = cost(1, &prices);
        assert!((found.usd.unwrap() - 0.003).abs() < 1e-12);
        assert!((found.usd_per_thousand_good.unwrap() - 3.0).abs() < 1e-9);
        assert_eq!(cost(0, &prices).usd_per_thousand_good, None);
    }

    #[test]
    fn a_price_that_is_not_known_is_no_zero() {
        let prices = RoutePrices { unknown: vec![unknown("ap-southeast-2")], ..RoutePrices::default() };
        let found = cost(1, &prices);
        assert_eq!((found.usd, found.usd_per_thousand_good), (None, None));
        assert_eq!(found.absent, ["no price is known"]);
        assert_eq!(cost(1, &RoutePrices::default()).usd, None);
    }

    #[test]
    fn a_price_that_is_not_needed_may_be_missing() {
        let prices = RoutePrices {
            known: vec![known(RegionId::SYDNEY)],
            unknown: vec![unknown("us-west-2")],
            ..RoutePrices::default()
        };
        assert!(cost(1, &prices).usd.is_some());
    }
}
