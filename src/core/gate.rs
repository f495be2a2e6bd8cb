//! What a run is held to: `ttft:p95<900ms`, `error<1%`, `goodput>45/s`; of every route, or of one: `sydney/error<1%`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::slo::{Mistake, Slo};
use super::units::Rate;

/// An objective that fails the run that misses it.
#[derive(Clone, Debug, PartialEq)]
pub struct Gate {
    /// Every candidate route, if none is named.
    pub route: Option<String>,
    pub objective: Objective,
}

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Objective {
    Latency(Slo),
    /// Fewer than so many percent of the requests fail, however they do: cancelled ones are not counted.
    Errors(f64),
    /// Fewer than so many percent of the attempts are throttled.
    Throttles(f64),
    /// More than so many requests meet every latency objective.
    Goodput(Rate),
    /// The knee of a sweep lies beyond this load.
    Knee(Rate),
}

const LIKE: &str = "ttft:p95<900ms, response:p99<4s, error<1%, throttle<5% or goodput>45/s, with a route before it as in \
                    sydney/error<1%";

impl Gate {
    /// Whether it holds for a route.
    pub fn is_for(&self, route: &str) -> bool {
        self.route.as_deref().is_none_or(|named| named == route)
    }

    pub fn slo(&self) -> Option<Slo> {
        match self.objective {
            Objective::Latency(slo) => Some(slo),
            _ => None,
        }
    }

    fn parse(text: &str) -> Result<Self, Mistake> {
        let sign = text.rfind(['<', '>']).ok_or_else(|| Mistake { at: text.len(), what: "no `<` or `>`".into() })?;
        // A rate has a slash too, but behind the sign.
        let start = text[..sign].rfind('/').map_or(0, |slash| slash + 1);
        let route = (start > 0).then(|| text[..start - 1].trim().to_owned());
        if route.as_ref().is_some_and(String::is_empty) {
            return Err(Mistake { at: 0, what: "no route before the `/`".into() });
        }
        let objective = Objective::parse(&text[start..]);
        let objective = objective.map_err(|mistake| Mistake { at: mistake.at + start, ..mistake })?;
        Ok(Self { route, objective })
    }
}

impl Objective {
    fn parse(text: &str) -> Result<Self, Mistake> {
        let sign = text.rfind(['<', '>']).unwrap_or(text.len());
        let (what, limit) = (text[..sign].trim(), text.get(sign + 1..).unwrap_or_default());
        let wrong = |at: usize, what: String| Err(Mistake { at, what });
        let (build, expected): (fn(f64) -> Self, &str) = match what {
            "error" => (Self::Errors, "<"),
            "throttle" => (Self::Throttles, "<"),
            "goodput" => (|rate| Self::Goodput(Rate(rate)), ">"),
            "knee" => (|rate| Self::Knee(Rate(rate)), ">"),
            _ if what.contains(':') => return Slo::parse(text).map(Self::Latency),
            _ => return wrong(0, format!("`{what}` is none of ttft:pN, response:pN, error, throttle and goodput")),
        };
        if !text[sign..].starts_with(expected) {
            return wrong(sign, format!("`{what}` takes `{expected}`"));
        }
        if expected == ">" {
            return match limit.trim().parse::<Rate>() {
                Ok(rate) => Ok(build(rate.0)),
                Err(what) => wrong(sign + 1, what),
            };
        }
        let percent = limit.trim().strip_suffix('%').and_then(|number| number.trim().parse::<f64>().ok());
        match percent.filter(|percent| *percent > 0.0 && *percent <= 100.0) {
            Some(percent) => Ok(build(percent)),
            None => wrong(
                sign + 1,
                format!("`{}` is not a share above 0 % and up to 100 %; write it like 1%", limit.trim()),
            ),
        }
    }
}

impl FromStr for Gate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text).map_err(|mistake| mistake.within(text, LIKE))
    }
}

impl fmt::Display for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(route) = &self.route {
            write!(f, "{route}/")?;
        }
        self.objective.fmt(f)
    }
}

impl fmt::Display for Objective {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Latency(slo) => slo.fmt(f),
            Self::Errors(percent) => write!(f, "error<{percent}%"),
            Self::Throttles(percent) => write!(f, "throttle<{percent}%"),
            Self::Goodput(rate) => write!(f, "goodput>{rate}"),
            Self::Knee(rate) => write!(f, "knee>{rate}"),
        }
    }
}

impl From<Slo> for Gate {
    fn from(slo: Slo) -> Self {
        Self { route: None, objective: Objective::Latency(slo) }
    }
}

impl Serialize for Gate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Gate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl JsonSchema for Gate {
    fn schema_name() -> Cow<'static, str> {
        "Gate".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "examples": ["ttft:p95<900ms", "sydney/error<1%", "goodput>45/s"] })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gate_reads_back_as_it_is_written() {
        for text in [
            "ttft:p95<900ms",
            "sydney→singapore/response:p99<2s",
            "error<1%",
            "sydney/error<0.07%",
            "throttle<5%",
            "goodput>45/s",
            "sydney/goodput>45.5/s",
            "knee>40/s",
        ] {
            assert_eq!(text.parse::<Gate>().unwrap().to_string(), text);
        }
        assert_eq!("sydney/goodput>2400/min".parse::<Gate>().unwrap().to_string(), "sydney/goodput>40/s");
        assert_eq!("goodput > 45".parse::<Gate>().unwrap().to_string(), "goodput>45/s");
    }

    #[test]
    fn a_malformed_gate_points_at_the_character() {
        for (text, wrong) in [
            ("", "at character 1, no `<` or `>`"),
            ("error=1%", "at character 9, no `<` or `>`"),
            ("error>1%", "at character 6, `error` takes `<`"),
            ("error<1", "at character 7, `1` is not a share"),
            ("error<101%", "at character 7, `101%` is not a share"),
            ("error<0%", "at character 7, `0%` is not a share"),
            ("goodput<45/s", "at character 8, `goodput` takes `>`"),
            ("goodput>fast", "at character 9, `fast` is not a rate"),
            ("latency<1s", "at character 1, `latency` is none of"),
            ("/error<1%", "at character 1, no route before"),
            ("sydney/ttft:p101<1s", "at character 13, `p101` is not a percentile"),
            ("sydney→oregon/ttft:p95<soon", "at character 24, `soon` is not a span"),
            ("ttft:p95>1s", "no `<`"),
        ] {
            let said = text.parse::<Gate>().unwrap_err();
            assert!(said.contains(wrong), "{said}");
        }
    }

    #[test]
    fn a_gate_is_for_its_route_or_for_all() {
        let gate = |text: &str| text.parse::<Gate>().unwrap();
        assert!(gate("error<1%").is_for("sydney") && gate("sydney/error<1%").is_for("sydney"));
        assert!(!gate("sydney/error<1%").is_for("oregon"));
    }
}
