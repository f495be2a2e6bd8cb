use super::*;
use crate::core::phase::Phases;
use crate::core::residency::Standing;
use crate::core::run::{RouteHead, World};
use crate::core::{RunTime, Seed};
use crate::measure::Context;
use crate::measure::recorder::tests::record;
use crate::measure::summary::Summary;

struct Run {
    recorder: Recorder,
    kind: Loop,
    evidence: Evidence,
}

/// 100 requests per second for a minute, all well, unless a test makes them otherwise.
fn run(change: impl Fn(u32, &mut crate::core::record::RequestRecord)) -> Run {
    let phases = Phases::lay_out(Duration::ZERO, Duration::from_secs(60), &[]);
    let mut recorder = Recorder::new(phases, vec![], 1);
    for index in 0..6_000 {
        let intended = f64::from(index) / 100.0;
        let at = RunTime::from_secs_f64(intended);
        recorder.planned_for(0, at);
        let mut record = record(index, intended, 0.5, Outcome::Ok);
        change(index, &mut record);
        recorder.request(&record);
    }
    Run { recorder, kind: Loop::Open, evidence: Evidence::default() }
}

fn verdict(run: Run) -> Verdict {
    let head = RouteHead {
        name: "sydney".into(),
        label: "Sydney".into(),
        policy: "pinned".into(),
        standing: Standing::Candidate,
        targets: vec![],
    };
    let context = Context {
        world: World::Mock,
        kind: run.kind,
        seed: Seed(1),
        stopped: None,
        blocks: vec![],
        routes: vec![head],
        prices: vec![],
        evidence: run.evidence,
    };
    Summary::new(&run.recorder, context).verdict
}

fn doubts(verdict: &Verdict) -> Vec<Doubt> {
    verdict.reasons.iter().map(|reason| reason.doubt).collect()
}

fn late(by: Duration) -> impl Fn(u32, &mut crate::core::record::RequestRecord) {
    move |index, record| {
        if index.is_multiple_of(50) {
            record.sent = Some(record.intended + by);
        }
    }
}

#[test]
fn a_good_run_is_valid() {
    let verdict = verdict(run(|_, _| ()));
    assert_eq!(verdict, Verdict { grade: Grade::Valid, reasons: vec![] });
}

#[test]
fn shed_requests_invalidate_a_run() {
    let shed = |every: u32| {
        move |index: u32, record: &mut crate::core::record::RequestRecord| {
            if index.is_multiple_of(every) {
                (record.sent, record.outcome) = (None, Outcome::Shed);
            }
        }
    };
    let few = verdict(run(shed(500)));
    assert_eq!((few.grade, doubts(&few)), (Grade::Invalid, vec![Doubt::Shed]));
    let many = verdict(run(shed(50)));
    assert_eq!(doubts(&many), [Doubt::Undersent, Doubt::Shed]);
    assert_eq!(verdict(run(shed(2_000))).grade, Grade::Valid);
}

#[test]
fn dispatch_lag_first_casts_doubt_and_then_invalidates() {
    for (lag, grade) in [(1, Grade::Valid), (5, Grade::Suspect), (20, Grade::Invalid)] {
        let verdict = verdict(run(late(Duration::from_millis(lag))));
        assert_eq!(verdict.grade, grade, "{lag} ms");
        assert!(doubts(&verdict).iter().all(|doubt| *doubt == Doubt::DispatchLag));
    }
}

#[test]
fn a_closed_loop_has_no_plan_to_keep() {
    let mut closed = run(late(Duration::from_millis(20)));
    closed.kind = Loop::Closed;
    assert_eq!(verdict(closed), Verdict { grade: Grade::Valid, reasons: vec![] });
    let mut shedding = run(|index, record| {
        if index.is_multiple_of(50) {
            (record.sent, record.outcome) = (None, Outcome::Shed);
        }
    });
    shedding.kind = Loop::Closed;
    assert_eq!(doubts(&verdict(shedding)), [Doubt::Shed], "sent less, but than what?");
}

#[test]
fn a_busy_client_casts_doubt() {
    let mut busy = run(|_, _| ());
    busy.evidence.client_cpu = Some(0.95);
    busy.evidence.requests_per_second = Some(Rate(1_900.0));
    let verdict = verdict(busy);
    assert_eq!((verdict.grade, doubts(&verdict)), (Grade::Suspect, vec![Doubt::ClientBusy]));
    assert!(verdict.reasons[0].text.contains("carries out some 1800 requests/s"), "{verdict:?}");
}

#[test]
fn a_busy_client_that_fell_behind_was_saturated() {
    let mut saturated = run(late(Duration::from_millis(20)));
    saturated.evidence.client_cpu = Some(1.0);
    let verdict = verdict(saturated);
    let busy = verdict.reasons.iter().find(|reason| reason.doubt == Doubt::ClientBusy).unwrap();
    assert_eq!((verdict.grade, busy.grade), (Grade::Invalid, Grade::Invalid));
    assert!(busy.text.starts_with("the generator was saturated"), "{}", busy.text);
}

#[test]
fn drift_that_nobody_scheduled_casts_doubt() {
    let verdict = verdict(run(|index, record| {
        record.finished = record.intended + Duration::from_millis(500 + u64::from(index) / 10);
    }));
    assert_eq!((verdict.grade, doubts(&verdict)), (Grade::Suspect, vec![Doubt::Drift]));
}

#[test]
fn crowded_connections_and_shared_quotas_cast_doubt() {
    let mut crowded = run(|_, _| ());
    crowded.evidence.streams_per_connection = Some(101);
    crowded.evidence.shared_quota = vec!["sydney".into(), "spill".into()];
    assert_eq!(doubts(&verdict(crowded)), [Doubt::SharedConnections, Doubt::SharedQuota]);
}

#[test]
fn a_machine_that_slept_has_measured_nothing() {
    let mut suspended = run(|_, _| ());
    suspended.evidence.suspended_ns = Some(30_000_000_000);
    let verdict = verdict(suspended);
    assert_eq!((verdict.grade, doubts(&verdict)), (Grade::Invalid, vec![Doubt::Suspended]));
    assert!(
        verdict.reasons[0].text.starts_with("this machine was suspended for 30.0 s"),
        "{}",
        verdict.reasons[0].text
    );
}

#[test]
fn a_short_run_says_which_percentile_it_cannot_give() {
    let mut short = run(|_, _| ());
    short.recorder = Recorder::new(short.recorder.phases().clone(), vec![], 1);
    for index in 0..200 {
        short.recorder.request(&record(index, f64::from(index) / 10.0, 0.5, Outcome::Ok));
    }
    let verdict = verdict(short);
    assert_eq!((verdict.grade, doubts(&verdict)), (Grade::Suspect, vec![Doubt::TooFewSamples]));
    assert!(verdict.reasons[0].text.contains("p99 needs 300, there are 200"), "{}", verdict.reasons[0].text);
}

/// What was in flight when a run was killed leaves no gap in its numbers, and is missing all the same.
#[test]
fn a_killed_run_never_claims_to_miss_nothing() {
    let said = |ended, requests| {
        let mut run = run(|_, _| ());
        run.evidence.torn = Some(Torn { ended, requests, attempts: 0, half_rows: 1 });
        verdict(run).reasons.remove(0).text
    };
    for unknown in [Some(0), None] {
        let killed = said(false, unknown);
        assert!(killed.contains("requests that were in flight then have no row, and the slowest are"), "{killed}");
    }
    let some = said(false, Some(6));
    assert!(some.contains("at least 6 requests that were due have no row, and the slowest are among them"), "{some}");
    let ended = said(true, Some(0));
    assert!(ended.contains("; 0 requests that were due have no row, 1 row cut off"), "{ended}");
    assert!(said(true, Some(1)).contains("; 1 request that was due has no row, and the slowest are"));
}
