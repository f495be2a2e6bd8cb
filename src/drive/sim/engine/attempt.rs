//! The life of an attempt: to its Region and back.

use rand_distr::{Distribution, Exp1};
use slotmap::{DefaultKey, Key, KeyData};

use super::{Due, Engine, HANDSHAKES, Sink, Source, Target};
use crate::core::time::scale;
use crate::core::{Outcome, RunTime};
use crate::drive::sim::answer::{self, End, Seen, WayBack};
use crate::drive::sim::flight::{Flight, State};
use crate::drive::sim::pool::Found;
use crate::region::call::{Call, Effect, Input, Ticket};
use crate::routing::Ended;

impl<R: Source, S: Sink> Engine<'_, R, S> {
    pub(super) fn send(&mut self, now: RunTime, trip: DefaultKey, attempt: usize, target: usize) {
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

    pub(super) fn opened(&mut self, now: RunTime, target: usize) {
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

    pub(super) fn reach(&mut self, now: RunTime, key: DefaultKey) {
        let Some(call) = self.flights.get(key).map(|flight| flight.call) else { return };
        self.tell_world(now, Input::Arrive(call));
    }

    /// What the Region does with an attempt, on its way back to the client.
    pub(super) fn hear(&mut self, now: RunTime, effect: Effect) {
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
    pub(super) fn answer(&mut self, now: RunTime, key: DefaultKey) {
        let Some(flight) = self.flights.get(key).filter(|flight| flight.state != State::Over) else { return };
        let Some(Seen { end: End::At { outcome, error, status, .. }, .. }) = flight.seen else { return };
        self.end(now, key, (outcome, error, status));
    }

    /// The client is through with an attempt, in whatever way.
    pub(super) fn end(&mut self, now: RunTime, key: DefaultKey, how: (Outcome, Option<&'static str>, Option<u16>)) {
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
    pub(super) fn close(&mut self, now: RunTime, key: DefaultKey, how: (Outcome, Option<&'static str>, Option<u16>)) {
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

    pub(super) fn leave(&mut self, now: RunTime, key: DefaultKey) {
        let Some(flight) = self.flights.get_mut(key) else { return };
        flight.leaving = false;
        let (ticket, trip) = (flight.call.ticket, flight.trip);
        self.tell_world(now, Input::Cancel(ticket));
        if !self.trips.contains_key(trip) {
            self.flights.remove(key);
        }
    }
}

fn refused_connection(at: RunTime) -> Seen {
    let end =
        End::At { at, outcome: Outcome::Transport, error: Some("connection refused"), status: None, reusable: false };
    Seen { first_token: None, last_token: None, end, left: None }
}
