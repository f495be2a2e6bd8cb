//! One target, one attempt. An AWS inference profile is pinned with a profile id: the service does
//! the spilling then, not we.

use super::{Command, Entry, Event, Policy};
use crate::core::RunTime;

pub const ENTRY: Entry = Entry {
    name: "pinned",
    summary: "one target, no retry",
    targets: 1..=1,
    keys: &[],
    build: |_, _| Box::new(Pinned),
};

struct Pinned;

impl Policy for Pinned {
    fn on(&mut self, _: RunTime, event: Event<'_>) -> Command {
        match event {
            Event::Arrived { .. } => Command::Attempt(0),
            Event::AttemptEnded { .. } => Command::Finish,
        }
    }
}
