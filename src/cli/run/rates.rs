//! Rates of a command line: level, rising or falling, and in stages.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use crate::core::units::{Rate, Span, chosen_rate};
use crate::plan::rate_curve::Piece;

/// A rate, or two: from one to the other in a straight line.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rates {
    pub from: Rate,
    pub to: Rate,
}

/// A stretch of the measured time with a rate of its own.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Stage {
    pub length: Span,
    pub rates: Rates,
}

impl Rates {
    pub fn over(self, length: Duration) -> Piece {
        Piece { length, from: self.from, to: self.to }
    }

    pub fn peak(self) -> f64 {
        self.from.0.max(self.to.0)
    }
}

impl From<Rate> for Rates {
    fn from(rate: Rate) -> Self {
        Self { from: rate, to: rate }
    }
}

impl FromStr for Rates {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text.contains("..") {
            let ramp = text.replacen("..", ":", 1);
            ramp.parse::<Self>()?;
            return Err(format!("a ramp is written {ramp}; `..` is for the loads of `bedbench sweep`"));
        }
        let lacks = |what: &str| format!("`{text}` lacks its {what}; a ramp is written like 5:80");
        match text.split_once(':') {
            Some((from, _)) if from.trim().is_empty() => Err(lacks("beginning")),
            Some((_, to)) if to.trim().is_empty() => Err(lacks("end")),
            Some((from, to)) => Ok(Self { from: from.parse()?, to: to.parse()? }),
            None => text.parse::<Rate>().map(Self::from),
        }
    }
}

impl fmt::Display for Rates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&chosen_rate(self.from))?;
        if self.from == self.to { Ok(()) } else { write!(f, " to {}", chosen_rate(self.to)) }
    }
}

impl FromStr for Stage {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (length, rates) =
            text.split_once(':').ok_or_else(|| format!("`{text}` is not a stage; write it like 2m:50 or 2m:5:80"))?;
        Ok(Self { length: length.parse()?, rates: rates.parse()? })
    }
}

/// As it is typed, without loss.
impl fmt::Display for Stage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}s:{}", self.length.0.as_secs_f64(), self.rates.from)?;
        if self.rates.from == self.rates.to { Ok(()) } else { write!(f, ":{}", self.rates.to) }
    }
}
