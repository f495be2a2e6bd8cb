//! How much of what clients send is in memory at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Forty of the largest bodies, or a million usual ones.
pub const MOST: usize = 1 << 30;

/// Room for bytes, shared by all connections.
#[derive(Debug)]
pub struct Held {
    left: AtomicUsize,
}

impl Held {
    pub fn new(bytes: usize) -> Arc<Self> {
        Arc::new(Self { left: AtomicUsize::new(bytes) })
    }

    pub fn none(self: &Arc<Self>) -> Holding {
        Holding { of: self.clone(), bytes: 0 }
    }
}

/// What one request holds; dropped, it is given back.
#[derive(Debug)]
pub struct Holding {
    of: Arc<Held>,
    bytes: usize,
}

impl Holding {
    /// Whether there is room for `bytes` more; then they are held.
    pub fn more(&mut self, bytes: usize) -> bool {
        let taken = self.of.left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(bytes));
        self.bytes += if taken.is_ok() { bytes } else { 0 };
        taken.is_ok()
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.of.left.fetch_add(self.bytes, Ordering::Relaxed);
    }
}
