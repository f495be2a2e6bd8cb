//! The log-normal distribution by its median and 95th percentile: the two numbers that people
//! publish.

use rand_distr::{Distribution, LogNormal};

/// z of the 95th percentile of the standard normal distribution.
const Z95: f64 = 1.644_853_626_951_472_7;

/// Both in one unit; draws and mean are in the same.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByPercentiles {
    /// Above 0.
    pub p50: f64,
    /// Not below `p50`.
    pub p95: f64,
}

impl ByPercentiles {
    pub fn sample(&self, draws: &mut impl rand::Rng) -> f64 {
        let law = LogNormal::new(self.p50.ln(), self.sigma()).expect("0 < p50 <= p95, and both finite");
        law.sample(draws)
    }

    pub fn mean(&self) -> f64 {
        self.p50 * (self.sigma().powi(2) / 2.0).exp()
    }

    fn sigma(&self) -> f64 {
        (self.p95 / self.p50).ln() / Z95
    }
}
