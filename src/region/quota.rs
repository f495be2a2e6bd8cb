//! The account's quota: requests and tokens per minute, both at once.
//!
//! At admission the input and `max_tokens` are reserved, unmultiplied; when the call ends, the
//! input and the output times the model's burndown are what was really used, and the difference
//! returns to the bucket or is taken from it.
//!
//! Source: Amazon Bedrock User Guide, "How tokens are counted in Amazon Bedrock" and "Quotas for
//! the bedrock-runtime endpoint". How the minute is kept is not published, so both usual ways are
//! here: a token bucket that fills evenly, and a fixed minute that starts afresh.

use std::time::Duration;

use crate::core::RunTime;

/// One pool's quota for one model.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct QuotaSpec {
    pub requests_per_minute: Option<f64>,
    pub tokens_per_minute: Option<f64>,
    pub window: Window,
}

/// How a quota per minute is kept.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Window {
    /// It fills evenly, and holds `burst` worth of itself.
    Bucket { burst: Duration },
    /// The whole of it at the start of each minute of run time, and what is left then is gone.
    FixedMinute,
}

const MINUTE: u64 = 60_000_000_000;

/// Which quota was exceeded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exceeded {
    Requests,
    Tokens,
}

/// Shares of a quota, from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shares {
    pub requests: f64,
    pub tokens: f64,
}

#[derive(Clone, Debug)]
struct Bucket {
    /// Units per second when the account has nothing else to do.
    rate: f64,
    capacity: f64,
    window: Window,
    /// Share of rate and capacity that is left for us.
    share: f64,
    level: f64,
    at: RunTime,
}

impl Bucket {
    fn full(per_minute: f64, window: Window, now: RunTime) -> Self {
        let rate = per_minute / 60.0;
        let capacity = match window {
            Window::Bucket { burst } => rate * burst.as_secs_f64(),
            Window::FixedMinute => per_minute,
        };
        let mut bucket = Self { rate, capacity, window, share: 1.0, level: 0.0, at: now };
        bucket.level = bucket.limit();
        bucket
    }

    fn advance(&mut self, now: RunTime) {
        match self.window {
            Window::Bucket { .. } => {
                let gained = self.rate * self.share * now.since(self.at).as_secs_f64();
                self.level = (self.level + gained).min(self.limit());
            }
            Window::FixedMinute if now.as_nanos() / MINUTE > self.at.as_nanos() / MINUTE => self.level = self.limit(),
            Window::FixedMinute => {}
        }
        self.at = now;
    }

    /// What can be saved up. A bucket that could never hold one whole request would refuse them all,
    /// however slowly they come: a small quota is slow, not shut.
    fn limit(&self) -> f64 {
        (self.capacity * self.share).max(1.0)
    }

    fn holds(&mut self, now: RunTime, amount: f64) -> bool {
        self.advance(now);
        // A whole token is reached by adding fractions: forgive their rounding.
        self.level + 1e-9 >= amount
    }
}

/// The buckets of one pool and model.
#[derive(Clone, Debug)]
pub struct Quota {
    requests: Option<Bucket>,
    tokens: Option<Bucket>,
}

impl Quota {
    pub fn new(spec: &QuotaSpec, now: RunTime) -> Self {
        let bucket = |per_minute: Option<f64>| per_minute.map(|rate| Bucket::full(rate, spec.window, now));
        Self { requests: bucket(spec.requests_per_minute), tokens: bucket(spec.tokens_per_minute) }
    }

    /// Takes one request and `reserved` tokens, or nothing at all.
    ///
    /// # Errors
    /// Which quota does not hold them.
    pub fn admit(&mut self, now: RunTime, reserved: u64) -> Result<(), Exceeded> {
        if self.requests.as_mut().is_some_and(|bucket| !bucket.holds(now, 1.0)) {
            return Err(Exceeded::Requests);
        }
        if self.tokens.as_mut().is_some_and(|bucket| !bucket.holds(now, reserved as f64)) {
            return Err(Exceeded::Tokens);
        }
        if let Some(bucket) = &mut self.requests {
            bucket.level -= 1.0;
        }
        if let Some(bucket) = &mut self.tokens {
            bucket.level -= reserved as f64;
        }
        Ok(())
    }

    /// Replaces the reservation by what was used. With a high burndown that can be more than was
    /// reserved: the bucket then goes below zero and has to recover.
    pub fn settle(&mut self, now: RunTime, reserved: u64, used: f64) {
        if let Some(bucket) = &mut self.tokens {
            bucket.advance(now);
            bucket.level = (bucket.level + reserved as f64 - used).min(bucket.limit());
        }
    }

    /// From `now` on the account's other applications leave these shares of the quota.
    pub fn set_shares(&mut self, now: RunTime, left: Shares) {
        for (bucket, share) in [(&mut self.requests, left.requests), (&mut self.tokens, left.tokens)] {
            if let Some(bucket) = bucket {
                bucket.advance(now);
                bucket.share = share;
                bucket.level = bucket.level.min(bucket.limit());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: f64) -> RunTime {
        RunTime::from_secs_f64(seconds)
    }

    fn quota(rpm: Option<f64>, tpm: Option<f64>) -> Quota {
        let spec = QuotaSpec {
            requests_per_minute: rpm,
            tokens_per_minute: tpm,
            window: Window::Bucket { burst: Duration::from_secs(10) },
        };
        Quota::new(&spec, RunTime::ZERO)
    }

    #[test]
    fn requests_run_out_and_come_back_evenly() {
        let mut quota = quota(Some(60.0), None);
        assert_eq!((0..11).filter(|_| quota.admit(at(0.0), 0).is_ok()).count(), 10);
        assert_eq!(quota.admit(at(0.9), 0), Err(Exceeded::Requests));
        assert_eq!(quota.admit(at(1.0), 0), Ok(()));
        assert_eq!(quota.admit(at(1.0), 0), Err(Exceeded::Requests));
    }

    #[test]
    fn max_tokens_are_reserved_and_the_rest_returned() {
        // 6,000 per minute saved for 10 s: 1,000 tokens.
        let mut quota = quota(None, Some(6_000.0));
        assert_eq!(quota.admit(at(0.0), 900), Ok(()));
        assert_eq!(quota.admit(at(0.0), 200), Err(Exceeded::Tokens));
        // Used 100 in and 10 out at a burndown of 10.
        quota.settle(at(0.0), 900, 200.0);
        assert_eq!(quota.admit(at(0.0), 800), Ok(()));
    }

    #[test]
    fn burndown_can_overdraw_and_must_recover() {
        let mut quota = quota(None, Some(6_000.0));
        quota.admit(at(0.0), 1_000).unwrap();
        quota.settle(at(0.0), 1_000, 3_000.0);
        // 2,000 below zero at 100 tokens per second.
        assert!(quota.admit(at(20.9), 100).is_err());
        assert!(quota.admit(at(21.1), 100).is_ok());
    }

    #[test]
    fn a_refusal_takes_nothing_from_the_other_bucket() {
        let mut quota = quota(Some(60.0), Some(6_000.0));
        (0..50).for_each(|_| assert_eq!(quota.admit(at(0.0), 5_000), Err(Exceeded::Tokens)));
        assert_eq!(quota.admit(at(0.0), 1_000), Ok(()));
    }

    #[test]
    fn other_applications_of_the_account_shrink_rate_and_savings() {
        let mut quota = quota(Some(60.0), None);
        quota.set_shares(at(0.0), Shares { requests: 0.5, tokens: 1.0 });
        assert_eq!((0..11).filter(|_| quota.admit(at(0.0), 0).is_ok()).count(), 5);
        assert!(quota.admit(at(1.9), 0).is_err());
        assert!(quota.admit(at(2.0), 0).is_ok());
    }

    #[test]
    fn tokens_can_run_short_while_requests_do_not() {
        let mut quota = quota(Some(60.0), Some(6_000.0));
        quota.set_shares(at(0.0), Shares { requests: 1.0, tokens: 0.2 });
        assert_eq!(quota.admit(at(0.0), 200), Ok(()));
        assert_eq!(quota.admit(at(0.0), 1), Err(Exceeded::Tokens));
        assert_eq!(quota.admit(at(1.0), 20), Ok(()));
    }

    #[test]
    fn a_fixed_minute_starts_afresh_and_saves_nothing() {
        let spec = QuotaSpec { requests_per_minute: Some(3.0), tokens_per_minute: None, window: Window::FixedMinute };
        let mut quota = Quota::new(&spec, at(50.0));
        let mut admitted = |second| quota.admit(at(second), 0).is_ok();
        assert_eq!([50.0, 51.0, 52.0, 59.9].map(&mut admitted), [true, true, true, false]);
        // Three more in the next seconds: twice the quota within one minute of the clock on the wall.
        assert_eq!([60.0, 60.1, 60.2, 60.3].map(&mut admitted), [true, true, true, false]);
        // Quiet minutes leave nothing over.
        assert_eq!([300.0, 300.1, 300.2, 300.3].map(&mut admitted), [true, true, true, false]);
    }

    #[test]
    fn a_small_quota_is_slow_and_not_shut() {
        // 6 per minute saved for 10 s is one request, of which other applications leave 0.95.
        let mut quota = quota(Some(6.0), None);
        quota.set_shares(at(0.0), Shares { requests: 0.95, tokens: 1.0 });
        assert_eq!(quota.admit(at(0.0), 0), Ok(()));
        assert_eq!(quota.admit(at(10.0), 0), Err(Exceeded::Requests));
        assert_eq!(quota.admit(at(10.6), 0), Ok(()));
    }
}
