//! The client's connections to one Region, in virtual time: HTTP/1.1, one request at a time each.

use std::collections::VecDeque;
use std::time::Duration;

use slotmap::DefaultKey;

use crate::core::RunTime;

/// What an attempt finds when it wants a connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Found {
    /// An open one, idle: it goes at once.
    Idle,
    /// None. One is being opened, ready then; whichever is free first is taken, that one or another.
    Opening(RunTime),
    /// None, and no more may be opened: it waits for one to fall free.
    Full,
}

/// Open connections, idle ones, and who waits for one.
#[derive(Debug)]
pub struct Pool {
    /// Since when each idle one is idle, the latest last: that is the one taken next.
    idle: VecDeque<RunTime>,
    open: usize,
    most: usize,
    /// What opening one takes.
    handshake: Duration,
    idle_timeout: Duration,
    /// In the order in which they came. Those that have given up meanwhile are passed over.
    waiting: VecDeque<DefaultKey>,
}

impl Pool {
    /// With `warm` idle connections at the start, and never more than `most` open ones.
    pub fn new(warm: usize, most: usize, handshake: Duration, idle_timeout: Duration) -> Self {
        let warm = warm.min(most);
        Self {
            idle: std::iter::repeat_n(RunTime::ZERO, warm).collect(),
            open: warm,
            most,
            handshake,
            idle_timeout,
            waiting: VecDeque::new(),
        }
    }

    /// One attempt wants a connection.
    pub fn ask(&mut self, now: RunTime, attempt: DefaultKey) -> Found {
        while self.idle.front().is_some_and(|since| *since + self.idle_timeout <= now) {
            self.idle.pop_front();
            self.open -= 1;
        }
        if self.idle.pop_back().is_some() {
            return Found::Idle;
        }
        self.waiting.push_back(attempt);
        if self.open >= self.most {
            return Found::Full;
        }
        self.open += 1;
        Found::Opening(now + self.handshake)
    }

    /// A connection is free, new or used: returns who gets it, or keeps it for the next.
    pub fn free(&mut self, now: RunTime, still_waits: impl Fn(DefaultKey) -> bool) -> Option<DefaultKey> {
        while let Some(attempt) = self.waiting.pop_front() {
            if still_waits(attempt) {
                return Some(attempt);
            }
        }
        self.idle.push_back(now);
        None
    }

    /// A connection was closed, or could not be opened.
    pub fn lost(&mut self) {
        self.open -= 1;
    }
}

#[cfg(test)]
mod tests {
    use slotmap::SlotMap;

    use super::*;

    fn at(ms: u64) -> RunTime {
        RunTime::from_nanos(ms * 1_000_000)
    }

    fn pool(warm: usize, most: usize) -> Pool {
        Pool::new(warm, most, Duration::from_millis(280), Duration::from_secs(300))
    }

    fn attempts<const N: usize>() -> [DefaultKey; N] {
        let mut keys = SlotMap::new();
        std::array::from_fn(|_| keys.insert(()))
    }

    #[test]
    fn an_idle_connection_is_taken_and_none_idle_is_opened() {
        let [a, b] = attempts();
        let mut pool = pool(1, 10);
        assert_eq!(pool.ask(at(0), a), Found::Idle);
        assert_eq!(pool.ask(at(0), b), Found::Opening(at(280)));
    }

    #[test]
    fn one_that_falls_free_wins_over_one_that_is_being_opened() {
        let [a, b, c] = attempts();
        let mut pool = pool(1, 10);
        pool.ask(at(0), a);
        pool.ask(at(0), b);
        assert_eq!(pool.free(at(100), |_| true), Some(b), "the used one");
        assert_eq!(pool.free(at(280), |_| true), None, "the new one, which nobody needs now");
        assert_eq!(pool.ask(at(300), c), Found::Idle);
    }

    #[test]
    fn who_has_given_up_gets_none() {
        let [a, b] = attempts();
        let mut pool = pool(0, 1);
        assert_eq!(pool.ask(at(0), a), Found::Opening(at(280)));
        assert_eq!(pool.ask(at(0), b), Found::Full);
        assert_eq!(pool.free(at(280), |attempt| attempt != a), Some(b));
    }

    #[test]
    fn a_connection_that_was_idle_for_too_long_is_closed() {
        let [a] = attempts();
        let mut pool = pool(2, 10);
        assert_eq!(pool.ask(at(300_000), a), Found::Opening(at(300_280)));
    }
}
