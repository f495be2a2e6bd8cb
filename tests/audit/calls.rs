//! A day of calls, as CloudWatch would have recorded them.

use bedbench::clock::unix_nanos;

pub const MODEL: &str = "au.anthropic.claude-sonnet-5";
/// Called a few times only.
pub const HAIKU: &str = "global.anthropic.claude-haiku-4-5-20251001-v1:0";

const HOUR: u64 = 3_600;

#[derive(Clone, Copy, Debug)]
pub struct Call {
    /// Seconds since 1970.
    pub at: u64,
    /// Milliseconds.
    pub latency: f64,
    pub ttft: f64,
    pub input: f64,
    pub output: f64,
}

/// Of [`MODEL`]; [`HAIKU`] has the first ten of them too.
#[derive(Clone, Debug, Default)]
pub struct Recorded {
    pub calls: Vec<Call>,
    pub throttled: u64,
    /// In this minute.
    pub throttled_at: u64,
}

impl Recorded {
    /// Two calls in each of seven minutes of an hour. It keeps an hour away from both ends of the day: the clock may
    /// strike while a test runs.
    pub fn of_a_day() -> Self {
        let end = unix_nanos() / 1_000_000_000 / HOUR * HOUR;
        let minutes = (1..24).flat_map(|hour| (0..7).map(move |part| end - 24 * HOUR + hour * HOUR + part * 480));
        let calls = minutes.flat_map(|minute| [minute, minute + 7]).enumerate().map(|(i, at)| {
            let i = (i * 37 % 100) as f64;
            Call { at, latency: 500.0 + 10.0 * i, ttft: 200.0 + i, input: 300.0 + 4.0 * i, output: 40.0 + i % 20.0 }
        });
        Self { calls: calls.collect(), throttled: 30, throttled_at: end - 15 * HOUR + 480 }
    }

    pub fn busiest_minute(&self) -> f64 {
        2.0 + self.throttled as f64
    }

    pub fn sorted(&self, of: fn(&Call) -> f64) -> Vec<f64> {
        let mut values: Vec<_> = self.calls.iter().map(of).collect();
        values.sort_by(f64::total_cmp);
        values
    }

    /// Every value published: model, metric, second, value.
    pub fn values(&self) -> Vec<(&'static str, &'static str, u64, f64)> {
        let of = |model: &'static str, call: &Call| {
            let metrics = [
                ("Invocations", 1.0),
                ("InvocationLatency", call.latency),
                ("TimeToFirstToken", call.ttft),
                ("InputTokenCount", call.input),
                ("OutputTokenCount", call.output),
            ];
            metrics.map(|(metric, value)| (model, metric, call.at, value))
        };
        let mut values: Vec<_> = self.calls.iter().flat_map(|call| of(MODEL, call)).collect();
        values.extend(self.calls.iter().take(10).flat_map(|call| of(HAIKU, call)));
        values.extend((0..self.throttled).map(|_| (MODEL, "InvocationThrottles", self.throttled_at, 1.0)));
        values
    }
}

/// Quotas of the account, and AWS's defaults: name and value.
pub const APPLIED: &[(&str, f64)] = &[
    ("Cross-region model inference requests per minute for Anthropic Claude Sonnet 5", 120.0),
    ("Cross-region model inference tokens per minute for Anthropic Claude Sonnet 5", 200_000.0),
    ("On-demand model inference requests per minute for Amazon Nova Lite", 7.0),
];
pub const DEFAULTS: &[(&str, f64)] = &[
    ("Cross-region model inference requests per minute for Anthropic Claude Sonnet 5", 1.0),
    ("Global cross-region model inference requests per minute for Anthropic Claude Haiku 4.5", 1_000.0),
];
