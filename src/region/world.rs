//! All Regions of one route, with their quotas, slots and queues, in one clockless machine.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, HashSet, VecDeque};
use std::time::Duration;

use rand::RngExt;
use rustc_hash::FxHashMap;

use super::PlaceSpec;
use super::background::Background;
use super::call::{Call, Effect, Input, Path, Refusal, Ticket, Timeline};
use super::fault::{Fault, FaultKind};
use super::paths::{Paths, Service};
use super::quota::{Exceeded, Quota};
use crate::core::seed::{Purpose, Seed, Stem};
use crate::core::time::scale;
use crate::core::{RegionId, RunTime};
use crate::plan::workload::Workload;

/// Somebody in a slot or in the queue.
#[derive(Debug)]
enum Job {
    Ours {
        call: Call,
        arrived: RunTime,
    },
    /// Another tenant's request, by how long it takes.
    Background(Duration),
}

#[derive(Debug)]
struct Place {
    spec: PlaceSpec,
    luck: Luck,
    background: Background,
    busy: usize,
    queue: VecDeque<Job>,
    /// When the next stranger comes.
    stranger: Option<RunTime>,
    /// Beside those that its conditions schedule.
    faults: Vec<Fault>,
}

/// Where each draw of a place begins.
#[derive(Debug)]
struct Luck {
    fault: Stem,
    first_token: Stem,
    token_gap: Stem,
}

impl Luck {
    fn new(seed: Seed, region: RegionId) -> Self {
        let stem = |purpose| seed.stem(purpose, region);
        Self { fault: stem(Purpose::Fault), first_token: stem(Purpose::FirstToken), token_gap: stem(Purpose::TokenGap) }
    }
}

/// A call being served.
#[derive(Debug)]
struct Running {
    call: Call,
    place: usize,
    timeline: Timeline,
    /// Provisioned capacity holds none.
    holds_slot: bool,
}

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Event {
    /// A call of ours has been served.
    Served(Ticket),
    /// A stranger leaves a slot of the place at this position.
    Left(u32),
    /// The conditions of the place change.
    Change(u32),
}

/// Pure: takes `now`, emits effects, and never reads a clock.
#[derive(Debug)]
pub struct World {
    places: Vec<Place>,
    by_region: BTreeMap<RegionId, usize>,
    paths: Paths,
    running: FxHashMap<Ticket, Running>,
    /// Calls of ours in a queue.
    queued: usize,
    /// Ties are broken by order of scheduling.
    events: BinaryHeap<Reverse<(RunTime, u64, Event)>>,
    scheduled: u64,
    /// The next stranger anywhere, and where.
    stranger: Option<(RunTime, usize)>,
}

impl World {
    /// `workload` is what the other tenants ask for.
    pub fn new(seed: Seed, places: Vec<PlaceSpec>, workload: &Workload) -> Self {
        let by_region = places.iter().enumerate().map(|(i, place)| (place.region, i)).collect();
        let places = places
            .into_iter()
            .map(|spec| Place {
                luck: Luck::new(seed, spec.region),
                background: Background::new(seed, &spec, workload),
                spec,
                busy: 0,
                queue: VecDeque::new(),
                stranger: None,
                faults: vec![],
            })
            .collect();
        let mut world = Self {
            places,
            by_region,
            paths: Paths::default(),
            running: FxHashMap::default(),
            queued: 0,
            events: BinaryHeap::new(),
            scheduled: 0,
            stranger: None,
        };
        for place in 0..world.places.len() {
            world.conditions_changed(RunTime::ZERO, place);
        }
        world
    }

    /// The path of calls to `service`. Its quota is full when it is asked for the first time.
    pub fn path(&mut self, now: RunTime, service: &Service) -> Path {
        let place = self.by_region.get(&service.endpoint).map(|place| &self.places[*place].spec);
        self.paths.path(service, &self.by_region, || {
            let place = place?;
            let (_, spec) = place.quotas.iter().find(|(pool, _)| *pool == service.pool)?;
            let mut quota = Quota::new(spec, now);
            quota.set_shares(now, place.conditions.at(now).quota_left());
            Some(quota)
        })
    }

    /// For those who ask for the path of every call: where there are more than `most`, forgets half of them, those that
    /// were asked for longest ago. A path that a call of ours is on is kept.
    pub fn forget_paths(&mut self, most: usize) {
        if self.paths.exceed(most) {
            let queued = self.places.iter().flat_map(|place| &place.queue).filter_map(Job::ours);
            let in_use: HashSet<_> =
                queued.chain(self.running.values().map(|running| &running.call)).map(|call| call.path).collect();
            self.paths.forget(most / 2, &in_use);
        }
    }

    /// When the world has something to do by itself.
    pub fn next_wake(&self) -> Option<RunTime> {
        let event = self.events.peek().map(|Reverse((at, _, _))| *at);
        let stranger = self.stranger.map(|(at, _)| at);
        event.into_iter().chain(stranger).min()
    }

    /// When a call that waits in a queue may be taken up, at the earliest. While none waits, the world has nothing
    /// to tell, and may lag behind.
    pub fn next_start(&self) -> Option<RunTime> {
        self.next_wake().filter(|_| self.queued > 0)
    }

    /// Lets the world come to `now`, then takes `input`. Effects are appended to `out`; those
    /// that fell due before `now` carry their own, earlier times.
    pub fn on(&mut self, now: RunTime, input: Input, out: &mut Vec<Effect>) {
        self.come_to(now, out);
        match input {
            Input::Arrive(call) => self.arrive(now, call, out),
            Input::Cancel(ticket) => self.cancel(now, ticket, out),
            Input::Faults(region, faults) => {
                if let Some(place) = self.by_region.get(&region) {
                    self.places[*place].faults = faults;
                }
            }
            Input::Wake => {}
        }
    }

    fn come_to(&mut self, now: RunTime, out: &mut Vec<Effect>) {
        loop {
            let event = self.events.peek().map(|Reverse((at, ..))| *at).filter(|at| *at <= now);
            match self.stranger.filter(|(at, _)| *at <= now) {
                Some((at, place)) if event.is_none_or(|event| at < event) => {
                    let service = self.places[place].background.service();
                    self.offer(at, place, Job::Background(service), out);
                    self.expect_stranger(at, place);
                }
                _ if event.is_none() => return,
                _ => {
                    let Some(Reverse((at, _, event))) = self.events.pop() else { return };
                    self.happen(at, event, out);
                }
            }
        }
    }

    fn happen(&mut self, at: RunTime, event: Event, out: &mut Vec<Effect>) {
        match event {
            Event::Served(ticket) => {
                // A cancelled call has freed its slot already.
                let Some(running) = self.running.remove(&ticket) else { return };
                self.settle(at, &running.call, Some(running.timeline.tokens));
                if running.holds_slot {
                    self.free(at, running.place, out);
                }
            }
            Event::Left(place) => self.free(at, place as usize, out),
            Event::Change(place) => self.conditions_changed(at, place as usize),
        }
    }

    fn arrive(&mut self, now: RunTime, call: Call, out: &mut Vec<Effect>) {
        let Some(&source) = self.paths.way(call.path).places.first() else {
            out.push(Effect::Refuse(call.ticket, Refusal::Overloaded));
            return;
        };
        let fault = call.fault.or_else(|| self.fault(now, source, &call));
        if let Some(fault) = fault.filter(|fault| !fault.kind.in_stream()) {
            out.push(Effect::Refuse(call.ticket, Refusal::Fault(fault)));
            return;
        }
        let call = Call { fault, ..call };
        let admitted = self.paths.quota(call.path).map_or(Ok(()), |quota| quota.admit(now, call.reserved()));
        if let Err(exceeded) = admitted {
            let refusal = match exceeded {
                Exceeded::Requests => Refusal::TooManyRequests,
                Exceeded::Tokens => Refusal::TooManyTokens,
            };
            out.push(Effect::Refuse(call.ticket, refusal));
            return;
        }
        let way = self.paths.way(call.path);
        if way.provisioned {
            self.serve(now, source, call, now, out);
            return;
        }
        // Source first, then the profile's other destinations; a queue only when all are busy.
        let with = |has: fn(&Place) -> bool| way.places.iter().copied().find(|place| has(&self.places[*place]));
        match with(Place::has_slot).or_else(|| with(Place::has_room)) {
            Some(place) => self.offer(now, place, Job::Ours { call, arrived: now }, out),
            None => {
                self.settle(now, &call, None);
                out.push(Effect::Refuse(call.ticket, Refusal::Overloaded));
            }
        }
    }

    fn cancel(&mut self, now: RunTime, ticket: Ticket, out: &mut Vec<Effect>) {
        if let Some(running) = self.running.remove(&ticket) {
            let Timeline { first_token, gap, tokens, .. } = running.timeline;
            let begun = now
                .since(first_token)
                .as_nanos()
                .checked_div(gap.as_nanos())
                .map_or(tokens, |gaps| u32::try_from(gaps + 1).unwrap_or(u32::MAX).min(tokens));
            let written = if now < first_token { 0 } else { begun };
            self.settle(now, &running.call, Some(written));
            if running.holds_slot {
                self.free(now, running.place, out);
            }
            return;
        }
        let waiting = self.places.iter_mut().find_map(|place| {
            let position = place.queue.iter().position(|job| job.ours().is_some_and(|call| call.ticket == ticket))?;
            place.queue.remove(position)
        });
        if let Some(Job::Ours { call, .. }) = waiting {
            self.queued -= 1;
            self.settle(now, &call, None);
        }
    }

    /// A slot if there is one, a place in the queue if not; background that finds neither is gone.
    fn offer(&mut self, now: RunTime, place: usize, job: Job, out: &mut Vec<Effect>) {
        if self.places[place].has_slot() {
            self.start(now, place, job, out);
        } else if self.places[place].has_room() {
            self.queued += usize::from(matches!(job, Job::Ours { .. }));
            self.places[place].queue.push_back(job);
        }
    }

    fn free(&mut self, now: RunTime, place: usize, out: &mut Vec<Effect>) {
        self.places[place].busy -= 1;
        if let Some(job) = self.places[place].queue.pop_front() {
            self.queued -= usize::from(matches!(job, Job::Ours { .. }));
            self.start(now, place, job, out);
        }
    }

    fn start(&mut self, now: RunTime, place: usize, job: Job, out: &mut Vec<Effect>) {
        self.places[place].busy += 1;
        match job {
            Job::Background(service) => {
                let slowdown = self.places[place].spec.conditions.slowdown(now);
                self.schedule(now + scale(service, slowdown), Event::Left(place as u32));
            }
            Job::Ours { call, arrived } => self.serve(now, place, call, arrived, out),
        }
    }

    /// The script of a call of ours that is taken up now.
    fn serve(&mut self, now: RunTime, place: usize, call: Call, arrived: RunTime, out: &mut Vec<Effect>) {
        let Place { spec, luck, .. } = &self.places[place];
        let slowdown = spec.conditions.slowdown(now);
        let ttft = spec.ttft.sample(&mut luck.first_token.draws(call.key, call.attempt));
        let ttft = scale(ttft + spec.per_input_token * call.input_tokens, slowdown);
        let gap = scale(spec.tpot.sample(&mut luck.token_gap.draws(call.key, call.attempt)), slowdown);
        let way = self.paths.way(call.path);
        let (source, holds_slot) = (way.places[0], !way.provisioned);
        let timeline = Timeline {
            place: spec.region,
            arrived,
            started: now,
            first_token: now + ttft + self.backbone(source, place),
            gap,
            tokens: call.output_tokens,
            fault: call.fault,
        };
        let served = now + ttft + gap * call.output_tokens.saturating_sub(1);
        let ticket = call.ticket;
        self.schedule(served, Event::Served(ticket));
        self.running.insert(ticket, Running { call, place, timeline, holds_slot });
        out.push(Effect::Begin(ticket, timeline));
    }

    /// Round trip between the source and where it is served. Known from Sydney; between two other
    /// Regions the way through Sydney is taken as an upper bound.
    fn backbone(&self, source: usize, place: usize) -> Duration {
        if source == place {
            return Duration::ZERO;
        }
        let (source, served) = (&self.places[source].spec, &self.places[place].spec);
        let from_sydney = |spec: &PlaceSpec| if spec.region == RegionId::SYDNEY { Duration::ZERO } else { spec.rtt };
        from_sydney(source) + from_sydney(served)
    }

    /// `written` is what the model wrote. A call that never got a slot gives its whole reservation
    /// back; one that was cut off before its first token has still been read.
    fn settle(&mut self, now: RunTime, call: &Call, written: Option<u32>) {
        let reserved = call.reserved();
        let used = written.map_or(0.0, |written| f64::from(call.input_tokens) + f64::from(written) * call.burndown);
        if let Some(quota) = self.paths.quota(call.path) {
            quota.settle(now, reserved, used);
        }
    }

    /// What goes wrong with a call at `source` now.
    fn fault(&self, now: RunTime, source: usize, call: &Call) -> Option<Fault> {
        let place = &self.places[source];
        let conditions = place.spec.conditions.at(now);
        let mut faults = conditions.faults.iter().chain(&place.faults).peekable();
        faults.peek()?;
        let mut draws = place.luck.fault.draws(call.key, call.attempt);
        // A draw each, whether it is used or not: one fault more leaves the luck of the others.
        let hit: Vec<_> = faults.filter(|fault| draws.random::<f64>() < fault.share).collect();
        hit.into_iter().find(|fault| fault.kind != FaultKind::RefuseConnections).copied()
    }

    /// What was set to go wrong in `region`, beside what its conditions schedule.
    pub fn faults(&self, region: RegionId) -> &[Fault] {
        self.by_region.get(&region).map_or(&[], |place| &self.places[*place].faults)
    }

    /// Whether the endpoint of `region` refuses connections now.
    pub fn refuses_connections(&self, now: RunTime, region: RegionId) -> bool {
        let Some(place) = self.by_region.get(&region).map(|place| &self.places[*place]) else { return false };
        let conditions = place.spec.conditions.at(now);
        conditions.faults.iter().chain(&place.faults).any(|fault| fault.kind == FaultKind::RefuseConnections)
    }

    /// Whether the conditions of `region` refuse connections at any time.
    pub fn schedules_refusals(&self, region: RegionId) -> bool {
        let place = self.by_region.get(&region).map(|place| &self.places[*place]);
        place.is_some_and(|place| {
            place.spec.conditions.any(|c| c.faults.iter().any(|f| f.kind == FaultKind::RefuseConnections))
        })
    }

    fn conditions_changed(&mut self, now: RunTime, place: usize) {
        let spec = &self.places[place].spec;
        let left = spec.conditions.at(now).quota_left();
        let region = spec.region;
        let next = spec.conditions.next_change(now);
        self.paths.set_shares(now, region, left);
        // Arrivals without memory: drawing the next one anew under the new rate is exact.
        self.expect_stranger(now, place);
        if let Some(next) = next {
            self.schedule(next, Event::Change(place as u32));
        }
    }

    fn expect_stranger(&mut self, now: RunTime, position: usize) {
        let place = &mut self.places[position];
        let load = place.spec.conditions.at(now).background;
        place.stranger = place.background.next_gap(load * place.spec.slots as f64).map(|gap| now + gap);
        let expected = self.places.iter().zip(0..).filter_map(|(place, i)| Some((place.stranger?, i)));
        self.stranger = expected.min();
    }

    fn schedule(&mut self, at: RunTime, event: Event) {
        self.scheduled += 1;
        self.events.push(Reverse((at, self.scheduled, event)));
    }
}

impl Job {
    fn ours(&self) -> Option<&Call> {
        match self {
            Self::Ours { call, .. } => Some(call),
            Self::Background(_) => None,
        }
    }
}

impl Place {
    fn has_slot(&self) -> bool {
        self.busy < self.spec.slots
    }

    fn has_room(&self) -> bool {
        self.queue.len() < self.spec.queue
    }
}

impl PlaceSpec {
    /// Mean time in a slot for the requests of `workload`, undisturbed.
    pub fn mean_service(&self, workload: &Workload) -> Duration {
        self.ttft.mean()
            + self.per_input_token.mul_f64(workload.input.mean())
            + self.tpot.mean().mul_f64((workload.output.mean() - 1.0).max(0.0))
    }
}

#[cfg(test)]
#[path = "world_tests.rs"]
mod tests;
