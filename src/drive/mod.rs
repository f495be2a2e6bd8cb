//! Firing: the pacer keeps the plan, the driver carries out what the policies decide, and the
//! collector writes down what happened.

mod collect;
mod live;
mod pacer;
mod progress;
mod signals;

pub use collect::Collector;
pub use live::{Ending, RouteSpec, RunSpec, run};
pub use progress::{Display, Progress};
pub use signals::next_signal;

use std::sync::atomic::{AtomicBool, Ordering};

/// Tells everybody to stop firing. What is in flight is still waited for.
#[derive(Debug, Default)]
pub struct Stop(AtomicBool);

impl Stop {
    pub fn ask(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn asked(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
