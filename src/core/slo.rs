//! Service-level objectives: `ttft:p95<900ms`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::metric::Metric;
use super::record::RequestRecord;
use super::time::DAY;
use super::units::{Span, exact, percentile, quantile};

/// A bound on one percentile over all requests, failures ranking last.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Slo {
    /// [`Metric::Ttft`] or [`Metric::Response`]: both run from the intended start.
    pub metric: Metric,
    /// In (0, 1).
    pub quantile: f64,
    pub limit: Duration,
}

/// What is wrong with an objective, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Mistake {
    /// Bytes before it.
    pub at: usize,
    pub what: String,
}

impl Mistake {
    /// `text` is all of what was typed.
    pub fn within(self, text: &str, like: &str) -> String {
        let character = text.get(..self.at).map_or(0, |before| before.chars().count()) + 1;
        format!("`{text}` is not an SLO: at character {character}, {}; write it like {like}", self.what)
    }
}

impl Slo {
    /// One request's part: ok, and within the limit. Goodput counts requests that meet every SLO.
    pub fn met_by(&self, record: &RequestRecord) -> bool {
        record.outcome.is_ok() && self.metric.of(record).is_some_and(|time| time < self.limit)
    }

    pub(super) fn parse(text: &str) -> Result<Self, Mistake> {
        let mistake = |at: usize, what: String| Mistake { at, what };
        let less = text.find('<').ok_or_else(|| mistake(text.len(), "no `<`".into()))?;
        let (left, limit) = (&text[..less], &text[less + 1..]);
        let colon = left.find(':').ok_or_else(|| mistake(less, "no `:` before the `<`".into()))?;
        let metric = match left[..colon].trim() {
            "ttft" => Metric::Ttft,
            "response" => Metric::Response,
            other => return Err(mistake(0, format!("`{other}` is neither ttft nor response"))),
        };
        let asked = left[colon + 1..].trim();
        let percent = asked.strip_prefix('p').and_then(|digits| digits.parse::<f64>().ok());
        let quantile = match percent {
            Some(percent) if (0.000_1..=99.999_9).contains(&percent) => quantile(percent),
            _ => {
                let meant = if asked.starts_with('p') { String::new() } else { format!(": did you mean p{asked}?") };
                return Err(mistake(colon + 1, format!("`{asked}` is not a percentile between p0 and p100{meant}")));
            }
        };
        if limit.starts_with('=') {
            return Err(mistake(less, "`<=` is written `<`".into()));
        }
        if limit.trim().parse::<f64>().is_ok() {
            let limit = limit.trim();
            return Err(mistake(less + 1, format!("`{limit}` has no unit: {limit}ms or {limit}s?")));
        }
        let limit = limit.parse::<Span>().map_err(|what| mistake(less + 1, what))?.0;
        if limit.is_zero() {
            return Err(mistake(less + 1, "nothing is below 0".into()));
        }
        if limit > DAY {
            return Err(mistake(less + 1, "no answer is waited for longer than a day".into()));
        }
        Ok(Self { metric, quantile, limit })
    }
}

impl FromStr for Slo {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|mistake| mistake.within(text, "ttft:p95<900ms or response:p99<4s"))
    }
}

/// Without loss: the goodput of a run is made anew from it.
impl fmt::Display for Slo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let metric = if self.metric == Metric::Ttft { "ttft" } else { "response" };
        write!(f, "{metric}:{}<{}", percentile(self.quantile), exact(self.limit))
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

impl JsonSchema for Slo {
    fn schema_name() -> Cow<'static, str> {
        "Slo".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "pattern": "^(ttft|response):p[0-9.]+<", "examples": ["ttft:p95<900ms"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_slo_reads_back_as_it_is_written() {
        for text in ["ttft:p95<900ms", "response:p99.9<4s", "response:p50<1.234567s", "ttft:p95<250µs", "ttft:p1<90s"]
        {
            assert_eq!(text.parse::<Slo>().unwrap().to_string(), text);
        }
    }

    /// Found by the fuzz target `objective`: a run was held to more decimals than its manifest told.
    #[test]
    fn more_decimals_than_are_printed_are_not_held_either() {
        for text in ["ttft:p8.427777777777777<90s", "ttft:p99.99984<1s", "response:p95.00001<1s"] {
            let slo = text.parse::<Slo>().unwrap();
            assert_eq!(slo.to_string().parse::<Slo>().unwrap(), slo, "{text}");
        }
        assert_eq!("ttft:p99.9<1s".parse::<Slo>().unwrap().quantile, 0.999);
    }

    #[test]
    fn a_malformed_slo_says_what_is_wrong_and_where() {
        for (text, wrong) in [
            ("ttft:p95", "at character 9, no `<`"),
            ("p95<1s", "at character 4, no `:`"),
            ("speed:p95<1s", "at character 1, `speed` is neither ttft nor response"),
            ("ttft:p100<1s", "at character 6, `p100` is not a percentile"),
            ("ttft:p99.99999<1s", "at character 6, `p99.99999` is not a percentile"),
            ("ttft:p95<soon", "at character 10, `soon` is not a span"),
            ("ttft:p95<0s", "at character 10, nothing is below 0"),
            ("ttft:95<900ms", "at character 6, `95` is not a percentile between p0 and p100: did you mean p95?"),
            ("ttft:p95<=900ms", "at character 9, `<=` is written `<`"),
            // As seconds it would be met by anything.
            ("ttft:p95<900", "at character 10, `900` has no unit: 900ms or 900s?"),
            ("ttft:p95<7907777777s", "at character 10, no answer is waited for longer than a day"),
        ] {
            let said = text.parse::<Slo>().unwrap_err();
            assert!(said.contains(wrong), "{said}");
        }
    }
}
