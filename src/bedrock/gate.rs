//! Prepared early, sent on time.
//!
//! Serialising and signing take the SDK some hundred microseconds. Done at the planned instant,
//! they would be the generator's own lateness; so they are done a little before it, and the
//! finished request waits at a gate in front of the transport. What comes late to an open gate
//! passes at once, and its lateness shows.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use tokio::sync::Notify;

/// Opens a [`Gate`]. Dropped unopened, whoever waits knows that the gate will never open.
#[derive(Debug)]
pub struct Opener(Arc<Shared>);

/// What somebody waits at. Clones wait at the same gate.
#[derive(Clone, Debug)]
pub struct Gate(Arc<Shared>);

/// A watch channel would do, at five times the size: there is one for every request, and one more for every attempt.
#[derive(Debug, Default)]
struct Shared {
    state: AtomicU8,
    changed: Notify,
}

const OPEN: u8 = 1;
const SHUT_FOR_GOOD: u8 = 2;

impl Gate {
    pub fn closed() -> (Opener, Self) {
        let shared = Arc::<Shared>::default();
        (Opener(shared.clone()), Self(shared))
    }

    /// True once it is open, false if it will never be.
    pub async fn passed(&self) -> bool {
        loop {
            // Taken before the look: a change after it wakes whoever took it.
            let changed = self.0.changed.notified();
            match self.0.state.load(Ordering::Acquire) {
                OPEN => return true,
                SHUT_FOR_GOOD => return false,
                _ => changed.await,
            }
        }
    }

    /// Completes only when it has become certain that the gate stays shut.
    pub async fn never_opens(&self) {
        if self.passed().await {
            std::future::pending::<()>().await;
        }
    }
}

impl Opener {
    pub fn open(self) {
        self.0.settle(OPEN);
    }
}

impl Drop for Opener {
    fn drop(&mut self) {
        self.0.settle(SHUT_FOR_GOOD);
    }
}

impl Shared {
    /// The first word stands.
    fn settle(&self, state: u8) {
        if self.state.compare_exchange(0, state, Ordering::AcqRel, Ordering::Acquire).is_ok() {
            self.changed.notify_waiters();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn all_who_wait_pass_when_it_opens_and_none_when_it_never_does() {
        for opens in [true, false] {
            let (opener, gate) = Gate::closed();
            let waiting: Vec<_> = (0..3)
                .map(|_| {
                    let gate = gate.clone();
                    tokio::spawn(async move { gate.passed().await })
                })
                .collect();
            tokio::task::yield_now().await;
            if opens {
                opener.open();
            } else {
                drop(opener);
            }
            for waiter in waiting {
                assert_eq!(waiter.await.unwrap(), opens);
            }
            assert_eq!(gate.passed().await, opens, "who comes later is told the same");
        }
    }
}
