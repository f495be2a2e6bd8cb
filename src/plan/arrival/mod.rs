//! Arrival processes. None of them looks at completions: that is what makes the loop open.

mod constant;
mod poisson;

use crate::core::units::Rate;
use crate::core::{RunTime, Seed};

/// Produces intended starts, one after the other, never going back.
pub trait ArrivalProcess {
    fn next_arrival(&mut self) -> RunTime;
}

/// One kind of arrivals: `--arrival`, its help and the tests over all kinds follow from the list.
pub struct Entry {
    pub name: &'static str,
    pub summary: &'static str,
    pub build: fn(Rate, Seed) -> Box<dyn ArrivalProcess>,
}

/// To add an arrival process: one file with an [`Entry`], one line here.
pub static ARRIVALS: &[Entry] = &[poisson::ENTRY, constant::ENTRY];

pub fn find(name: &str) -> Option<&'static Entry> {
    ARRIVALS.iter().find(|entry| entry.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_process_keeps_its_rate_and_never_goes_back() {
        for entry in ARRIVALS {
            let mut process = (entry.build)(Rate(50.0), Seed(7));
            let mut last = RunTime::ZERO;
            for _ in 0..20_000 {
                let next = process.next_arrival();
                assert!(next >= last, "{} went back", entry.name);
                last = next;
            }
            // 20,000 arrivals at 50/s take 400 s; Poisson's standard error is 2.8 s.
            let took = last.as_secs_f64();
            assert!((took - 400.0).abs() < 12.0, "{} took {took} s", entry.name);
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_instants() {
        for entry in ARRIVALS {
            let draw = |seed| -> Vec<_> {
                let mut process = (entry.build)(Rate(50.0), Seed(seed));
                (0..100).map(|_| process.next_arrival()).collect()
            };
            assert_eq!(draw(1), draw(1), "{}", entry.name);
        }
    }
}
