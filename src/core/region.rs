//! AWS Regions and the country that each lies in.

use std::borrow::Cow;
use std::fmt;
use std::str::FromStr;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// A country under whose law a request may be processed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
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
    /// Of the city, in degrees: AWS does not publish where its sites are.
    latitude: f64,
    longitude: f64,
}

const fn facts(
    code: &'static str,
    name: &'static str,
    jurisdiction: Jurisdiction,
    (latitude, longitude): (f64, f64),
) -> Facts {
    Facts { code, name, jurisdiction, latitude, longitude }
}

/// The Regions that bedbench can name: those that a request from Sydney, Melbourne, Singapore or
/// Oregon can reach through the profiles we ship.
///
/// Source: AWS, "Regions and Availability Zones" (docs.aws.amazon.com/global-infrastructure).
static REGIONS: &[Facts] = &[
    facts("ap-southeast-2", "Sydney", Jurisdiction::Australia, (-33.8688, 151.2093)),
    facts("ap-southeast-4", "Melbourne", Jurisdiction::Australia, (-37.8136, 144.9631)),
    facts("ap-southeast-6", "Auckland", Jurisdiction::NewZealand, (-36.8509, 174.7645)),
    facts("ap-southeast-1", "Singapore", Jurisdiction::Singapore, (1.3521, 103.8198)),
    facts("ap-southeast-3", "Jakarta", Jurisdiction::Indonesia, (-6.2088, 106.8456)),
    facts("ap-northeast-1", "Tokyo", Jurisdiction::Japan, (35.6762, 139.6503)),
    facts("ap-northeast-2", "Seoul", Jurisdiction::SouthKorea, (37.5665, 126.978)),
    facts("ap-northeast-3", "Osaka", Jurisdiction::Japan, (34.6937, 135.5023)),
    facts("ap-south-1", "Mumbai", Jurisdiction::India, (19.076, 72.8777)),
    facts("ap-south-2", "Hyderabad", Jurisdiction::India, (17.385, 78.4867)),
    facts("us-west-2", "Oregon", Jurisdiction::UnitedStates, (45.8399, -119.7006)),
    facts("us-west-1", "N. California", Jurisdiction::UnitedStates, (37.3382, -121.8863)),
    facts("us-east-1", "N. Virginia", Jurisdiction::UnitedStates, (39.0438, -77.4874)),
    facts("us-east-2", "Ohio", Jurisdiction::UnitedStates, (39.9612, -82.9988)),
    facts("ca-central-1", "Central Canada", Jurisdiction::Canada, (45.5017, -73.5673)),
    facts("eu-west-1", "Ireland", Jurisdiction::Ireland, (53.3498, -6.2603)),
    facts("eu-central-1", "Frankfurt", Jurisdiction::Germany, (50.1109, 8.6821)),
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

    /// Latitude and longitude of the city that the Region is named after, or that its sites are
    /// said to be near (Boardman for Oregon, Ashburn for N. Virginia), in degrees.
    pub fn coordinates(self) -> (f64, f64) {
        let facts = &REGIONS[usize::from(self.0)];
        (facts.latitude, facts.longitude)
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

impl JsonSchema for RegionId {
    fn schema_name() -> Cow<'static, str> {
        "RegionId".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        let codes: Vec<_> = Self::all().map(Self::code).collect();
        json_schema!({ "type": "string", "enum": codes })
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
