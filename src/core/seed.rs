//! Seeds: every draw is named, so that no draw disturbs another.
//!
//! A stream is a function of (seed, purpose); a draw is a function of (seed, purpose, region,
//! request key, attempt) and never of the order in which requests happen to arrive. Two routes
//! under one seed therefore share each request's luck, and adding a draw somewhere leaves all
//! others as they were.

use rand::SeedableRng;
use rand_xoshiro::Xoshiro256PlusPlus;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::region::RegionId;
use super::request::RequestKey;

/// The generator behind all draws: named, portable, and the same on every machine.
pub type Draws = Xoshiro256PlusPlus;

/// What a stream of draws is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u64)]
pub enum Purpose {
    Arrivals = 1,
    Prompt = 2,
    InputLength = 3,
    OutputLength = 4,
    FirstToken = 5,
    TokenGap = 6,
    BackgroundArrival = 7,
    BackgroundService = 8,
    NetworkJitter = 9,
    Resampling = 10,
    Routing = 11,
    ResponseCache = 12,
    Fault = 13,
    Backoff = 14,
    Fleet = 15,
    Turns = 16,
    Round = 17,
}

/// The run's seed: printed, stored, and a constant unless given.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(transparent)]
pub struct Seed(pub u64);

impl Default for Seed {
    fn default() -> Self {
        Self(42)
    }
}

impl Seed {
    /// The stream for one purpose.
    pub fn stream(self, purpose: Purpose) -> Draws {
        Draws::seed_from_u64(mix(splitmix(self.0), &[purpose as u64]))
    }

    /// The draws that belong to item `index` of one purpose.
    pub fn indexed(self, purpose: Purpose, index: u64) -> Draws {
        Draws::seed_from_u64(mix(splitmix(self.0), &[purpose as u64, index]))
    }

    /// The draws that belong to one attempt of one request, wherever it is sent.
    pub fn of_attempt(self, purpose: Purpose, key: RequestKey, attempt: u32) -> Draws {
        Draws::seed_from_u64(mix(splitmix(self.0), &[purpose as u64, key.0, u64::from(attempt)]))
    }

    /// A seed of its own for each round of blocks: rounds repeat nothing.
    pub fn of_round(self, round: u16) -> Self {
        Self(mix(splitmix(self.0), &[Purpose::Round as u64, u64::from(round)]))
    }

    /// What the draws for one purpose in one Region have in common.
    pub fn stem(self, purpose: Purpose, region: RegionId) -> Stem {
        Stem(mix(splitmix(self.0), &[purpose as u64, fnv1a(region.code().as_bytes())]))
    }
}

/// The draws for one purpose in one Region; worked out once, for draws by the million.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Stem(u64);

impl Stem {
    /// The draws that belong to one attempt of one request.
    pub fn draws(self, key: RequestKey, attempt: u32) -> Draws {
        Draws::seed_from_u64(mix(self.0, &[key.0, u64::from(attempt)]))
    }
}

fn mix(state: u64, parts: &[u64]) -> u64 {
    parts.iter().fold(state, |state, part| splitmix(state ^ splitmix(*part)))
}

/// Steele, Lea and Flood (2014), "Fast splittable pseudorandom number generators".
fn splitmix(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// FNV-1a, 64 bits: stable across versions and machines, which std's hasher does not promise.
pub fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3))
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;

    #[test]
    fn draws_depend_on_every_part_of_their_name() {
        let first = |mut draws: Draws| draws.next_u64();
        let oregon: RegionId = "us-west-2".parse().unwrap();
        let key = RequestKey(7);
        let drawn = first(Seed(1).stem(Purpose::FirstToken, RegionId::SYDNEY).draws(key, 0));
        assert_eq!(drawn, first(Seed(1).stem(Purpose::FirstToken, RegionId::SYDNEY).draws(key, 0)));
        for other in [
            Seed(2).stem(Purpose::FirstToken, RegionId::SYDNEY).draws(key, 0),
            Seed(1).stem(Purpose::TokenGap, RegionId::SYDNEY).draws(key, 0),
            Seed(1).stem(Purpose::FirstToken, oregon).draws(key, 0),
            Seed(1).stem(Purpose::FirstToken, RegionId::SYDNEY).draws(RequestKey(8), 0),
            Seed(1).stem(Purpose::FirstToken, RegionId::SYDNEY).draws(key, 1),
        ] {
            assert_ne!(drawn, first(other));
        }
    }
}
