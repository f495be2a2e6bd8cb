//! The run's verdict on itself. A load test that could not hold its own schedule has measured
//! itself; better to say so than to print its percentiles without a word.

use std::fmt;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::clients::{self, Clients};
use super::recorder::Recorder;
use super::selftest::Selftest;
use super::series::{Level, Sample};
use super::summary::RouteSummary;
use crate::core::run::Loop;
use crate::core::slo::Slo;
use crate::core::units::{Rate, Span, grouped, percent, percentile};
use crate::core::{Metric, Outcome, Shard};
use crate::stats::quantile::fewest_samples;

/// What the driver saw of itself during the run.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// CPU of the client's threads as a share of the core that they have; absent where the
    /// platform does not tell.
    pub client_cpu: Option<f64>,
    /// CPU of the pacer's thread as a share of one core.
    pub pacer_cpu: Option<f64>,
    /// Requests that the client carried out, of all routes, over the time for which `client_cpu` holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub requests_per_second: Option<Rate>,
    /// For how long the machine was suspended, with its clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub suspended_ns: Option<u64>,
    /// Most requests that one HTTP/2 connection carried at once; absent without HTTP/2.
    pub streams_per_connection: Option<u64>,
    /// What the instrument made of a known truth just before; absent in a simulation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub selftest: Option<Selftest>,
    /// Routes that drew on one quota at once, by name; none where they took turns.
    pub shared_quota: Vec<String>,
    /// Of a run whose end nobody saw, or whose records are not complete.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub torn: Option<Torn>,
    /// The part of the plan that was fired, where it was not all of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub part: Option<Shard>,
    /// Of a run that was merged from shards.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clients: Option<Clients>,
}

/// What the records of a run do not hold.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Torn {
    /// Whether the run said that it had ended.
    pub ended: bool,
    /// Requests that were due and have no row; absent where the numbers of the requests do not tell.
    pub requests: Option<u64>,
    /// Calls that have no row although their request has one, and the other way round.
    pub attempts: u64,
    /// Rows that were cut off in the middle, and dropped.
    pub half_rows: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Grade {
    Valid,
    Suspect,
    Invalid,
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Valid => "VALID",
            Self::Suspect => "SUSPECT",
            Self::Invalid => "INVALID",
        })
    }
}

/// One doubt, in words that say what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Reason {
    pub grade: Grade,
    pub doubt: Doubt,
    pub text: String,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Doubt {
    Undersent,
    Shed,
    DispatchLag,
    ClientBusy,
    /// The machine slept, and its clock with it.
    Suspended,
    Drift,
    SharedConnections,
    SharedQuota,
    TooFewSamples,
    Torn,
    /// Shards that are not there.
    MissingShards,
    /// Shards that did not fire their part to the end.
    CutShards,
    /// Shards that did not start together.
    StartsApart,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    pub grade: Grade,
    pub reasons: Vec<Reason>,
}

const LEAST_SENT: f64 = 0.99;
const MOST_SHED: f64 = 0.001;
const INVALID_LAG: Duration = Duration::from_millis(10);
const SUSPECT_LAG: Duration = Duration::from_millis(2);
const BUSY: f64 = 0.90;
/// Servers commonly allow about a hundred streams on a connection; the excess waits in the client.
const MANY_STREAMS: u64 = 100;
/// Change of the median between the ends of a steady phase that is a finding about the run.
const DRIFT: f64 = 1.25;

/// Judges a run by its own numbers. A closed loop keeps no plan, and so cannot be late.
pub fn judge(routes: &[RouteSummary], recorder: &Recorder, (kind, evidence): (Loop, &Evidence)) -> Verdict {
    let mut reasons = Vec::new();
    for (route, series) in routes.iter().zip(recorder.routes()) {
        let name = &route.head.name;
        let whole = route.whole();
        let mut doubt = |grade, doubt, text| reasons.push(Reason { grade, doubt, text: format!("{name}: {text}") });
        // A closed loop has no plan to fall short of; what it sheds is counted against what it wanted to send.
        let wanted = whole.planned.unwrap_or(whole.counted());
        if whole.planned.is_some_and(|planned| (whole.sent as f64) < LEAST_SENT * planned as f64) {
            let sent = format!("sent {} of {} planned", grouped(whole.sent), grouped(wanted));
            let text = format!("{sent}; at least 99 % must be sent. Lower --rps or raise --in-flight");
            doubt(Grade::Invalid, Doubt::Undersent, text);
        }
        let shed = whole.count(Outcome::Shed);
        if shed as f64 > MOST_SHED * wanted as f64 {
            let share = percent(shed, wanted);
            let text = format!("{share} shed at the in-flight cap, more than 0.1 %. Raise --in-flight or lower --rps");
            doubt(Grade::Invalid, Doubt::Shed, text);
        }
        if let Some(text) = drift(recorder, series) {
            doubt(Grade::Suspect, Doubt::Drift, text);
        }
    }
    if kind == Loop::Open {
        reasons.extend(late(routes));
    }
    reasons.extend(too_few(routes, recorder.slos()));
    match &evidence.clients {
        None => {
            reasons.extend(busy(evidence, kind, &reasons));
            reasons.extend(seen(evidence));
        }
        // What each of them saw of itself it has said for itself.
        Some(clients) => reasons.extend(clients::judge(clients, recorder.phases())),
    }
    reasons.extend(evidence.torn.map(|torn| incomplete(torn, recorder.requests())));
    let grade = reasons.iter().map(|reason| reason.grade).max().unwrap_or(Grade::Valid);
    Verdict { grade, reasons }
}

/// What the driver saw of itself.
fn seen(evidence: &Evidence) -> Vec<Reason> {
    let mut reasons = Vec::new();
    if let Some(suspended) = evidence.suspended_ns {
        let text = format!(
            "this machine was suspended for {} and its clock stood still, so what was on its way meanwhile looks faster than it \
             was. Run it again, awake",
            Span(Duration::from_nanos(suspended))
        );
        reasons.push(Reason { grade: Grade::Invalid, doubt: Doubt::Suspended, text });
    }
    let mut doubt = |doubt, text| reasons.push(Reason { grade: Grade::Suspect, doubt, text });
    if let Some(streams) = evidence.streams_per_connection.filter(|streams| *streams > MANY_STREAMS) {
        let text = format!(
            "up to {streams} requests shared one HTTP/2 connection: a stream limit can hide as server time. Raise --connections"
        );
        doubt(Doubt::SharedConnections, text);
    }
    if !evidence.shared_quota.is_empty() {
        let text = format!(
            "{} drew on one quota at the same time, so each saw the others' load. Run them apart with --route",
            evidence.shared_quota.join(", ")
        );
        doubt(Doubt::SharedQuota, text);
    }
    reasons
}

/// A client without time to spare has measured its own queue; one that also fell behind its plan, nothing else.
fn busy(evidence: &Evidence, kind: Loop, reasons: &[Reason]) -> Option<Reason> {
    let cpu = evidence.client_cpu.filter(|cpu| *cpu > BUSY)?;
    let fell_behind = reasons.iter().any(|reason| reason.grade == Grade::Invalid);
    let (grade, saturated) =
        if fell_behind { (Grade::Invalid, "the generator was saturated: ") } else { (Grade::Suspect, "") };
    let held = evidence.requests_per_second.map_or(String::new(), |rate| {
        format!(" By its processor time this machine carries out some {:.0} requests/s over all routes, and fewer of them on time.", rate.0 * BUSY / cpu)
    });
    let text = format!(
        "{saturated}the client used {:.0} % of its core, more than 90 %: its own queue is in the numbers.{held} Lower {}",
        cpu * 100.0,
        if kind == Loop::Closed { "--concurrency" } else { "--rps" }
    );
    Some(Reason { grade, doubt: Doubt::ClientBusy, text })
}

/// Requests without a row are those that were still waiting for their answer: the slowest.
fn incomplete(torn: Torn, recorded: u64) -> Reason {
    let end =
        if torn.ended { "its records are not complete" } else { "its end is not recorded: it was killed, or goes on" };
    let due = |n: u64| match n {
        1 => "1 request that was due has no row".to_owned(),
        n => format!("{} requests that were due have no row", grouped(n)),
    };
    // What was in flight when it was killed, and what was not yet on the disk, leaves no gap in the numbers.
    let lost = match (torn.requests, torn.ended) {
        (Some(n), true) => due(n),
        (None, true) => "requests that were due may have no row".to_owned(),
        (Some(0) | None, false) => "requests that were in flight then have no row".to_owned(),
        (Some(n), false) => format!("at least {}", due(n)),
    };
    let slowest = if torn.ended && torn.requests == Some(0) { "" } else { ", and the slowest are among them" };
    let others =
        [(torn.attempts, "call", "calls", "without a row"), (torn.half_rows, "row", "rows", "cut off and dropped")];
    let others = others
        .into_iter()
        .filter(|(count, ..)| *count > 0)
        .map(|(count, one, many, what)| format!(", {} {} {what}", grouped(count), if count == 1 { one } else { many }));
    let others: String = others.collect();
    let many = torn.requests.is_some_and(|lost| lost as f64 > (1.0 - LEAST_SENT) * (recorded + lost) as f64);
    let grade = if many { Grade::Invalid } else { Grade::Suspect };
    Reason { grade, doubt: Doubt::Torn, text: format!("{end}; {lost}{slowest}{others}. Run it again") }
}

/// Routes whose requests were sent late: all routes share one pacer, so one reason names them all.
fn late(routes: &[RouteSummary]) -> Vec<Reason> {
    let lags: Vec<(&str, Duration)> = routes
        .iter()
        .filter_map(|route| Some((route.head.name.as_str(), route.dispatch_lag.at(0.99)?.value.time()?)))
        .collect();
    let advice = "Lower --rps, fire fewer routes at once (--route), or use a quieter machine";
    let of = |grade, grave: fn(Duration) -> bool, limit: &str| {
        let names = named(routes, lags.iter().filter(|(_, lag)| grave(*lag)).map(|(name, _)| *name).collect());
        let worst = lags.iter().map(|(_, lag)| *lag).filter(|lag| grave(*lag)).max()?;
        let text = format!("{names}: dispatch lag p99 {} is above {limit}. {advice}", Span(worst));
        Some(Reason { grade, doubt: Doubt::DispatchLag, text })
    };
    let invalid = of(Grade::Invalid, |lag| lag > INVALID_LAG, "10 ms: requests were sent late");
    let suspect = of(Grade::Suspect, |lag| lag > SUSPECT_LAG && lag <= INVALID_LAG, "2 ms");
    invalid.into_iter().chain(suspect).collect()
}

/// Some of the routes in words.
fn named(routes: &[RouteSummary], some: Vec<&str>) -> String {
    if some.len() > 1 && some.len() == routes.len() { "every route".to_owned() } else { some.join(", ") }
}

/// Percentiles that every report shows.
const SHOWN: [f64; 4] = [0.50, 0.90, 0.95, 0.99];

/// Routes with fewer requests than a percentile needs that is shown, or that an objective is about.
fn too_few(routes: &[RouteSummary], slos: &[Slo]) -> Option<Reason> {
    let asked = || SHOWN.into_iter().chain(slos.iter().map(|slo| slo.quantile));
    let lacking = |n: u64| asked().filter(|q| n < fewest_samples(*q)).max_by(f64::total_cmp);
    let short: Vec<_> = routes
        .iter()
        .map(|route| (route.head.name.as_str(), route.whole().counted()))
        .filter(|(_, n)| lacking(*n).is_some())
        .collect();
    let least = short.iter().map(|(_, n)| *n).min()?;
    let names = named(routes, short.iter().map(|(name, _)| *name).collect());
    let q = lacking(least)?;
    let (q, needed) = (percentile(q), grouped(fewest_samples(q)));
    // More of what is never answered is no more to go by.
    let answered = routes.iter().any(|route| route.whole().ok() > 0);
    let way_out = if answered { "Run longer" } else { "Not one was answered" };
    let text = format!("{names}: too few requests: {q} needs {needed}, there are {}. {way_out}", grouped(least));
    Some(Reason { grade: Grade::Suspect, doubt: Doubt::TooFewSamples, text })
}

/// Compares the first and last third of each steady phase by the median response of the ok
/// requests and by the share of failures.
fn drift(recorder: &Recorder, series: &super::recorder::RouteSeries) -> Option<String> {
    for (i, phase) in recorder.phases().iter().enumerate().filter(|(_, phase)| phase.steady && phase.measured) {
        let buckets: Vec<_> = series.buckets.iter().filter(|bucket| bucket.phase == i).collect();
        let third = buckets.len() / 3;
        if third < 3 {
            continue;
        }
        let merge = |part: &[&super::recorder::Bucket]| {
            let mut merged = part[0].slice.clone();
            part[1..].iter().for_each(|bucket| merged.merge(&bucket.slice));
            merged
        };
        let (first, last) = (merge(&buckets[..third]), merge(&buckets[buckets.len() - third..]));
        let median = |ok| Sample { ok, failures: 0 }.at(0.5).and_then(Level::time);
        let (Some(before), Some(after)) =
            (median(first.times.of(Metric::Response)), median(last.times.of(Metric::Response)))
        else {
            continue;
        };
        let ratio = after.as_secs_f64() / before.as_secs_f64();
        // A handful of requests wobbles by more than a quarter without any drift.
        let enough = first.times.of(Metric::Response).len().min(last.times.of(Metric::Response).len()) >= 50;
        if enough && !(1.0 / DRIFT..=DRIFT).contains(&ratio) {
            return Some(format!(
                "median response drifted from {} to {} within `{}`, which the scenario did not schedule. Warm up longer, or find what changed",
                Span(before),
                Span(after),
                phase.name
            ));
        }
    }
    None
}

#[cfg(test)]
mod tests;
