//! From a recorder to a summary.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::gate;
use super::recorder::{Outcomes, Recorder, RegionShare, RouteSeries, Slice};
use super::series::{Histogram, Level, Sample};
use super::summary::{
    Comparison, ConnectionSummary, ErrorSummary, Finding, MetricSummary, Percentiles, ProcessedSummary, QUANTILES,
    Quantile, QuantileComparison, RegionSummary, RouteSummary, SCHEMA, SliceSummary, Summary,
};
use super::verdict::{self, Evidence};
use crate::core::block;
use crate::core::run::{Loop, RouteHead, World};
use crate::core::seed::Purpose;
use crate::core::{Metric, Outcome, RunTime, Seed};
use crate::stats::bootstrap::{self, BlockSample};
use crate::stats::paired;
use crate::stats::quantile::{Block, bracket, design_effect};

/// What a summary is made from, beside the records.
#[derive(Clone, Debug)]
pub struct Context {
    pub world: World,
    pub kind: Loop,
    pub seed: Seed,
    /// When arrivals were stopped before the plan's end.
    pub stopped: Option<RunTime>,
    /// The turns that routes took; empty where all were fired at once.
    pub blocks: Vec<Arc<block::Block>>,
    pub routes: Vec<RouteHead>,
    pub evidence: Evidence,
}

impl Summary {
    pub fn new(recorder: &Recorder, context: Context) -> Self {
        let routes: Vec<_> = recorder
            .routes()
            .iter()
            .zip(context.routes)
            .zip(0..)
            .map(|((series, head), route)| {
                let stopped = context.stopped.map(|at| match context.blocks.is_empty() {
                    true => at,
                    false => block::progress(&context.blocks, route, at),
                });
                summarise_route(recorder, series, head, (context.kind, stopped))
            })
            .collect();
        let compared = |other| match context.blocks.is_empty() {
            true => compare(recorder, &routes, other, context.seed),
            false => compare_blocks(recorder, &routes, other),
        };
        let comparisons = (1..routes.len()).map(compared).collect();
        let verdict = verdict::judge(&routes, recorder, (context.kind, &context.evidence));
        Self {
            schema: SCHEMA,
            world: context.world,
            kind: context.kind,
            seed: context.seed,
            verdict,
            interrupted: context.stopped.is_some(),
            stopped: context.stopped,
            slos: recorder.slos().to_vec(),
            gates: if context.stopped.is_none() { gate::judge(recorder, &routes) } else { Vec::new() },
            evidence: context.evidence,
            routes,
            comparisons,
        }
    }
}

fn summarise_route(
    recorder: &Recorder,
    series: &RouteSeries,
    head: RouteHead,
    (kind, stopped): (Loop, Option<RunTime>),
) -> RouteSummary {
    let phases = recorder.phases();
    let fired = |start: RunTime, end: RunTime| stopped.map_or(end, |stopped| end.min(stopped)).since(start);
    let whole = series.whole(phases);
    let blocks = |phase: Option<usize>| {
        series.buckets.iter().filter(move |b| phase.is_none_or(|p| b.phase == p)).map(|b| (b.phase, &b.slice))
    };
    let measured = phases.iter().filter(|phase| phase.measured).map(|phase| fired(phase.start, phase.end)).sum();
    let mut slices = vec![summarise_slice("all", (kind, measured), &whole, || blocks(None))];
    if phases.iter().filter(|phase| phase.measured).count() > 1 {
        for (i, phase) in phases.iter().enumerate().filter(|(_, phase)| phase.measured) {
            let span = fired(phase.start, phase.end);
            slices.push(summarise_slice(&phase.name, (kind, span), &series.phases[i], || blocks(Some(i))));
        }
    }
    let regions = series
        .regions
        .iter()
        .map(|(region, share)| RegionSummary {
            region: *region,
            name: region.name().to_owned(),
            attempts: by_outcome(&share.attempts),
            errors: errors(share),
            input_tokens: share.tokens.input,
            output_tokens: share.tokens.output,
            cancelled_input_tokens: share.cancelled_input,
            response: plain(&share.response),
        })
        .collect();
    let processed = series
        .processed
        .iter()
        .map(|(region, tokens)| ProcessedSummary {
            region: *region,
            jurisdiction: region.jurisdiction(),
            input_tokens: tokens.input,
            output_tokens: tokens.output,
        })
        .collect();
    let connections = &series.connections;
    RouteSummary {
        head,
        slices,
        regions,
        processed,
        connections: ConnectionSummary {
            opened: connections.opened,
            reused: connections.reused,
            http1: connections.http1,
            http2: connections.http2,
            acquisition: plain(&connections.acquisition),
        },
        dispatch_lag: plain(&series.dispatch_lag),
    }
}

fn errors(share: &RegionShare) -> Vec<ErrorSummary> {
    let said = share.errors.iter().map(|((outcome, message), count)| ErrorSummary {
        count: *count,
        outcome: *outcome,
        message: message.to_string(),
    });
    let mut errors: Vec<_> = said.collect();
    errors.sort_by_key(|error| std::cmp::Reverse(error.count));
    errors
}

fn by_outcome(outcomes: &Outcomes) -> BTreeMap<Outcome, u64> {
    outcomes.occurred().collect()
}

fn summarise_slice<'a, I>(
    phase: &str,
    (kind, span): (Loop, Duration),
    slice: &Slice,
    blocks: impl Fn() -> I,
) -> SliceSummary
where
    I: Iterator<Item = (usize, &'a Slice)>,
{
    let seconds = span.as_secs_f64();
    let rate = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let planned = (kind == Loop::Open).then_some(slice.planned);
    let metrics = Metric::ALL
        .into_iter()
        .map(|metric| {
            let all = blocks().map(|(stratum, slice)| (stratum, slice.sample(metric)));
            let ok = blocks().map(|(stratum, slice)| (stratum, slice.ok_sample(metric)));
            let summary = MetricSummary {
                all: percentiles(slice.sample(metric), &all.collect::<Vec<_>>()),
                ok: percentiles(slice.ok_sample(metric), &ok.collect::<Vec<_>>()),
            };
            (metric, summary)
        })
        .collect();
    SliceSummary {
        phase: phase.to_owned(),
        seconds,
        planned,
        sent: slice.sent,
        outcomes: by_outcome(&slice.outcomes),
        offered_load: planned.map(rate),
        sent_rate: rate(slice.sent),
        throughput: rate(slice.outcomes.get(Outcome::Ok)),
        goodput: rate(slice.good),
        metrics,
    }
}

/// Percentiles whose intervals allow for neighbours that resemble each other.
fn percentiles(sample: Sample<'_>, blocks: &[(usize, Sample<'_>)]) -> Percentiles {
    let n = sample.n();
    let mut effective_n: Option<f64> = None;
    let quantiles = QUANTILES
        .iter()
        .filter_map(|&q| {
            let value = sample.at(q)?;
            let counts: Vec<_> = blocks
                .iter()
                .map(|(stratum, block)| Block { stratum: *stratum, n: block.n(), below: block.count_to(value) })
                .collect();
            let worth = design_effect(&counts).map(|effect| n as f64 / effect);
            effective_n = match (effective_n, worth) {
                (Some(least), Some(worth)) => Some(least.min(worth)),
                (least, worth) => least.or(worth),
            };
            let bracket = worth.map(|worth| bracket(worth, q));
            Some(Quantile {
                q,
                value,
                low: bracket.and_then(|b| sample.at(b.low?)),
                high: bracket.and_then(|b| sample.at(b.high?)),
            })
        })
        .collect();
    let max = sample.at(1.0);
    Percentiles { n, effective_n, quantiles, max }
}

/// Percentiles of the instrument's own figures: no claim beyond this run, hence no interval.
fn plain(histogram: &Histogram) -> Percentiles {
    percentiles(Sample { ok: histogram, failures: 0 }, &[])
}

const COMPARED: [f64; 2] = [0.50, 0.95];

fn compare(recorder: &Recorder, routes: &[RouteSummary], other: usize, seed: Seed) -> Comparison {
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
            let interval = bootstrap::difference(&base_blocks, &other_blocks, q, &mut draws);
            let estimate = base.time().zip(value.time()).map(|(b, o)| (o.as_secs_f64() - b.as_secs_f64()) * 1e3);
            let difference = estimate
                .zip(interval)
                .filter(|(_, interval)| interval.low.is_finite() && interval.high.is_finite())
                // The blocks keep two digits; their interval is laid around the finer estimate.
                .map(|(estimate, interval)| {
                    let shift = estimate - interval.estimate;
                    [estimate, interval.low + shift, interval.high + shift]
                });
            let finding = match interval {
                None => Finding::TooLittleData,
                Some(interval) if interval.high < 0.0 => Finding::Faster,
                Some(interval) if interval.low > 0.0 => Finding::Slower,
                Some(_) => Finding::NoDifferenceShown,
            };
            Some(QuantileComparison { q, base, other: value, difference, finding })
        })
        .collect();
    Comparison { base: routes[0].head.name.clone(), other: routes[other].head.name.clone(), metric, quantiles }
}

/// Pairs the blocks of two routes by their round, which gave both the same requests: requests of different
/// blocks met different minutes, and are no pairs.
fn compare_blocks(recorder: &Recorder, routes: &[RouteSummary], other: usize) -> Comparison {
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
