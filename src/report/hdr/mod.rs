//! What HdrHistogram's own tools read: an interval log, and percentile distributions as text.

mod log;
mod percentiles;

pub use log::FORMAT as LOG;
pub use percentiles::SET as PERCENTILES;

use crate::core::Metric;

/// What is handed on, and the word for it in names.
const METRICS: [(Metric, &str); 3] =
    [(Metric::Response, "response"), (Metric::Ttft, "ttft"), (Metric::Service, "service")];
