//! One request every 1/rate: the easiest load to reason about, and the kindest to the service.

use super::{ArrivalProcess, Entry};

pub const ENTRY: Entry = Entry {
    name: "constant",
    summary: "evenly spaced, one every 1/rate",
    heeds: None,
    build: |_, _| Box::new(Constant { count: 0 }),
};

struct Constant {
    count: u64,
}

impl ArrivalProcess for Constant {
    fn next_arrival(&mut self) -> Option<f64> {
        let at = self.count as f64;
        self.count += 1;
        Some(at)
    }
}
