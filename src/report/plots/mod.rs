//! Plots as SVG: one file per plot, and one line here. Text stays text, so that a reader can
//! search and copy it; the same report gives the same bytes.

mod axis;
mod canvas;
pub mod compare;
#[cfg(test)]
mod fixture;
mod histograms;
mod palette;
mod parts;
mod percentiles;
mod percentiles_title;
mod quantiles;
mod shares;
mod style;
pub mod sweep;
#[cfg(test)]
mod tests;
mod timeline;

use super::Report;

/// What a plot is about: the page shows it beside the numbers that it draws.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Topic {
    /// How long answers take.
    Latency,
    /// What happened as the run went on.
    Course,
    /// What the time was spent on.
    Time,
    /// Which Region did how much.
    Place,
}

/// One plot.
pub struct Plot {
    /// Name of its file under `plots/`.
    pub file: &'static str,
    /// What it shows, in one line.
    pub summary: &'static str,
    pub topic: Topic,
    pub draw: fn(&Report<'_>) -> String,
}

/// Every plot that a run leaves.
pub static PLOTS: &[Plot] =
    &[percentiles::RESPONSE, percentiles::TTFT, timeline::PLOT, parts::PLOT, histograms::PLOT, shares::PLOT];
