//! Precise sleep on a thread of its own: absolute, without the kernel's slack, and spun at the very end.

use std::time::{Duration, Instant};

use super::{monotonic, sharpen_this_thread};

/// Below this it spins: with a timer slack of 1 ns the kernel is rarely later.
const SPIN: Duration = Duration::from_micros(75);

/// Of the thread's time, at most.
const SPUN_SHARE: f64 = 0.03;

/// Deadlines nearer to each other than this, on average, are not spun for: so close together, the core does not fall
/// asleep, and there would be more spinning than sleeping.
const DENSE: f64 = 1.0 / 3_000.0;

/// How much the last gap counts in the mean one.
const LATEST: f64 = 0.05;

/// Sleeps on the thread that made it.
#[derive(Debug)]
pub struct Sleeper {
    anchor: Anchor,
    last: Instant,
    /// Between two deadlines, in seconds.
    mean_gap: f64,
    /// What may still be spun.
    allowance: Duration,
}

impl Sleeper {
    /// On the current thread.
    pub fn new() -> Self {
        sharpen_this_thread();
        Self { anchor: Anchor::new(), last: monotonic(), mean_gap: 1.0, allowance: SPIN * 10 }
    }

    /// Returns at `deadline`, or at once when it has passed.
    pub fn sleep_until(&mut self, deadline: Instant) {
        let gap = deadline.saturating_duration_since(self.last);
        self.last = self.last.max(deadline);
        self.mean_gap += (gap.as_secs_f64() - self.mean_gap) * LATEST;
        self.allowance = (self.allowance + gap.mul_f64(SPUN_SHARE)).min(SPIN * 100);
        if deadline <= monotonic() {
            return;
        }
        let spin = if self.mean_gap < DENSE { Duration::ZERO } else { SPIN.min(self.allowance) };
        if let Some(wake) = deadline.checked_sub(spin) {
            self.anchor.sleep_until(wake);
        }
        let awake = monotonic();
        while monotonic() < deadline {
            std::hint::spin_loop();
        }
        self.allowance = self.allowance.saturating_sub(deadline.saturating_duration_since(awake));
    }
}

impl Default for Sleeper {
    fn default() -> Self {
        Self::new()
    }
}

/// The same moment on the standard library's clock and on the kernel's, which alone sleeps to an instant: who sleeps
/// for a time sleeps longer by whatever held it up before it fell asleep.
#[cfg(target_os = "linux")]
#[derive(Debug)]
struct Anchor {
    instant: Instant,
    kernel: Duration,
}

#[cfg(target_os = "linux")]
impl Anchor {
    /// Of some readings the one that was least disturbed.
    fn new() -> Self {
        let read = |_| {
            let before = monotonic();
            let kernel = rustix::time::clock_gettime(rustix::time::ClockId::Monotonic);
            let kernel = Duration::new(kernel.tv_sec as u64, kernel.tv_nsec as u32);
            let took = before.elapsed();
            (took, Self { instant: before + took / 2, kernel })
        };
        let (_, anchor) = (0..5).map(read).min_by_key(|(took, _)| *took).expect("five readings");
        anchor
    }

    fn sleep_until(&self, wake: Instant) {
        let at = self.kernel + wake.saturating_duration_since(self.instant);
        let at = rustix::thread::Timespec { tv_sec: at.as_secs() as i64, tv_nsec: i64::from(at.subsec_nanos()) };
        // Interrupted by a signal, it sleeps on.
        while rustix::thread::clock_nanosleep_absolute(rustix::thread::ClockId::Monotonic, &at).is_err() {}
    }
}

#[cfg(not(target_os = "linux"))]
#[derive(Debug)]
struct Anchor;

#[cfg(not(target_os = "linux"))]
impl Anchor {
    fn new() -> Self {
        Self
    }

    fn sleep_until(&self, wake: Instant) {
        super::sleep_until(wake);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_never_returns_early_and_not_at_all_late_for_what_has_passed() {
        let mut sleeper = Sleeper::new();
        let start = monotonic();
        for step in 1..50 {
            let deadline = start + Duration::from_micros(300) * step;
            sleeper.sleep_until(deadline);
            assert!(monotonic() >= deadline);
        }
        sleeper.sleep_until(start);
    }

    #[test]
    fn dense_deadlines_are_not_spun_for_and_sparse_ones_within_the_allowance() {
        let mut sleeper = Sleeper::new();
        let past = monotonic();
        // Deadlines that have passed cost no time: what is left is the bookkeeping.
        for _ in 0..500 {
            sleeper.sleep_until(past);
        }
        assert!(sleeper.mean_gap < DENSE);
        let spun = sleeper.allowance;
        sleeper.sleep_until(monotonic() + Duration::from_micros(200));
        assert!(sleeper.allowance >= spun, "nothing was spun");
    }
}
