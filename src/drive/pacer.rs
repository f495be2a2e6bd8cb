//! Keeps the plan. Sleeps to absolute instants on a thread of its own, never moves the plan, and
//! hands every request over with its *planned* time: what is fired late is timed from plan.

use std::time::Duration;

use super::Stop;
use crate::clock::{self, Clock};
use crate::core::{Request, RunTime, Seed};
use crate::plan::Plan;
use crate::plan::prompt::{self, Prompt};

/// How long a wait may go on without a look at [`Stop`].
const LONGEST_SLEEP: Duration = Duration::from_millis(50);

/// What the pacer's thread reports at its end.
#[derive(Clone, Copy, Debug)]
pub struct Paced {
    /// When it was asked to stop; `None` if the plan was fired to its end.
    pub stopped: Option<RunTime>,
    pub cpu: Option<Duration>,
}

/// Fires the whole plan, on this thread. The prompt is written before the wait, not after it.
pub fn pace(plan: &Plan, seed: Seed, clock: &Clock, stop: &Stop, mut fire: impl FnMut(Request, Prompt)) -> Paced {
    clock::sharpen_this_thread();
    let mut stopped = None;
    for request in plan.requests() {
        let prompt = prompt::write(seed, request);
        if !wait(clock, request.intended, stop) {
            stopped = Some(clock.now());
            break;
        }
        fire(*request, prompt);
    }
    Paced { stopped, cpu: clock::thread_cpu_time() }
}

/// False if asked to stop before `at`.
fn wait(clock: &Clock, at: RunTime, stop: &Stop) -> bool {
    loop {
        if stop.asked() {
            return false;
        }
        let next = at.min(clock.now() + LONGEST_SLEEP);
        clock::sleep_until(clock.instant(next));
        if next == at {
            return true;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::units::Rate;
    use crate::plan::arrival;
    use crate::plan::workload::{TokenLengths, Workload};

    fn plan() -> Plan {
        let workload = Workload {
            schema: 1,
            name: "test".into(),
            summary: "test".into(),
            input: TokenLengths::fixed(10),
            output: TokenLengths::fixed(10),
            max_tokens: 10,
            slo: vec![],
            source: "test".into(),
            date: "2026-11-23".into(),
        };
        let mut arrivals = (arrival::find("constant").unwrap().build)(Rate(1_000.0), Seed(1));
        Plan::draw(&mut *arrivals, &workload, Duration::from_millis(50), Seed(1))
    }

    #[test]
    fn every_request_is_fired_in_order_at_its_planned_time_and_never_early() {
        let (plan, clock) = (plan(), Clock::default());
        clock.start();
        let mut fired = Vec::new();
        let paced = pace(&plan, Seed(1), &clock, &Stop::default(), |request, _| {
            assert!(clock.now() >= request.intended);
            fired.push(request);
        });
        assert_eq!(fired, plan.requests());
        assert_eq!(paced.stopped, None);
    }

    #[test]
    fn a_late_pacer_fires_at_once_and_keeps_the_planned_times() {
        let (plan, clock) = (plan(), Clock::default());
        clock.start();
        // The generator freezes past the end of the plan.
        clock::sleep_until(clock.instant(RunTime::from_secs_f64(0.06)));
        let mut fired = Vec::new();
        pace(&plan, Seed(1), &clock, &Stop::default(), |request, _| fired.push(request.intended));
        assert_eq!(fired.len(), 50);
        assert_eq!(fired[49], RunTime::from_secs_f64(0.049));
    }

    #[test]
    fn asked_to_stop_it_stops_and_says_when() {
        let (plan, clock, stop) = (plan(), Clock::default(), Stop::default());
        clock.start();
        let mut fired = 0;
        let paced = pace(&plan, Seed(1), &clock, &stop, |_, _| {
            fired += 1;
            if fired == 10 {
                stop.ask();
            }
        });
        assert_eq!(fired, 10);
        assert!(paced.stopped.is_some());
    }
}
