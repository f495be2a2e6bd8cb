//! Independent users: exponential gaps. Bursts happen by themselves, as they do in life.

use rand_distr::{Distribution, Exp1};

use super::{ArrivalProcess, Entry};
use crate::core::RunTime;
use crate::core::seed::{Draws, Purpose};

pub const ENTRY: Entry = Entry {
    name: "poisson",
    summary: "independent arrivals with exponential gaps",
    build: |rate, seed| Box::new(Poisson { rate: rate.0, at: 0.0, draws: seed.stream(Purpose::Arrivals) }),
};

struct Poisson {
    rate: f64,
    at: f64,
    draws: Draws,
}

impl ArrivalProcess for Poisson {
    fn next_arrival(&mut self) -> RunTime {
        let gap: f64 = Exp1.sample(&mut self.draws);
        self.at += gap / self.rate;
        RunTime::from_secs_f64(self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Seed;
    use crate::core::units::Rate;

    #[test]
    fn gaps_have_the_mean_and_spread_of_an_exponential() {
        let mut process = (ENTRY.build)(Rate(100.0), Seed(3));
        let mut last = 0.0;
        let gaps: Vec<f64> = (0..50_000)
            .map(|_| {
                let at = process.next_arrival().as_secs_f64();
                let gap = at - last;
                last = at;
                gap
            })
            .collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean * 100.0 - 1.0).abs() < 0.02, "mean gap {mean} s, not 0.01");
        let variation = variance.sqrt() / mean;
        assert!((variation - 1.0).abs() < 0.03, "coefficient of variation {variation}, not 1");
    }
}
