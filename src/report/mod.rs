//! What people look at. Every report is a re-reading of the records.

pub mod plots;

use crate::measure::{Recorder, Summary};
use crate::store::Manifest;

/// What every format is rendered from.
#[derive(Clone, Copy)]
pub struct Report<'a> {
    pub manifest: &'a Manifest,
    pub summary: &'a Summary,
    pub recorder: &'a Recorder,
}
