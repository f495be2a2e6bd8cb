//! One route against another, or one run against another, from their records.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::course::{self, Course};
use super::series::Level;
use super::summary::Finding;
use crate::core::phase::Phases;
use crate::core::record::RequestRecord;
use crate::core::seed::Purpose;
use crate::core::time::nanos;
use crate::core::{Metric, Seed};
use crate::stats::bootstrap::{self, BlockSample, Blocks, Statistic};
use crate::stats::effective::{FEWEST_CORRELATION_TIMES, correlation_times};
use crate::stats::paired;
use crate::stats::quantile::{CONFIDENCE, fewest_samples};

/// What is compared unless somebody asks for more.
pub const COMPARED: &[(Metric, &[f64])] = &[
    (Metric::Response, &[0.50, 0.95, 0.99]),
    (Metric::Ttft, &[0.50, 0.95, 0.99]),
    (Metric::Service, &[0.50, 0.95]),
    (Metric::Tpot, &[0.50]),
];

/// Blocks of time that a run is cut into.
const BLOCKS: u64 = 60;

/// Confidence of the bound that a gate asks about.
const GATE: f64 = 0.99;

/// What one side of a comparison measured, block of time by block of time.
#[derive(Clone, Debug)]
pub struct Side {
    phases: Phases,
    /// First block of each phase, and the width of its blocks; none where it is not measured.
    laid: Vec<Option<(usize, Duration)>>,
    blocks: Vec<Tally>,
    courses: Vec<Course>,
    /// Tells other arrivals apart, whatever the order of the records.
    arrivals: u64,
    requests: u64,
}

#[derive(Clone, Debug, Default)]
struct Tally {
    phase: usize,
    failures: u64,
    /// Milliseconds of the successes.
    times: [Vec<f64>; Metric::ALL.len()],
}

impl Side {
    pub fn new(phases: &Phases) -> Self {
        let measured = phases.iter().filter(|phase| phase.measured);
        let whole: Duration = measured.map(|phase| phase.end.since(phase.start)).sum();
        let mut blocks = Vec::new();
        let lay = |(position, phase): (usize, &crate::core::phase::Phase)| {
            let length = phase.end.since(phase.start);
            let share = length.as_secs_f64() / whole.as_secs_f64().max(1e-9);
            let count = ((share * BLOCKS as f64).round() as u32).max(1);
            let first = blocks.len();
            phase.measured.then(|| {
                blocks.extend((0..count).map(|_| Tally { phase: position, ..Tally::default() }));
                (first, (length / count).max(Duration::from_nanos(1)))
            })
        };
        let laid = phases.iter().enumerate().map(lay).collect();
        let courses = phases.iter().map(Course::new).collect();
        Self { phases: phases.clone(), laid, blocks, courses, arrivals: 0, requests: 0 }
    }

    pub fn record(&mut self, record: &RequestRecord) {
        let phase = usize::from(record.phase);
        let Some((first, width)) = self.laid[phase] else { return };
        let counts = record.outcome.is_ok() || record.outcome.is_failure();
        if !counts {
            return;
        }
        let span = self.phases.get(phase);
        let at = (nanos(record.intended.since(span.start)) / nanos(width)) as usize;
        let last = self.blocks.iter().rposition(|block| block.phase == phase).unwrap_or(first);
        let block = &mut self.blocks[(first + at).min(last)];
        self.requests += 1;
        let arrival = [u64::from(record.index), record.intended.as_nanos()].map(u64::to_le_bytes).concat();
        self.arrivals = self.arrivals.wrapping_add(crate::core::seed::fnv1a(&arrival));
        self.courses[phase].record(record);
        if !record.outcome.is_ok() {
            block.failures += 1;
            return;
        }
        for metric in Metric::ALL {
            if let Some(time) = metric.of(record) {
                block.times[metric as usize].push(to_four_digits(time.as_secs_f64() * 1e3));
            }
        }
    }

    /// Requests that count: all of the measured time but cancelled ones.
    pub fn n(&self) -> u64 {
        self.requests
    }

    /// Whether both were asked the same at the same instants.
    pub fn asked_as(&self, other: &Self) -> bool {
        (self.arrivals, self.requests) == (other.arrivals, other.requests)
    }

    /// Whether there is a time of this kind at all.
    pub fn has(&self, metric: Metric) -> bool {
        self.blocks.iter().any(|block| !block.times[metric as usize].is_empty())
    }

    /// Milliseconds of all successes, ascending, and the number of failures.
    pub fn sorted(&self, metric: Metric) -> (Vec<f64>, u64) {
        let times = self.blocks.iter().flat_map(|block| block.times[metric as usize].iter().copied());
        let mut times: Vec<_> = times.collect();
        times.sort_unstable_by(f64::total_cmp);
        (times, self.blocks.iter().map(|block| block.failures).sum())
    }

    fn samples(&self, metric: Metric) -> Vec<BlockSample> {
        let sample = |block: &Tally| {
            let mut times = block.times[metric as usize].clone();
            times.sort_unstable_by(f64::total_cmp);
            let runs = times.chunk_by(|a, b| a == b).map(|run| (run[0], run.len() as u64));
            BlockSample { stratum: block.phase, values: runs.collect(), failures: block.failures }
        };
        self.blocks.iter().map(sample).collect()
    }

    /// One percentile per measured phase: where routes took turns, these are their blocks.
    fn by_phase(&self, metric: Metric, q: f64) -> Vec<Option<f64>> {
        let samples = self.samples(metric);
        let phases = self.phases.iter().enumerate().filter(|(_, phase)| phase.measured);
        phases
            .map(|(position, _)| {
                let of: Vec<_> = samples.iter().filter(|block| block.stratum == position).cloned().collect();
                bootstrap::value(&of, Statistic::Quantile(q))
            })
            .collect()
    }
}

/// Finer than any difference that matters, and few enough values for resampling by the thousand.
fn to_four_digits(value: f64) -> f64 {
    let unit = 10_f64.powi(3 - value.max(1e-6).log10().floor() as i32);
    (value * unit).round() / unit
}

/// How two sides belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Pairing {
    /// Both were asked the same at the same instants: the same blocks of time hold the same requests.
    Requests,
    /// Both ran at the same time.
    Time,
    /// They took turns, in rounds.
    Rounds,
    /// Nothing was common.
    None,
}

/// One percentile of one metric, over all requests, failures last.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Row {
    pub metric: Metric,
    pub q: f64,
    /// Absent with too few requests.
    pub a: Option<Level>,
    pub b: Option<Level>,
    /// `b − a` in milliseconds: estimate and 95 % interval; absent where either is a failure or there is too
    /// little data.
    pub difference_ms: Option<[f64; 3]>,
    /// The same estimate as a share of `a`.
    pub change: Option<f64>,
    /// `b − a` lies above with 99 % confidence; absent where nothing can be said. Infinite values are `null` in JSON.
    pub lower_99_ms: Option<f64>,
    pub finding: Finding,
    /// What there is too little of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lacking: Option<String>,
}

/// Failures among all requests.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Failed {
    pub a: f64,
    pub b: f64,
    /// `b − a`: estimate and 95 % interval.
    pub difference: Option<[f64; 3]>,
    /// Slower stands for more failures, faster for fewer.
    pub finding: Finding,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Versus {
    pub pairing: Pairing,
    pub rows: Vec<Row>,
    pub failed: Failed,
}

impl Versus {
    /// Compares `b` with `a`, at the usual percentiles and those `asked` for besides.
    pub fn new((a, b): (&Side, &Side), pairing: Pairing, asked: &[(Metric, f64)], seed: Seed) -> Self {
        let usual = COMPARED.iter().flat_map(|(metric, quantiles)| quantiles.iter().map(move |q| (*metric, *q)));
        let mut wanted: Vec<_> = usual.filter(|(metric, _)| a.has(*metric) || b.has(*metric)).collect();
        wanted.extend(asked.iter().filter(|one| !wanted.contains(one)).copied().collect::<Vec<_>>());
        wanted.sort_by(|a, b| a.partial_cmp(b).expect("percentiles are numbers"));
        wanted.dedup();
        let pair = Pair { a, b, pairing, seed };
        let rows = wanted.chunk_by(|one, next| one.0 == next.0).flat_map(|of| {
            let quantiles: Vec<_> = of.iter().map(|(_, q)| *q).collect();
            pair.rows(of[0].0, &quantiles)
        });
        Self { pairing, rows: rows.collect(), failed: pair.failed() }
    }

    pub fn row(&self, metric: Metric, q: f64) -> Option<&Row> {
        self.rows.iter().find(|row| (row.metric, row.q) == (metric, q))
    }
}

struct Pair<'a> {
    a: &'a Side,
    b: &'a Side,
    pairing: Pairing,
    seed: Seed,
}

impl Pair<'_> {
    fn blocks(&self) -> Blocks {
        if self.pairing == Pairing::None { Blocks::Apart } else { Blocks::Alike }
    }

    fn rows(&self, metric: Metric, quantiles: &[f64]) -> Vec<Row> {
        let samples = [self.a.samples(metric), self.b.samples(metric)];
        let short = self.short(metric);
        let row = |q: &f64| {
            let of = Statistic::Quantile(*q);
            let needs = fewest_samples(*q);
            let level = |side: usize| {
                let n: u64 = samples[side].iter().map(BlockSample::n).sum();
                let value = bootstrap::value(&samples[side], of).map(level)?;
                (n >= needs || value == Level::Failed).then_some(value)
            };
            let (a, b) = (level(0), level(1));
            let blank = Row {
                metric,
                q: *q,
                a,
                b,
                difference_ms: None,
                change: None,
                lower_99_ms: None,
                finding: Finding::TooLittleData,
                lacking: None,
            };
            if a.is_none() || b.is_none() {
                return Row { lacking: Some(format!("needs {needs} requests on both sides")), ..blank };
            }
            if let Some(short) = &short {
                return Row { lacking: Some(short.clone()), ..blank };
            }
            let Some(([estimate, low, high], lower)) = self.interval(&samples, (metric, *q)) else {
                let what = match self.pairing {
                    Pairing::Rounds => "needs six blocks on both sides",
                    _ => "too few stretches of time hold a request",
                };
                return Row { lacking: Some(what.into()), ..blank };
            };
            let finite = [estimate, low, high].iter().all(|bound| bound.is_finite());
            let base = a.and_then(Level::time).map(|time| time.as_secs_f64() * 1e3).filter(|base| *base > 0.0);
            Row {
                difference_ms: finite.then_some([estimate, low, high]),
                change: base.map(|base| estimate / base).filter(|change| change.is_finite()),
                lower_99_ms: lower,
                finding: finding(low, high),
                ..blank
            }
        };
        quantiles.iter().map(row).collect()
    }

    /// Estimate with 95 % interval, and the bound for gates.
    fn interval(&self, samples: &[Vec<BlockSample>; 2], (metric, q): (Metric, f64)) -> Option<([f64; 3], Option<f64>)> {
        if self.pairing == Pairing::Rounds {
            let rounds = self.a.by_phase(metric, q).into_iter().zip(self.b.by_phase(metric, q));
            let apart = |(a, b): (Option<f64>, Option<f64>)| Some(b? - a?).map(|d| if d.is_nan() { 0.0 } else { d });
            let differences: Vec<_> = rounds.filter_map(apart).collect();
            let bound = paired::lower(differences.clone(), GATE);
            return Some((paired::median(differences)?, bound));
        }
        let mut draws = self.seed.stream(Purpose::Resampling);
        let both = (&samples[0][..], &samples[1][..]);
        let found = bootstrap::difference(both, self.blocks(), Statistic::Quantile(q), &mut draws)?;
        let [low, high] = found.interval(CONFIDENCE);
        Some(([found.estimate, low, high], Some(found.lower(GATE))))
    }

    /// Says so where the runs are short against what their requests, or the differences between them, have in common.
    fn short(&self, metric: Metric) -> Option<String> {
        let series = |side: &Side| [course::times(&side.courses, metric), course::failures(&side.courses)];
        let (a, b) = (series(self.a), series(self.b));
        let spans: Vec<_> = match self.pairing {
            // The median of few rounds assumes nothing about what is within them.
            Pairing::Rounds => vec![],
            Pairing::None => a.iter().chain(&b).map(|series| correlation_times(series)).collect(),
            Pairing::Requests | Pairing::Time => {
                a.iter().zip(&b).map(|(a, b)| correlation_times(&course::apart(a, b))).collect()
            }
        };
        let least = spans.into_iter().min_by(f64::total_cmp).filter(|least| *least < FEWEST_CORRELATION_TIMES)?;
        Some(format!(
            "too few effective samples: {least:.0} correlation times measured, {FEWEST_CORRELATION_TIMES:.0} needed"
        ))
    }

    fn failed(&self) -> Failed {
        let samples = [self.a, self.b].map(|side| side.samples(Metric::Response));
        let share = |side: usize| bootstrap::value(&samples[side], Statistic::FailedShare).unwrap_or(0.0);
        let mut draws = self.seed.stream(Purpose::Resampling);
        let both = (&samples[0][..], &samples[1][..]);
        let found = bootstrap::difference(both, self.blocks(), Statistic::FailedShare, &mut draws);
        let difference = found.map(|found| {
            let [low, high] = found.interval(CONFIDENCE);
            [found.estimate, low, high]
        });
        let finding = difference.map_or(Finding::TooLittleData, |[_, low, high]| finding(low, high));
        Failed { a: share(0), b: share(1), difference, finding }
    }
}

fn finding(low: f64, high: f64) -> Finding {
    if high < 0.0 {
        Finding::Faster
    } else if low > 0.0 {
        Finding::Slower
    } else {
        Finding::NoDifferenceShown
    }
}

fn level(milliseconds: f64) -> Level {
    if milliseconds.is_finite() { Level::At(Duration::from_secs_f64(milliseconds / 1e3)) } else { Level::Failed }
}

/// What came of a gate.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Judgement {
    Held,
    Broken,
    TooLittleData,
}

impl Row {
    /// Whether it grew by more than a share, and that by no chance: the estimate exceeds the share, and the lower
    /// 99 % bound exceeds 0. A percentile that has become a failure grew beyond any share.
    pub fn judge(&self, more_than: f64) -> Judgement {
        let (Some(a), Some(b), Some(lower)) = (self.a, self.b, self.lower_99_ms) else {
            return Judgement::TooLittleData;
        };
        let grew = match (a, b) {
            (Level::Failed, _) => false,
            (_, Level::Failed) => true,
            _ => self.change.is_some_and(|change| change > more_than),
        };
        if grew && lower > 0.0 { Judgement::Broken } else { Judgement::Held }
    }
}

#[cfg(test)]
mod tests {
    use rand_distr::{Distribution, LogNormal};

    use super::*;
    use crate::core::{Outcome, Seed};
    use crate::measure::recorder::tests::record;

    /// So many requests in a minute; the `seed` is their luck, `slower` a factor on their times.
    fn side(n: u32, seed: u64, slower: f64) -> Side {
        let mut side = Side::new(&Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]));
        let mut draws = Seed(seed).stream(Purpose::FirstToken);
        let law = LogNormal::new(0.0, 0.4).unwrap();
        for index in 0..n {
            let time = law.sample(&mut draws) * slower;
            side.record(&record(index, f64::from(index) * 60.0 / f64::from(n), time, Outcome::Ok));
        }
        side
    }

    fn p95(a: &Side, b: &Side, pairing: Pairing) -> Row {
        Versus::new((a, b), pairing, &[], Seed(1)).row(Metric::Response, 0.95).unwrap().clone()
    }

    #[test]
    fn a_run_that_is_slower_is_found_and_one_that_is_not_is_not() {
        let (a, again, slower) = (side(3_000, 1, 1.0), side(3_000, 2, 1.0), side(3_000, 3, 1.15));
        let row = p95(&a, &again, Pairing::None);
        assert_eq!((row.finding, row.judge(0.0)), (Finding::NoDifferenceShown, Judgement::Held));
        let row = p95(&a, &slower, Pairing::None);
        assert_eq!((row.finding, row.judge(0.0)), (Finding::Slower, Judgement::Broken));
        assert!((row.change.unwrap() - 0.15).abs() < 0.06, "{row:?}");
        assert_eq!(row.judge(0.5), Judgement::Held, "it is slower, yet not by half");
    }

    #[test]
    fn a_small_difference_shows_in_pairs_and_not_apart() {
        let (a, b) = (side(3_000, 1, 1.0), side(3_000, 1, 1.01));
        assert!(a.asked_as(&b));
        assert_eq!(p95(&a, &b, Pairing::Requests).finding, Finding::Slower);
        assert_eq!(p95(&a, &b, Pairing::None).finding, Finding::NoDifferenceShown);
    }

    #[test]
    fn few_requests_say_what_they_would_need() {
        let row = p95(&side(40, 1, 1.0), &side(40, 1, 9.0), Pairing::Requests);
        assert_eq!((row.finding, row.a, row.judge(0.0)), (Finding::TooLittleData, None, Judgement::TooLittleData));
        assert_eq!(row.lacking.unwrap(), "needs 60 requests on both sides");
    }

    #[test]
    fn failures_are_slower_than_any_time() {
        let a = side(3_000, 1, 1.0);
        let mut b = side(3_000, 1, 1.0);
        (0..300).for_each(|i| b.record(&record(3_000 + i, f64::from(i) / 5.0, 0.01, Outcome::Throttled)));
        let versus = Versus::new((&a, &b), Pairing::None, &[], Seed(1));
        let row = versus.row(Metric::Response, 0.95).unwrap();
        assert_eq!((row.b, row.finding, row.judge(0.5)), (Some(Level::Failed), Finding::Slower, Judgement::Broken));
        assert_eq!(versus.failed.finding, Finding::Slower);
        assert!((versus.failed.b - 300.0 / 3_300.0).abs() < 1e-9);
    }

    #[test]
    fn other_arrivals_are_no_pairs() {
        assert!(!side(3_000, 1, 1.0).asked_as(&side(2_999, 1, 1.0)));
    }
}
