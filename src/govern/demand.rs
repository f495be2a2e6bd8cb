//! What a run asked of a quota: requests and tokens per minute, steady and at the peak, and when it was refused.

use std::collections::BTreeMap;

use crate::core::record::AttemptRecord;
use crate::core::{Outcome, RunTime};

const MINUTE: u64 = 60_000_000_000;

/// One attempt, as a quota sees it.
#[derive(Clone, Copy, Debug)]
struct Asked {
    sent: u64,
    throttled: bool,
    /// Asked for when it was sent: the prompt's length and the most that the answer may have.
    reserved: u64,
    /// As the service counted them; absent where there was no answer.
    used: Option<(u32, u32)>,
}

/// The attempts of one target of a route, in the measured time.
#[derive(Clone, Debug, Default)]
pub struct Demand(Vec<Asked>);

/// Per minute: the mean over the measured time, and the most in any 60 s of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerMinute {
    pub steady: f64,
    /// Absent in a run of less than a minute.
    pub peak: Option<f64>,
}

/// Of one kind of tokens per answered attempt.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PerRequest {
    pub mean: f64,
    /// Absent with fewer than 20 answers: the greatest would stand for it.
    pub p95: Option<u32>,
}

/// One minute in which something was throttled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused {
    /// Where it begins, in the time of the run.
    pub minute: u64,
    pub attempts: u64,
    pub throttled: u64,
}

impl Demand {
    /// `max_tokens` is reserved with every attempt.
    pub fn add(&mut self, attempt: &AttemptRecord, sent: RunTime, max_tokens: u32) {
        self.0.push(Asked {
            sent: sent.as_nanos(),
            throttled: attempt.outcome == Outcome::Throttled,
            reserved: u64::from(attempt.asked_tokens) + u64::from(max_tokens),
            used: attempt.usage.map(|usage| (usage.input_tokens, usage.output_tokens)),
        });
    }

    pub fn attempts(&self) -> u64 {
        self.0.len() as u64
    }

    pub fn throttled(&self) -> u64 {
        self.0.iter().filter(|asked| asked.throttled).count() as u64
    }

    pub fn answered(&self) -> u64 {
        self.0.iter().filter(|asked| asked.used.is_some()).count() as u64
    }

    /// Attempts, the throttled ones included: what would have been sent had the quota been larger, or fewer, since a
    /// policy that is refused may try again.
    pub fn requests(&self, measured_minutes: f64) -> PerMinute {
        self.per_minute(measured_minutes, |_| 1.0)
    }

    /// Input and output of answered attempts; an output token counts `burndown` times.
    pub fn tokens(&self, measured_minutes: f64, burndown: f64) -> PerMinute {
        let used = |asked: &Asked| asked.used.map_or(0.0, |(i, o)| f64::from(i) + f64::from(o) * burndown);
        self.per_minute(measured_minutes, used)
    }

    /// What had to fit into the quota for nothing to be throttled: input and max_tokens of every attempt.
    pub fn reserved(&self, measured_minutes: f64) -> PerMinute {
        self.per_minute(measured_minutes, |asked| asked.reserved as f64)
    }

    pub fn input(&self) -> Option<PerRequest> {
        per_request(self.0.iter().filter_map(|asked| asked.used).map(|(input, _)| input).collect())
    }

    pub fn output(&self) -> Option<PerRequest> {
        per_request(self.0.iter().filter_map(|asked| asked.used).map(|(_, output)| output).collect())
    }

    fn per_minute(&self, measured_minutes: f64, of: impl Fn(&Asked) -> f64) -> PerMinute {
        let mut all: Vec<_> = self.0.iter().map(|asked| (asked.sent, of(asked))).collect();
        all.sort_by_key(|(sent, _)| *sent);
        let (mut sum, mut peak, mut oldest) = (0.0, 0.0_f64, 0);
        for (sent, amount) in &all {
            sum += amount;
            while *sent - all[oldest].0 >= MINUTE {
                sum -= all[oldest].1;
                oldest += 1;
            }
            peak = peak.max(sum);
        }
        let total: f64 = all.iter().map(|(_, amount)| amount).sum();
        PerMinute { steady: total / measured_minutes, peak: (measured_minutes >= 1.0).then_some(peak) }
    }

    /// Minutes of the wall clock in which something was throttled; `origin` is run time zero on it.
    pub fn timeline(&self, origin_unix_nanos: u64) -> Vec<Refused> {
        let mut minutes: BTreeMap<u64, (u64, u64)> = BTreeMap::new();
        for asked in &self.0 {
            let minute = origin_unix_nanos.saturating_add(asked.sent) / MINUTE * MINUTE;
            let counts = minutes.entry(minute).or_default();
            counts.0 += 1;
            counts.1 += u64::from(asked.throttled);
        }
        let refused = minutes.into_iter().filter(|(_, (_, throttled))| *throttled > 0);
        refused.map(|(minute, (attempts, throttled))| Refused { minute, attempts, throttled }).collect()
    }
}

fn per_request(mut counts: Vec<u32>) -> Option<PerRequest> {
    if counts.is_empty() {
        return None;
    }
    counts.sort_unstable();
    let mean = counts.iter().map(|count| f64::from(*count)).sum::<f64>() / counts.len() as f64;
    // Nearest rank, as everywhere.
    let rank = (0.95 * counts.len() as f64).ceil() as usize;
    Some(PerRequest { mean, p95: (counts.len() >= 20).then(|| counts[rank - 1]) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(seconds: f64, throttled: bool, used: Option<(u32, u32)>) -> Asked {
        Asked { sent: (seconds * 1e9) as u64, throttled, reserved: 100, used }
    }

    #[test]
    fn the_peak_is_the_most_in_any_sixty_seconds_and_not_in_a_minute_of_the_clock() {
        let demand = Demand([0.0, 50.0, 60.0, 70.0, 119.0].map(|at| asked(at, false, Some((10, 1)))).to_vec());
        assert_eq!(demand.requests(2.0), PerMinute { steady: 2.5, peak: Some(3.0) });
        assert_eq!(demand.tokens(2.0, 5.0), PerMinute { steady: 37.5, peak: Some(45.0) });
        assert_eq!(demand.reserved(2.0), PerMinute { steady: 250.0, peak: Some(300.0) });
        assert_eq!(demand.requests(0.5).peak, None);
    }

    #[test]
    fn throttled_attempts_are_asked_for_and_use_no_tokens() {
        let demand = Demand(vec![asked(1.0, true, None), asked(2.0, false, Some((10, 2))), asked(61.0, false, None)]);
        assert_eq!((demand.attempts(), demand.throttled(), demand.answered()), (3, 1, 1));
        assert_eq!(demand.requests(2.0).steady, 1.5);
        assert_eq!(demand.tokens(2.0, 1.0).steady, 6.0);
        // Run time zero is at 30 s of a minute: the third lies in the next but one.
        assert_eq!(demand.timeline(30_000_000_000), [Refused { minute: 0, attempts: 2, throttled: 1 }]);
        // A manifest may say anything.
        let end = u64::MAX / MINUTE * MINUTE;
        let late = Asked { sent: u64::MAX, ..asked(0.0, false, None) };
        assert_eq!(Demand(vec![late, late]).requests(2.0).peak, Some(2.0));
        assert_eq!(demand.timeline(u64::MAX), [Refused { minute: end, attempts: 3, throttled: 1 }]);
    }

    #[test]
    fn a_percentile_of_few_is_none() {
        let of = |n: u32| Demand((0..n).map(|i| asked(0.0, false, Some((i + 1, 7)))).collect());
        assert_eq!(of(0).input(), None);
        assert_eq!(of(19).input(), Some(PerRequest { mean: 10.0, p95: None }));
        assert_eq!(of(100).input(), Some(PerRequest { mean: 50.5, p95: Some(95) }));
        assert_eq!(of(100).output(), Some(PerRequest { mean: 7.0, p95: Some(7) }));
    }
}
