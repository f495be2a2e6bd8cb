//! How much of what clients send, and are sent, is in memory at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Of requests and their answers: forty of the largest bodies, or a hundred thousand requests that wait.
pub const MOST: usize = 1 << 30;

/// Of bytes on the way to the mock and back. One thread moves less in the longest round trip, so only those fill it up
/// who send and do not listen.
pub const MOST_ON_THE_WAY: usize = 1 << 29;

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

/// What one request or one direction of a connection holds; dropped, it is given back.
#[derive(Debug)]
pub struct Holding {
    of: Arc<Held>,
    bytes: usize,
}

impl Holding {
    /// Whether there is room for `bytes` more; then they are held.
    pub fn more(&mut self, bytes: usize) -> bool {
        self.hold(self.bytes.saturating_add(bytes))
    }

    /// Whether there is room for `bytes` in all, as there is for fewer than before; then they are held.
    pub fn hold(&mut self, bytes: usize) -> bool {
        let left = &self.of.left;
        let fits = match bytes.checked_sub(self.bytes) {
            Some(0) => true,
            Some(more) => {
                left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(more)).is_ok()
            }
            None => {
                left.fetch_add(self.bytes - bytes, Ordering::Relaxed);
                true
            }
        };
        if fits {
            self.bytes = bytes;
        }
        fits
    }
}

impl Drop for Holding {
    fn drop(&mut self) {
        self.hold(0);
    }
}
