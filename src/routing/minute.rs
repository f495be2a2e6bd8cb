//! What a client has used within the last minute, to the second.

use crate::core::RunTime;

const SECONDS: usize = 60;
const SECOND: u64 = 1_000_000_000;

/// Requests and tokens, as a quota counts them.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Amount {
    pub requests: f64,
    pub tokens: f64,
}

impl std::ops::AddAssign for Amount {
    fn add_assign(&mut self, other: Self) {
        self.requests += other.requests;
        self.tokens += other.tokens;
    }
}

/// A sliding minute: the second that runs and the 59 before it.
pub struct Minute {
    /// By second of run time, modulo 60.
    seconds: [Amount; SECONDS],
    newest: u64,
    total: Amount,
}

impl Minute {
    pub fn new() -> Self {
        Self { seconds: [Amount::default(); SECONDS], newest: 0, total: Amount::default() }
    }

    /// Counts `amount` to the instant `at`; a negative one takes back. What is older than the minute
    /// counts no more.
    pub fn add(&mut self, at: RunTime, amount: Amount) {
        let second = at.as_nanos() / SECOND;
        self.advance(second);
        if second + (SECONDS as u64) > self.newest {
            self.seconds[second as usize % SECONDS] += amount;
            self.total += amount;
        }
    }

    pub fn total(&mut self, now: RunTime) -> Amount {
        self.advance(now.as_nanos() / SECOND);
        self.total
    }

    /// Time may step back a little from one request to the next: the minute does not.
    fn advance(&mut self, second: u64) {
        if second <= self.newest {
            return;
        }
        for passed in (self.newest + 1..=second).take(SECONDS) {
            self.seconds[passed as usize % SECONDS] = Amount::default();
        }
        self.newest = second;
        // Added up afresh, so that rounding errors do not pile up over a day.
        self.total = Amount::default();
        self.seconds.iter().for_each(|amount| self.total += *amount);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> RunTime {
        RunTime::from_secs_f64(seconds)
    }

    const ONE: Amount = Amount { requests: 1.0, tokens: 100.0 };

    #[test]
    fn the_last_sixty_seconds_count_and_nothing_before_them() {
        let mut minute = Minute::new();
        (0..120).for_each(|second| minute.add(at(f64::from(second) + 0.5), ONE));
        assert_eq!(minute.total(at(119.9)), Amount { requests: 60.0, tokens: 6_000.0 });
        assert_eq!(minute.total(at(150.0)).requests, 29.0);
        assert_eq!(minute.total(at(1e6)), Amount::default());
    }

    #[test]
    fn what_was_reserved_is_corrected_where_it_was_counted() {
        let mut minute = Minute::new();
        minute.add(at(0.0), ONE);
        minute.add(at(30.0), Amount { requests: 0.0, tokens: 0.0 });
        minute.add(at(0.0), Amount { requests: 0.0, tokens: -40.0 });
        assert_eq!(minute.total(at(59.9)).tokens, 60.0);
        assert_eq!(minute.total(at(60.0)).tokens, 0.0);
        // Its second has passed out of the minute: nothing is left to correct.
        minute.add(at(0.0), Amount { requests: 0.0, tokens: -60.0 });
        assert_eq!(minute.total(at(60.0)).tokens, 0.0);
    }
}
