//! How the routes of one run compare with the first.

use super::recorder::Recorder;
use super::series::Level;
use super::summary::{Comparison, Finding, QuantileComparison, RouteSummary};
use crate::core::seed::Purpose;
use crate::core::{Metric, Seed};
use crate::stats::bootstrap::{self, BlockSample, Blocks, Statistic};
use crate::stats::paired;
use crate::stats::quantile::CONFIDENCE;

const COMPARED: [f64; 2] = [0.50, 0.95];

/// Block by block of time, which held the same requests for both.
pub fn compare(recorder: &Recorder, routes: &[RouteSummary], other: usize, seed: Seed) -> Comparison {
    let metric = Metric::Response;
    let blocks = |route: usize| -> Vec<_> {
        let buckets = recorder.routes()[route].buckets.iter();
        buckets
            .map(|bucket| {
                let sample = bucket.slice.sample(metric);
                let values = sample.ok.values().map(|(time, count)| (time.as_secs_f64() * 1e3, count)).collect();
                BlockSample { stratum: bucket.phase, values, failures: sample.failures }
            })
            .collect()
    };
    let (base_blocks, other_blocks) = (blocks(0), blocks(other));
    let quantiles = COMPARED
        .iter()
        .filter_map(|&q| {
            let base = routes[0].whole().quantile(metric, q)?.value;
            let value = routes[other].whole().quantile(metric, q)?.value;
            let mut draws = seed.indexed(Purpose::Resampling, other as u64);
            let both = (&base_blocks[..], &other_blocks[..]);
            let interval = bootstrap::difference(both, Blocks::Alike, Statistic::Quantile(q), &mut draws)
                .map(|resampled| (resampled.estimate, resampled.interval(CONFIDENCE)));
            let estimate = base.time().zip(value.time()).map(|(b, o)| (o.as_secs_f64() - b.as_secs_f64()) * 1e3);
            let difference = estimate
                .zip(interval)
                .filter(|(_, (_, bounds))| bounds.iter().all(|bound| bound.is_finite()))
                // The blocks keep two digits; their interval is laid around the finer estimate.
                .map(|(estimate, (coarse, [low, high]))| {
                    let shift = estimate - coarse;
                    [estimate, low + shift, high + shift]
                });
            let finding = match interval {
                None => Finding::TooLittleData,
                Some((_, [_, high])) if high < 0.0 => Finding::Faster,
                Some((_, [low, _])) if low > 0.0 => Finding::Slower,
                Some(_) => Finding::NoDifferenceShown,
            };
            Some(QuantileComparison { q, base, other: value, difference, finding })
        })
        .collect();
    Comparison { base: routes[0].head.name.clone(), other: routes[other].head.name.clone(), metric, quantiles }
}

/// Pairs the blocks of two routes by their round, which gave both the same requests: requests of different
/// blocks met different minutes, and are no pairs.
pub fn compare_blocks(recorder: &Recorder, routes: &[RouteSummary], other: usize) -> Comparison {
    let metric = Metric::Response;
    let levels = |route: usize, q: f64| {
        let phases = recorder.phases().iter().zip(&recorder.routes()[route].phases);
        let blocks = phases.filter(|(phase, _)| phase.measured);
        blocks.map(move |(_, slice)| slice.sample(metric).at(q))
    };
    let quantiles = COMPARED
        .iter()
        .filter_map(|&q| {
            let base = routes[0].whole().quantile(metric, q)?.value;
            let value = routes[other].whole().quantile(metric, q)?.value;
            let pairs = levels(0, q).zip(levels(other, q)).filter_map(|(base, other)| Some((base?, other?)));
            let difference = paired::median(pairs.map(|(base, other)| milliseconds(other, base)).collect());
            let finding = match difference {
                None => Finding::TooLittleData,
                Some([_, _, high]) if high < 0.0 => Finding::Faster,
                Some([_, low, _]) if low > 0.0 => Finding::Slower,
                Some(_) => Finding::NoDifferenceShown,
            };
            let difference = difference.filter(|bounds| bounds.iter().all(|bound| bound.is_finite()));
            Some(QuantileComparison { q, base, other: value, difference, finding })
        })
        .collect();
    Comparison { base: routes[0].head.name.clone(), other: routes[other].head.name.clone(), metric, quantiles }
}

/// `other − base`; a failure lies beyond every time.
fn milliseconds(other: Level, base: Level) -> f64 {
    match (other, base) {
        (Level::At(other), Level::At(base)) => (other.as_secs_f64() - base.as_secs_f64()) * 1e3,
        (Level::Failed, Level::At(_)) => f64::INFINITY,
        (Level::At(_), Level::Failed) => f64::NEG_INFINITY,
        (Level::Failed, Level::Failed) => 0.0,
    }
}
