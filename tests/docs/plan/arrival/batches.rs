//! Ten at once: what a worker sends that empties a queue.

use super::{ArrivalProcess, Entry};

pub const ENTRY: Entry = Entry {
    name: "batches",
    summary: "ten at once, ten times as far apart",
    heeds: None,
    build: |_, _| Box::new(Batches { count: 0 }),
};

const SIZE: u64 = 10;

struct Batches {
    count: u64,
}

impl ArrivalProcess for Batches {
    fn next_arrival(&mut self) -> Option<f64> {
        let first = self.count / SIZE * SIZE;
        self.count += 1;
        Some(first as f64)
    }
}
