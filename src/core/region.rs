//! AWS Regions and the country that each lies in.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A country under whose law a request may be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Jurisdiction {
    Australia,
    Canada,
    Germany,
    India,
    Indonesia,
    Ireland,
    Japan,
    #[serde(rename = "New Zealand")]
    NewZealand,
    Singapore,
    #[serde(rename = "South Korea")]
    SouthKorea,
    #[serde(rename = "United States")]
    UnitedStates,
}

impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::NewZealand => "New Zealand",
            Self::SouthKorea => "South Korea",
            Self::UnitedStates => "United States",
            Self::Australia => "Australia",
            Self::Canada => "Canada",
            Self::Germany => "Germany",
            Self::India => "India",
            Self::Indonesia => "Indonesia",
            Self::Ireland => "Ireland",
            Self::Japan => "Japan",
            Self::Singapore => "Singapore",
        })
    }
}

struct Facts {
    code: &'static str,
    name: &'static str,
    jurisdiction: Jurisdiction,
}

const fn facts(code: &'static str, name: &'static str, jurisdiction: Jurisdiction) -> Facts {
    Facts { code, name, jurisdiction }
}

/// The Regions that bedbench can name: those that a request from Sydney, Melbourne, Singapore or
/// Oregon can reach through the profiles we ship.
///
/// Source: AWS, "Regions and Availability Zones" (docs.aws.amazon.com/global-infrastructure).
static REGIONS: &[Facts] = &[
    facts("ap-southeast-2", "Sydney", Jurisdiction::Australia),
    facts("ap-southeast-4", "Melbourne", Jurisdiction::Australia),
    facts("ap-southeast-6", "Auckland", Jurisdiction::NewZealand),
    facts("ap-southeast-1", "Singapore", Jurisdiction::Singapore),
    facts("ap-southeast-3", "Jakarta", Jurisdiction::Indonesia),
    facts("ap-northeast-1", "Tokyo", Jurisdiction::Japan),
    facts("ap-northeast-2", "Seoul", Jurisdiction::SouthKorea),
    facts("ap-northeast-3", "Osaka", Jurisdiction::Japan),
    facts("ap-south-1", "Mumbai", Jurisdiction::India),
    facts("ap-south-2", "Hyderabad", Jurisdiction::India),
    facts("us-west-2", "Oregon", Jurisdiction::UnitedStates),
    facts("us-west-1", "N. California", Jurisdiction::UnitedStates),
    facts("us-east-1", "N. Virginia", Jurisdiction::UnitedStates),
    facts("us-east-2", "Ohio", Jurisdiction::UnitedStates),
    facts("ca-central-1", "Central Canada", Jurisdiction::Canada),
    facts("eu-west-1", "Ireland", Jurisdiction::Ireland),
    facts("eu-central-1", "Frankfurt", Jurisdiction::Germany),
];

/// One AWS Region that bedbench knows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionId(u8);

impl RegionId {
    /// The team's home: ap-southeast-2.
    pub const SYDNEY: Self = Self(0);

    pub fn all() -> impl Iterator<Item = Self> {
        (0..REGIONS.len()).map(|index| Self(index as u8))
    }

    /// The code used in endpoints and ARNs, such as `ap-southeast-2`.
    pub fn code(self) -> &'static str {
        REGIONS[usize::from(self.0)].code
    }

    /// The place, such as `Sydney`.
    pub fn name(self) -> &'static str {
        REGIONS[usize::from(self.0)].name
    }

    pub fn jurisdiction(self) -> Jurisdiction {
        REGIONS[usize::from(self.0)].jurisdiction
    }
}

impl fmt::Debug for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

impl fmt::Display for RegionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for RegionId {
    type Err = String;

    fn from_str(code: &str) -> Result<Self, Self::Err> {
        if let Some(region) = Self::all().find(|region| region.code() == code) {
            return Ok(region);
        }
        let by_name = Self::all().find(|region| region.name().eq_ignore_ascii_case(code));
        let hint = match by_name {
            Some(region) => format!("{} is `{}`", region.name(), region.code()),
            None => {
                let known: Vec<_> = Self::all().map(RegionId::code).collect();
                format!("bedbench knows {}", known.join(", "))
            }
        };
        Err(format!("`{code}` is not a Region code; {hint}"))
    }
}

impl Serialize for RegionId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for RegionId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = String::deserialize(deserializer)?;
        code.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn oregon_is_us_west_2() {
        let oregon: RegionId = "us-west-2".parse().unwrap();
        assert_eq!(oregon.name(), "Oregon");
        assert_eq!(oregon.jurisdiction(), Jurisdiction::UnitedStates);
        assert_eq!(RegionId::SYDNEY.code(), "ap-southeast-2");
    }

    #[test]
    fn a_name_in_place_of_a_code_is_answered_with_the_code() {
        let said = "singapore".parse::<RegionId>().unwrap_err();
        assert!(said.contains("ap-southeast-1"), "{said}");
    }
}
