//! Firing: the pacer keeps the plan, the driver carries out what the policies decide, and the
//! collector writes down what happened.

mod collect;
mod lead;
mod live;
mod pacer;
mod progress;
mod signals;
pub mod sim;
mod workers;

pub use collect::Collector;
pub use live::{Ending, Firing, RouteSpec, RunSpec, run};
pub use progress::{Display, Progress};
pub use signals::{LeaveAtSignal, Signals, watch_in_background};

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::core::units::Rate;

/// Requests in flight that a route may have: 20 s worth of its load, so that only one that hangs is cut.
pub fn usual_in_flight(peak: Rate) -> usize {
    ((peak.0 * 20.0).ceil() as usize).max(64)
}

/// Connections opened before the start: 2 s worth of the load.
pub fn usual_prewarm(peak: Rate) -> usize {
    (peak.0 * 2.0).ceil() as usize
}

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

/// Requests sent so far, for progress: records come only with the answers.
#[derive(Debug)]
pub struct SentCounts(Vec<[AtomicU64; 2]>);

impl SentCounts {
    pub fn new(routes: usize) -> Self {
        Self((0..routes).map(|_| Default::default()).collect())
    }

    fn add(&self, route: usize, measured: bool) {
        self.0[route][usize::from(measured)].fetch_add(1, Ordering::Relaxed);
    }

    /// In the measured time, or else in the warm-up.
    fn get(&self, route: usize, measured: bool) -> u64 {
        self.0[route][usize::from(measured)].load(Ordering::Relaxed)
    }
}
