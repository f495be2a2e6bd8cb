//! Distributions of service times.

use std::time::Duration;

use rand::RngExt;
use rand_distr::{Distribution, Exp1, Gamma};

use crate::core::log_normal::ByPercentiles;
use crate::core::seed::Draws;
use crate::core::time::{scale, span_of};

/// No draw takes longer, so that sums and multiples of draws stay within what a `Duration` holds.
const LONGEST: f64 = 1e6;

/// How long something takes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Law {
    Fixed(Duration),
    /// By its mean.
    Exponential(Duration),
    /// In seconds; made by [`Law::gamma`].
    Gamma {
        mean: Duration,
        seconds: Gamma<f64>,
    },
    /// In seconds; made by [`Law::log_normal`].
    LogNormal(ByPercentiles),
    /// A table of (quantile, time) from 0 to 1, both ascending, with straight lines between.
    Quantiles([(f64, Duration); 5]),
}

impl Law {
    /// By its median and 95th percentile: the two numbers that people publish. `p50` is above zero,
    /// and `p95` not below it.
    pub fn log_normal(p50: Duration, p95: Duration) -> Self {
        Self::LogNormal(ByPercentiles::new(p50.as_secs_f64(), p95.as_secs_f64()))
    }

    /// By its mean and shape: shape 1 is exponential, and the coefficient of variation is 1/√shape.
    ///
    /// # Errors
    /// When either is not above zero and finite.
    pub fn gamma(mean: Duration, shape: f64) -> Result<Self, rand_distr::GammaError> {
        Ok(Self::Gamma { mean, seconds: Gamma::new(shape, mean.as_secs_f64() / shape)? })
    }

    pub fn sample(&self, draws: &mut Draws) -> Duration {
        match self {
            Self::Fixed(time) => *time,
            Self::Exponential(mean) => {
                let times_the_mean: f64 = Exp1.sample(draws);
                capped(mean.as_secs_f64() * times_the_mean)
            }
            Self::Gamma { seconds, .. } => capped(seconds.sample(draws)),
            Self::LogNormal(seconds) => capped(seconds.sample(draws)),
            Self::Quantiles(table) => at_quantile(table, draws.random()),
        }
    }

    pub fn mean(&self) -> Duration {
        match self {
            Self::Fixed(time) | Self::Exponential(time) | Self::Gamma { mean: time, .. } => *time,
            Self::LogNormal(seconds) => capped(seconds.mean()),
            Self::Quantiles(table) => {
                let strips =
                    table.windows(2).map(|pair| (pair[0].1 + pair[1].1).mul_f64((pair[1].0 - pair[0].0) / 2.0));
                strips.sum()
            }
        }
    }
}

fn at_quantile(table: &[(f64, Duration)], q: f64) -> Duration {
    let above = table.partition_point(|(quantile, _)| *quantile <= q).clamp(1, table.len() - 1);
    let ((q0, low), (q1, high)) = (table[above - 1], table[above]);
    low + scale(high - low, (q - q0) / (q1 - q0))
}

fn capped(seconds: f64) -> Duration {
    span_of(seconds.min(LONGEST))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::seed::{Purpose, Seed};

    #[test]
    fn a_log_normal_has_the_percentiles_it_is_named_by() {
        let ms = Duration::from_millis;
        let law = Law::log_normal(ms(800), ms(1_600));
        let mut draws = Seed(9).stream(Purpose::FirstToken);
        let mut times: Vec<_> = (0..50_000).map(|_| law.sample(&mut draws)).collect();
        times.sort_unstable();
        let near = |time: Duration, expected: u64| (time.as_secs_f64() * 1e3 / expected as f64 - 1.0).abs() < 0.02;
        assert!(near(times[25_000], 800), "p50 {:?}", times[25_000]);
        assert!(near(times[47_500], 1_600), "p95 {:?}", times[47_500]);
        let mean = times.iter().sum::<Duration>() / 50_000;
        assert!((mean.as_secs_f64() / law.mean().as_secs_f64() - 1.0).abs() < 0.01, "mean {mean:?}");
    }

    #[test]
    fn an_exponential_and_a_gamma_have_their_mean_and_their_spread() {
        let mean = Duration::from_millis(500);
        let gamma = |shape| Law::gamma(mean, shape).unwrap();
        // The exponential's coefficient of variation is 1, a gamma's 1/√shape.
        for (law, variation) in [(Law::Exponential(mean), 1.0), (gamma(4.0), 0.5), (gamma(0.25), 2.0)] {
            let mut draws = Seed(9).stream(Purpose::FirstToken);
            let times: Vec<_> = (0..100_000).map(|_| law.sample(&mut draws).as_secs_f64()).collect();
            let drawn = times.iter().sum::<f64>() / 1e5;
            let deviation = (times.iter().map(|time| (time - drawn).powi(2)).sum::<f64>() / 1e5).sqrt();
            assert!((drawn / 0.5 - 1.0).abs() < 0.02, "{law:?}: mean {drawn}");
            assert!((deviation / drawn / variation - 1.0).abs() < 0.03, "{law:?}: deviation {deviation}");
            assert_eq!(law.mean(), mean);
        }
        assert!(Law::gamma(mean, 0.0).is_err() && Law::gamma(Duration::ZERO, 1.0).is_err());
    }

    #[test]
    fn a_table_of_quantiles_is_met_at_each_and_has_the_mean_of_its_strips() {
        let ms = Duration::from_millis;
        let law = Law::Quantiles([(0.0, ms(100)), (0.5, ms(200)), (0.7, ms(400)), (0.9, ms(600)), (1.0, ms(1_000))]);
        let mut draws = Seed(9).stream(Purpose::FirstToken);
        let mut times: Vec<_> = (0..100_000).map(|_| law.sample(&mut draws)).collect();
        times.sort_unstable();
        for (rank, expected) in [(25_000, 150.0), (50_000, 200.0), (70_000, 400.0), (90_000, 600.0), (95_000, 800.0)] {
            let time = times[rank].as_secs_f64() * 1e3;
            assert!((time / expected - 1.0).abs() < 0.02, "{rank}: {time} ms");
        }
        assert!(times[0] >= ms(100) && times[99_999] <= ms(1_000));
        // 0.5 of 150, 0.4 of 400 and 0.1 of 800 ms.
        assert_eq!(law.mean(), ms(315));
    }

    #[test]
    fn a_spread_beyond_all_sense_is_long_and_no_panic() {
        let law = Law::log_normal(Duration::from_nanos(1), Duration::from_secs(1_000_000_000));
        let mut draws = Seed(9).stream(Purpose::FirstToken);
        let longest = (0..1_000).map(|_| law.sample(&mut draws)).max().unwrap();
        assert_eq!(longest.max(law.mean()), Duration::from_secs(1_000_000));
    }
}
