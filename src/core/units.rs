//! Values with units, as people write and read them: `"92ms"`, `"1m30s"`, `"2400/min"`, `1.24 s`.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
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

impl Span {
    /// The unit that suits the size, and how many of it a second holds.
    fn unit(self) -> (f64, &'static str) {
        match self.0.as_secs_f64() {
            s if s < 0.999_5e-6 => (1e9, "ns"),
            s if s < 0.999_5e-3 => (1e6, "µs"),
            s if s < 0.999_5 => (1e3, "ms"),
            s if s < 119.95 => (1.0, "s"),
            _ => (1.0 / 60.0, "min"),
        }
    }
}

impl fmt::Display for Span {
    /// Three significant digits, in the unit that suits the size.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_zero() {
            return f.pad("0 ms");
        }
        let (scale, unit) = self.unit();
        f.pad(&format!("{} {unit}", significant(self.0.as_secs_f64() * scale)))
    }
}

/// `0.98–1.02 s`: both ends in the unit of the upper one, unless the lower would lose its digits.
pub fn range(low: Span, high: Span) -> String {
    let (scale, unit) = high.unit();
    let [from, to] = [low, high].map(|span| span.0.as_secs_f64() * scale);
    if from < 0.1 { format!("{low}–{high}") } else { format!("{}–{} {unit}", significant(from), significant(to)) }
}

/// A length that somebody chose, to the millisecond and without needless digits: `1 min 30 s`.
pub fn length(of: Duration) -> String {
    let (minutes, seconds) = (of.as_secs() / 60, of.as_secs_f64() % 60.0);
    let seconds = ((seconds * 1e3).round() / 1e3).to_string();
    match (minutes / 60, minutes % 60, seconds.as_str()) {
        (0, 0, _) if of < Duration::from_secs(1) => trimmed(&Span(of).to_string()),
        (0, 0, s) => format!("{s} s"),
        (0, m, "0") => format!("{m} min"),
        (0, m, s) => format!("{m} min {s} s"),
        (h, 0, "0") => format!("{h} h"),
        (h, m, "0") => format!("{h} h {m} min"),
        (h, m, s) => format!("{h} h {m} min {s} s"),
    }
}

/// A length that somebody chose, as it is typed: `1m30s`.
pub fn typed(of: Duration) -> String {
    length(of).replace(" min", "m").replace(' ', "")
}

/// `12.50 ms` as `12.5 ms`.
fn trimmed(text: &str) -> String {
    match text.split_once(' ') {
        Some((number, unit)) if number.contains('.') => {
            format!("{} {unit}", number.trim_end_matches('0').trim_end_matches('.'))
        }
        _ => text.to_owned(),
    }
}

/// A measured rate: `46.4/s`.
pub fn per_second(rate: f64) -> String {
    format!("{}/s", significant(rate))
}

/// A rate that somebody chose, without needless digits: `50/s`, `0.579/s`.
pub fn chosen_rate(rate: Rate) -> String {
    let digits = if rate.0 < 0.1 { 1e6 } else { 1e3 };
    Rate((rate.0 * digits).round() / digits).to_string()
}

/// A span without loss, in a unit that suits its size: `900ms`, `1.234s`.
pub fn exact(of: Duration) -> String {
    let nanos = of.as_nanos();
    let (scale, unit) = match nanos {
        0..1_000 => (1.0, "ns"),
        1_000..1_000_000 => (1e3, "µs"),
        1_000_000..1_000_000_000 => (1e6, "ms"),
        _ => (1e9, "s"),
    };
    format!("{}{unit}", nanos as f64 / scale)
}

/// `0.95` as `p95`, `0.999` as `p99.9`.
pub fn percentile(q: f64) -> String {
    format!("p{}", (q * 1e6).round() / 1e4)
}

/// The quantile of a percentile that somebody wrote, to the four decimals that it is printed with: what is held to it
/// must be what is told.
pub fn quantile(percent: f64) -> f64 {
    (percent * 1e4).round() / 1e6
}

/// Three significant digits without an exponent.
pub fn significant(value: f64) -> String {
    match value.abs() {
        v if v >= 99.95 => format!("{value:.0}"),
        v if v >= 9.995 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// A rate in events per second, written `50`, `50/s`, `3000/min`, `3000/m` or `50000/day`.
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
            "d" | "day" => 86_400.0,
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
    ($kind:ty, $name:literal, $like:literal) => {
        impl JsonSchema for $kind {
            fn schema_name() -> Cow<'static, str> {
                $name.into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!({ "type": "string", "examples": [$like] })
            }
        }

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

as_text!(Span, "Span", "1.5s");
as_text!(Rate, "Rate", "50/s");

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

/// A share of a whole as a percentage; two digits near none and near all, so that a few failures
/// in thousands do not print as none.
pub fn percent(part: u64, whole: u64) -> String {
    if whole == 0 {
        return "–".into();
    }
    let share = 100.0 * part as f64 / whole as f64;
    match share {
        s if part > 0 && s < 0.01 => "<0.01 %".into(),
        s if part < whole && s > 99.99 => ">99.99 %".into(),
        s if (s > 0.0 && s < 1.0) || (s > 99.0 && s < 100.0) => format!("{s:.2} %"),
        s => format!("{s:.1} %"),
    }
}

/// `value`, which is above 0, to four significant digits: as much of a load as anybody reads.
pub fn readable(value: f64) -> f64 {
    let scale = 10_f64.powi(3 - value.log10().floor() as i32);
    (value * scale).round() / scale
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
    fn a_range_names_its_unit_once_unless_an_end_would_vanish() {
        let text = |low, high| range(Span(Duration::from_micros(low)), Span(Duration::from_micros(high)));
        assert_eq!(text(980_000, 1_020_000), "0.98–1.02 s");
        assert_eq!(text(790_000, 830_000), "790–830 ms");
        assert_eq!(text(5_000, 2_000_000), "5.00 ms–2.00 s");
        assert_eq!(text(0, 2_000), "0 ms–2.00 ms");
    }

    #[test]
    fn a_chosen_length_keeps_every_second() {
        for (millis, said) in [
            (60_000, "1 min"),
            (5_000, "5 s"),
            (2_500, "2.5 s"),
            (250, "250 ms"),
            (125_000, "2 min 5 s"),
            (5_400_000, "1 h 30 min"),
            (86_400_000, "24 h"),
            (0, "0 ms"),
        ] {
            assert_eq!(length(Duration::from_millis(millis)), said);
            assert_eq!(typed(Duration::from_millis(millis)).parse::<Span>().unwrap().0.as_millis(), u128::from(millis));
        }
    }

    #[test]
    fn percentiles_and_rates_print_as_they_are_spoken() {
        assert_eq!([0.5, 0.95, 0.999].map(percentile), ["p50", "p95", "p99.9"]);
        assert_eq!([50.0, 46.416_7, 1_200.4].map(per_second), ["50.0/s", "46.4/s", "1200/s"]);
        assert_eq!(
            [50.0, 50_000.0 / 86_400.0, 0.000_25].map(|rate| chosen_rate(Rate(rate))),
            ["50/s", "0.579/s", "0.00025/s"]
        );
    }

    #[test]
    fn rates_are_read_per_second_or_per_minute() {
        assert_eq!("50".parse::<Rate>().unwrap().0, 50.0);
        assert_eq!("3000/min".parse::<Rate>().unwrap().0, 50.0);
        assert_eq!("86400/day".parse::<Rate>().unwrap().0, 1.0);
        for text in ["NaN", "-5", "5/fortnight", "inf"] {
            assert!(text.parse::<Rate>().is_err(), "{text} was accepted");
        }
    }

    #[test]
    fn few_failures_do_not_print_as_none() {
        assert_eq!(percent(1, 20_000), "<0.01 %");
        assert_eq!(percent(1, 3_000), "0.03 %");
        assert_eq!(percent(0, 3_000), "0.0 %");
        assert_eq!(percent(2_999, 3_000), "99.97 %");
        assert_eq!(percent(19_999, 20_000), ">99.99 %");
        assert_eq!(percent(3_000, 3_000), "100.0 %");
        assert_eq!(percent(1, 0), "–");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
