//! The life of a request: from its intended start to what is written down of it.

use slotmap::DefaultKey;

use super::{Due, Engine, Sink, Source, State, Trip};
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::core::{Outcome, Request, RunTime};
use crate::drive::sim::answer;
use crate::routing::Asked;
use crate::routing::journey::{Journey, Step};

impl<R: Source, S: Sink> Engine<'_, R, S> {
    pub(super) fn arrive(&mut self, request: Request) {
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
    pub(super) fn take(&mut self, now: RunTime, trip: DefaultKey, step: Step) {
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

    pub(super) fn wake(&mut self, now: RunTime, trip: DefaultKey, number: u32) {
        let Some(state) = self.trips.get_mut(trip).filter(|state| state.wakes == number) else { return };
        for (attempt, flight) in state.flights.iter().enumerate() {
            let first = self.flights[*flight].seen.and_then(|seen| seen.first_token).filter(|first| *first <= now);
            first.into_iter().for_each(|first| state.journey.first_token(attempt, first));
        }
        let step = state.journey.wake(now, &mut *self.policy);
        self.take(now, trip, step);
    }

    /// The time of a whole request has run out.
    pub(super) fn run_out(&mut self, now: RunTime, trip: DefaultKey) {
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
