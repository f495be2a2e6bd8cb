//! The Region model in real time: one world behind a lock, woken when somebody waits in it.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Notify, oneshot};

use crate::clock::{Clock, Timer};
use crate::core::{RegionId, RunTime};
use crate::region::call::{Call, Effect, Input, Path, Refusal, Ticket, Timeline};
use crate::region::fault::Fault;
use crate::region::{Service, World};

/// With nobody waiting the model may fall behind by this much. Without a limit the first call after
/// a quiet night would pay for all of its background load.
const CATCH_UP: Duration = Duration::from_millis(250);

/// How late a refusal of connections that the scenario schedules may begin and end.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Models, pools and Regions that are remembered. Anybody can make up names of models; nobody calls so many in turn that
/// the quota of one forgotten would not be full again.
const MOST_PATHS: usize = 4_096;

type Answer = Result<Timeline, Refusal>;

pub struct LiveWorld {
    clock: Clock,
    state: Mutex<State>,
    changed: Notify,
    /// Faults were set at run time.
    faults_set: Notify,
}

struct State {
    world: World,
    waiting: HashMap<Ticket, oneshot::Sender<Answer>>,
    tickets: u64,
    effects: Vec<Effect>,
    /// When the model is woken next, as things stand.
    wake: RunTime,
}

impl LiveWorld {
    pub fn new(world: World, clock: Clock) -> Arc<Self> {
        let state = State { world, waiting: HashMap::new(), tickets: 0, effects: Vec::new(), wake: RunTime::ZERO };
        Arc::new(Self { clock, state: Mutex::new(state), changed: Notify::new(), faults_set: Notify::new() })
    }

    /// Offers a call to the model. The stay ends when it is dropped: a client that goes away
    /// gives its slot back.
    ///
    /// # Errors
    /// What the Region answers instead.
    pub async fn enter(
        self: &Arc<Self>,
        service: &Service,
        call: impl FnOnce(Ticket, Path) -> Call,
    ) -> Result<(Stay, Timeline), Refusal> {
        let (stay, answer, earlier) = {
            let mut state = self.lock();
            state.tickets += 1;
            let ticket = Ticket(state.tickets);
            let (sender, answer) = oneshot::channel();
            state.waiting.insert(ticket, sender);
            let now = self.clock.now();
            state.world.forget_paths(MOST_PATHS);
            let path = state.world.path(now, service);
            state.on(now, Input::Arrive(call(ticket, path)));
            (Stay { world: self.clone(), ticket, served: false }, answer, state.is_due_earlier())
        };
        if earlier {
            self.changed.notify_one();
        }
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

    /// From now on these go wrong in `region`, beside what the scenario schedules.
    pub fn set_faults(&self, region: RegionId, faults: Vec<Fault>) {
        self.lock().on(self.clock.now(), Input::Faults(region, faults));
        self.faults_set.notify_waiters();
    }

    /// What was set to go wrong in `region`.
    pub fn faults(&self, region: RegionId) -> Vec<Fault> {
        self.lock().world.faults(region).to_vec()
    }

    /// Completes when connections to `region` are refused, or taken again.
    pub async fn until_refusing(&self, region: RegionId, refusing: bool) {
        loop {
            let set = self.faults_set.notified();
            let (is_so, may_change) = {
                let world = &self.lock().world;
                (world.refuses_connections(self.clock.now(), region), world.schedules_refusals(region))
            };
            if is_so == refusing {
                return;
            }
            // What the scenario schedules is looked for now and then; most scenarios schedule nothing.
            tokio::select! {
                () = set => {}
                () = tokio::time::sleep(LOOK_AGAIN), if may_change => {}
            }
        }
    }

    /// Wakes the model when something in it is due that somebody waits for.
    pub async fn run(self: Arc<Self>, timer: Timer) {
        loop {
            let next = {
                let mut state = self.lock();
                let now = self.clock.now();
                state.on(now, Input::Wake);
                state.wake = state.world.next_start().unwrap_or(now + CATCH_UP);
                state.wake
            };
            tokio::select! {
                () = timer.sleep_until(self.clock.instant(next)) => {}
                () = self.changed.notified() => {}
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

    /// Whether somebody waits for what happens before the model would be woken.
    fn is_due_earlier(&self) -> bool {
        self.world.next_start().is_some_and(|next| next < self.wake)
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
        let earlier = state.is_due_earlier();
        drop(state);
        if earlier {
            self.world.changed.notify_one();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;
    use crate::core::residency::Pool;
    use crate::core::{RequestKey, Seed};
    use crate::profile::Loader;
    use crate::region::fault::FaultKind;

    fn calm() -> (Arc<LiveWorld>, Clock) {
        let loader = Loader::built_in().unwrap();
        let (profile, scenario) = (loader.profile("au").unwrap(), loader.scenario("calm").unwrap());
        let places = profile.places(|region: RegionId| scenario.repeating(region)).unwrap();
        let clock = Clock::default();
        let world = World::new(Seed(1), places, &loader.workload("chat").unwrap());
        (LiveWorld::new(world, clock.clone()), clock)
    }

    #[tokio::test]
    async fn the_model_keeps_up_though_nobody_asks() {
        let (world, clock) = calm();
        clock.start();
        let running = tokio::spawn(world.clone().run(Timer::start().unwrap()));
        let kept_up = async {
            while world.lock().world.next_wake().unwrap() < RunTime::ZERO + CATCH_UP {
                tokio::time::sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(30), kept_up).await.expect("events of the first moments happened");
        running.abort();
    }

    #[tokio::test]
    async fn no_more_models_are_remembered_than_anybody_calls() {
        let (world, _) = calm();
        let mut paths = HashSet::new();
        for i in 0..3 * MOST_PATHS {
            let service = Service {
                endpoint: RegionId::SYDNEY,
                pool: Pool::InRegion,
                model: format!("amazon.nova-{i}").into(),
                destinations: vec![RegionId::SYDNEY],
            };
            let gone = world.enter(&service, |ticket, path| {
                paths.insert(path);
                Call {
                    ticket,
                    path,
                    key: RequestKey(0),
                    attempt: 0,
                    input_tokens: 1,
                    max_tokens: 1,
                    output_tokens: 1,
                    burndown: 1.0,
                    fault: Some(Fault::always(FaultKind::Reset)),
                }
            });
            assert!(gone.await.is_err());
        }
        assert!(paths.len() <= MOST_PATHS + 1, "{} are kept", paths.len());
    }
}
