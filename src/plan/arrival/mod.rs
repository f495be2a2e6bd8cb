//! Arrival processes. None of them looks at completions: that is what makes the loop open.

mod constant;
mod gamma;
mod poisson;
#[cfg(test)]
mod tests;
mod trace;

use crate::core::Seed;
use crate::plan::trace::Trace;

/// Arrivals one after the other, never going back, at a mean rate of one. What rate they have in
/// the end, and when, is the business of [`RateCurve`](super::rate_curve::RateCurve).
pub trait ArrivalProcess: Send {
    /// How many arrivals are to be expected by the time of the next one; `None` when there are no
    /// more.
    fn next_arrival(&mut self) -> Option<f64>;
}

/// What some of the processes are told beside the seed.
#[derive(Clone, Debug, Default)]
pub struct Settings {
    /// Shape of the gamma distribution of the gaps.
    pub burstiness: Option<f64>,
    pub trace: Option<Trace>,
}

/// A setting that only some processes heed; elsewhere it would be a lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Setting {
    Burstiness,
    Trace,
}

/// One kind of arrivals: `--arrival`, its help and the tests over all kinds follow from the list.
pub struct Entry {
    pub name: &'static str,
    pub summary: &'static str,
    pub heeds: Option<Setting>,
    pub build: fn(&Settings, Seed) -> Box<dyn ArrivalProcess>,
}

/// To add an arrival process: one file with an [`Entry`], one line here. The first is the default.
pub static ARRIVALS: &[Entry] = &[poisson::ENTRY, constant::ENTRY, gamma::ENTRY, trace::ENTRY];

pub fn find(name: &str) -> Option<&'static Entry> {
    ARRIVALS.iter().find(|entry| entry.name == name)
}

/// The process that heeds `setting`.
pub fn heeding(setting: Setting) -> Option<&'static Entry> {
    ARRIVALS.iter().find(|entry| entry.heeds == Some(setting))
}
