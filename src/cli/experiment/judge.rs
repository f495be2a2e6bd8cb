//! What came out of an experiment, held against what is expected.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::time::Duration;

use super::measured::{CONFIDENCE, Estimate, Measured, in_percent, in_time};
use crate::core::slo::Slo;
use crate::core::units::{Span, grouped, length, per_second, percentile};
use crate::profile::experiment::{Expectation, Side};
use crate::stats::student;

pub type Arms<'a> = BTreeMap<&'a str, &'a Measured>;

/// One expectation, and what came of it.
#[derive(Debug, PartialEq, Eq)]
pub struct Judgement {
    pub text: String,
    pub as_expected: bool,
}

/// What the intervals show; `None` where they leave it open.
type Shown = Option<bool>;

/// `arms` has every arm that is named.
pub fn judge(expected: &Expectation, arms: &Arms<'_>) -> Judgement {
    let (arm, (what, shown), wanted) = match expected {
        Expectation::Batch { arm, items, window, feasible } => {
            (arm, batch(&arms[arm.as_str()].throughput(), *items, window.0), *feasible)
        }
        Expectation::Slo { arm, slo, met } => (arm, objective(arms[arm.as_str()], slo), *met),
        Expectation::Throttled { arm, any } => (arm, throttled(&arms[arm.as_str()].throttled()), *any),
        Expectation::Never { arm, region } => {
            let never = !arms[arm.as_str()].reaches(*region);
            let what = format!("{} {}", if never { "nothing reaches" } else { "some of it reaches" }, region.name());
            (arm, (what, Some(never)), true)
        }
        Expectation::Compare { arm, than, metric, quantile, finding } => {
            let (base, other) =
                (arms[than.as_str()].seconds(*metric, *quantile), arms[arm.as_str()].seconds(*metric, *quantile));
            let (what, side) = compare(base, other);
            let what = format!("{} {} is {what} than that of {than}", metric.name(), percentile(*quantile));
            (arm, (what, side.map(|side| side == *finding)), true)
        }
    };
    Judgement { text: format!("{arm}: {what}"), as_expected: shown == Some(wanted) }
}

/// Whether so many items are done in time.
fn batch(throughput: &Estimate, items: u64, window: Duration) -> (String, Shown) {
    let hours = |rate: f64| items as f64 / rate / 3600.0;
    let window_hours = window.as_secs_f64() / 3600.0;
    let shown = match (hours(throughput.low), hours(throughput.high)) {
        (slowest, _) if slowest <= window_hours => Some(true),
        (_, fastest) if fastest > window_hours => Some(false),
        _ => None,
    };
    let verdict = match shown {
        Some(true) => "feasible",
        Some(false) => "not feasible",
        None => "not shown to be feasible or not",
    };
    let takes = match throughput.mean {
        0.0 => "are never done".to_owned(),
        mean => format!(
            "at {} take {:.1} h ({:.1}–{:.1})",
            per_second(mean),
            hours(mean),
            hours(throughput.high),
            hours(throughput.low)
        ),
    };
    (format!("{verdict} within {}: {} items {takes}", length(window), grouped(items)), shown)
}

fn objective(arm: &Measured, slo: &Slo) -> (String, Shown) {
    let Some(time) = arm.time(slo.metric, slo.quantile) else {
        return (format!("{slo} is missed: failed"), Some(false));
    };
    let limit = slo.limit.as_secs_f64();
    let (verdict, shown) = match (time.low, time.high) {
        (_, high) if high < limit => ("met", Some(true)),
        (low, _) if low >= limit => ("missed", Some(false)),
        _ => ("not shown to be met or missed", None),
    };
    (format!("{slo} is {verdict}: {}", in_time(&time)), shown)
}

fn throttled(share: &Estimate) -> (String, Shown) {
    match share.mean {
        0.0 => ("nothing is throttled".to_owned(), Some(false)),
        _ => (format!("throttled {}", in_percent(share)), Some(true)),
    }
}

/// Of two percentiles by seed, a failed one ranks last. Seed by seed both had the same luck, so they pair.
fn compare(base: Option<Vec<f64>>, other: Option<Vec<f64>>) -> (String, Option<Side>) {
    let (base, other) = match (base, other) {
        (Some(base), Some(other)) => (base, other),
        (None, Some(_)) => return ("a time, and so faster".to_owned(), Some(Side::Faster)),
        (Some(_), None) => return ("failed, and so slower".to_owned(), Some(Side::Slower)),
        (None, None) => return ("failed, and so no other".to_owned(), None),
    };
    let differences: Vec<_> = base.iter().zip(&other).map(|(base, other)| other - base).collect();
    let mean = student::mean(&differences);
    let by = Span(Duration::from_secs_f64(mean.abs()));
    let half = Span(Duration::from_secs_f64(student::half_width(&differences, CONFIDENCE).unwrap_or_default()));
    match student::sign(&differences, CONFIDENCE) {
        Ordering::Less => (format!("{by} (± {half}) faster"), Some(Side::Faster)),
        Ordering::Greater => (format!("{by} (± {half}) slower"), Some(Side::Slower)),
        Ordering::Equal => (format!("within {half} no other"), None),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rate(mean: f64, half: f64) -> Estimate {
        Estimate { mean, low: mean - half, high: mean + half }
    }

    #[test]
    fn a_batch_fits_only_where_its_whole_interval_does() {
        let window = Duration::from_secs(3 * 3600);
        let (text, shown) = batch(&rate(6.9, 0.1), 500_000, window);
        assert_eq!(shown, Some(false));
        assert_eq!(text, "not feasible within 3 h: 500,000 items at 6.90/s take 20.1 h (19.8–20.4)");
        assert_eq!(batch(&rate(50.0, 1.0), 500_000, window).1, Some(true));
        assert_eq!(batch(&rate(46.3, 1.0), 500_000, window).1, None, "46.3/s is just what it needs");
        let (text, shown) = batch(&rate(0.0, 0.0), 500_000, window);
        assert_eq!(shown, Some(false));
        assert!(text.contains("are never done"), "{text}");
    }

    #[test]
    fn a_difference_counts_only_where_the_seeds_show_it() {
        let (slow, fast) = (Some(vec![1.0, 1.2, 1.1]), Some(vec![0.5, 0.7, 0.6]));
        assert_eq!(compare(slow.clone(), fast.clone()).1, Some(Side::Faster));
        assert_eq!(compare(fast, slow.clone()).1, Some(Side::Slower));
        assert_eq!(compare(slow.clone(), Some(vec![1.1, 1.1, 1.1])).1, None);
        assert_eq!(compare(None, slow).1, Some(Side::Faster), "a failed percentile ranks last");
    }
}
