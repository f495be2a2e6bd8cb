//! The Region model in real time: one world behind a lock, woken when somebody waits in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, oneshot};

use crate::clock::{Clock, Timer};
use crate::core::RunTime;
use crate::region::World;
use crate::region::world::{Call, Effect, Input, Refusal, Ticket, Timeline};

type Answer = Result<Timeline, Refusal>;

pub struct LiveWorld {
    clock: Clock,
    state: Mutex<State>,
    changed: Notify,
}

struct State {
    world: World,
    waiting: HashMap<Ticket, oneshot::Sender<Answer>>,
    tickets: u64,
    effects: Vec<Effect>,
}

impl LiveWorld {
    pub fn new(world: World, clock: Clock) -> Arc<Self> {
        let state = State { world, waiting: HashMap::new(), tickets: 0, effects: Vec::new() };
        Arc::new(Self { clock, state: Mutex::new(state), changed: Notify::new() })
    }

    /// Offers a call to the model. The stay ends when it is dropped: a client that goes away
    /// gives its slot back.
    ///
    /// # Errors
    /// What the Region answers instead.
    pub async fn enter(self: &Arc<Self>, call: impl FnOnce(Ticket) -> Call) -> Result<(Stay, Timeline), Refusal> {
        let (stay, answer) = {
            let mut state = self.lock();
            state.tickets += 1;
            let ticket = Ticket(state.tickets);
            let (sender, answer) = oneshot::channel();
            state.waiting.insert(ticket, sender);
            state.on(self.clock.now(), Input::Arrive(call(ticket)));
            (Stay { world: self.clone(), ticket, served: false }, answer)
        };
        self.changed.notify_one();
        match answer.await {
            Ok(Ok(timeline)) => Ok((stay, timeline)),
            Ok(Err(refusal)) => {
                stay.end();
                Err(refusal)
            }
            // The world only forgets a ticket that was cancelled, and only we could cancel this one.
            Err(_) => Err(Refusal::Overloaded),
        }
    }

    /// Wakes the model when something in it is due that somebody waits for.
    pub async fn run(self: Arc<Self>, timer: Timer) {
        loop {
            let next = {
                let mut state = self.lock();
                state.on(self.clock.now(), Input::Wake);
                // With nobody waiting the model catches up at the next arrival.
                if state.waiting.is_empty() { None } else { state.world.next_wake() }
            };
            match next {
                None => self.changed.notified().await,
                Some(at) => {
                    tokio::select! {
                        () = timer.sleep_until(self.clock.instant(at)) => {}
                        () = self.changed.notified() => {}
                    }
                }
            }
        }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn on(&mut self, now: RunTime, input: Input) {
        let mut effects = std::mem::take(&mut self.effects);
        self.world.on(now, input, &mut effects);
        for effect in effects.drain(..) {
            let (ticket, answer) = match effect {
                Effect::Begin(ticket, timeline) => (ticket, Ok(timeline)),
                Effect::Refuse(ticket, refusal) => (ticket, Err(refusal)),
            };
            if let Some(sender) = self.waiting.remove(&ticket) {
                // A receiver that is gone has dropped its stay, which cancels.
                let _ = sender.send(answer);
            }
        }
        self.effects = effects;
    }
}

/// A call's time in the model.
pub struct Stay {
    world: Arc<LiveWorld>,
    ticket: Ticket,
    served: bool,
}

impl Stay {
    /// The model has ended the call by itself; nothing is left to give back.
    pub fn end(mut self) {
        self.served = true;
    }
}

impl Drop for Stay {
    fn drop(&mut self) {
        if self.served {
            return;
        }
        let mut state = self.world.lock();
        state.waiting.remove(&self.ticket);
        let now = self.world.clock.now();
        state.on(now, Input::Cancel(self.ticket));
        drop(state);
        self.world.changed.notify_one();
    }
}
