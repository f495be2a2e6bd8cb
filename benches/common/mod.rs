//! What the benches share: short settings, and the house's own data instead of invented numbers.

use std::time::Duration;

use bedbench::plan::workload::Workload;
use bedbench::profile::Loader;
use criterion::Criterion;

/// Short: these benches guard against a step change, they do not chase a percent.
pub fn settings() -> Criterion {
    Criterion::default()
        .sample_size(20)
        .warm_up_time(Duration::from_millis(300))
        .measurement_time(Duration::from_secs(1))
}

#[allow(dead_code, reason = "every bench compiles this file for itself, and not all draw requests")]
pub fn workload() -> Workload {
    Loader::built_in().unwrap().workload("chat").expect("it ships with the house")
}
