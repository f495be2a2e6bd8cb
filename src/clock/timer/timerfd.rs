//! Linux: a timer that the runtime's own poll waits for. No thread has to be woken to wake a task.

use std::io;
use std::os::fd::OwnedFd;
use std::sync::{Arc, Weak};
use std::time::Instant;

use rustix::time::{
    Itimerspec, TimerfdClockId, TimerfdFlags, TimerfdTimerFlags, Timespec, timerfd_create, timerfd_settime,
};
use tokio::io::AsyncReadExt;
use tokio::net::unix::pipe::Receiver;

use super::{Alarm, Shared};

struct Timerfd(OwnedFd);

pub fn start_alarm(shared: &Arc<Shared>) -> io::Result<Box<dyn Alarm>> {
    let flags = TimerfdFlags::NONBLOCK | TimerfdFlags::CLOEXEC;
    let timer = timerfd_create(TimerfdClockId::Monotonic, flags)?;
    // A timer is read like a pipe: eight bytes once it has gone off, nothing before.
    let expirations = Receiver::from_owned_fd_unchecked(timer.try_clone()?)?;
    tokio::spawn(serve(expirations, Arc::downgrade(shared)));
    Ok(Box::new(Timerfd(timer)))
}

/// Until the last timer is dropped or the runtime ends.
async fn serve(mut expirations: Receiver, shared: Weak<Shared>) {
    // How often it went off does not matter: whoever is due is found by the clock.
    while expirations.read_u64_le().await.is_ok() {
        let Some(shared) = shared.upgrade() else { return };
        shared.ring();
    }
}

impl Alarm for Timerfd {
    fn set(&self, at: Instant) {
        // Zero would disarm the timer; what is due already goes off at once.
        let left = at.saturating_duration_since(crate::clock::monotonic()).as_nanos().max(1);
        let value = Timespec { tv_sec: (left / 1_000_000_000) as i64, tv_nsec: (left % 1_000_000_000) as i64 };
        let once = Itimerspec { it_interval: Timespec { tv_sec: 0, tv_nsec: 0 }, it_value: value };
        timerfd_settime(&self.0, TimerfdTimerFlags::empty(), &once).expect("a valid time on a timer of ours");
    }
}

impl Drop for Timerfd {
    fn drop(&mut self) {
        // Lets `serve` see that nobody is left.
        self.set(crate::clock::monotonic());
    }
}
