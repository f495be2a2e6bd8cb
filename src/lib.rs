//! Open-loop load testing and latency benchmarks for Amazon Bedrock, as seen from Sydney.
pub mod bedrock;
pub mod cli;
pub mod clock;
pub mod core;
pub mod drive;
pub mod measure;
pub mod mock;
pub mod plan;
pub mod profile;
pub mod region;
pub mod report;
pub mod routing;
pub mod stats;
pub mod store;
