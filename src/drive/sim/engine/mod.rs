//! The heap of events: which is next, and who it happens to.

mod attempt;
mod request;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use slotmap::{DefaultKey, SlotMap};

use super::answer;
use super::flight::{Flight, State};
use super::pool::Pool;
use super::{ClientModel, HANDSHAKES, IDLE_TIMEOUT, Opening, SimSpec, Sink, Source};
use crate::core::phase::Phases;
use crate::core::record::AttemptRecord;
use crate::core::residency::{Destination, Processing};
use crate::core::seed::{Purpose, Stem};
use crate::core::{Outcome, RegionId, Request, RunTime};
use crate::plan::sampler::Sampler;
use crate::region::call::{Effect, Input, Path};
use crate::region::{Service, World};
use crate::routing::Policy;
use crate::routing::journey::Journey;

/// How often a simulation asks whether it is to stop, in requests.
const ASK_EVERY: u32 = 4_096;

/// What is due. Ties are broken by the order of scheduling.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Due {
    /// An attempt arrives at its Region.
    Arrival(DefaultKey),
    /// Its last byte is back at the client.
    Answer(DefaultKey),
    /// The Region hears that the client has left.
    Leave(DefaultKey),
    /// A connection to this target is open.
    Opened(usize),
    /// The policy asked to be woken about this request, for the nth time.
    Wake(DefaultKey, u32),
}

/// One target of the route.
struct Target {
    endpoint: RegionId,
    path: Path,
    burndown: f64,
    rtt: Duration,
    jitter: Duration,
    luck: Stem,
    pool: Pool,
}

/// A request on its way.
struct Trip {
    request: Request,
    journey: Journey,
    /// By the number of the attempt.
    flights: Vec<DefaultKey>,
    /// Of the wake-up that is wanted; those asked for before it are stale.
    wakes: u32,
}

pub struct Engine<'a, R, S> {
    requests: R,
    sink: &'a mut S,
    position: u16,
    sampler: Sampler,
    phases: &'a Phases,
    client: ClientModel,
    policy: Box<dyn Policy>,
    targets: Vec<Target>,
    world: World,
    effects: Vec<Effect>,
    heap: BinaryHeap<Reverse<(RunTime, u64, Due)>>,
    scheduled: u64,
    trips: SlotMap<DefaultKey, Trip>,
    flights: SlotMap<DefaultKey, Flight>,
    /// Time limits come in the order in which they were set, so that no heap is needed.
    first_tokens: VecDeque<(RunTime, DefaultKey)>,
    deadlines: VecDeque<(RunTime, DefaultKey)>,
    /// Used again for every request, as are trips that have ended.
    records: Vec<AttemptRecord>,
    ended: Vec<Trip>,
}

impl<'a, R: Source, S: Sink> Engine<'a, R, S> {
    pub fn new(spec: SimSpec<'a>, requests: R, sink: &'a mut S) -> Self {
        let mut places = spec.places;
        // What other tenants do where this route never goes need not be simulated.
        places.retain(|place| spec.targets.iter().any(|target| reaches(target, place.region)));
        let rtts: Vec<_> = places.iter().map(|place| (place.region, place.rtt, place.jitter)).collect();
        let mut world = World::new(spec.seed, places, spec.workload);
        let targets = spec.targets.iter().map(|destination| {
            let endpoint = destination.endpoint();
            let (_, rtt, jitter) =
                *rtts.iter().find(|(region, ..)| *region == endpoint).expect("the rules have passed: it has a model");
            let model = spec.models.split(destination.model()).1;
            let service = Service {
                endpoint,
                pool: destination.pool(),
                model: model.into(),
                destinations: match destination.processing() {
                    Processing::Within(regions) => regions.clone(),
                    Processing::Anywhere(_) => RegionId::all().collect(),
                },
            };
            let handshake = match spec.client.opening {
                Opening::First => rtt * HANDSHAKES,
                Opening::OnTheWay => Duration::ZERO,
            };
            Target {
                endpoint,
                path: world.path(RunTime::ZERO, &service),
                burndown: spec.models.burndown(model),
                rtt,
                jitter,
                luck: spec.seed.stem(Purpose::NetworkJitter, endpoint),
                pool: Pool::new(spec.client.prewarm, spec.client.in_flight, handshake, IDLE_TIMEOUT),
            }
        });
        Self {
            requests,
            sink,
            position: spec.position,
            sampler: Sampler::new(spec.workload, spec.seed),
            phases: spec.phases,
            client: spec.client,
            policy: spec.policy,
            targets: targets.collect(),
            world,
            effects: Vec::new(),
            heap: BinaryHeap::new(),
            scheduled: 0,
            trips: SlotMap::new(),
            flights: SlotMap::new(),
            first_tokens: VecDeque::new(),
            deadlines: VecDeque::new(),
            records: Vec::new(),
            ended: Vec::new(),
        }
    }

    pub fn run(mut self) -> Option<RunTime> {
        let mut until_asked = ASK_EVERY;
        let mut stopped = None;
        loop {
            // Stopped, nothing more is sent; what is in flight is still waited for.
            let due = if stopped.is_none() { self.requests.due() } else { None };
            let Some(now) = self.next_event(due) else { return stopped };
            let arriving = if due == Some(now) { self.requests.take() } else { None };
            match arriving {
                None => self.happen(now),
                Some(request) => {
                    self.arrive(request);
                    until_asked -= 1;
                    if until_asked == 0 {
                        until_asked = ASK_EVERY;
                        stopped = self.sink.stop(now).then_some(now);
                    }
                }
            }
        }
    }

    /// When the next thing happens: the arrival of the next request, or anything else before it.
    fn next_event(&mut self, request: Option<RunTime>) -> Option<RunTime> {
        self.drop_limits_that_were_met();
        let heap = self.heap.peek().map(|Reverse((at, ..))| *at);
        let first_token = self.first_tokens.front().map(|(at, _)| *at);
        let deadline = self.deadlines.front().map(|(at, _)| *at);
        let ours = [heap, first_token, deadline, request].into_iter().flatten().min()?;
        Some(self.world.next_start().map_or(ours, |start| start.min(ours)))
    }

    /// Most are, long before they would run out.
    fn drop_limits_that_were_met(&mut self) {
        while self.deadlines.pop_front_if(|(_, trip)| !self.trips.contains_key(*trip)).is_some() {}
        let may_be_missed = |(limit, flight): &mut (RunTime, DefaultKey)| {
            self.flights.get(*flight).is_some_and(|flight| {
                let first = flight.seen.and_then(|seen| seen.first_token);
                flight.state != State::Over && first.is_none_or(|first| first > *limit)
            })
        };
        while self.first_tokens.pop_front_if(|limit| !may_be_missed(limit)).is_some() {}
    }

    fn happen(&mut self, now: RunTime) {
        if self.world.next_start() == Some(now) {
            self.tell_world(now, Input::Wake);
        } else if self.heap.peek().is_some_and(|Reverse((at, ..))| *at == now) {
            let Some(Reverse((_, _, due))) = self.heap.pop() else { return };
            match due {
                Due::Arrival(flight) => self.reach(now, flight),
                Due::Answer(flight) => self.answer(now, flight),
                Due::Leave(flight) => self.leave(now, flight),
                Due::Opened(target) => self.opened(now, target),
                Due::Wake(trip, number) => self.wake(now, trip, number),
            }
        } else if self.first_tokens.front().is_some_and(|(at, _)| *at == now) {
            let Some((_, flight)) = self.first_tokens.pop_front() else { return };
            self.end(now, flight, (Outcome::Timeout, Some(answer::FIRST_TOKEN_LATE), None));
        } else if let Some((_, trip)) = self.deadlines.pop_front() {
            self.run_out(now, trip);
        }
    }

    fn schedule(&mut self, at: RunTime, due: Due) {
        self.scheduled += 1;
        self.heap.push(Reverse((at, self.scheduled, due)));
    }

    fn tell_world(&mut self, now: RunTime, input: Input) {
        let mut effects = std::mem::take(&mut self.effects);
        self.world.on(now, input, &mut effects);
        for effect in effects.drain(..) {
            self.hear(now, effect);
        }
        self.effects = effects;
    }
}

fn reaches(target: &Destination, region: RegionId) -> bool {
    match target.processing() {
        Processing::Within(regions) => regions.contains(&region) || target.endpoint() == region,
        Processing::Anywhere(_) => true,
    }
}
