use super::*;
use crate::core::residency::Standing;
use crate::core::{Metric, Outcome};
use crate::measure::summary::Finding::{Faster, NoDifferenceShown, Slower, TooLittleData};
use crate::report::fixture;

fn ms(value: u64) -> Level {
    Level::At(Duration::from_millis(value))
}

fn at(q: f64, base: Level, other: Level, difference: Option<[f64; 3]>, finding: Finding) -> QuantileComparison {
    QuantileComparison { q, base, other, difference, finding }
}

/// The sentence on `spill` against `home`, of a thousand requests each.
fn said(failed: [u64; 2], quantiles: Vec<QuantileComparison>) -> String {
    let mut summary = fixture::alone().summary;
    let route = summary.routes[0].clone();
    summary.routes = ["home", "spill"]
        .into_iter()
        .zip(failed)
        .map(|(name, failed)| {
            let mut route = route.clone();
            route.head.name = name.into();
            route.slices[0].outcomes = [(Outcome::Ok, 1_000 - failed), (Outcome::Throttled, failed)].into();
            route
        })
        .collect();
    let comparison = Comparison { base: "home".into(), other: "spill".into(), metric: Metric::Response, quantiles };
    summary.comparisons = vec![comparison];
    sentences(&summary).remove(0)
}

#[test]
fn a_difference_is_given_with_its_interval() {
    let p50 = at(0.50, ms(900), ms(910), Some([10.0, -5.0, 30.0]), NoDifferenceShown);
    let p95 = at(0.95, ms(3_310), ms(2_100), Some([-1_210.0, -1_500.0, -900.0]), Faster);
    assert_eq!(
        said([0, 0], vec![p50, p95]),
        "spill answers 95 % of requests within 2.10 s, 1.21 s (0.90–1.50 s) sooner than home; \
         no difference shown at p50"
    );
    let later = at(0.95, ms(900), ms(1_000), Some([100.0, 80.0, 120.0]), Slower);
    assert_eq!(
        said([0, 0], vec![later]),
        "spill answers 95 % of requests within 1.00 s, 100 ms (80.0–120 ms) later than home"
    );
}

#[test]
fn an_estimate_outside_its_interval_is_not_given() {
    let p95 = at(0.95, ms(1_000), ms(995), Some([-5.0, -30.0, -8.0]), Faster);
    assert_eq!(said([0, 0], vec![p95]), "spill answers 95 % of requests within 995 ms, 8.00–30.0 ms sooner than home");
}

#[test]
fn no_difference_is_not_called_equality() {
    let p95 = at(0.95, ms(1_000), ms(1_020), Some([20.0, -80.0, 35.0]), NoDifferenceShown);
    assert_eq!(
        said([0, 0], vec![p95]),
        "no difference shown at p95 between spill (1.02 s) and home (1.00 s): \
         between 80.0 ms sooner and 35.0 ms later"
    );
}

#[test]
fn a_failed_percentile_is_no_time_and_has_no_distance() {
    let p95 = at(0.95, Level::Failed, ms(1_550), None, Faster);
    assert_eq!(
        said([72, 0], vec![p95]),
        "spill answers 95 % of requests within 1.55 s; home fails 7.2 % of its requests, so its p95 is failed, \
         not a time"
    );
    let p95 = at(0.95, ms(1_550), Level::Failed, None, Slower);
    assert_eq!(
        said([4, 72], vec![p95]),
        "home answers 95 % of requests within 1.55 s and fails 0.40 %; spill fails 7.2 % of its requests, so its p95 \
         is failed, not a time"
    );
    let p95 = at(0.95, Level::Failed, Level::Failed, None, NoDifferenceShown);
    assert_eq!(
        said([72, 81], vec![p95]),
        "neither spill nor home has a p95: they fail 8.1 % and 7.2 % of their requests"
    );
}

#[test]
fn failures_at_the_edge_of_a_percentile_show_nothing() {
    let p95 = at(0.95, Level::Failed, ms(1_550), None, NoDifferenceShown);
    assert!(said([51, 49], vec![p95]).ends_with("not a time, yet no difference between the two is shown"));
    let p95 = at(0.95, ms(1_000), ms(1_500), None, Slower);
    assert_eq!(
        said([0, 48], vec![p95]),
        "spill answers 95 % of requests within 1.50 s, later than home; failures leave open by how much; \
         spill fails 4.8 % of its requests, home 0.0 %"
    );
}

#[test]
fn too_little_data_claims_nothing() {
    let short = at(0.95, ms(1_000), ms(2_000), None, TooLittleData);
    for quantiles in [vec![short], vec![]] {
        assert_eq!(said([0, 0], quantiles), "too little data to compare spill with home: run longer");
    }
}

#[test]
fn a_reference_is_named_as_one() {
    let mut summary = fixture::congested().summary.clone();
    assert!(sentences(&summary)[2].starts_with("oregon (reference) answers"));
    summary.routes[0].head.standing = Standing::Reference;
    assert!(sentences(&summary)[0].contains("sydney (reference) fails 6.7 %"));
}
