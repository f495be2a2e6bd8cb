//! What a profile says about a policy, and what of it cannot be meant.

use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer};

use super::Entry;
use crate::core::Outcome;
use crate::core::request::Timeouts;
use crate::core::units::{Span, length, percentile};

/// Outcomes that another Region, or the same one later, may not share.
pub const PASSING: [Outcome; 6] = [
    Outcome::Throttled,
    Outcome::Unavailable,
    Outcome::ServerError,
    Outcome::StreamError,
    Outcome::Timeout,
    Outcome::Transport,
];

/// What a policy is built from. Each heeds the keys that its entry names; the others keep their defaults.
#[derive(Clone, Debug, PartialEq)]
pub struct Settings {
    pub targets: usize,
    /// How long a target that throttled is left alone.
    pub cooldown: Duration,
    /// Share of the requests by target; they add up to 1. Empty for policies that know no shares.
    pub weights: Vec<f64>,
    /// Outcomes after which another target is tried.
    pub fall_back_on: Vec<Outcome>,
    pub backoff: Backoff,
    pub home_quota: HomeQuota,
    /// Quota that one output token of the home model uses.
    pub burndown: f64,
    /// Share of the home quota, above 0 and at most 1, above which requests spill.
    pub threshold: f64,
    pub hedge: Hedge,
    /// How long a latency is remembered: after this time it counts for 1/e.
    pub decay: Duration,
}

/// Waits between attempts at one target.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Backoff {
    /// Longest wait before the second attempt; it doubles with each further one.
    pub base: Span,
    /// What it does not grow above.
    pub cap: Span,
}

impl Default for Backoff {
    fn default() -> Self {
        Self { base: Span(Duration::from_millis(100)), cap: Span(Duration::from_secs(20)) }
    }
}

/// Quota of the first target, as its account has it. A limit that is not given is not watched.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HomeQuota {
    pub requests_per_minute: Option<f64>,
    pub tokens_per_minute: Option<f64>,
}

/// When a second attempt is sent beside the first, and what holds it back.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Hedge {
    pub after: HedgeAfter,
    /// The delay while too little is known for a percentile; absent: no hedge until then.
    pub initial: Option<Span>,
    /// Hedges per request at most, above 0 and at most 1.
    pub budget: f64,
    /// Share of failed attempts above which no hedge is sent.
    pub brake: f64,
}

impl Default for Hedge {
    fn default() -> Self {
        Self { after: HedgeAfter::Percentile(0.95), initial: None, budget: 0.05, brake: 0.1 }
    }
}

/// Written `800ms` or `p95`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum HedgeAfter {
    Delay(Duration),
    /// Of what first attempts have taken lately to their first token; a share in (0, 1).
    Percentile(f64),
}

impl FromStr for HedgeAfter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let percent = text.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
        match percent {
            Some(percent) => Ok(Self::Percentile(percent / 100.0)),
            None => text
                .parse::<Span>()
                .map(|delay| Self::Delay(delay.0))
                .map_err(|_| format!("`{text}` is neither a delay nor a percentile; write it like 800ms or p95")),
        }
    }
}

impl<'de> Deserialize<'de> for HedgeAfter {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl Settings {
    /// What holds where a profile says nothing more.
    pub fn new(targets: usize) -> Self {
        Self {
            targets,
            cooldown: Duration::ZERO,
            weights: Vec::new(),
            fall_back_on: PASSING.to_vec(),
            backoff: Backoff::default(),
            home_quota: HomeQuota::default(),
            burndown: 1.0,
            threshold: 0.95,
            hedge: Hedge::default(),
            decay: Duration::from_secs(10),
        }
    }

    /// Settings that make sense for `entry`, for tests and benches over the whole list: three targets
    /// where it takes so many, and limits low enough to be met.
    pub fn example(entry: &Entry) -> Self {
        let targets = (*entry.targets.end()).min(3);
        Self {
            cooldown: Duration::from_secs(1),
            weights: vec![1.0 / targets as f64; targets],
            home_quota: HomeQuota { requests_per_minute: Some(300.0), tokens_per_minute: Some(1e6) },
            hedge: Hedge { after: HedgeAfter::Delay(Duration::from_millis(800)), ..Hedge::default() },
            ..Self::new(targets)
        }
    }
}

/// A key of a profile that only some policies heed; elsewhere it would be a lie.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// `weight` of a target; all others are of a route.
    Weight,
    Cooldown,
    FallBackOn,
    Backoff,
    HomeQuota,
    Threshold,
    Hedge,
    Decay,
}

/// Why a setting cannot be meant, and what to write instead.
pub type Contradiction = (String, &'static str);

impl Key {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Weight => "weight",
            Self::Cooldown => "cooldown",
            Self::FallBackOn => "fall_back_on",
            Self::Backoff => "backoff",
            Self::HomeQuota => "home_quota",
            Self::Threshold => "threshold",
            Self::Hedge => "hedge",
            Self::Decay => "decay",
        }
    }

    /// What is wrong with what `settings` says under this key, for a policy that heeds it.
    pub fn contradiction(self, settings: &Settings) -> Option<Contradiction> {
        match self {
            Self::Cooldown => None,
            Self::Weight => weights(settings),
            Self::FallBackOn => fall_back_on(&settings.fall_back_on),
            Self::Backoff => backoff(&settings.backoff),
            Self::HomeQuota => home_quota(&settings.home_quota),
            Self::Threshold => share("threshold", settings.threshold),
            Self::Hedge => hedge(&settings.hedge),
            Self::Decay => settings.decay.is_zero().then(|| {
                (
                    "with a `decay` of 0 no latency is remembered".into(),
                    "Write how long one counts, like decay = \"10s\"",
                )
            }),
        }
    }
}

fn weights(settings: &Settings) -> Option<Contradiction> {
    let weights = &settings.weights;
    let sum: f64 = weights.iter().sum();
    let complete = weights.len() == settings.targets && weights.iter().all(|weight| *weight > 0.0);
    if complete && (sum - 1.0).abs() < 1e-6 {
        return None;
    }
    let what = format!("its {} weights are {weights:?} and add up to {sum}", weights.len());
    Some((what, "Give each target a `weight` above 0, and let them add up to 1"))
}

fn fall_back_on(outcomes: &[Outcome]) -> Option<Contradiction> {
    let odd = outcomes.iter().find(|outcome| !PASSING.contains(outcome))?;
    let why = match odd {
        Outcome::Invalid => "what is wrong or forbidden in one Region is so in the others",
        _ => "that is no failure of a target",
    };
    let way_out = "Choose among throttled, unavailable, server_error, stream_error, timeout and transport";
    Some((format!("`fall_back_on` names `{odd}`, but {why}"), way_out))
}

fn backoff(backoff: &Backoff) -> Option<Contradiction> {
    let Backoff { base: Span(base), cap: Span(cap) } = *backoff;
    let way_out = "Write it like backoff = { base = \"100ms\", cap = \"20s\" }";
    if base.is_zero() {
        return Some(("a backoff with a base of 0 never waits".into(), way_out));
    }
    (base > cap)
        .then(|| (format!("the base of its backoff, {}, is above the cap, {}", length(base), length(cap)), way_out))
}

fn home_quota(quota: &HomeQuota) -> Option<Contradiction> {
    let limits: Vec<_> = [quota.requests_per_minute, quota.tokens_per_minute].into_iter().flatten().collect();
    let what = match limits.iter().find(|limit| !(limit.is_finite() && **limit > 0.0)) {
        Some(limit) => format!("a home quota of {limit} per minute is none"),
        None if limits.is_empty() => "it does not say what the quota of its first target is".into(),
        None => return None,
    };
    Some((what, "Write it like home_quota = { requests_per_minute = 600, tokens_per_minute = 1000000 }"))
}

fn hedge(hedge: &Hedge) -> Option<Contradiction> {
    let deadline = Timeouts::default().request;
    let delay = match hedge.after {
        HedgeAfter::Delay(_) if hedge.initial.is_some() => {
            let what = "its hedge has a fixed delay, so there is no other one to begin with".into();
            return Some((what, "Take `initial` out, or write a percentile, like after = \"p95\""));
        }
        HedgeAfter::Delay(delay) => Some(delay),
        HedgeAfter::Percentile(q) if !(q > 0.0 && q < 1.0) => {
            let what = format!("no latency is at {}", percentile(q));
            return Some((what, "Write a percentile between p0 and p100, like after = \"p95\""));
        }
        HedgeAfter::Percentile(_) => hedge.initial.map(|initial| initial.0),
    };
    if let Some(late) = delay.filter(|delay| *delay >= deadline) {
        let what = format!(
            "its hedge would be sent after {}, and a request has ended after {}",
            length(late),
            length(deadline)
        );
        return Some((what, "Choose a delay well below that, like after = \"800ms\""));
    }
    share("budget", hedge.budget).or_else(|| share("brake", hedge.brake))
}

fn share(name: &str, share: f64) -> Option<Contradiction> {
    let sound = share > 0.0 && share <= 1.0;
    (!sound).then(|| (format!("`{name}` is {share}, which is no share"), "Write a number above 0 and at most 1"))
}
