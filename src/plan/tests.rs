use std::time::Duration;

use proptest::prelude::*;
use proptest::sample::select;

use super::arrival::{self, ARRIVALS, Setting, Settings};
use super::pattern::Pattern;
use super::rate_curve::{Piece, RateCurve};
use super::trace::Trace;
use super::workload::{TokenLengths, Workload};
use super::{Load, Plan, prompt};
use crate::core::block::{Timing, take_turns};
use crate::core::units::Rate;
use crate::core::{Request, RunTime, Seed, Shard};

fn seconds(n: u64) -> Duration {
    Duration::from_secs(n)
}

fn poisson(rates: RateCurve, workload: &Workload) -> Load {
    Load::new(rates, arrival::find("poisson").unwrap(), Settings::default(), workload, Seed(1))
}

fn plan(token_multiplier: f64, cache_hit_rate: f64) -> Plan {
    let workload = Workload {
        input: TokenLengths { p50: 400, p95: 1_200, max: 4_000 },
        token_multiplier,
        cache_hit_rate,
        ..Workload::fixed(400, 60)
    };
    Plan::of(&poisson(RateCurve::level(Rate(100.0), seconds(100)), &workload))
}

#[test]
fn a_cache_takes_requests_out_and_leaves_the_others_as_they_were() {
    let (all, some) = (plan(1.0, 0.0), plan(1.0, 0.3));
    assert_eq!(all.cache_hits(), 0);
    assert_eq!(some.len() + some.cache_hits(), all.len());
    let share = some.cache_hits() as f64 / all.len() as f64;
    assert!((share - 0.3).abs() < 0.025, "five standard errors: {share}");
    for request in some.requests() {
        assert_eq!(Some(request), all.requests().find(|other| other.index == request.index));
    }
}

#[test]
fn shorter_prompts_are_the_same_prompts_shortened() {
    let (whole, compressed) = (plan(1.0, 0.0), plan(0.6, 0.0));
    for (long, short) in whole.requests().zip(compressed.requests()) {
        assert_eq!(long.intended, short.intended);
        assert_eq!(short.input_tokens, (f64::from(long.input_tokens) * 0.6).round() as u32);
    }
}

/// Poisson arrivals in each of `intervals` equal parts of the run against Λ, within five standard
/// errors.
fn counts_follow(rates: &RateCurve, length: Duration, intervals: u32) {
    let load = poisson(rates.clone(), &Workload::fixed(1, 1));
    let instants: Vec<_> = load.requests().map(|request| request.intended).collect();
    assert!(instants.is_sorted());
    let edge = |i: u32| RunTime::from_duration(length / intervals * i);
    for i in 0..intervals {
        let (from, to) = (edge(i), edge(i + 1));
        let expected = rates.arrivals_by(to) - rates.arrivals_by(from);
        let arrived = instants.iter().filter(|at| (from..to).contains(at)).count() as f64;
        let error = expected.sqrt().max(1.0);
        assert!((arrived - expected).abs() < 5.0 * error, "{from} to {to}: {arrived} arrived, {expected} expected");
    }
}

#[test]
fn arrivals_follow_a_ramp() {
    let ramp = Piece { length: seconds(600), from: Rate(5.0), to: Rate(80.0) };
    counts_follow(&RateCurve::new(seconds(60), seconds(600), [ramp]), seconds(660), 33);
}

#[test]
fn arrivals_follow_stages_through_a_pause() {
    let stages = [(120, 50.0), (60, 0.0), (180, 200.0), (60, 5.0)];
    let stages = stages.map(|(length, rate)| Piece::level(seconds(length), Rate(rate)));
    counts_follow(&RateCurve::new(seconds(0), seconds(420), stages), seconds(420), 42);
}

#[test]
fn arrivals_follow_the_day_of_a_pattern() {
    let text = include_str!("../../profiles/patterns/weekday.toml");
    let weekday: Pattern = toml::from_str(text).expect("it ships with the house");
    // 50,000 a day: the load of a small firm.
    let day = weekday.day_from("00:00".parse().unwrap(), Rate(50_000.0 / 86_400.0));
    let rates = RateCurve::new(seconds(0), seconds(86_400), day);
    assert!((rates.arrivals() - 50_000.0).abs() < 1e-3, "the rate is the mean of the day: {}", rates.arrivals());
    counts_follow(&rates, seconds(86_400), 288);
}

#[test]
fn a_load_is_drawn_the_same_every_time_and_by_whoever_has_a_copy() {
    fn shared<T: Clone + Send + Sync>(load: &T) -> T {
        load.clone()
    }
    let trace = Trace::read(b"offset,input_tokens,output_tokens\n0.5,10,1\n1.5,20,2\n").unwrap();
    for entry in ARRIVALS {
        let settings = Settings { burstiness: Some(0.5), trace: Some(trace.clone()) };
        let draw = |seed| {
            let rates = RateCurve::level(Rate(1.0), seconds(60));
            Load::new(rates, entry, settings.clone(), &Workload::fixed(5, 5), Seed(seed))
        };
        let (load, again) = (draw(7), draw(7));
        let drawn: Vec<_> = load.requests().collect();
        assert!(drawn.len() > 1, "{}", entry.name);
        assert!(Plan::of(&shared(&again)).requests().eq(drawn), "{}", entry.name);
    }
}

#[test]
fn a_trace_is_fired_at_its_own_instants_with_its_own_lengths() {
    let text = "offset,input_tokens,output_tokens\n0,7,1\n0.123456789,8,2\n0.123456789,9,3\n86399.999999999,10,4\n";
    let trace = Trace::read(text.as_bytes()).unwrap();
    let rates = RateCurve::level(Rate(1.0), seconds(trace.seconds()));
    let settings = Settings { trace: Some(trace.clone()), ..Settings::default() };
    let workload = Workload { trace: Some(trace), ..Workload::fixed(400, 60) };
    let load = Load::new(rates, arrival::find("trace").unwrap(), settings, &workload, Seed(1));
    let fired: Vec<_> = load
        .requests()
        .map(|request| (request.intended.as_nanos(), request.input_tokens, load.sampler().output(request.key())))
        .collect();
    assert_eq!(fired, [(0, 7, 1), (123_456_789, 8, 2), (123_456_789, 9, 3), (86_399_999_999_999, 10, 4)]);
}

/// Two routes that take turns in `rounds` rounds, and what is fired in them by `shard`.
fn fired(load: &Load, rounds: u16, shard: Shard) -> Vec<(Request, u64, u16, Vec<u16>)> {
    let loads = (0..rounds).map(|round| load.under(Seed(9).of_round(round)));
    let plan = Plan::in_rounds(loads, shard);
    let timing = Timing { warmup: seconds(1), measured: seconds(5), gap: seconds(1) };
    let blocks = take_turns(&[vec![0, 1]], rounds, timing, Seed(9));
    let fired = plan.firings(&blocks).map(|(request, block)| {
        let hash = prompt::write(Seed(9), &request).hash;
        (request, hash, block.round, block.routes.clone())
    });
    fired.collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 64, ..ProptestConfig::default() })]

    /// Instants, keys, lengths, prompts, turns: all shards together fire the plan, and none fires what another does.
    #[test]
    fn all_shards_together_are_the_plan(
        process in select(ARRIVALS.iter().filter(|entry| entry.heeds != Some(Setting::Trace)).map(|of| of.name).collect::<Vec<_>>()),
        rates in proptest::collection::vec((0.0_f64..60.0, 0.0_f64..60.0), 1..4),
        cache_hit_rate in 0.0_f64..0.9,
        rounds in 1_u16..4,
        count in 1_u32..9,
        seed in any::<u64>(),
    ) {
        let pieces = rates.iter().map(|(from, to)| Piece { length: seconds(2), from: Rate(*from), to: Rate(*to) });
        let curve = RateCurve::new(seconds(1), seconds(5), pieces);
        let lengths = TokenLengths { p50: 40, p95: 120, max: 400 };
        let workload = Workload { input: lengths, cache_hit_rate, ..Workload::fixed(400, 60) };
        let load = Load::new(curve, arrival::find(process).unwrap(), Settings::default(), &workload, Seed(seed));
        let whole = fired(&load, rounds, Shard::WHOLE);
        let mut together = Vec::new();
        for index in 0..count {
            let shard = Shard::new(index, count).unwrap();
            let part = fired(&load, rounds, shard);
            prop_assert!(part.iter().all(|(request, ..)| shard.takes(request.index)));
            prop_assert!(part.is_sorted_by_key(|(request, ..)| request.intended));
            together.extend(part);
        }
        // In the order of the plan: a round's requests are fired once by each of its blocks.
        together.sort_by_key(|(request, _, round, _)| (*round, request.intended, request.index));
        let mut planned = whole;
        planned.sort_by_key(|(request, _, round, _)| (*round, request.intended, request.index));
        prop_assert_eq!(together, planned);
    }
}

#[test]
fn a_shard_knows_how_large_the_whole_plan_is() {
    let load = poisson(RateCurve::level(Rate(100.0), seconds(10)), &Workload::fixed(1, 1));
    let part = Plan::in_rounds([load.clone()], Shard::new(1, 4).unwrap());
    assert_eq!(part.all(), Plan::of(&load).len());
    assert!(part.len() < part.all() / 3, "{} of {}", part.len(), part.all());
}
