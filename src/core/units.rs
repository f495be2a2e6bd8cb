//! Values with units, as people write and read them: `"92ms"`, `"1m30s"`, `"2400/min"`, `1.24 s`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A span of time, written with its unit: `92ms`, `1.5s`, `1m30s`. A bare number is seconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

const UNITS: &[(&str, f64)] = &[
    ("ns", 1e-9),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ms", 1e-3),
    ("s", 1.0),
    ("min", 60.0),
    ("m", 60.0),
    ("h", 3600.0),
    ("d", 86_400.0),
];

impl FromStr for Span {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mistake = || format!("`{text}` is not a span of time; write it like 92ms, 1.5s or 1m30s");
        let mut rest = text.trim();
        if rest.is_empty() {
            return Err(mistake());
        }
        let mut seconds = 0.0;
        let mut bare = false;
        while !rest.is_empty() {
            let digits = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            let number: f64 = rest[..digits].parse().map_err(|_| mistake())?;
            rest = &rest[digits..];
            let letters = rest.find(|c: char| c.is_ascii_digit()).unwrap_or(rest.len());
            let unit = rest[..letters].trim();
            rest = &rest[letters..];
            // A second number without a unit (`1m30`) could mean two things: refused.
            if bare || (unit.is_empty() && seconds > 0.0) {
                return Err(mistake());
            }
            bare = unit.is_empty();
            let scale = if bare { 1.0 } else { UNITS.iter().find(|(name, _)| *name == unit).ok_or_else(mistake)?.1 };
            seconds += number * scale;
        }
        Duration::try_from_secs_f64(seconds).map(Span).map_err(|_| mistake())
    }
}

impl fmt::Display for Span {
    /// Three significant digits, in the unit that suits the size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs_f64();
        let (value, unit) = if seconds == 0.0 {
            return f.pad("0 ms");
        } else if seconds < 0.999_5e-6 {
            (seconds * 1e9, "ns")
        } else if seconds < 0.999_5e-3 {
            (seconds * 1e6, "µs")
        } else if seconds < 0.999_5 {
            (seconds * 1e3, "ms")
        } else if seconds < 119.95 {
            (seconds, "s")
        } else {
            (seconds / 60.0, "min")
        };
        f.pad(&format!("{} {unit}", significant(value)))
    }
}

/// Three significant digits without an exponent.
pub fn significant(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A rate in events per second, written `50`, `50/s`, `3000/min` or `3000/m`.
#[derive(Clone, Copy, Debug, Default, PartialEq, PartialOrd)]
pub struct Rate(pub f64);

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mistake = || format!("`{text}` is not a rate; write it like 50, 50/s or 3000/min");
        let (number, per) = text.trim().split_once('/').unwrap_or((text.trim(), "s"));
        let number: f64 = number.trim().parse().map_err(|_| mistake())?;
        let seconds = match per.trim() {
            "s" => 1.0,
            "m" | "min" => 60.0,
            "h" => 3600.0,
            _ => return Err(mistake()),
        };
        if !number.is_finite() || number < 0.0 {
            return Err(mistake());
        }
        Ok(Rate(number / seconds))
    }
}

impl fmt::Display for Rate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{}/s", self.0))
    }
}

macro_rules! as_text {
    ($kind:ty) => {
        impl Serialize for $kind {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(&self.to_string().replace(' ', ""))
            }
        }

        impl<'de> Deserialize<'de> for $kind {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

as_text!(Span);
as_text!(Rate);

/// `12345.6` as `12,346`: counts in tables.
pub fn grouped(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A share of a whole as a percentage; two digits below one percent, so that a few failures in
/// thousands do not print as none.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let share = 100.0 * part as f64 / whole as f64;
    match share {
        s if part > 0 && s < 0.01 => "<0.01 %".into(),
        s if s > 0.0 && s < 1.0 => format!("{s:.2} %"),
        s => format!("{s:.1} %"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_are_read_with_their_units() {
        for (text, nanos) in [
            ("92ms", 92_000_000),
            ("1.5s", 1_500_000_000),
            ("1m30s", 90_000_000_000),
            ("60", 60_000_000_000),
            ("250us", 250_000),
            ("1 min", 60_000_000_000),
        ] {
            assert_eq!(text.parse::<Span>().unwrap().0.as_nanos(), nanos, "{text}");
        }
    }

    #[test]
    fn ambiguous_or_wrong_spans_are_refused() {
        for text in ["", "fast", "1m30", "5 parsecs", "-1s", "1..2s", "s"] {
            assert!(text.parse::<Span>().is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn spans_are_shown_with_three_digits() {
        for (nanos, text) in [
            (1_234, "1.23 µs"),
            (999_900, "1.00 ms"),
            (12_345_678, "12.3 ms"),
            (999_600_000, "1.00 s"),
            (61_000_000_000, "61.0 s"),
            (600_000_000_000, "10.0 min"),
        ] {
            assert_eq!(Span(Duration::from_nanos(nanos)).to_string(), text);
        }
    }

    #[test]
    fn rates_are_read_per_second_or_per_minute() {
        assert_eq!("50".parse::<Rate>().unwrap().0, 50.0);
        assert_eq!("3000/min".parse::<Rate>().unwrap().0, 50.0);
        for text in ["NaN", "-5", "5/fortnight", "inf"] {
            assert!(text.parse::<Rate>().is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn few_failures_do_not_print_as_none() {
        assert_eq!(percent(1, 20_000), "<0.01 %");
        assert_eq!(percent(1, 3_000), "0.03 %");
        assert_eq!(percent(0, 3_000), "0.0 %");
        assert_eq!(percent(1, 0), "–");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
