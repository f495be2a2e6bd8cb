//! What each request asks for: tokens in, tokens out, and the objectives that go with them.

use serde::{Deserialize, Serialize};

use crate::core::RequestKey;
use crate::core::log_normal::ByPercentiles;
use crate::core::seed::{Purpose, Seed};
use crate::core::slo::Slo;

/// A number of tokens: log-normal by its median and 95th percentile, cut at `max`.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TokenLengths {
    pub p50: u32,
    pub p95: u32,
    pub max: u32,
}

impl TokenLengths {
    /// Every draw is `n`.
    pub const fn fixed(n: u32) -> Self {
        Self { p50: n, p95: n, max: n }
    }

    fn law(&self) -> ByPercentiles {
        let p50 = f64::from(self.p50.max(1));
        ByPercentiles { p50, p95: f64::from(self.p95).max(p50) }
    }

    pub fn sample(&self, draws: &mut impl rand::Rng) -> u32 {
        (self.law().sample(draws).round() as u32).clamp(1, self.max)
    }

    /// Mean of the uncut distribution, if that is below `max`; the cut is far out in every shipped
    /// workload.
    pub fn mean(&self) -> f64 {
        self.law().mean().min(f64::from(self.max))
    }
}

/// Tokens in and out, and the objectives of the users behind them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Workload {
    pub schema: u32,
    pub name: String,
    pub summary: String,
    pub input: TokenLengths,
    /// Drawn by the mock; a live model writes as much as it likes up to `max_tokens`.
    pub output: TokenLengths,
    /// Sent with every request: what the quota reserves at admission.
    pub max_tokens: u32,
    pub slo: Vec<Slo>,
    /// Where the numbers come from, and when they were taken.
    pub source: String,
    pub date: String,
}

impl Workload {
    /// Length of prompt `index` of the plan.
    pub fn draw_input(&self, seed: Seed, index: u32) -> u32 {
        self.input.sample(&mut seed.indexed(Purpose::InputLength, u64::from(index)))
    }

    /// Length of the answer to the request named `key`: the same on every route and attempt.
    pub fn draw_output(&self, seed: Seed, key: RequestKey) -> u32 {
        self.output.sample(&mut seed.indexed(Purpose::OutputLength, key.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lengths_have_the_percentiles_that_were_asked_for() {
        let lengths = TokenLengths { p50: 400, p95: 1_200, max: 100_000 };
        let mut drawn: Vec<u32> =
            (0..40_000).map(|i| lengths.sample(&mut Seed(1).indexed(Purpose::InputLength, i))).collect();
        drawn.sort_unstable();
        let at = |q: f64| f64::from(drawn[(q * drawn.len() as f64) as usize]);
        assert!((at(0.50) / 400.0 - 1.0).abs() < 0.02, "median {}", at(0.50));
        assert!((at(0.95) / 1_200.0 - 1.0).abs() < 0.03, "p95 {}", at(0.95));
        let mean = drawn.iter().map(|n| f64::from(*n)).sum::<f64>() / drawn.len() as f64;
        assert!((mean / lengths.mean() - 1.0).abs() < 0.02, "mean {mean}, computed {}", lengths.mean());
    }

    #[test]
    fn no_mean_is_above_the_longest() {
        assert_eq!(TokenLengths { p50: 1, p95: u32::MAX, max: 1_000 }.mean(), 1_000.0);
    }

    #[test]
    fn a_fixed_length_does_not_vary() {
        let lengths = TokenLengths::fixed(12);
        assert!((0..100).all(|i| lengths.sample(&mut Seed(1).indexed(Purpose::InputLength, i)) == 12));
        assert_eq!(lengths.mean(), 12.0);
    }
}
