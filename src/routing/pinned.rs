//! One target, one attempt. An AWS inference profile is pinned with a profile id: the service does
//! the spilling then, not we.

use super::{Decision, Entry, Event, Policy, View};
use crate::core::RunTime;

pub const ENTRY: Entry = Entry {
    name: "pinned",
    summary: "one target, no retry",
    targets: 1..=1,
    remembers: false,
    keys: &[],
    build: |_, _| Box::new(Pinned),
};

struct Pinned;

impl Policy for Pinned {
    fn on(&mut self, _: RunTime, _: View<'_>, event: Event) -> Decision {
        match event {
            Event::Arrived => Decision::attempt(0),
            Event::Ended(_) | Event::Woken => Decision::NOTHING,
        }
    }
}
