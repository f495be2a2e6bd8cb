//! Plots as SVG: one file per plot, and one line here. Text stays text, so that a reader can
//! search and copy it; the same report gives the same bytes.

mod axis;
mod canvas;
pub mod compare;
#[cfg(test)]
mod fixture;
mod histograms;
mod percentiles;
mod style;
pub mod sweep;
#[cfg(test)]
mod tests;
mod timeline;

use super::Report;

/// One plot.
pub struct Plot {
    /// Name of its file under `plots/`.
    pub file: &'static str,
    /// What it shows, in one line.
    pub summary: &'static str,
    pub draw: fn(&Report<'_>) -> String,
}

/// Every plot that a run leaves.
pub static PLOTS: &[Plot] = &[percentiles::PLOT, histograms::PLOT, timeline::PLOT];
