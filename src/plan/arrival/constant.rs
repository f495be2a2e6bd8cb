//! One request every 1/rate: the easiest load to reason about, and the kindest to the service.

use super::{ArrivalProcess, Entry};
use crate::core::RunTime;

pub const ENTRY: Entry = Entry {
    name: "constant",
    summary: "evenly spaced, one every 1/rate",
    build: |rate, _| Box::new(Constant { rate: rate.0, count: 0 }),
};

struct Constant {
    rate: f64,
    count: u64,
}

impl ArrivalProcess for Constant {
    fn next_arrival(&mut self) -> RunTime {
        // From the count, not by adding gaps up: rounding must not accumulate over a day.
        let at = RunTime::from_secs_f64(self.count as f64 / self.rate);
        self.count += 1;
        at
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spacing_does_not_drift() {
        let mut process = Constant { rate: 3.0, count: 0 };
        let last = (0..=3_000_000).map(|_| process.next_arrival()).last();
        assert_eq!(last, Some(RunTime::from_secs_f64(1_000_000.0)));
    }
}
