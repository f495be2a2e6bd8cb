//! Service-level objectives: `ttft:p95<900ms`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::metric::Metric;
use super::record::RequestRecord;
use super::units::{Span, percentile};

/// A bound on one percentile over all requests, failures ranking last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slo {
    /// [`Metric::Ttft`] or [`Metric::Response`]: both run from the intended start.
    pub metric: Metric,
    /// In (0, 1).
    pub quantile: f64,
    pub limit: Duration,
}

impl Slo {
    /// One request's part: ok, and within the limit. Goodput counts requests that meet every SLO.
    pub fn met_by(&self, record: &RequestRecord) -> bool {
        record.outcome.is_ok() && self.metric.of(record).is_some_and(|time| time < self.limit)
    }
}

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mistake =
            |what: String| format!("`{text}` is not an SLO: {what}; write it like ttft:p95<900ms or response:p99<4s");
        let (left, limit) = text.split_once('<').ok_or_else(|| mistake("no `<`".into()))?;
        let (metric, quantile) = left.split_once(':').ok_or_else(|| mistake("no `:`".into()))?;
        let metric = match metric.trim() {
            "ttft" => Metric::Ttft,
            "response" => Metric::Response,
            other => return Err(mistake(format!("`{other}` is neither ttft nor response"))),
        };
        let percent = quantile.trim().strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
        let quantile = match percent {
            Some(percent) if percent > 0.0 && percent < 100.0 => percent / 100.0,
            _ => return Err(mistake(format!("`{}` is not a percentile between p0 and p100", quantile.trim()))),
        };
        let limit = limit.parse::<Span>().map_err(mistake)?.0;
        Ok(Self { metric, quantile, limit })
    }
}

impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = if self.metric == Metric::Ttft { "ttft" } else { "response" };
        write!(f, "{metric}:{}<{}", percentile(self.quantile), Span(self.limit).to_string().replace(' ', ""))
    }
}

impl Serialize for Slo {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Slo {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_slo_reads_back_as_it_is_written() {
        for text in ["ttft:p95<900ms", "response:p99.9<4.00s"] {
            assert_eq!(text.parse::<Slo>().unwrap().to_string(), text);
        }
    }

    #[test]
    fn a_malformed_slo_says_what_is_wrong() {
        for (text, wrong) in [
            ("ttft:p95", "no `<`"),
            ("p95<1s", "no `:`"),
            ("speed:p95<1s", "neither ttft nor response"),
            ("ttft:p100<1s", "not a percentile"),
            ("ttft:p95<soon", "not a span"),
        ] {
            let said = text.parse::<Slo>().unwrap_err();
            assert!(said.contains(wrong), "{said}");
        }
    }
}
