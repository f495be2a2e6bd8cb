//! The loads of a sweep: `5..120`, or `5,10,20`.

use std::str::FromStr;

use crate::core::units::{Rate, readable};

/// Beyond this no plot shows another load.
const MOST: usize = 200;

/// What a sweep was asked to cover, in requests per second.
#[derive(Clone, Debug, PartialEq)]
pub enum Loads {
    Range { from: f64, to: f64 },
    List(Vec<f64>),
}

impl FromStr for Loads {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        const EXAMPLE: &str = "write a range like 5..120, or a list like 5,10,20";
        if text.trim().is_empty() {
            return Err(format!("there is no load in it; {EXAMPLE}"));
        }
        let load = |text: &str| match text.parse::<Rate>() {
            Ok(rate) if rate.0 > 0.0 => Ok(rate.0),
            Ok(_) => Err(format!("a load must be above 0, and `{}` is not", text.trim())),
            Err(wrong) => Err(format!("{wrong}; {EXAMPLE}")),
        };
        if let Some((from, to)) = text.split_once("..") {
            let (from, to) = (load(from)?, load(to)?);
            return match from < to {
                true => Ok(Self::Range { from, to }),
                false => Err(format!("the range goes from {from} to {to}; write the smaller load first")),
            };
        }
        let loads = text.split(',').map(load).collect::<Result<Vec<_>, _>>()?;
        if let [one] = loads[..] {
            return Err(format!("{one} is one load, and a sweep needs at least two; {EXAMPLE}"));
        }
        if let Some(pair) = loads.windows(2).find(|pair| pair[0] >= pair[1]) {
            return Err(format!("{} comes before {}; write the loads in ascending order, each once", pair[0], pair[1]));
        }
        Ok(Self::List(loads))
    }
}

impl Loads {
    /// The loads to try, ascending: `steps` of them, evenly spaced, for a range.
    ///
    /// # Errors
    /// When the steps do not go with the loads, or are too many.
    pub fn spaced(&self, steps: Option<usize>) -> Result<Vec<f64>, String> {
        let loads = match (self, steps) {
            (Self::List(loads), None) => loads.clone(),
            (Self::List(_), Some(_)) => {
                return Err("--steps divides a range; a list of loads has its own: take one of the two out".into());
            }
            (Self::Range { .. }, Some(steps @ (0 | 1))) => {
                return Err(format!("--steps {steps} is no sweep; give at least 2"));
            }
            (Self::Range { from, to }, steps) => {
                let steps = steps.unwrap_or(12).min(MOST + 1);
                let at = |i: usize| from + (to - from) * i as f64 / (steps - 1) as f64;
                let exact: Vec<_> = (0..steps).map(at).collect();
                let readable: Vec<_> = exact.iter().copied().map(readable).collect();
                // In a narrow range they would fall together.
                if readable.is_sorted_by(|a, b| a < b) { readable } else { exact }
            }
        };
        match loads.len() {
            0..=MOST => Ok(loads),
            _ => Err(format!("at most {MOST} loads can be swept; take fewer")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn spaced(text: &str, steps: Option<usize>) -> Result<Vec<f64>, String> {
        text.parse::<Loads>()?.spaced(steps)
    }

    #[test]
    fn a_range_is_evenly_spaced_and_a_list_taken_as_it_is() {
        assert_eq!(spaced("5..120", Some(3)), Ok(vec![5.0, 62.5, 120.0]));
        assert_eq!(spaced("5..120", None).unwrap()[..3], [5.0, 15.45, 25.91]);
        assert_eq!(spaced("1000..1000.1", Some(3)), Ok(vec![1_000.0, 1_000.05, 1_000.1]));
        assert_eq!(spaced("300/min..20/s", Some(2)), Ok(vec![5.0, 20.0]));
        assert_eq!(spaced("5, 10,20", None), Ok(vec![5.0, 10.0, 20.0]));
    }

    #[test]
    fn what_is_no_sweep_says_why() {
        for (text, steps, wrong) in [
            ("", None, "no load in it"),
            ("fast..slow", None, "`fast` is not a rate"),
            ("5..", None, "is not a rate"),
            ("120..5", None, "smaller load first"),
            ("5..5", None, "smaller load first"),
            ("0..10", None, "above 0"),
            ("5,-3", None, "is not a rate"),
            ("5,20,10", None, "ascending"),
            ("5,5", None, "ascending"),
            ("50", None, "at least two"),
            ("5..10", Some(1), "at least 2"),
            ("5..10", Some(10_000), "at most 200"),
            ("5,10", Some(3), "--steps divides a range"),
        ] {
            let said = spaced(text, steps).unwrap_err();
            assert!(said.contains(wrong), "{text}: {said}");
        }
    }
}
