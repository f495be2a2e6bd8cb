//! The results folder: what a run leaves, never overwritten, readable after a crash.

pub mod manifest;

pub use manifest::Manifest;
