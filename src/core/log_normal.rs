//! The log-normal distribution by its median and 95th percentile: the two numbers that people
//! publish.

use rand_distr::{Distribution, StandardNormal};

/// z of the 95th percentile of the standard normal distribution.
const Z95: f64 = 1.644_853_626_951_472_7;

const Z99: f64 = 2.326_347_874_040_840_8;

/// Draws and mean are in the unit of the percentiles. What a draw needs is worked out once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ByPercentiles {
    p50: f64,
    /// Standard deviation of the logarithm.
    sigma: f64,
}

impl ByPercentiles {
    /// Both finite, and 0 < `p50` <= `p95`.
    pub fn new(p50: f64, p95: f64) -> Self {
        debug_assert!(0.0 < p50 && p50 <= p95 && p95.is_finite(), "p50 {p50}, p95 {p95}");
        Self { p50, sigma: (p95 / p50).ln() / Z95 }
    }

    pub fn sample(&self, draws: &mut impl rand::Rng) -> f64 {
        let z: f64 = StandardNormal.sample(draws);
        self.p50 * (self.sigma * z).exp()
    }

    pub fn mean(&self) -> f64 {
        self.p50 * (self.sigma.powi(2) / 2.0).exp()
    }

    pub fn p99(&self) -> f64 {
        self.p50 * (self.sigma * Z99).exp()
    }
}
