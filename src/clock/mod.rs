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
///
/// Durations come from the monotonic clock alone. The time of day is looked at once, at zero, and is a label in UTC:
/// what NTP, a suspended machine or somebody's hand makes of it later changes no number.
#[derive(Clone, Debug, Default)]
pub struct Clock {
    zero: Arc<OnceLock<Zero>>,
    source: Source,
}

#[derive(Clone, Copy, Debug)]
struct Zero {
    instant: Instant,
    unix_nanos: u64,
    suspended: Duration,
}

/// Where a [`Clock`] looks: this machine's clocks, unless a test has others.
#[derive(Clone, Copy, Debug)]
struct Source {
    monotonic: fn() -> Instant,
    unix_nanos: fn() -> u64,
    suspended: fn() -> Duration,
}

impl Default for Source {
    fn default() -> Self {
        Self { monotonic, unix_nanos, suspended }
    }
}

impl Clock {
    /// Run time zero is now, unless the clock is running already.
    pub fn start(&self) {
        self.start_at(0);
    }

    /// Run time zero is at this time of day, in nanoseconds since 1970, or now where that has passed.
    pub fn start_at(&self, at: u64) {
        let Source { monotonic, unix_nanos, suspended } = self.source;
        self.zero.get_or_init(|| {
            let (instant, now) = (monotonic(), unix_nanos());
            let instant = instant + Duration::from_nanos(at.saturating_sub(now));
            Zero { instant, unix_nanos: now.max(at), suspended: suspended() }
        });
    }

    pub fn now(&self) -> RunTime {
        let now = self.source.monotonic;
        let since = |zero: &Zero| RunTime::from_duration(now().saturating_duration_since(zero.instant));
        self.zero.get().map_or(RunTime::ZERO, since)
    }

    /// When `at` is on the monotonic clock.
    pub fn instant(&self, at: RunTime) -> Instant {
        self.zero.get().map_or_else(self.source.monotonic, |zero| zero.instant) + at.since_start()
    }

    /// For how long this machine was suspended since the start: time in which the run's clock stood still, and the
    /// service's went on. Zero where the platform does not tell.
    pub fn suspended(&self) -> Duration {
        let now = self.source.suspended;
        self.zero.get().map_or(Duration::ZERO, |zero| now().saturating_sub(zero.suspended))
    }

    /// Run time zero as nanoseconds since 1970; absent before the start.
    pub fn zero_unix_nanos(&self) -> Option<u64> {
        self.zero.get().map(|zero| zero.unix_nanos)
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
        Duration::try_from(rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime)).ok()
    }
    #[cfg(not(target_os = "linux"))]
    None
}

/// For how long this machine has been suspended since it was started. The clocks are read one after the other, so two
/// readings differ by some microseconds where it was not.
fn suspended() -> Duration {
    #[cfg(target_os = "linux")]
    {
        use rustix::time::{ClockId, clock_gettime};
        let since_boot = |clock| Duration::try_from(clock_gettime(clock)).unwrap_or_default();
        let monotonic = since_boot(ClockId::Monotonic);
        since_boot(ClockId::Boottime).saturating_sub(monotonic)
    }
    #[cfg(not(target_os = "linux"))]
    Duration::ZERO
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

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    thread_local! {
        static SINCE: Cell<Duration> = const { Cell::new(Duration::from_secs(1_000)) };
        static OF_DAY: Cell<u64> = const { Cell::new(1_795_440_089_000_000_000) };
        static SUSPENDED: Cell<Duration> = const { Cell::new(Duration::from_secs(50)) };
    }

    /// A clock whose hands are moved by hand: monotonic time and time of day, each for itself.
    fn by_hand() -> Clock {
        static ORIGIN: OnceLock<Instant> = OnceLock::new();
        let monotonic = || *ORIGIN.get_or_init(monotonic) + SINCE.get();
        let source = Source { monotonic, unix_nanos: || OF_DAY.get(), suspended: || SUSPENDED.get() };
        Clock { source, ..Clock::default() }
    }

    fn passes(time: Duration) {
        SINCE.set(SINCE.get() + time);
        OF_DAY.set(OF_DAY.get() + time.as_nanos() as u64);
    }

    const SECOND: Duration = Duration::from_secs(1);

    /// NTP steps it, daylight saving is undone by somebody who sets it by hand, a machine wakes up and finds it later.
    #[test]
    fn whatever_the_time_of_day_does_durations_stay_what_they_are() {
        let clock = by_hand();
        clock.start();
        let label = clock.zero_unix_nanos();
        assert_eq!(label, Some(OF_DAY.get()));
        let hour = 3_600_000_000_000_i64;
        for (seconds, step) in (1..).zip([0, -hour, 2 * hour, 30 * 24 * hour, -1_795_440_089_000_000_000]) {
            passes(SECOND);
            OF_DAY.set(OF_DAY.get().saturating_add_signed(step));
            assert_eq!(clock.now().since_start(), seconds * SECOND, "after a step of {step} ns");
            assert_eq!(clock.zero_unix_nanos(), label);
        }
    }

    /// On some platforms the monotonic clock goes on while the machine sleeps. The plan does not: what was due meanwhile
    /// is late by all of it.
    #[test]
    fn a_machine_that_slept_is_late_and_not_early() {
        let clock = by_hand();
        clock.start();
        let due = clock.now() + 10 * SECOND;
        passes(3_600 * SECOND);
        assert_eq!(clock.now().since(due), 3_590 * SECOND);
        assert!(clock.instant(due) < (clock.source.monotonic)());
    }

    /// On Linux it stands still meanwhile: nothing is late, and what was on its way looks faster than it was.
    #[test]
    fn a_machine_that_was_suspended_knows_for_how_long() {
        let clock = by_hand();
        assert_eq!(clock.suspended(), Duration::ZERO);
        clock.start();
        passes(5 * SECOND);
        assert_eq!(clock.suspended(), Duration::ZERO, "what came before the start is not of the run");
        SUSPENDED.set(SUSPENDED.get() + 30 * SECOND);
        OF_DAY.set(OF_DAY.get() + 30_000_000_000);
        passes(SECOND);
        assert_eq!((clock.suspended(), clock.now().since_start()), (30 * SECOND, 6 * SECOND));
    }

    /// No machine should, and some have.
    #[test]
    fn a_monotonic_clock_that_steps_back_makes_no_huge_number() {
        let clock = by_hand();
        clock.start();
        passes(5 * SECOND);
        let seen = clock.now();
        SINCE.set(SINCE.get() - 2 * SECOND);
        assert_eq!(clock.now().since(seen), Duration::ZERO);
        SINCE.set(Duration::ZERO);
        assert_eq!(clock.now(), RunTime::ZERO);
    }

    #[test]
    fn all_clones_start_at_once_and_once() {
        let (clock, later) = (by_hand(), SECOND);
        let clone = clock.clone();
        passes(later);
        assert_eq!((clock.now(), clock.zero_unix_nanos()), (RunTime::ZERO, None));
        clone.start();
        passes(later);
        clock.start();
        assert_eq!((clock.now(), clone.now()), (RunTime::from_duration(SECOND), RunTime::from_duration(SECOND)));
    }
}
