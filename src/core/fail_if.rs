//! Gates of a comparison: `ttft:p95>+10%`.

use std::fmt;
use std::str::FromStr;

use serde::{Serialize, Serializer};

use super::metric::Metric;
use super::units::{percentile, quantile};

/// Fails a comparison whose percentile grew by more than so much.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FailIf {
    pub metric: Metric,
    /// In (0, 1).
    pub quantile: f64,
    /// Share of the first run's percentile: 0.1 for +10 %.
    pub more_than: f64,
}

const SHAPE: &str = "write it like ttft:p95>+10%";

impl FromStr for FailIf {
    type Err = String;

    /// What is wrong is pointed at in a second line.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = |at: usize, what: &str| {
            let column = text[..at.min(text.len())].chars().count();
            format!("{what}; {SHAPE}\n  {text}\n  {}^", " ".repeat(column))
        };
        let colon = text.find(':').ok_or_else(|| wrong(text.len(), "no `:` after the metric"))?;
        let metric = Metric::ALL.into_iter().find(|metric| metric.key() == &text[..colon]).ok_or_else(|| {
            let keys = Metric::ALL.map(Metric::key).join(", ");
            wrong(0, &format!("`{}` is none of {keys}", &text[..colon]))
        })?;
        let rest = &text[colon + 1..];
        let than = rest.find('>').ok_or_else(|| wrong(text.len(), "no `>` after the percentile"))?;
        let percent = rest[..than].strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
        let quantile = percent
            .map(quantile)
            .filter(|quantile| *quantile > 0.0 && *quantile < 1.0)
            .ok_or_else(|| wrong(colon + 1, "not a percentile between p0 and p100"))?;
        let start = colon + 1 + than + 1;
        let number = text[start..].strip_prefix('+').ok_or_else(|| wrong(start, "no `+` before the growth"))?;
        let number =
            number.strip_suffix('%').ok_or_else(|| wrong(text.len(), "no `%` at the end, growth is relative"))?;
        let growth = number.parse::<f64>().ok().filter(|growth| growth.is_finite() && *growth >= 0.0);
        let growth = growth.ok_or_else(|| wrong(start + 1, "not a number of percent"))?;
        Ok(Self { metric, quantile, more_than: growth / 100.0 })
    }
}

impl fmt::Display for FailIf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let growth = (self.more_than * 1e6).round() / 1e4;
        write!(f, "{}:{}>+{growth}%", self.metric.key(), percentile(self.quantile))
    }
}

impl Serialize for FailIf {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_reads_back_as_it_is_written() {
        for text in ["ttft:p95>+10%", "response:p99.9>+0%", "service_ttft:p50>+2.5%", "tpot:p50>+7%"] {
            assert_eq!(text.parse::<FailIf>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_malformed_gate_is_pointed_at() {
        for (text, what, column) in [
            ("ttft", "no `:`", 4),
            ("speed:p95>+10%", "`speed` is none of response, service, ttft", 0),
            ("ttft:p95", "no `>`", 8),
            ("ttft:95>+10%", "not a percentile", 5),
            ("ttft:p100>+10%", "not a percentile", 5),
            ("ttft:p95>10%", "no `+`", 9),
            ("ttft:p95>+10", "no `%`", 12),
            ("ttft:p95>+ten%", "not a number", 10),
            ("ttft:p95>+-1%", "not a number", 10),
            ("", "no `:`", 0),
        ] {
            let said = text.parse::<FailIf>().unwrap_err();
            let mut lines = said.lines();
            assert!(lines.next().unwrap().contains(what), "{said}");
            assert_eq!(lines.next().unwrap(), format!("  {text}"));
            assert_eq!(lines.next().unwrap(), format!("  {}^", " ".repeat(column)), "{text}");
        }
    }
}
