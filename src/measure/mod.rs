//! From records to numbers: histograms, time buckets, percentiles with their uncertainty, and the
//! run's verdict on itself. Pure: the same records give the same numbers, now or years later.

pub mod clients;
mod comparison;
pub mod cost;
pub mod course;
pub mod gate;
pub mod parts;
mod percentiles;
pub mod recorder;
pub mod selftest;
pub mod series;
mod summarise;
pub mod summary;
pub mod verdict;
pub mod versus;

pub use recorder::Recorder;
pub use series::Histogram;
pub use summarise::Context;
pub use summary::Summary;
pub use verdict::Verdict;
