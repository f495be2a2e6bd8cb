use super::*;
use crate::measure::parts::Part;

pub fn record(index: u32, intended: f64, response: f64, outcome: Outcome) -> RequestRecord {
    let at = RunTime::from_secs_f64;
    RequestRecord {
        route: 0,
        index,
        phase: 0,
        intended: at(intended),
        sent: Some(at(intended)),
        last_sent: Some(at(intended)),
        first_token: outcome.is_ok().then(|| at(intended + response / 2.0)),
        last_token: outcome.is_ok().then(|| at(intended + response)),
        finished: at(intended + response),
        outcome,
        attempts: 1,
        region: Some(RegionId::SYDNEY),
        usage: None,
        prompt_hash: None,
    }
}

pub fn attempt(attempt: u16, sent: f64, took: f64, outcome: Outcome) -> AttemptRecord {
    let at = RunTime::from_secs_f64;
    AttemptRecord { attempt, sent: Some(at(sent)), ..AttemptRecord::ended(at(sent + took), outcome) }
}

#[test]
fn time_is_split_by_the_attempt_that_answered() {
    let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
    let mut recorder = Recorder::new(phases, vec![], 1);
    let mut request = record(0, 0.0, 1.0, Outcome::Ok);
    request.last_sent = Some(RunTime::from_secs_f64(0.4));
    let mut second = attempt(1, 0.4, 0.6, Outcome::Ok);
    second.service_latency = Some(Duration::from_millis(500));
    recorder.count(&request, &[attempt(0, 0.0, 0.4, Outcome::Throttled), second]);
    let whole = recorder.routes()[0].whole(recorder.phases());
    let parts = whole.parts.summary().unwrap();
    assert_eq!((parts.of(Part::OtherAttempts), parts.of(Part::Service), parts.untold), (400.0, 500.0, 0));
}

#[test]
fn a_bucket_is_round_and_there_are_about_sixty() {
    for (seconds, width) in [(60, 1.0), (10, 0.2), (3600, 60.0), (86_400, 1800.0), (1, 0.2)] {
        assert_eq!(bucket_width(Duration::from_secs(seconds)).as_secs_f64(), width, "{seconds} s");
    }
}

#[test]
fn latency_is_filed_under_the_plan_and_work_under_the_moment_it_was_done() {
    let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
    let mut recorder = Recorder::new(phases, vec![], 1);
    recorder.request(&record(0, 1.5, 10.0, Outcome::Ok));
    let buckets = &recorder.routes()[0].buckets;
    assert_eq!(buckets[1].slice.outcomes.get(Outcome::Ok), 1);
    assert_eq!(buckets[11].done, 1);
    assert_eq!(buckets.iter().map(|b| b.done).sum::<u64>(), 1);
}

#[test]
fn the_warm_up_enters_no_number() {
    let phases = Phases::lay_out(Duration::from_secs(5), Duration::from_secs(60), &[]);
    let mut recorder = Recorder::new(phases, vec![], 1);
    recorder.request(&record(0, 1.0, 0.5, Outcome::Ok));
    let series = &recorder.routes()[0];
    assert_eq!(series.whole(recorder.phases()).outcomes.total(), 0);
    assert!(series.by_outcome.is_empty() && series.dispatch_lag.is_empty() && series.regions.is_empty());
}

#[test]
fn goodput_needs_every_slo() {
    let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
    let slos = vec!["ttft:p95<900ms".parse().unwrap(), "response:p95<1s".parse().unwrap()];
    let mut recorder = Recorder::new(phases, slos, 1);
    recorder.request(&record(0, 1.0, 0.9, Outcome::Ok));
    recorder.request(&record(1, 1.0, 1.1, Outcome::Ok));
    recorder.request(&record(2, 1.0, 0.1, Outcome::Throttled));
    assert_eq!(recorder.routes()[0].whole(recorder.phases()).good, 1);
}
