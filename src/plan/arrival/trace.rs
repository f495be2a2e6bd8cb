//! What happened once, again: the instants of a recording. They are fired at one per second of rate,
//! so that an offset in seconds is the number of arrivals to expect.

use super::{ArrivalProcess, Entry, Setting};
use crate::plan::trace::Trace;

pub const ENTRY: Entry = Entry {
    name: "trace",
    summary: "the instants of --trace",
    heeds: Some(Setting::Trace),
    build: |settings, _| Box::new(Replay { trace: settings.trace.clone().unwrap_or_default(), next: 0 }),
};

struct Replay {
    trace: Trace,
    next: usize,
}

impl ArrivalProcess for Replay {
    fn next_arrival(&mut self) -> Option<f64> {
        let row = self.trace.rows().get(self.next)?;
        self.next += 1;
        Some(row.offset)
    }
}
