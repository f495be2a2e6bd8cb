//! One request along one route, in real time: from its preparation to its record.

use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::sync::{Arc, OnceLock, PoisonError};

use futures_util::stream::{FuturesUnordered, StreamExt};

use super::{Route, Shared};
use crate::bedrock::{Answer, Attempt, Gate};
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::core::request::InvocationKey;
use crate::core::{Outcome, Request, RunTime};
use crate::drive::collect::Record;
use crate::drive::pacer::Fired;
use crate::govern::budget::Reservation;
use crate::routing::journey::{Journey, Step};
use crate::routing::{Asked, Ended, Policy, Target};

/// One request of one route, from its preparation to its record.
pub(in crate::drive) async fn fire(shared: Arc<Shared>, route: Arc<Route>, fired: Arc<Fired>) {
    let in_flight = route.in_flight.fetch_add(1, Ordering::Relaxed);
    let mut attempts = Vec::new();
    let ending = if in_flight >= shared.in_flight {
        Left::Shed
    } else {
        let measured = shared.phases.get(shared.phase(&fired)).measured;
        shared.sent.add(usize::from(route.position), measured);
        shared.fired.fetch_add(1, Ordering::Relaxed);
        let mut given_up = shared.given_up.clone();
        tokio::select! {
            left = attempt_all(&shared, &route, &fired, &mut attempts) => left,
            () = fired.gate.never_opens() => Left::NotFired,
            _ = given_up.wait_for(|given_up| *given_up) => Left::GivenUp,
        }
    };
    route.in_flight.fetch_sub(1, Ordering::Relaxed);
    if let Some(record) = shared.record(&route, &fired, attempts, ending) {
        // The collector outlives the run; if its thread has died, its end says so.
        let _ = shared.records.send(record);
    }
    if shared.open.fetch_sub(1, Ordering::Relaxed) == 1 {
        shared.all_done.notify_waiters();
    }
}

/// How a request left the driver.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Left {
    /// By the attempt at this position, if there was one.
    Settled(Option<usize>),
    /// The cap on requests in flight was reached.
    Shed,
    /// The run was stopped before the request was due: it never was one.
    NotFired,
    /// The run was interrupted, and the answer did not come within the grace.
    GivenUp,
}

/// Carries out what the policy decides, until the request is settled.
async fn attempt_all(shared: &Shared, route: &Route, fired: &Fired, attempts: &mut Vec<AttemptRecord>) -> Left {
    let request = &fired.request;
    let asked = Asked {
        key: request.key(),
        input_tokens: request.input_tokens,
        max_tokens: request.max_tokens,
        deadline: request.intended + shared.timeouts.request,
    };
    let mut journey = Journey::new(asked);
    let (cancel, cancelled) = Gate::closed();
    let mut flying = FuturesUnordered::new();
    let mut first_tokens = Vec::new();
    let mut over_budget = false;
    // Prepared before it is due, but decided as if it were.
    let mut step = route.decide(|policy| journey.arrive(request.intended, policy));
    let by = loop {
        let wake = match step {
            Step::Send { attempt, target, wake } => match shared.pay(route, target, fired) {
                Ok(paid) => {
                    let first_token = Arc::new(OnceLock::new());
                    first_tokens.push(first_token.clone());
                    let sent = route.send(fired, asked, (attempt, target), cancelled.clone(), first_token);
                    flying.push(async { (sent.await, paid) });
                    wake
                }
                // Nothing of this request has been sent, or nothing more will be.
                Err(OverBudget) if attempt == 0 => return Left::NotFired,
                Err(OverBudget) => {
                    over_budget = true;
                    None
                }
            },
            Step::Wait { wake } => wake,
            Step::Settled { by } => break Some(by),
            Step::Unsent => break None,
        };
        // The policy waits for an attempt that was never sent.
        if over_budget && flying.is_empty() {
            break attempts.len().checked_sub(1);
        }
        step = tokio::select! {
            Some(((attempt, target, answer), paid)) = flying.next() => {
                shared.account(route, target, paid, &answer);
                let ended = Ended {
                    at: answer.finished,
                    outcome: answer.outcome,
                    first_token: answer.first_token,
                    usage: answer.usage,
                };
                attempts.push(route.record(request, attempt, target, answer));
                route.decide(|policy| journey.end(attempt, ended, policy))
            }
            () = shared.sleep_until(wake.unwrap_or_default()), if wake.is_some() => {
                for (attempt, first_token) in first_tokens.iter().enumerate() {
                    first_token.get().into_iter().for_each(|at| journey.first_token(attempt, *at));
                }
                route.decide(|policy| journey.wake(shared.clock.now(), policy))
            }
        };
    };
    cancel.open();
    while let Some(((attempt, target, answer), paid)) = flying.next().await {
        shared.account(route, target, paid, &answer);
        attempts.push(route.record(request, attempt, target, answer));
    }
    attempts.sort_by_key(|attempt| attempt.attempt);
    Left::Settled(by)
}

/// The budget does not allow another attempt.
struct OverBudget;

impl Route {
    fn decide(&self, ask: impl FnOnce(&mut dyn Policy) -> Step) -> Step {
        ask(&mut **self.policy.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn send(
        &self,
        fired: &Fired,
        asked: Asked,
        (attempt, target): (usize, Target),
        cancelled: Gate,
        first_token: Arc<OnceLock<RunTime>>,
    ) -> (usize, Target, Answer) {
        let (destination, client) = &self.targets[target];
        let call = Attempt {
            destination,
            prompt: &fired.prompt.text,
            max_tokens: asked.max_tokens,
            invocation: InvocationKey { key: asked.key, attempt: attempt as u32 },
            // Whatever follows the first attempt is sent as soon as it is decided.
            gate: (attempt == 0).then(|| fired.gate.clone()),
            deadline: asked.deadline,
            cancelled,
            first_token,
        };
        (attempt, target, client.attempt(call).await)
    }

    fn record(&self, request: &Request, attempt: usize, target: Target, answer: Answer) -> AttemptRecord {
        AttemptRecord {
            route: self.position,
            index: request.index,
            attempt: attempt as u16,
            region: self.targets[target].0.endpoint(),
            target: target as u16,
            asked_tokens: request.input_tokens,
            sent: answer.sent,
            head: answer.head,
            first_token: answer.first_token,
            last_token: answer.last_token,
            finished: answer.finished,
            outcome: answer.outcome,
            http_status: answer.http_status,
            error: answer.error.map(Cow::Owned),
            request_id: answer.request_id,
            acquisition: answer.acquisition,
            usage: answer.usage,
            place: None,
            queued: None,
            service_latency: answer.service_latency,
        }
    }
}

impl Shared {
    /// Holds the most that an attempt can cost back, where a budget is to be kept.
    fn pay(&self, route: &Route, target: Target, fired: &Fired) -> Result<Option<Reservation>, OverBudget> {
        let Some(purse) = &self.purse else { return Ok(None) };
        let held = purse.reserve(&route.prices[target], fired.prompt.text.len(), fired.request.max_tokens);
        if held.is_none() {
            self.stop.ask();
        }
        held.map(Some).ok_or(OverBudget)
    }

    fn account(&self, route: &Route, target: Target, paid: Option<Reservation>, answer: &Answer) {
        let (Some(purse), Some(paid)) = (&self.purse, paid) else { return };
        match (answer.usage, answer.http_status) {
            (Some(usage), _) => purse.settle(paid, &route.prices[target], usage),
            (None, Some(400..)) => purse.release(paid),
            // It keeps what was held back.
            (None, _) => {}
        }
    }

    fn phase(&self, fired: &Fired) -> usize {
        self.phases.index_at(fired.request.intended.before(fired.block.shift()))
    }

    /// `None` for what never was a request.
    fn record(&self, route: &Route, fired: &Fired, attempts: Vec<AttemptRecord>, left: Left) -> Option<Record> {
        let request = &fired.request;
        let (settled, unsettled) = match left {
            Left::NotFired => return None,
            Left::Settled(by) => (by.and_then(|by| attempts.get(by)), Outcome::Cancelled),
            Left::Shed => (None, Outcome::Shed),
            Left::GivenUp => (None, Outcome::Cancelled),
        };
        let first = attempts.first();
        let request = RequestRecord {
            route: route.position,
            index: request.index,
            phase: self.phase(fired) as u16,
            intended: request.intended,
            sent: first.and_then(|attempt| attempt.sent),
            last_sent: settled.and_then(|attempt| attempt.sent),
            first_token: settled.and_then(|attempt| attempt.first_token),
            last_token: settled.and_then(|attempt| attempt.last_token),
            finished: settled.map_or_else(|| self.clock.now(), |attempt| attempt.finished),
            outcome: settled.map_or(unsettled, |attempt| attempt.outcome),
            attempts: attempts.len() as u16,
            region: settled.map(|attempt| attempt.region),
            usage: settled.and_then(|attempt| attempt.usage),
            prompt_hash: Some(fired.prompt.hash),
        };
        Some(Record { request, attempts, block: fired.block.clone() })
    }
}
