//! From a recorder to a summary.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::clients::Clients;
use super::comparison::{compare, compare_blocks};
use super::cost::CostSummary;
use super::course::{self, Course};
use super::gate;
use super::percentiles::{percentiles, plain};
use super::recorder::{Outcomes, Recorder, RegionShare, RouteSeries, Slice};
use super::summary::{
    ConnectionSummary, ErrorSummary, MetricSummary, ProcessedSummary, RegionSummary, RouteSummary, SCHEMA,
    SliceSummary, Summary,
};
use super::verdict::{self, Evidence};
use crate::core::block;
use crate::core::price::RoutePrices;
use crate::core::run::{Loop, RouteHead, World};
use crate::core::{Metric, Outcome, RunTime, Seed};

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
    /// By route; a route that has none is not priced.
    pub prices: Vec<RoutePrices>,
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
                let prices = context.prices.get(usize::from(route)).cloned().unwrap_or_default();
                summarise_route(recorder, series, (head, &prices), (context.kind, stopped))
            })
            .collect();
        let compared = |other| match context.blocks.is_empty() {
            true => compare(recorder, &routes, other, context.seed),
            false => compare_blocks(recorder, &routes, other),
        };
        let comparisons = (1..routes.len()).map(compared).collect();
        // A part of a run misses what the whole would hold, and the other way round.
        let all_there = context.evidence.clients.as_ref().is_none_or(Clients::complete);
        let whole = context.stopped.is_none() && context.evidence.part.is_none() && all_there;
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
            gates: if whole { gate::judge(recorder, &routes) } else { Vec::new() },
            objectives: if whole { gate::look(recorder, &routes) } else { Vec::new() },
            evidence: context.evidence,
            routes,
            comparisons,
        }
    }
}

fn summarise_route(
    recorder: &Recorder,
    series: &RouteSeries,
    (head, prices): (RouteHead, &RoutePrices),
    (kind, stopped): (Loop, Option<RunTime>),
) -> RouteSummary {
    let phases = recorder.phases();
    let fired = |start: RunTime, end: RunTime| stopped.map_or(end, |stopped| end.min(stopped)).since(start);
    let whole = series.whole(phases);
    let blocks = |phase: Option<usize>| {
        series.buckets.iter().filter(move |b| phase.is_none_or(|p| b.phase == p)).map(|b| (b.phase, &b.slice))
    };
    let measured = phases.iter().filter(|phase| phase.measured).map(|phase| fired(phase.start, phase.end)).sum();
    let courses: Vec<_> = series.courses.iter().collect();
    let mut slices = vec![summarise_slice("all", (kind, measured), &whole, (|| blocks(None), &courses))];
    if phases.iter().filter(|phase| phase.measured).count() > 1 {
        for (i, phase) in phases.iter().enumerate().filter(|(_, phase)| phase.measured) {
            let span = fired(phase.start, phase.end);
            let parts = (|| blocks(Some(i)), &courses[i..=i]);
            slices.push(summarise_slice(&phase.name, (kind, span), &series.phases[i], parts));
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
        cost: CostSummary::new(series, whole.good, prices),
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
    (blocks, courses): (impl Fn() -> I, &[&Course]),
) -> SliceSummary
where
    I: Iterator<Item = (usize, &'a Slice)>,
{
    let seconds = span.as_secs_f64();
    let rate = |count: u64| if seconds > 0.0 { count as f64 / seconds } else { 0.0 };
    let planned = (kind == Loop::Open).then_some(slice.planned);
    let courses = || courses.iter().copied();
    let failed = course::span(&course::failures(courses()));
    let metrics = Metric::ALL
        .into_iter()
        .map(|metric| {
            let all = blocks().map(|(stratum, slice)| (stratum, slice.sample(metric)));
            let ok = blocks().map(|(stratum, slice)| (stratum, slice.ok_sample(metric)));
            let times = course::span(&course::times(courses(), metric));
            let either = times.into_iter().chain(failed).min_by(f64::total_cmp);
            let summary = MetricSummary {
                all: percentiles(slice.sample(metric), &all.collect::<Vec<_>>(), either),
                ok: percentiles(slice.ok_sample(metric), &ok.collect::<Vec<_>>(), times),
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
        parts: slice.parts.summary(),
    }
}
