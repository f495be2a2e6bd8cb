//! Where a request may be processed, and the only maker of destinations.
//!
//! The question is never which endpoint is called but where the prompt can be *processed*: an
//! `apac.` or `global.` inference profile called in Sydney leaves Australia. [`Destination`] has
//! no public constructor; the client sends to nothing else.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::region::{Jurisdiction, RegionId};

/// Which of the account's quota pools a call draws on; they are counted apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// A plain model id: on-demand in the Region called.
    InRegion,
    /// A geographic inference profile: `au.`, `apac.`, `us.` and so on.
    Geographic,
    /// The `global.` inference profile.
    Global,
    /// Provisioned Throughput: capacity of one's own, bought by the hour, called by its ARN.
    Provisioned,
}

impl Pool {
    /// Whether calls go through an inference profile.
    pub const fn is_profile(self) -> bool {
        matches!(self, Self::Geographic | Self::Global)
    }
}

/// Where the service may process a call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Processing {
    /// In one of these, the source first.
    Within(Vec<RegionId>),
    /// In any commercial Region.
    Anywhere(Anywhere),
}

/// Written `"anywhere"` in data files.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Anywhere {
    Anywhere,
}

impl fmt::Display for Processing {
    /// `Sydney or Melbourne`
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self::Within(regions) = self else {
            return f.write_str("any commercial Region");
        };
        for (i, region) in regions.iter().enumerate() {
            let joint = match i {
                0 => "",
                i if i + 1 == regions.len() => " or ",
                _ => ", ",
            };
            write!(f, "{joint}{}", region.name())?;
        }
        Ok(())
    }
}

/// One line of the inference-profile table: calls with `prefix` from any of `sources` may be
/// processed in `destinations`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InferenceProfile {
    pub prefix: String,
    pub sources: Vec<RegionId>,
    pub destinations: Processing,
    /// Public page that lists the destinations.
    pub source: String,
    /// When that page was read.
    pub date: String,
}

/// Every inference profile whose destinations are known.
#[derive(Clone, Debug, Default)]
pub struct InferenceProfiles(Vec<InferenceProfile>);

impl InferenceProfiles {
    pub fn new(table: Vec<InferenceProfile>) -> Self {
        Self(table)
    }

    /// Of every row, in the order of the table.
    pub fn prefixes(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|profile| profile.prefix.as_str())
    }

    /// Where a call of `model` in `endpoint` may be processed, and from which pool it is counted.
    ///
    /// # Errors
    /// When the destinations are not known: an ARN that is not of provisioned capacity in the
    /// Region called, or a profile called from a Region that is not one of its sources.
    pub fn resolve(&self, endpoint: RegionId, model: &str) -> Result<(Pool, Processing), Reason> {
        if is_provisioned(endpoint, model) {
            return Ok((Pool::Provisioned, Processing::Within(vec![endpoint])));
        }
        if model.starts_with("arn:") {
            return Err(Reason::UnknownDestinations);
        }
        let of_prefix = || self.0.iter().filter(|profile| model.starts_with(&profile.prefix));
        if of_prefix().next().is_none() {
            return Ok((Pool::InRegion, Processing::Within(vec![endpoint])));
        }
        let Some(profile) = of_prefix().find(|profile| profile.sources.contains(&endpoint)) else {
            let sources = of_prefix().flat_map(|profile| profile.sources.iter().copied()).collect();
            return Err(Reason::NotASource { sources });
        };
        Ok(match &profile.destinations {
            Processing::Anywhere(_) => (Pool::Global, profile.destinations.clone()),
            Processing::Within(regions) => {
                // The service prefers the source when it has room there.
                let mut regions = regions.clone();
                regions.sort_by_key(|region| *region != endpoint);
                (Pool::Geographic, Processing::Within(regions))
            }
        })
    }
}

/// Whether `arn` names provisioned capacity in `region`: it is processed there and nowhere else.
pub fn is_provisioned(region: RegionId, arn: &str) -> bool {
    let of_region = arn.strip_prefix("arn:aws:bedrock:").and_then(|rest| rest.strip_prefix(region.code()));
    let account = of_region.and_then(|rest| rest.strip_prefix(':')).and_then(|rest| rest.split_once(':'));
    account.is_some_and(|(_, resource)| resource.starts_with("provisioned-model/"))
}

/// How a destination stands to the residency that the user asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Standing {
    /// Inside the residency: may be recommended.
    Candidate,
    /// Outside it, fired with synthetic prompts only and never recommended.
    Reference,
}

/// A Region and model id that have passed the residency check. Made by [`Residency::admit`] only.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    endpoint: RegionId,
    model: Arc<str>,
    pool: Pool,
    processing: Processing,
    standing: Standing,
}

impl Destination {
    /// The Region whose endpoint is called.
    pub fn endpoint(&self) -> RegionId {
        self.endpoint
    }

    pub fn model(&self) -> &str {
        &self.model
    }

    pub fn pool(&self) -> Pool {
        self.pool
    }

    pub fn processing(&self) -> &Processing {
        &self.processing
    }

    pub fn standing(&self) -> Standing {
        self.standing
    }
}

/// The rule that a run must keep: the countries in which requests may be processed.
#[derive(Clone, Debug)]
pub struct Residency {
    allowed: BTreeSet<Jurisdiction>,
    profiles: InferenceProfiles,
}

impl Residency {
    pub fn new(allowed: impl IntoIterator<Item = Jurisdiction>, profiles: InferenceProfiles) -> Self {
        Self { allowed: allowed.into_iter().collect(), profiles }
    }

    pub fn allowed(&self) -> impl Iterator<Item = Jurisdiction> {
        self.allowed.iter().copied()
    }

    /// Checks one target of a route.
    ///
    /// # Errors
    /// When the call can be processed outside the residency and is not marked as a reference, or
    /// when nobody can know where it would be processed.
    pub fn admit(&self, endpoint: RegionId, model: &str, standing: Standing) -> Result<Destination, Refusal> {
        let refuse = |reason| Refusal { endpoint, model: model.to_owned(), reason };
        let (pool, processing) = self.profiles.resolve(endpoint, model).map_err(refuse)?;
        if standing == Standing::Candidate {
            match &processing {
                Processing::Anywhere(_) => return Err(refuse(Reason::LeavesEverywhere)),
                Processing::Within(regions) => {
                    let outside: Vec<_> =
                        regions.iter().copied().filter(|r| !self.allowed.contains(&r.jurisdiction())).collect();
                    if !outside.is_empty() {
                        let allowed = self.allowed.iter().copied().collect();
                        return Err(refuse(Reason::Leaves { outside, allowed }));
                    }
                }
            }
        }
        Ok(Destination { endpoint, model: model.into(), pool, processing, standing })
    }
}

/// Why a target was refused, before the first byte.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("residency refuses `{model}`: called in {} it {reason}", endpoint.name())]
pub struct Refusal {
    pub endpoint: RegionId,
    pub model: String,
    pub reason: Reason,
}

/// Says of a model what is wrong with calling it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Reason {
    #[error(
        "can be processed in {}, and the residency allows {} only",
        list(outside.iter().map(|r| format!("{} ({})", r.name(), r.jurisdiction()))),
        list(allowed)
    )]
    Leaves { outside: Vec<RegionId>, allowed: Vec<Jurisdiction> },
    #[error("can be processed in any commercial Region of the world")]
    LeavesEverywhere,
    #[error("is processed where nobody can tell: an ARN does not say")]
    UnknownDestinations,
    #[error(
        "is not taken there; the sources of this inference profile are {}",
        list(sources.iter().map(|r| format!("{} ({})", r.name(), r.code())))
    )]
    NotASource { sources: Vec<RegionId> },
}

impl Reason {
    /// What to do about it, as a sentence.
    pub fn way_out(&self) -> &'static str {
        match self {
            Self::Leaves { .. } | Self::LeavesEverywhere => {
                "Take it out, widen `residency`, or mark the route `reference = true`"
            }
            Self::UnknownDestinations => "Name the model id, or a system-defined inference profile",
            Self::NotASource { .. } => "Call it from one of those, or use another model id",
        }
    }
}

fn list<T: ToString>(items: impl IntoIterator<Item = T>) -> String {
    items.into_iter().map(|item| item.to_string()).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(code: &str) -> RegionId {
        code.parse().unwrap()
    }

    fn table() -> InferenceProfiles {
        let profile = |prefix: &str, sources: &[&str], destinations| InferenceProfile {
            prefix: prefix.into(),
            sources: sources.iter().map(|code| region(code)).collect(),
            destinations,
            source: "test".into(),
            date: "2026-11-22".into(),
        };
        let within = |codes: &[&str]| Processing::Within(codes.iter().map(|c| region(c)).collect());
        InferenceProfiles::new(vec![
            profile("au.", &["ap-southeast-2", "ap-southeast-4"], within(&["ap-southeast-4", "ap-southeast-2"])),
            profile("apac.", &["ap-southeast-2"], within(&["ap-southeast-2", "ap-northeast-1"])),
            profile("global.", &["ap-southeast-2"], Processing::Anywhere(Anywhere::Anywhere)),
        ])
    }

    fn australia() -> Residency {
        Residency::new([Jurisdiction::Australia], table())
    }

    #[test]
    fn an_au_profile_stays_and_names_the_source_first() {
        let admitted = australia().admit(RegionId::SYDNEY, "au.model", Standing::Candidate).unwrap();
        assert_eq!(admitted.processing().to_string(), "Sydney or Melbourne");
        assert_eq!(admitted.pool(), Pool::Geographic);
    }

    #[test]
    fn profiles_that_leave_are_refused_whatever_endpoint_they_are_called_in() {
        for model in ["apac.model", "global.model"] {
            let refused = australia().admit(RegionId::SYDNEY, model, Standing::Candidate);
            assert!(refused.is_err(), "{model} was admitted");
        }
        let said = australia().admit(RegionId::SYDNEY, "apac.model", Standing::Candidate).unwrap_err();
        assert!(said.to_string().contains("Tokyo (Japan)"), "{said}");
    }

    #[test]
    fn a_reference_is_admitted_and_says_so() {
        let admitted = australia().admit(region("us-west-2"), "model", Standing::Reference).unwrap();
        assert_eq!(admitted.standing(), Standing::Reference);
        assert!(australia().admit(region("us-west-2"), "model", Standing::Candidate).is_err());
    }

    #[test]
    fn unknown_destinations_are_refused_even_as_reference() {
        let arn = "arn:aws:bedrock:ap-southeast-2:111122223333:application-inference-profile/abc";
        let refused = australia().admit(RegionId::SYDNEY, arn, Standing::Reference).unwrap_err();
        assert_eq!(refused.reason, Reason::UnknownDestinations);
        let refused = australia().admit(region("us-west-2"), "au.model", Standing::Reference).unwrap_err();
        assert!(matches!(refused.reason, Reason::NotASource { .. }));
    }
}
