//! Whether a fault has done its work: the answer that it spoils knows, and the log wants to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// Clones know the same.
#[derive(Clone, Debug, Default)]
pub struct Strike(Arc<AtomicBool>);

impl Strike {
    pub fn happens(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    pub fn has_happened(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}
