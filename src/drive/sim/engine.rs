//! The heap of events, and what each of them does.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::time::Duration;

use rand_distr::{Distribution, Exp1};
use slotmap::{DefaultKey, Key, KeyData, SlotMap};

use super::answer::{self, End, Seen, WayBack};
use super::flight::{Flight, State};
use super::pool::{Found, Pool};
use super::{ClientModel, HANDSHAKES, IDLE_TIMEOUT, Opening, SimSpec, Sink, Source};
use crate::core::phase::Phases;
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::core::residency::{Destination, Processing};
use crate::core::seed::{Purpose, Stem};
use crate::core::time::scale;
use crate::core::{Outcome, RegionId, Request, RunTime};
use crate::plan::sampler::Sampler;
use crate::region::call::{Call, Effect, Input, Path, Ticket};
use crate::region::{Service, World};
use crate::routing::journey::{Journey, Step};
use crate::routing::{Asked, Ended, Policy};

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

    fn arrive(&mut self, request: Request) {
        let now = request.intended;
        if self.trips.len() >= self.client.in_flight {
            let record = self.record(&request, now, Outcome::Shed, None);
            self.sink.record(&record, &[]);
            self.requests.ended(&request, now);
            return;
        }
        let asked = Asked {
            key: request.key(),
            input_tokens: request.input_tokens,
            max_tokens: request.max_tokens,
            deadline: now + self.client.timeouts.request,
        };
        let trip = match self.ended.pop() {
            Some(Trip { mut journey, flights, .. }) => {
                journey.restart(asked);
                Trip { request, journey, flights, wakes: 0 }
            }
            None => Trip { request, journey: Journey::new(asked), flights: Vec::new(), wakes: 0 },
        };
        let trip = self.trips.insert(trip);
        self.deadlines.push_back((asked.deadline, trip));
        let step = self.trips[trip].journey.arrive(now, &mut *self.policy);
        self.take(now, trip, step);
    }

    /// Carries out what the journey says.
    fn take(&mut self, now: RunTime, trip: DefaultKey, step: Step) {
        match step {
            Step::Send { attempt, target, wake } => {
                self.send(now, trip, attempt, target);
                self.set_wake(trip, wake);
            }
            Step::Wait { wake } => self.set_wake(trip, wake),
            Step::Settled { by } => self.settle(now, trip, Some(by)),
            Step::Unsent => self.settle(now, trip, None),
        }
    }

    fn set_wake(&mut self, trip: DefaultKey, wake: Option<RunTime>) {
        let Some(state) = self.trips.get_mut(trip) else { return };
        state.wakes += 1;
        let number = state.wakes;
        if let Some(wake) = wake {
            self.schedule(wake, Due::Wake(trip, number));
        }
    }

    fn wake(&mut self, now: RunTime, trip: DefaultKey, number: u32) {
        let Some(state) = self.trips.get_mut(trip).filter(|state| state.wakes == number) else { return };
        for (attempt, flight) in state.flights.iter().enumerate() {
            let first = self.flights[*flight].seen.and_then(|seen| seen.first_token).filter(|first| *first <= now);
            first.into_iter().for_each(|first| state.journey.first_token(attempt, first));
        }
        let step = state.journey.wake(now, &mut *self.policy);
        self.take(now, trip, step);
    }

    fn send(&mut self, now: RunTime, trip: DefaultKey, attempt: usize, target: usize) {
        let request = self.trips[trip].request;
        let Target { path, burndown, rtt, jitter, luck, .. } = self.targets[target];
        let mut draws = luck.draws(request.key(), attempt as u32);
        let mut one_way = || {
            let extra: f64 = if jitter.is_zero() { 0.0 } else { Exp1.sample(&mut draws) };
            rtt / 2 + scale(jitter, extra / 2.0)
        };
        let way_out = one_way();
        let way_back = WayBack { first: one_way(), last: one_way() };
        let output_tokens = self.sampler.output(request.key()).min(request.max_tokens);
        let flight = self.flights.insert_with_key(|key| Flight {
            trip,
            attempt: attempt as u16,
            target,
            call: Call {
                ticket: Ticket(key.data().as_ffi()),
                path,
                key: request.key(),
                attempt: attempt as u32,
                input_tokens: request.input_tokens,
                max_tokens: request.max_tokens,
                output_tokens,
                burndown,
                fault: None,
            },
            state: State::Waiting,
            sent: now,
            departed: None,
            reused: true,
            way_out,
            way_back,
            timeline: None,
            seen: None,
            ended: None,
            leaving: false,
        });
        self.trips[trip].flights.push(flight);
        if self.client.streams {
            self.first_tokens.push_back((now + self.client.timeouts.first_token, flight));
        }
        match self.targets[target].pool.ask(now, flight) {
            Found::Idle => self.depart(now, flight),
            Found::Full => {}
            Found::Opening(ready) => {
                self.flights[flight].reused = false;
                if self.world.refuses_connections(now, self.targets[target].endpoint) {
                    self.targets[target].pool.lost();
                    let heard = now + rtt;
                    self.flights[flight].seen = Some(refused_connection(heard));
                    self.schedule(heard, Due::Answer(flight));
                } else if ready == now {
                    self.flights[flight].way_out += rtt * HANDSHAKES;
                    self.opened(now, target);
                } else {
                    self.schedule(ready, Due::Opened(target));
                }
            }
        }
    }

    fn opened(&mut self, now: RunTime, target: usize) {
        let flights = &self.flights;
        let waits = |flight| flights.get(flight).is_some_and(|flight| flight.state == State::Waiting);
        if let Some(flight) = self.targets[target].pool.free(now, waits) {
            self.depart(now, flight);
        }
    }

    fn depart(&mut self, now: RunTime, key: DefaultKey) {
        let flight = &mut self.flights[key];
        flight.state = State::Flying;
        flight.departed = Some(now);
        let arrival = now + flight.way_out;
        self.schedule(arrival, Due::Arrival(key));
    }

    fn reach(&mut self, now: RunTime, key: DefaultKey) {
        let Some(call) = self.flights.get(key).map(|flight| flight.call) else { return };
        self.tell_world(now, Input::Arrive(call));
    }

    fn tell_world(&mut self, now: RunTime, input: Input) {
        let mut effects = std::mem::take(&mut self.effects);
        self.world.on(now, input, &mut effects);
        for effect in effects.drain(..) {
            self.hear(now, effect);
        }
        self.effects = effects;
    }

    /// What the Region does with an attempt, on its way back to the client.
    fn hear(&mut self, now: RunTime, effect: Effect) {
        let (ticket, timeline) = match &effect {
            Effect::Begin(ticket, timeline) => (*ticket, Some(*timeline)),
            Effect::Refuse(ticket, _) => (*ticket, None),
        };
        let key = DefaultKey::from(KeyData::from_ffi(ticket.0));
        let Some(flight) = self.flights.get_mut(key) else { return };
        let seen = match effect {
            Effect::Begin(_, timeline) => {
                answer::served(&timeline, self.client.streams, &self.client.timeouts, flight.way_back)
            }
            Effect::Refuse(_, refusal) => answer::refused(now, refusal, flight.way_back),
        };
        flight.timeline = timeline;
        if flight.state == State::Over {
            return;
        }
        flight.seen = Some(seen);
        if let End::At { at, .. } = seen.end {
            self.schedule(at, Due::Answer(key));
        }
    }

    /// The last byte of an answer, or the news that there will be none.
    fn answer(&mut self, now: RunTime, key: DefaultKey) {
        let Some(flight) = self.flights.get(key).filter(|flight| flight.state != State::Over) else { return };
        let Some(Seen { end: End::At { outcome, error, status, .. }, .. }) = flight.seen else { return };
        self.end(now, key, (outcome, error, status));
    }

    /// The client is through with an attempt, in whatever way.
    fn end(&mut self, now: RunTime, key: DefaultKey, how: (Outcome, Option<&'static str>, Option<u16>)) {
        let flight = &self.flights[key];
        let (trip, attempt) = (flight.trip, usize::from(flight.attempt));
        let ended = Ended {
            at: now,
            outcome: how.0,
            first_token: flight.seen.and_then(|seen| seen.first_token).filter(|first| *first <= now),
            usage: flight.usage(how.0),
        };
        self.close(now, key, how);
        let step = self.trips[trip].journey.end(attempt, ended, &mut *self.policy);
        self.take(now, trip, step);
    }

    /// Gives the connection back, or closes it, and lets the Region know.
    fn close(&mut self, now: RunTime, key: DefaultKey, how: (Outcome, Option<&'static str>, Option<u16>)) {
        let flight = &mut self.flights[key];
        let reusable = matches!(flight.seen, Some(Seen { end: End::At { at, reusable: true, .. }, .. }) if at <= now);
        let early = flight.seen.and_then(|seen| seen.left).is_some() || !reusable;
        let (target, departed) = (flight.target, flight.departed.is_some());
        flight.state = State::Over;
        flight.ended = Some((now, how.0, how.1, how.2));
        if !departed {
            return;
        }
        if early {
            flight.leaving = true;
            let hears = now + flight.way_out.min(self.targets[target].rtt);
            self.targets[target].pool.lost();
            self.schedule(hears, Due::Leave(key));
        } else {
            self.opened(now, target);
        }
    }

    fn leave(&mut self, now: RunTime, key: DefaultKey) {
        let Some(flight) = self.flights.get_mut(key) else { return };
        flight.leaving = false;
        let (ticket, trip) = (flight.call.ticket, flight.trip);
        self.tell_world(now, Input::Cancel(ticket));
        if !self.trips.contains_key(trip) {
            self.flights.remove(key);
        }
    }

    /// The time of a whole request has run out.
    fn run_out(&mut self, now: RunTime, trip: DefaultKey) {
        loop {
            let Some(state) = self.trips.get(trip) else { return };
            let flying = state.flights.iter().copied().find(|flight| self.flights[*flight].state != State::Over);
            let Some(flight) = flying else { break };
            self.end(now, flight, (Outcome::Timeout, Some(answer::REQUEST_LATE), None));
        }
        // Only waiting for its policy to be woken, which will not happen any more.
        let state = &mut self.trips[trip];
        let step = state.journey.wake(now, &mut *self.policy);
        self.take(now, trip, step);
    }

    /// The request is over: whatever else is in flight is cancelled, and all of it written down.
    fn settle(&mut self, now: RunTime, key: DefaultKey, by: Option<usize>) {
        let Some(mut trip) = self.trips.remove(key) else { return };
        for flight in &trip.flights {
            if self.flights[*flight].state != State::Over {
                self.close(now, *flight, (Outcome::Cancelled, Some("another attempt was faster"), None));
            }
        }
        let mut records = std::mem::take(&mut self.records);
        records.extend(trip.flights.iter().map(|flight| {
            let flight = &self.flights[*flight];
            flight.record(&trip.request, (self.position, self.targets[flight.target].endpoint))
        }));
        let settled = by.map(|by| &records[by]);
        let outcome = settled.map_or(Outcome::Cancelled, |settled| settled.outcome);
        let mut record = self.record(&trip.request, now, outcome, settled);
        record.sent = records.first().and_then(|first| first.sent);
        record.attempts = records.len() as u16;
        self.sink.record(&record, &records);
        self.requests.ended(&trip.request, now);
        records.clear();
        self.records = records;
        for flight in trip.flights.drain(..) {
            if !self.flights[flight].leaving {
                self.flights.remove(flight);
            }
        }
        self.ended.push(trip);
    }

    fn record(
        &self,
        request: &Request,
        now: RunTime,
        outcome: Outcome,
        settled: Option<&AttemptRecord>,
    ) -> RequestRecord {
        RequestRecord {
            route: self.position,
            index: request.index,
            phase: self.phases.index_at(request.intended) as u16,
            intended: request.intended,
            sent: None,
            last_sent: settled.and_then(|attempt| attempt.sent),
            first_token: settled.and_then(|attempt| attempt.first_token),
            last_token: settled.and_then(|attempt| attempt.last_token),
            finished: settled.map_or(now, |attempt| attempt.finished),
            outcome,
            attempts: 0,
            region: settled.map(|attempt| attempt.region),
            usage: settled.and_then(|attempt| attempt.usage),
            prompt_hash: None,
        }
    }
}

fn reaches(target: &Destination, region: RegionId) -> bool {
    match target.processing() {
        Processing::Within(regions) => regions.contains(&region) || target.endpoint() == region,
        Processing::Anywhere(_) => true,
    }
}

fn refused_connection(at: RunTime) -> Seen {
    let end =
        End::At { at, outcome: Outcome::Transport, error: Some("connection refused"), status: None, reusable: false };
    Seen { first_token: None, last_token: None, end, left: None }
}
