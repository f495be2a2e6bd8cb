//! Shards: the parts of one plan that several processes fire together.

use std::fmt;
use std::str::FromStr;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// AWS Batch takes arrays of up to so many; more clients are no clearer measurement.
const MOST: u32 = 10_000;

/// One of `count` parts of a plan: every `count`-th of its arrivals, from that with the number `index` on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Shard {
    /// From 0.
    pub index: u32,
    pub count: u32,
}

impl Shard {
    /// All of the plan.
    pub const WHOLE: Self = Self { index: 0, count: 1 };

    /// # Errors
    /// When there is no such part.
    pub fn new(index: u32, count: u32) -> Result<Self, String> {
        match count {
            0 => Err("a plan has at least 1 shard".to_owned()),
            1..=MOST if index < count => Ok(Self { index, count }),
            1..=MOST => Err(format!("shards are counted from 0, so the last of {count} is {}/{count}", count - 1)),
            _ => Err(format!("{count} are too many: a plan has at most {MOST} shards")),
        }
    }

    pub const fn is_whole(self) -> bool {
        self.count == 1
    }

    /// Whether it fires the arrival with this number.
    pub const fn takes(self, index: u32) -> bool {
        index % self.count == self.index
    }
}

/// As it is typed: `2/4` is the third of four.
impl fmt::Display for Shard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.index, self.count)
    }
}

impl FromStr for Shard {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let numbers = text.split_once('/').and_then(|(i, n)| Some((i.parse().ok()?, n.parse().ok()?)));
        let (index, count) = numbers.ok_or_else(|| format!("`{text}` is no shard; write 0/4 for the first of four"))?;
        Self::new(index, count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_arrival_belongs_to_exactly_one_shard() {
        for count in 1..20 {
            for index in 0..200 {
                let takers = (0..count).filter(|i| Shard::new(*i, count).unwrap().takes(index)).count();
                assert_eq!(takers, 1, "{index} of {count}");
            }
        }
    }

    #[test]
    fn shards_are_typed_from_0() {
        assert_eq!("3/4".parse(), Ok(Shard { index: 3, count: 4 }));
        assert_eq!("0/1".parse(), Ok(Shard::WHOLE));
        for (text, said) in [
            ("4/4", "shards are counted from 0, so the last of 4 is 3/4"),
            ("0/0", "a plan has at least 1 shard"),
            ("1", "`1` is no shard; write 0/4 for the first of four"),
            ("-1/4", "`-1/4` is no shard; write 0/4 for the first of four"),
            ("0/20000", "20000 are too many: a plan has at most 10000 shards"),
        ] {
            assert_eq!(text.parse::<Shard>(), Err(said.to_owned()), "{text}");
        }
    }
}
