//! The quota that refused a part of a run: what it let through while it was exhausted.
//!
//! A bucket that has just refused a call is empty. From one refusal to the next it lets through what it fills up by, and
//! nothing is lost as long as it cannot run over in between: refusals that lie at most its `burst` apart belong to one
//! stretch. Over stretches of altogether T, what was let through divided by T is the rate, and no stretch is wrong by
//! more than the largest single amount.

use std::time::Duration;

use crate::core::record::AttemptRecord;
use crate::core::{Outcome, RunTime};

/// Relative half-width above which an estimate is none.
const WIDEST: f64 = 0.2;

/// Which limit a refusal names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    Requests,
    Tokens,
}

impl Limit {
    pub const ALL: [Self; 2] = [Self::Requests, Self::Tokens];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Requests => "requests",
            Self::Tokens => "tokens",
        }
    }

    /// Bedrock words them "Too many tokens" and "Too many requests".
    fn of(attempt: &AttemptRecord) -> Self {
        let tokens = attempt.error.as_ref().is_some_and(|said| said.contains("tokens"));
        if tokens { Self::Tokens } else { Self::Requests }
    }
}

#[derive(Clone, Copy, Debug)]
enum Happened {
    /// By this limit.
    Refused(Limit),
    /// With so many tokens reserved.
    Admitted(f64),
    /// What was used, less what was reserved.
    Settled(f64),
    /// Another block begins: what the quota did in between nobody saw.
    Seam,
}

/// What one target of one route saw.
#[derive(Clone, Debug, Default)]
pub struct Traffic {
    events: Vec<(RunTime, Happened)>,
    /// The block of the last attempt.
    block: u16,
}

/// Per minute.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate {
    pub per_minute: f64,
    /// To either side.
    pub uncertainty: f64,
    /// For which the limit was exhausted, in seconds.
    pub seconds: f64,
    pub refused: u64,
}

impl Traffic {
    /// `burndown` is what one output token uses of the quota; `block` is the turn of the route in which it was sent.
    pub fn add(&mut self, attempt: &AttemptRecord, block: u16, max_tokens: u32, burndown: f64) {
        let Some(sent) = attempt.sent else { return };
        if block != self.block {
            self.events.push((sent, Happened::Seam));
            self.block = block;
        }
        match attempt.outcome {
            Outcome::Throttled => self.events.push((sent, Happened::Refused(Limit::of(attempt)))),
            // Refused before any quota is asked, or not arrived.
            Outcome::Invalid | Outcome::Transport | Outcome::Shed => {}
            _ => {
                let reserved = f64::from(attempt.asked_tokens) + f64::from(max_tokens);
                self.events.push((sent, Happened::Admitted(reserved)));
                // An attempt without usage keeps its reservation: nobody knows when it was given back.
                if let Some(usage) = attempt.usage {
                    let used = f64::from(usage.input_tokens) + f64::from(usage.output_tokens) * burndown;
                    self.events.push((attempt.finished, Happened::Settled(used - reserved)));
                }
            }
        }
    }

    pub fn refused(&self) -> u64 {
        self.events.iter().filter(|(_, happened)| matches!(happened, Happened::Refused(_))).count() as u64
    }

    /// The rate of a limit that a bucket keeps, which saves up `burst`. Absent where it refused nothing.
    pub fn fit(&mut self, limit: Limit, burst: Duration) -> Option<Result<Rate, String>> {
        self.events.sort_by_key(|(at, _)| *at);
        let refusals = || self.events.iter().filter(|(_, what)| matches!(what, Happened::Refused(by) if *by == limit));
        let refused = refusals().count() as u64;
        (refused > 0).then(|| self.rate(limit, burst, refused))
    }

    fn rate(&self, limit: Limit, burst: Duration, refused: u64) -> Result<Rate, String> {
        let (mut taken, mut largest, mut all) = (0.0, 0.0_f64, 0.0);
        let mut last: Option<RunTime> = None;
        // Length of each gap between refusals that counts, and what went through in it.
        let mut gaps: Vec<(f64, f64)> = Vec::new();
        let (mut stretches, mut blocks) = (0.0, 1.0);
        for (at, happened) in &self.events {
            match (*happened, limit) {
                (Happened::Refused(by), _) if by == limit => {
                    let gap = last.map(|last| at.since(last));
                    match gap.filter(|gap| *gap <= burst) {
                        Some(gap) => gaps.push((gap.as_secs_f64(), taken)),
                        None => stretches += 1.0,
                    }
                    (last, taken) = (Some(*at), 0.0);
                }
                (Happened::Seam, _) => (last, blocks) = (None, blocks + 1.0),
                (Happened::Admitted(_), Limit::Requests) => (taken, all, largest) = (taken + 1.0, all + 1.0, 1.0),
                (Happened::Admitted(tokens), Limit::Tokens) => {
                    (taken, all, largest) = (taken + tokens, all + tokens, largest.max(tokens));
                }
                (Happened::Settled(tokens), Limit::Tokens) => {
                    (taken, all, largest) = (taken + tokens, all + tokens, largest.max(tokens));
                }
                _ => {}
            }
        }
        let sum = |gaps: &[(f64, f64)]| gaps.iter().fold((0.0, 0.0), |(t, n), gap| (t + gap.0, n + gap.1));
        let (seconds, through) = sum(&gaps);
        let few = || format!("{refused} refusals for {} lie too far apart", limit.name());
        if seconds <= 0.0 || through <= 0.0 {
            return Err(few());
        }
        // A quota that changed on the way shows in its halves.
        let halves = [&gaps[..gaps.len() / 2], &gaps[gaps.len() / 2..]].map(sum);
        let apart = match halves {
            [(t, n), (u, m)] if t > 0.0 && u > 0.0 => (n / t - m / u).abs() / 2.0,
            _ => f64::INFINITY,
        };
        let rate = through / seconds;
        let uncertainty = (stretches * largest / seconds).max(apart);
        if uncertainty > WIDEST * rate {
            return Err(format!("{}, or what they let through changed: no rate within ±20 %", few()));
        }
        // A bucket lets through no more than it fills up by and had saved before each block. What keeps minutes lets it through at once.
        let span = self.events.last().map_or(0.0, |(at, _)| at.since(self.events[0].0).as_secs_f64());
        let most = (rate + uncertainty) * (span + blocks * burst.as_secs_f64()) + largest;
        if all > most * 1.05 {
            return Err(format!(
                "more {} went through than a bucket of this rate has: the minute may be kept in another way",
                limit.name()
            ));
        }
        Ok(Rate { per_minute: rate * 60.0, uncertainty: uncertainty * 60.0, seconds, refused })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::region::quota::{Exceeded, Quota, QuotaSpec, Window};

    const BURST: Duration = Duration::from_secs(5);

    /// `per_second` calls of 500 tokens, evenly, for ten minutes, against a quota. Each uses 200 and ends 2 s later.
    fn against(spec: &QuotaSpec, per_second: f64) -> Traffic {
        let (mut quota, mut traffic) = (Quota::new(spec, RunTime::ZERO), Traffic::default());
        let mut ends: std::collections::VecDeque<f64> = std::collections::VecDeque::new();
        for i in 0..(per_second * 600.0) as u64 {
            let at = i as f64 / per_second;
            while let Some(end) = ends.front().copied().filter(|end| *end <= at) {
                ends.pop_front();
                quota.settle(RunTime::from_secs_f64(end), 500, 200.0);
                traffic.events.push((RunTime::from_secs_f64(end), Happened::Settled(-300.0)));
            }
            let happened = match quota.admit(RunTime::from_secs_f64(at), 500) {
                Ok(()) => {
                    ends.push_back(at + 2.0);
                    Happened::Admitted(500.0)
                }
                Err(Exceeded::Requests) => Happened::Refused(Limit::Requests),
                Err(Exceeded::Tokens) => Happened::Refused(Limit::Tokens),
            };
            traffic.events.push((RunTime::from_secs_f64(at), happened));
        }
        traffic
    }

    fn spec(requests: Option<f64>, tokens: Option<f64>, window: Window) -> QuotaSpec {
        QuotaSpec { requests_per_minute: requests, tokens_per_minute: tokens, window }
    }

    #[test]
    fn a_bucket_is_found_again_and_its_uncertainty_holds_it() {
        for (requests, per_second) in [(120.0, 5.0), (120.0, 2.3), (600.0, 11.0)] {
            let mut traffic = against(&spec(Some(requests), None, Window::Bucket { burst: BURST }), per_second);
            let rate = traffic.fit(Limit::Requests, BURST).unwrap().unwrap();
            let wrong = (rate.per_minute - requests).abs();
            assert!(wrong <= rate.uncertainty + 1e-6 && wrong < 0.01 * requests, "{requests}: {rate:?}");
            assert_eq!(traffic.fit(Limit::Tokens, BURST), None);
        }
    }

    #[test]
    fn tokens_are_those_settled() {
        let mut traffic = against(&spec(None, Some(60_000.0), Window::Bucket { burst: BURST }), 20.0);
        let rate = traffic.fit(Limit::Tokens, BURST).unwrap().unwrap();
        assert!((rate.per_minute - 60_000.0).abs() <= rate.uncertainty.min(1_200.0), "{rate:?}");
    }

    #[test]
    fn what_keeps_minutes_in_another_way_is_not_taken_for_a_bucket() {
        let mut traffic = against(&spec(Some(120.0), None, Window::FixedMinute), 5.0);
        assert!(traffic.fit(Limit::Requests, BURST).unwrap().is_err());
    }

    #[test]
    fn what_happened_between_two_blocks_is_not_counted() {
        let at = |second| RunTime::from_secs_f64(f64::from(second));
        let mut traffic = against(&spec(Some(120.0), None, Window::Bucket { burst: BURST }), 5.0);
        let alone = traffic.fit(Limit::Requests, BURST).unwrap().unwrap();
        let last = traffic.events.iter().rfind(|(_, what)| matches!(what, Happened::Refused(_))).unwrap().0;
        // A minute passed, the bucket filled up, and none of it is in the stamps.
        traffic.events.retain(|(at, _)| *at <= last);
        traffic.events.push((at(600), Happened::Seam));
        traffic.events.extend((0..12).map(|_| (at(600), Happened::Admitted(1.0))));
        traffic.events.push((at(601), Happened::Refused(Limit::Requests)));
        let both = traffic.fit(Limit::Requests, BURST).unwrap().unwrap();
        assert_eq!((both.per_minute, both.seconds), (alone.per_minute, alone.seconds));
    }

    #[test]
    fn a_few_refusals_far_apart_are_no_rate() {
        let mut traffic = against(&spec(None, None, Window::FixedMinute), 1.0);
        assert_eq!(traffic.fit(Limit::Requests, BURST), None);
        for at in [100.0, 200.0, 203.0] {
            traffic.events.push((RunTime::from_secs_f64(at), Happened::Refused(Limit::Requests)));
        }
        let said = traffic.fit(Limit::Requests, BURST).unwrap().unwrap_err();
        assert!(said.starts_with("3 refusals for requests lie too far apart"), "{said}");
    }
}
