//! What each request asks for: tokens in, tokens out, and the objectives that go with them.

use serde::{Deserialize, Serialize};

use super::trace::Trace;
use crate::core::log_normal::ByPercentiles;
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

    /// To draw from.
    pub fn law(&self) -> LengthLaw {
        let p50 = f64::from(self.p50.max(1));
        LengthLaw { uncut: ByPercentiles::new(p50, f64::from(self.p95).max(p50)), max: self.max }
    }

    /// Mean of the uncut distribution, if that is below `max`; the cut is far out in every shipped
    /// workload.
    pub fn mean(&self) -> f64 {
        self.law().uncut.mean().min(f64::from(self.max))
    }
}

/// [`TokenLengths`] with what a draw needs worked out.
#[derive(Clone, Copy, Debug)]
pub struct LengthLaw {
    uncut: ByPercentiles,
    max: u32,
}

impl LengthLaw {
    pub fn sample(&self, draws: &mut impl rand::Rng) -> u32 {
        ((self.uncut.sample(draws) + 0.5) as u32).clamp(1, self.max)
    }
}

/// Class of the data in the prompts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Sensitivity {
    /// Nobody's: synthetic, or public.
    Low,
    /// Internal, or about people who cannot be told from it.
    Medium,
    /// Personal, or confidential by contract.
    High,
}

impl std::fmt::Display for Sensitivity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.pad(match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        })
    }
}

fn unchanged() -> f64 {
    1.0
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
    /// How much it would matter if others read it. Shown beside the numbers; the residency decides.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sensitivity: Option<Sensitivity>,
    /// Length of every prompt is multiplied by this: what compressing prompts would do.
    #[serde(default = "unchanged")]
    pub token_multiplier: f64,
    /// Share of the requests that the application answers from a cache of its own: they are planned,
    /// and never sent.
    #[serde(default)]
    pub cache_hit_rate: f64,
    /// Lengths that were recorded, by position in the plan, in place of drawn ones.
    #[serde(skip)]
    pub trace: Option<Trace>,
    pub slo: Vec<Slo>,
    /// Where the numbers come from, and when they were taken.
    pub source: String,
    pub date: String,
}

impl Workload {
    /// Every request the same: what tests and benches compute by hand.
    pub fn fixed(input: u32, output: u32) -> Self {
        Self {
            schema: 1,
            name: "fixed".into(),
            summary: format!("{input} tokens in, {output} out"),
            input: TokenLengths::fixed(input),
            output: TokenLengths::fixed(output),
            max_tokens: output,
            sensitivity: None,
            token_multiplier: unchanged(),
            cache_hit_rate: 0.0,
            trace: None,
            slo: Vec::new(),
            source: "no distribution at all".into(),
            date: "2026-11-23".into(),
        }
    }

    /// # Errors
    /// When a number in it makes no sense.
    pub fn check(&self) -> Result<(), String> {
        let lengths = [("input", &self.input), ("output", &self.output)];
        if let Some((key, _)) = lengths.iter().find(|(_, l)| l.p50 == 0 || l.p95 < l.p50 || l.max < l.p50) {
            return Err(format!("{key}: must be 0 < p50 <= p95, and max not below p50"));
        }
        if self.max_tokens == 0 {
            return Err("max_tokens must be at least 1".into());
        }
        if !(self.token_multiplier > 0.0 && self.token_multiplier <= 10.0) {
            return Err(format!("token_multiplier must be above 0 and at most 10, not {}", self.token_multiplier));
        }
        if !(0.0..1.0).contains(&self.cache_hit_rate) {
            return Err(format!("cache_hit_rate must be from 0 to below 1, not {}", self.cache_hit_rate));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::seed::{Purpose, Seed};

    #[test]
    fn lengths_have_the_percentiles_that_were_asked_for() {
        let lengths = TokenLengths { p50: 400, p95: 1_200, max: 100_000 };
        let law = lengths.law();
        let mut drawn: Vec<u32> =
            (0..40_000).map(|i| law.sample(&mut Seed(1).indexed(Purpose::InputLength, i))).collect();
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
        assert!((0..100).all(|i| lengths.law().sample(&mut Seed(1).indexed(Purpose::InputLength, i)) == 12));
        assert_eq!(lengths.mean(), 12.0);
    }
}
