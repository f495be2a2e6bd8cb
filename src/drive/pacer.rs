//! Keeps the plan. Sleeps to absolute instants on a thread of its own, never moves the plan, and
//! hands every request over with its *planned* time: what is sent late is timed from plan.
//!
//! Each request is handed over a little early, to be serialised and signed, and waits at a gate
//! that the pacer opens at the planned instant and never before.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use super::Stop;
use super::lead::Lead;
use crate::bedrock::{Gate, Opener};
use crate::clock::{self, Clock, Sleeper};
use crate::core::block::Block;
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

/// A request to be prepared now and sent when its gate opens.
pub struct Fired {
    pub request: Request,
    pub prompt: Prompt,
    pub gate: Gate,
    /// The turn that it belongs to.
    pub block: Arc<Block>,
}

/// Fires the whole plan, block by block, on this thread. Asked to stop, it leaves the gates of what was prepared
/// but not due unopened.
pub fn pace(
    (plan, blocks): (&Plan, &[Arc<Block>]),
    seed: Seed,
    clock: &Clock,
    stop: &Stop,
    mut prepare: impl FnMut(Fired),
) -> Paced {
    let mut sleeper = Sleeper::new();
    let mut upcoming = plan.firings(blocks).peekable();
    let mut due: VecDeque<(RunTime, Opener)> = VecDeque::new();
    let (mut lead, mut now) = (Lead::default(), RunTime::ZERO);
    let mut stopped = None;
    loop {
        let opening = due.front().map(|(at, _)| *at);
        let handing_over = upcoming.peek().map(|(request, _)| lead.hand_over(request.intended, now, opening));
        let Some(next) = opening.into_iter().chain(handing_over).min() else { break };
        if !wait(clock, next, stop, &mut sleeper) {
            // What fell due while a late wake-up was on its way was not sent, and so was never asked.
            let unsent = opening.or(upcoming.peek().map(|(request, _)| request.intended));
            stopped = unsent.map(|unsent| unsent.min(clock.now()));
            break;
        }
        if opening == Some(next) {
            due.pop_front().into_iter().for_each(|(_, opener)| opener.open());
        }
        now = next;
        while let Some((request, block)) = upcoming.next_if(|(request, _)| {
            let opening = due.front().map(|(at, _)| *at);
            lead.reached(request.intended, now, opening)
        }) {
            lead.handed_over(now, block.routes.len());
            let (opener, gate) = Gate::closed();
            due.push_back((request.intended, opener));
            prepare(Fired { request, prompt: prompt::write(seed, &request), gate, block: block.clone() });
        }
    }
    Paced { stopped, cpu: clock::thread_cpu_time() }
}

/// False if asked to stop before `at`.
fn wait(clock: &Clock, at: RunTime, stop: &Stop, sleeper: &mut Sleeper) -> bool {
    loop {
        if stop.asked() {
            return false;
        }
        let look_again = clock.now() + LONGEST_SLEEP;
        if at <= look_again {
            sleeper.sleep_until(clock.instant(at));
            return true;
        }
        clock::sleep_until(clock.instant(look_again));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::block::Timing;
    use crate::core::units::Rate;
    use crate::plan::Load;
    use crate::plan::arrival::{self, Settings};
    use crate::plan::rate_curve::RateCurve;
    use crate::plan::workload::Workload;

    fn plan() -> Plan {
        let rates = RateCurve::level(Rate(1_000.0), Duration::from_millis(50));
        let constant = arrival::find("constant").unwrap();
        Plan::of(&Load::new(rates, constant, Settings::default(), &Workload::fixed(10, 10), Seed(1)))
    }

    /// Fires the plan; returns each request with whether its gate was open when it was due.
    fn fire(clock: &Clock, stop: &Stop, mut seen: impl FnMut(&Fired)) -> (Vec<Fired>, Paced) {
        let mut fired = Vec::new();
        let timing = Timing { warmup: Duration::ZERO, measured: Duration::from_millis(50), gap: Duration::ZERO };
        let blocks = [Arc::new(Block::whole(1, timing))];
        let paced = pace((&plan(), &blocks), Seed(1), clock, stop, |next| {
            seen(&next);
            fired.push(next);
        });
        (fired, paced)
    }

    #[tokio::test]
    async fn every_request_is_prepared_in_order_and_no_gate_opens_early() {
        let clock = Clock::default();
        clock.start();
        let runtime = tokio::runtime::Handle::current();
        let mut opened = Vec::new();
        let (fired, paced) = fire(&clock, &Stop::default(), |fired| {
            let (gate, clock, intended) = (fired.gate.clone(), clock.clone(), fired.request.intended);
            opened.push(runtime.spawn(async move { gate.passed().await && clock.now() >= intended }));
        });
        let requests: Vec<_> = fired.iter().map(|fired| fired.request).collect();
        assert!(plan().requests().eq(requests));
        assert_eq!(paced.stopped, None);
        for opened in opened {
            assert!(opened.await.unwrap());
        }
    }

    #[tokio::test]
    async fn a_late_pacer_fires_at_once_and_keeps_the_planned_times() {
        let clock = Clock::default();
        clock.start();
        // The generator freezes past the end of the plan.
        clock::sleep_until(clock.instant(RunTime::from_secs_f64(0.06)));
        let (fired, _) = fire(&clock, &Stop::default(), |_| ());
        assert_eq!(fired.len(), 50);
        assert_eq!(fired[49].request.intended, RunTime::from_secs_f64(0.049));
        for fired in fired {
            assert!(fired.gate.passed().await);
        }
    }

    #[tokio::test]
    async fn asked_to_stop_it_leaves_the_gates_shut() {
        let (clock, stop) = (Clock::default(), Stop::default());
        clock.start();
        let mut count = 0;
        let (fired, paced) = fire(&clock, &stop, |_| {
            count += 1;
            if count == 10 {
                stop.ask();
            }
        });
        assert!((10..20).contains(&fired.len()), "{} were handed over", fired.len());
        assert!(paced.stopped.is_some());
        assert!(!fired.last().unwrap().gate.passed().await);
    }
}
