//! One request on its way, in any world: asks the policy, and says what is to be done.

use super::{Asked, Decision, Ended, Event, Policy, Target, Tried, View};
use crate::core::{Outcome, RunTime};

/// What the driver is to do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Send attempt number `attempt` to `target`, and ask again at `wake` unless it has ended.
    Send { attempt: usize, target: Target, wake: Option<RunTime> },
    /// Nothing to send; ask again at `wake`, or when an attempt ends.
    Wait { wake: Option<RunTime> },
    /// The request ends with this attempt; whatever else is in flight is to be cancelled.
    Settled { by: usize },
    /// The request ends without any attempt: the policy has sent none.
    Unsent,
}

/// The state of one request.
#[derive(Clone, Debug)]
pub struct Journey {
    asked: Asked,
    tried: Vec<Tried>,
}

impl Journey {
    pub fn new(asked: Asked) -> Self {
        Self { asked, tried: Vec::new() }
    }

    /// Begins another request in the place of one that is settled.
    pub fn restart(&mut self, asked: Asked) {
        self.asked = asked;
        self.tried.clear();
    }

    pub fn asked(&self) -> &Asked {
        &self.asked
    }

    pub fn tried(&self) -> &[Tried] {
        &self.tried
    }

    /// The request is due.
    pub fn arrive(&mut self, now: RunTime, policy: &mut dyn Policy) -> Step {
        let decision = self.ask(now, policy, Event::Arrived);
        self.carry_out(now, decision)
    }

    /// Attempt number `attempt`, still in flight, has seen its first token. Nothing is decided on it, so it
    /// is enough to say so before the next event of the request.
    pub fn first_token(&mut self, attempt: usize, at: RunTime) {
        self.tried[attempt].first_token.get_or_insert(at);
    }

    /// The time has come that a step asked to be woken at.
    pub fn wake(&mut self, now: RunTime, policy: &mut dyn Policy) -> Step {
        let decision = self.ask(now, policy, Event::Woken);
        self.carry_out(now, decision)
    }

    /// Attempt number `attempt` has ended.
    pub fn end(&mut self, attempt: usize, ended: Ended, policy: &mut dyn Policy) -> Step {
        let now = ended.at;
        let tried = &mut self.tried[attempt];
        tried.first_token = tried.first_token.or(ended.first_token);
        tried.ended = Some(ended);
        let decision = self.ask(now, policy, Event::Ended(attempt));
        // What is wrong here is wrong there.
        let settles = ended.outcome.is_ok() || ended.outcome == Outcome::Invalid;
        if !settles {
            return self.carry_out(now, decision);
        }
        self.cancel_others(now, policy);
        Step::Settled { by: attempt }
    }

    /// Gives the request up: what is in flight is cancelled.
    pub fn give_up(&mut self, now: RunTime, policy: &mut dyn Policy) {
        self.cancel_others(now, policy);
    }

    fn cancel_others(&mut self, now: RunTime, policy: &mut dyn Policy) {
        for other in 0..self.tried.len() {
            if self.tried[other].ended.is_none() {
                let ended = Ended { at: now, outcome: Outcome::Cancelled, first_token: None, usage: None };
                self.tried[other].ended = Some(ended);
                self.ask(now, policy, Event::Ended(other));
            }
        }
    }

    fn ask(&self, now: RunTime, policy: &mut dyn Policy, event: Event) -> Decision {
        policy.on(now, self.view(), event)
    }

    fn view(&self) -> View<'_> {
        View { asked: &self.asked, tried: &self.tried }
    }

    fn carry_out(&mut self, now: RunTime, decision: Decision) -> Step {
        let deadline = self.asked.deadline;
        let wake = decision.wake.filter(|wake| *wake < deadline);
        if let Some(target) = decision.attempt.filter(|_| self.view().may_send(now)) {
            let attempt = self.tried.len();
            self.tried.push(Tried { target, sent: now, first_token: None, ended: None });
            return Step::Send { attempt, target, wake };
        }
        if wake.is_some() || self.tried.iter().any(|tried| tried.ended.is_none()) {
            return Step::Wait { wake };
        }
        // The last to end, not the last to be sent: a hedge may have failed before the first.
        let last = (0..self.tried.len()).max_by_key(|attempt| self.tried[*attempt].ended.map(|ended| ended.at));
        last.map_or(Step::Unsent, |by| Step::Settled { by })
    }
}
