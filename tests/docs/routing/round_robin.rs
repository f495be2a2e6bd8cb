//! Targets in turn, one attempt each.

use super::{Decision, Entry, Event, Policy, View};
use crate::core::RunTime;

pub const ENTRY: Entry = Entry {
    name: "round-robin",
    summary: "targets in turn, one attempt each",
    targets: 2..=usize::MAX,
    remembers: true,
    keys: &[],
    build: |settings, _| Box::new(RoundRobin { targets: settings.targets, next: 0 }),
};

struct RoundRobin {
    targets: usize,
    next: usize,
}

impl Policy for RoundRobin {
    fn on(&mut self, _: RunTime, _: View<'_>, event: Event) -> Decision {
        if event != Event::Arrived {
            return Decision::NOTHING;
        }
        self.next = (self.next + 1) % self.targets;
        Decision::attempt(self.next)
    }
}
