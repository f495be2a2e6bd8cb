//! Plots of a sweep: something against the load, a line per route, a band over its seeds.

mod chart;
mod cost;
mod jurisdictions;
mod latency;
#[cfg(test)]
mod tests;
mod throttling;
mod turns;

use crate::sweep::Sweep;

pub struct SweepPlot {
    /// Name of its file under `plots/`.
    pub file: &'static str,
    pub draw: fn(&Sweep) -> String,
}

/// Every plot that a sweep leaves.
pub static SWEEP_PLOTS: &[SweepPlot] = &[latency::PLOT, throttling::PLOT, jurisdictions::PLOT, cost::PLOT];
