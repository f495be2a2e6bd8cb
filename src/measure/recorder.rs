//! Takes records one by one and keeps what the numbers need: counts, histograms, time buckets.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::time::Duration;

use super::course::Course;
use super::parts::Parts;
use super::series::{Histogram, Sample};
use crate::core::gate::Gate;
use crate::core::phase::Phases;
use crate::core::record::{AttemptRecord, HttpVersion, RequestRecord, Tokens};
use crate::core::run::RouteHead;
use crate::core::slo::Slo;
use crate::core::time::nanos;
use crate::core::{Metric, Outcome, RegionId, RunTime};

/// Time buckets per run: enough to see a scenario's phases, few enough that each holds samples.
const BUCKETS: f64 = 60.0;

/// Different errors kept per route and Region: a server that makes up a new one each time must not
/// fill the memory.
const MOST_ERRORS: usize = 32;

/// Counts by outcome.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcomes([u64; Outcome::ALL.len()]);

impl Outcomes {
    pub fn add(&mut self, outcome: Outcome) {
        self.0[outcome as usize] += 1;
    }

    pub fn get(&self, outcome: Outcome) -> u64 {
        self.0[outcome as usize]
    }

    pub fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(other.0).for_each(|(mine, theirs)| *mine += theirs);
    }

    /// Those that count against the percentiles that decide.
    pub fn failures(&self) -> u64 {
        Outcome::ALL.iter().filter(|outcome| outcome.is_failure()).map(|outcome| self.get(*outcome)).sum()
    }

    pub fn total(&self) -> u64 {
        self.0.iter().sum()
    }

    /// Outcomes that occurred, with their counts.
    pub fn occurred(&self) -> impl Iterator<Item = (Outcome, u64)> + '_ {
        Outcome::ALL.iter().map(|outcome| (*outcome, self.get(*outcome))).filter(|(_, count)| *count > 0)
    }
}

/// Times of the successes, one histogram per metric.
#[derive(Clone, Debug)]
pub struct Times([Histogram; Metric::ALL.len()]);

impl Times {
    fn new(empty: fn() -> Histogram) -> Self {
        Self(std::array::from_fn(|_| empty()))
    }

    pub fn of(&self, metric: Metric) -> &Histogram {
        &self.0[metric as usize]
    }

    fn record(&mut self, record: &RequestRecord) {
        for metric in Metric::ALL {
            if let Some(time) = metric.of(record) {
                self.0[metric as usize].record(time);
            }
        }
    }

    fn merge(&mut self, other: &Self) {
        self.0.iter_mut().zip(&other.0).for_each(|(mine, theirs)| mine.add(theirs));
    }
}

/// Requests whose intended start falls into one stretch of time.
#[derive(Clone, Debug)]
pub struct Slice {
    pub planned: u64,
    pub sent: u64,
    /// Completed within every SLO.
    pub good: u64,
    pub outcomes: Outcomes,
    pub times: Times,
    /// Where the time of the ok requests went. Kept by phase, not by bucket.
    pub parts: Parts,
}

impl Slice {
    fn new(empty: fn() -> Histogram) -> Self {
        Self {
            planned: 0,
            sent: 0,
            good: 0,
            outcomes: Outcomes::default(),
            times: Times::new(empty),
            parts: Parts::default(),
        }
    }

    pub fn merge(&mut self, other: &Self) {
        self.planned += other.planned;
        self.sent += other.sent;
        self.good += other.good;
        self.outcomes.merge(&other.outcomes);
        self.times.merge(&other.times);
        self.parts.merge(&other.parts);
    }

    /// All requests but cancelled ones, failures last: what decides.
    pub fn sample(&self, metric: Metric) -> Sample<'_> {
        Sample { ok: self.times.of(metric), failures: self.outcomes.failures() }
    }

    /// The successes alone.
    pub fn ok_sample(&self, metric: Metric) -> Sample<'_> {
        Sample { ok: self.times.of(metric), failures: 0 }
    }
}

/// One stretch of the time series. Latency is filed under the intended start, work done under the
/// moment it was done: the other way round a saturated run reports absurd rates.
#[derive(Clone, Debug)]
pub struct Bucket {
    pub start: RunTime,
    pub phase: usize,
    /// By intended start.
    pub slice: Slice,
    /// Answers completed in this bucket.
    pub done: u64,
    /// Attempts throttled in this bucket.
    pub throttled: u64,
}

/// What one Region was asked and answered, over attempts in the measured time.
#[derive(Clone, Debug)]
pub struct RegionShare {
    pub attempts: Outcomes,
    /// How often each error was said; the first `MOST_ERRORS` different ones.
    pub errors: BTreeMap<(Outcome, Cow<'static, str>), u64>,
    pub tokens: Tokens,
    /// Input of the attempts that were cancelled: what they used up is not told, and not less.
    pub cancelled_input: u64,
    /// Response times of the requests that this Region's endpoint answered.
    pub response: Histogram,
}

/// What one target was sent over the whole run, the warm-up included: a ledger leaves nothing out.
#[derive(Clone, Debug, Default)]
pub struct Sent {
    pub attempts: Outcomes,
    pub tokens: Tokens,
}

/// How attempts came by their connections.
#[derive(Clone, Debug)]
pub struct Connections {
    pub opened: u64,
    pub reused: u64,
    pub http1: u64,
    pub http2: u64,
    /// Waiting for a connection, opening included.
    pub acquisition: Histogram,
}

/// Everything kept of one route.
#[derive(Clone, Debug)]
pub struct RouteSeries {
    /// One per phase of the run, the warm-up included.
    pub phases: Vec<Slice>,
    pub buckets: Vec<Bucket>,
    /// One per phase.
    pub courses: Vec<Course>,
    /// By the Region whose endpoint was called.
    pub regions: BTreeMap<RegionId, RegionShare>,
    /// Tokens by the Region that processed them, where anybody can tell.
    pub processed: BTreeMap<RegionId, Tokens>,
    pub connections: Connections,
    /// Sent − intended start of first attempts.
    pub dispatch_lag: Histogram,
    /// Response times by outcome: a fast refusal and a slow answer are different things.
    pub by_outcome: BTreeMap<Outcome, Histogram>,
    /// By the position of the target in the route.
    pub sent: BTreeMap<u16, Sent>,
}

/// The numbers of a run in the making.
#[derive(Clone, Debug)]
pub struct Recorder {
    phases: Phases,
    /// Of every route.
    slos: Vec<Slo>,
    /// Beside those, by route.
    own: Vec<Vec<Slo>>,
    gates: Vec<Gate>,
    bucket: Duration,
    measured: (RunTime, RunTime),
    routes: Vec<RouteSeries>,
}

impl Recorder {
    /// An empty recorder for `routes` routes over `phases`.
    pub fn new(phases: Phases, slos: Vec<Slo>, routes: usize) -> Self {
        let measured = phases.measured();
        let bucket = bucket_width(measured.1.since(measured.0));
        let buckets: Vec<_> = std::iter::successors(Some(measured.0), |start| Some(*start + bucket))
            .take_while(|start| *start < measured.1)
            .map(|start| Bucket {
                start,
                phase: phases.index_at(start),
                slice: Slice::new(Histogram::coarse),
                done: 0,
                throttled: 0,
            })
            .collect();
        let series = RouteSeries {
            phases: phases.iter().map(|_| Slice::new(Histogram::fine)).collect(),
            buckets,
            courses: phases.iter().map(Course::new).collect(),
            regions: BTreeMap::new(),
            processed: BTreeMap::new(),
            connections: Connections { opened: 0, reused: 0, http1: 0, http2: 0, acquisition: Histogram::fine() },
            dispatch_lag: Histogram::fine(),
            by_outcome: BTreeMap::new(),
            sent: BTreeMap::new(),
        };
        let own = vec![Vec::new(); routes];
        Self { phases, slos, own, gates: Vec::new(), bucket, measured, routes: vec![series; routes] }
    }

    /// As [`Self::new`], without the course over time: counts, percentiles and tokens, for those who ask for no more.
    pub fn of_totals(phases: Phases, slos: Vec<Slo>, routes: usize) -> Self {
        let mut recorder = Self::new(phases, slos, routes);
        recorder.measured.1 = recorder.measured.0;
        for series in &mut recorder.routes {
            series.buckets.clear();
            series.courses = recorder.phases.iter().map(Course::untold).collect();
        }
        recorder
    }

    /// Holds the routes to `gates`. What one of them asks of the latency of a single route counts in the goodput of that.
    pub fn held_to(mut self, gates: &[Gate], routes: &[RouteHead]) -> Self {
        for (own, route) in self.own.iter_mut().zip(routes) {
            let named = gates.iter().filter(|gate| gate.route.as_deref() == Some(&route.name));
            *own = named.filter_map(Gate::slo).collect();
        }
        self.gates = gates.to_vec();
        self
    }

    /// Counts a request that the plan holds for a route, whether it will be sent or not.
    pub fn planned_for(&mut self, route: usize, intended: RunTime) {
        let phase = self.phases.index_at(intended);
        let bucket = self.bucket_at(intended).filter(|_| self.phases.get(phase).measured);
        let series = &mut self.routes[route];
        series.phases[phase].planned += 1;
        if let Some(bucket) = bucket {
            series.buckets[bucket].slice.planned += 1;
        }
    }

    /// Counts a request with its attempts, oldest first: all that there is to count of it.
    pub fn count(&mut self, request: &RequestRecord, attempts: &[AttemptRecord]) {
        attempts.iter().for_each(|attempt| self.attempt(attempt, request.intended));
        self.request(request);
        if request.outcome.is_ok() {
            let settled = attempts.iter().find(|attempt| attempt.outcome.is_ok() && attempt.sent == request.last_sent);
            let phase = usize::from(request.phase);
            self.routes[usize::from(request.route)].phases[phase].parts.add(request, settled);
        }
    }

    /// The request's half of [`Self::count`].
    pub(crate) fn request(&mut self, record: &RequestRecord) {
        let mut slos = self.slos.iter().chain(&self.own[usize::from(record.route)]);
        let good = record.outcome.is_ok() && slos.all(|slo| slo.met_by(record));
        let phase = usize::from(record.phase);
        let measured = self.phases.get(phase).measured;
        let intended = self.bucket_at(record.intended).filter(|_| measured);
        let finished = self.bucket_at(record.finished);
        let series = &mut self.routes[usize::from(record.route)];
        let slices = [Some(&mut series.phases[phase]), intended.map(|i| &mut series.buckets[i].slice)];
        for slice in slices.into_iter().flatten() {
            slice.sent += u64::from(record.sent.is_some());
            slice.good += u64::from(good);
            slice.outcomes.add(record.outcome);
            if record.outcome.is_ok() {
                slice.times.record(record);
            }
        }
        series.courses[phase].record(record);
        // Work done in a bucket counts there, also when the warm-up had asked for it.
        if let (Some(bucket), true) = (finished, record.outcome.is_ok()) {
            series.buckets[bucket].done += 1;
        }
        if !measured {
            return;
        }
        if let (Some(region), true) = (record.region, record.outcome.is_ok()) {
            series.regions.entry(region).or_insert_with(RegionShare::new).response.record(record.response_time());
        }
        series.by_outcome.entry(record.outcome).or_insert_with(Histogram::fine).record(record.response_time());
        if let Some(lag) = record.dispatch_lag() {
            series.dispatch_lag.record(lag);
        }
    }

    /// An attempt's part of [`Self::count`]; `intended` is that of its request.
    pub(crate) fn attempt(&mut self, record: &AttemptRecord, intended: RunTime) {
        let bucket = self.bucket_at(record.finished);
        let measured = self.phases.get(self.phases.index_at(intended)).measured;
        let series = &mut self.routes[usize::from(record.route)];
        if let (Some(bucket), Outcome::Throttled) = (bucket, record.outcome) {
            series.buckets[bucket].throttled += 1;
        }
        let sent = series.sent.entry(record.target).or_default();
        sent.attempts.add(record.outcome);
        if let Some(usage) = record.usage {
            sent.tokens.add(usage);
        }
        if !measured {
            return;
        }
        let share = series.regions.entry(record.region).or_insert_with(RegionShare::new);
        share.attempts.add(record.outcome);
        if let Some(error) = &record.error {
            let said = (record.outcome, error.clone());
            if share.errors.len() < MOST_ERRORS || share.errors.contains_key(&said) {
                *share.errors.entry(said).or_default() += 1;
            }
        }
        if let Some(usage) = record.usage {
            share.tokens.add(usage);
        }
        if record.outcome == Outcome::Cancelled {
            share.cancelled_input += u64::from(record.asked_tokens);
        }
        if let (Some(place), Some(usage)) = (record.place, record.usage) {
            series.processed.entry(place).or_default().add(usage);
        }
        if let Some(acquisition) = record.acquisition {
            let connections = &mut series.connections;
            connections.reused += u64::from(acquisition.reused);
            connections.opened += u64::from(!acquisition.reused);
            connections.http1 += u64::from(acquisition.version == Some(HttpVersion::Http1));
            connections.http2 += u64::from(acquisition.version == Some(HttpVersion::Http2));
            if let Some(took) = acquisition.took {
                connections.acquisition.record(took);
            }
        }
    }

    fn bucket_at(&self, at: RunTime) -> Option<usize> {
        if at < self.measured.0 || at >= self.measured.1 {
            return None;
        }
        Some((nanos(at.since(self.measured.0)) / nanos(self.bucket)) as usize)
    }

    pub fn phases(&self) -> &Phases {
        &self.phases
    }

    pub fn slos(&self) -> &[Slo] {
        &self.slos
    }

    pub fn gates(&self) -> &[Gate] {
        &self.gates
    }

    /// Requests that were counted, the warm-up's included.
    pub fn requests(&self) -> u64 {
        self.routes.iter().flat_map(|route| &route.phases).map(|slice| slice.outcomes.total()).sum()
    }

    /// Width of a time bucket.
    pub fn bucket(&self) -> Duration {
        self.bucket
    }

    pub fn routes(&self) -> &[RouteSeries] {
        &self.routes
    }
}

impl RouteSeries {
    /// The measured phases taken together.
    pub fn whole(&self, phases: &Phases) -> Slice {
        let mut whole = Slice::new(Histogram::fine);
        for (phase, slice) in phases.iter().zip(&self.phases) {
            if phase.measured {
                whole.merge(slice);
            }
        }
        whole
    }
}

impl RegionShare {
    fn new() -> Self {
        Self {
            attempts: Outcomes::default(),
            errors: BTreeMap::new(),
            tokens: Tokens::default(),
            cancelled_input: 0,
            response: Histogram::fine(),
        }
    }
}

/// A round width that cuts the measured time into about sixty buckets, none under 200 ms.
fn bucket_width(measured: Duration) -> Duration {
    const ROUND: &[f64] = &[0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 900.0, 1800.0];
    let wanted = measured.as_secs_f64() / BUCKETS;
    let width = ROUND.iter().copied().find(|width| *width >= wanted * 0.999);
    Duration::from_secs_f64(width.unwrap_or((wanted / 3600.0).ceil() * 3600.0))
}

#[cfg(test)]
pub(crate) mod tests;
