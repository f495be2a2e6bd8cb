//! The results folder: what a run leaves, never overwritten, readable after a crash.

pub mod folder;
pub mod manifest;
pub mod merge;
pub mod read;
pub mod rows;

pub use folder::Folder;
pub use manifest::Manifest;
pub use read::Run;
