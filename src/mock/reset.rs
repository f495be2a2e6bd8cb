//! Resetting a connection from inside a request: the handler pulls, the socket is reset when all that
//! was sent before has arrived.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Waker};

use tokio::net::TcpStream;

/// One per connection; every request on it carries a clone.
#[derive(Clone, Debug, Default)]
pub struct ResetSwitch(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    pulled: AtomicBool,
    connection: Mutex<Option<Waker>>,
}

impl ResetSwitch {
    pub fn pull(&self) {
        self.0.pulled.store(true, Ordering::Release);
        let waker = self.0.connection.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(waker) = waker {
            waker.wake();
        }
    }

    /// Whether it was pulled; if not, the connection is woken when it is.
    pub fn is_pulled(&self, cx: &Context<'_>) -> bool {
        if !self.0.pulled.load(Ordering::Acquire) {
            *self.0.connection.lock().unwrap_or_else(PoisonError::into_inner) = Some(cx.waker().clone());
        }
        // Once more: it may have been pulled while the waker was put down.
        self.0.pulled.load(Ordering::Acquire)
    }
}

/// A socket that can end without a farewell.
pub trait Abort {
    /// Dropped after this, the other side sees a reset.
    fn abort(&self);
}

impl Abort for TcpStream {
    fn abort(&self) {
        // A socket that is gone already needs no reset.
        let _ = self.set_zero_linger();
    }
}
