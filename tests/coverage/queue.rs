//! M/M/c, exactly: Poisson arrivals, exponential service, first come first served, begun in its stationary state.

use bedbench::core::Seed;
use bedbench::core::seed::{Draws, Purpose};
use rand::RngExt;

/// Seconds in which one of its servers answers, on average.
pub const SERVICE: f64 = 0.1;

#[derive(Clone, Copy)]
pub struct Queue {
    pub servers: usize,
    pub utilisation: f64,
}

/// One customer, in seconds.
#[derive(Clone, Copy)]
pub struct Customer {
    pub arrived: f64,
    pub waited: f64,
    pub served: f64,
}

impl Queue {
    /// Arrivals per second.
    pub fn rate(self) -> f64 {
        self.servers as f64 * self.utilisation / SERVICE
    }

    /// Seconds after which the queue has forgotten its state but for the share 1/e, at worst:
    /// 1 / (√(cμ) − √λ)². It holds from (1 − ρ)√c < 1.857 on (Gamarnik and Goldberg 2013, "On the rate of convergence to
    /// stationarity of the M/M/n queue in the Halfin-Whitt regime"); here that is 0.447.
    pub fn relaxation(self) -> f64 {
        SERVICE / ((self.servers as f64).sqrt() - (self.rate() * SERVICE).sqrt()).powi(2)
    }

    /// Erlang's C: the probability that an arrival has to wait.
    fn waits(self) -> f64 {
        let offered = self.rate() * SERVICE;
        let (mut term, mut below) = (1.0, 0.0);
        for k in 0..self.servers {
            below += term;
            term *= offered / (k + 1) as f64;
        }
        term / (term + (1.0 - self.utilisation) * below)
    }

    /// P(sojourn > t): the wait is 0, or exponential with the rate cμ − λ; then comes the service.
    fn sojourn_beyond(self, t: f64) -> f64 {
        let (waits, service, drain) = (self.waits(), 1.0 / SERVICE, self.servers as f64 / SERVICE - self.rate());
        let both = (drain * (-service * t).exp() - service * (-drain * t).exp()) / (drain - service);
        (1.0 - waits) * (-service * t).exp() + waits * both
    }

    /// The true quantile of the sojourn time, in seconds.
    pub fn sojourn(self, q: f64) -> f64 {
        let (mut low, mut high) = (0.0, 1_000.0 * SERVICE);
        for _ in 0..100 {
            let middle = (low + high) / 2.0;
            if self.sojourn_beyond(middle) > 1.0 - q { low = middle } else { high = middle }
        }
        low
    }

    /// The true quantile of the wait alone, which is what is correlated, in seconds.
    pub fn wait(self, q: f64) -> f64 {
        ((self.waits() / (1.0 - q)).ln() / (self.servers as f64 / SERVICE - self.rate())).max(0.0)
    }

    /// Everybody who arrives within `length` seconds.
    pub fn customers(self, length: f64, seed: u64) -> impl Iterator<Item = Customer> {
        let mut draws = Seed(seed).stream(Purpose::Arrivals);
        let mut free = vec![0.0; self.servers];
        for _ in 0..self.present(&mut draws) {
            *earliest(&mut free) += SERVICE * exponential(&mut draws);
        }
        let mut now = 0.0;
        std::iter::from_fn(move || {
            now += exponential(&mut draws) / self.rate();
            let served = SERVICE * exponential(&mut draws);
            let server = earliest(&mut free);
            let waited = (*server - now).max(0.0);
            *server = now + waited + served;
            (now < length).then_some(Customer { arrived: now, waited, served })
        })
    }

    /// How many are there in the stationary state. Service has no memory, so what remains of theirs is exponential.
    fn present(self, draws: &mut Draws) -> usize {
        let offered = self.rate() * SERVICE;
        let weight = |k: usize| if k <= self.servers { offered / k as f64 } else { self.utilisation };
        let weights = std::iter::successors(Some((0, 1.0)), |(k, w)| Some((k + 1, w * weight(k + 1))));
        let weights: Vec<f64> = weights.map(|(_, weight)| weight).take(40 * self.servers).collect();
        let mut left = draws.random::<f64>() * weights.iter().sum::<f64>();
        weights
            .iter()
            .take_while(|weight| {
                left -= **weight;
                left > 0.0
            })
            .count()
    }
}

pub fn exponential(draws: &mut Draws) -> f64 {
    -(1.0 - draws.random::<f64>()).ln()
}

fn earliest(free: &mut [f64]) -> &mut f64 {
    free.iter_mut().min_by(|a, b| a.total_cmp(b)).expect("there is a server")
}
