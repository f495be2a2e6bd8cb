//! How much of a budget is taken, while a run goes on: what is spent, and what may still be.

use std::sync::{Mutex, PoisonError};

use crate::core::price::Price;
use crate::core::record::Usage;

/// Shared by all routes of a run. An attempt is paid for before it is sent, at the most that it can cost: a token for
/// each byte of its prompt, and `max_tokens`. When its usage is known, the rest comes back; one that ends without
/// usage, as at a time limit or when a hedge has lost, keeps its reservation, for nobody knows what AWS charges for it.
#[derive(Debug)]
pub struct Purse {
    /// USD.
    budget: f64,
    taken: Mutex<Taken>,
}

#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Taken {
    /// Attempts whose usage is known.
    spent: f64,
    /// Attempts in flight, and those that never told.
    reserved: f64,
    refused: bool,
}

/// What is held back for one attempt. To be given back by [`Purse::settle`] or [`Purse::release`].
#[derive(Debug, PartialEq)]
#[must_use]
pub struct Reservation(f64);

impl Purse {
    /// With so many USD in it.
    pub fn new(budget: f64) -> Self {
        Self { budget, taken: Mutex::default() }
    }

    /// Holds back the most that an attempt can cost. `None` when that would pass the budget.
    pub fn reserve(&self, price: &Price, prompt_bytes: usize, max_tokens: u32) -> Option<Reservation> {
        let most = price.of(prompt_bytes as f64, f64::from(max_tokens));
        let mut taken = self.lock();
        if taken.spent + taken.reserved + most > self.budget {
            taken.refused = true;
            return None;
        }
        taken.reserved += most;
        Some(Reservation(most))
    }

    /// The attempt has told what it used.
    pub fn settle(&self, reservation: Reservation, price: &Price, usage: Usage) {
        let mut taken = self.lock();
        taken.reserved -= reservation.0;
        taken.spent += price.of(f64::from(usage.input_tokens), f64::from(usage.output_tokens));
    }

    /// The service refused the attempt, which costs nothing.
    pub fn release(&self, reservation: Reservation) {
        self.lock().reserved -= reservation.0;
    }

    /// Most that has been spent, in USD: what was told, and the reservations of those who never told.
    pub fn taken(&self) -> f64 {
        let taken = self.lock();
        taken.spent + taken.reserved.max(0.0)
    }

    pub fn budget(&self) -> f64 {
        self.budget
    }

    /// Whether an attempt was not sent for the budget's sake.
    pub fn has_refused(&self) -> bool {
        self.lock().refused
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Taken> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn price() -> Price {
        Price { input: 2.0, output: 10.0, source: "test".into(), date: "2026-11-23".into() }
    }

    #[test]
    fn what_is_known_replaces_what_was_held_back() {
        let purse = Purse::new(1.0);
        // 100,000 bytes at 2 USD, and 10,000 tokens at 10 USD per million.
        let held = purse.reserve(&price(), 100_000, 10_000).unwrap();
        assert!((purse.taken() - 0.3).abs() < 1e-12);
        purse.settle(held, &price(), Usage { input_tokens: 25_000, output_tokens: 1_000 });
        assert!((purse.taken() - 0.06).abs() < 1e-12);
    }

    #[test]
    fn nothing_is_sent_that_could_pass_the_budget() {
        let purse = Purse::new(0.5);
        let first = purse.reserve(&price(), 100_000, 10_000).unwrap();
        assert!(!purse.has_refused());
        assert_eq!(purse.reserve(&price(), 100_000, 10_000), None);
        assert!(purse.has_refused());
        purse.release(first);
        assert_eq!(purse.taken(), 0.0);
        let _held = purse.reserve(&price(), 100_000, 10_000).unwrap();
    }

    proptest! {
        /// Usage is never above a token per byte and `max_tokens`.
        #[test]
        fn the_budget_is_never_passed(
            attempts in prop::collection::vec((1_usize..50_000, 1_u32..5_000, 0.0_f64..=1.0, 0_u8..3), 1..200),
        ) {
            let purse = Purse::new(0.5);
            for (bytes, most, share, end) in attempts {
                let Some(held) = purse.reserve(&price(), bytes, most) else { continue };
                prop_assert!(purse.taken() <= 0.5 + 1e-9);
                let part = |of: f64| (of * share) as u32;
                match end {
                    0 => purse.settle(held, &price(), Usage {
                        input_tokens: part(bytes as f64), output_tokens: part(f64::from(most)),
                    }),
                    1 => purse.release(held),
                    _ => drop(held),
                }
                prop_assert!(purse.taken() <= 0.5 + 1e-9);
            }
        }
    }
}
