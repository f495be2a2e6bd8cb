//! The only place that reads a clock or sleeps: wall time, precise sleep, CPU time.
//!
//! A runtime's timer is no instrument: tokio's wakes 1.0–1.5 ms late at the median. A thread that
//! sleeps with a timer slack of 1 ns wakes some tens of microseconds late.
#![allow(clippy::disallowed_methods)]

mod sleeper;
mod timer;

pub use sleeper::Sleeper;
pub use timer::{Sleep, Timer};

use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::core::RunTime;

/// Run time on this machine's monotonic clock. It stands at zero until it is started, so that
/// everything can be got ready before the plan begins. Clones show the same time.
#[derive(Clone, Debug, Default)]
pub struct Clock(Arc<OnceLock<Zero>>);

#[derive(Clone, Copy, Debug)]
struct Zero {
    instant: Instant,
    unix_nanos: u64,
}

impl Clock {
    /// Run time zero is now, unless the clock is running already.
    pub fn start(&self) {
        self.start_at(0);
    }

    /// Run time zero is at this time of day, in nanoseconds since 1970, or now where that has passed.
    pub fn start_at(&self, at: u64) {
        self.0.get_or_init(|| {
            let (instant, now) = (monotonic(), unix_nanos());
            Zero { instant: instant + Duration::from_nanos(at.saturating_sub(now)), unix_nanos: now.max(at) }
        });
    }

    pub fn now(&self) -> RunTime {
        let since = |zero: &Zero| RunTime::from_duration(monotonic().saturating_duration_since(zero.instant));
        self.0.get().map_or(RunTime::ZERO, since)
    }

    /// When `at` is on the monotonic clock.
    pub fn instant(&self, at: RunTime) -> Instant {
        self.0.get().map_or_else(monotonic, |zero| zero.instant) + at.since_start()
    }

    /// Run time zero as nanoseconds since 1970; absent before the start.
    pub fn zero_unix_nanos(&self) -> Option<u64> {
        self.0.get().map(|zero| zero.unix_nanos)
    }
}

/// Sleeps on this thread until `deadline` or a little longer: for what need not be precise, where [`Sleeper`] is.
pub fn sleep_until(deadline: Instant) {
    std::thread::sleep(deadline.saturating_duration_since(Instant::now()));
}

/// Asks the kernel not to batch this thread's wake-ups. Elsewhere than on Linux there is no such
/// setting, and none is needed.
pub fn sharpen_this_thread() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::thread::set_current_timer_slack(std::num::NonZeroU64::new(1)) {
        // Precision suffers, and dispatch lag will show by how much.
        say!("bedbench: cannot set the timer slack: {error}");
    }
}

/// CPU time that this thread has used so far; absent where the platform does not tell.
pub fn thread_cpu_time() -> Option<Duration> {
    #[cfg(target_os = "linux")]
    {
        let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
        Some(Duration::new(u64::try_from(time.tv_sec).ok()?, u32::try_from(time.tv_nsec).ok()?))
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// This machine's monotonic clock.
pub fn monotonic() -> Instant {
    Instant::now()
}

/// The time of day, for what others stamp with theirs.
pub fn wall() -> SystemTime {
    SystemTime::now()
}

/// Nanoseconds since 1970.
pub fn unix_nanos() -> u64 {
    let unix = wall().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(unix.as_nanos()).unwrap_or(u64::MAX)
}
