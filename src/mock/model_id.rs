//! What a model id means where it is called: its family, the quota pool, and where it may run.

use std::sync::Arc;

use super::family::{self, Family, Invoke};
use super::fault;
use super::wire::Exception;
use crate::core::RegionId;
use crate::core::residency::{Pool, Processing, is_provisioned};
use crate::profile::Models;
use crate::profile::models::Offer;
use crate::region::fault::Fault;

/// Prefixes of inference profiles for places that the table of profiles has none for.
const OTHER_PREFIXES: [&str; 4] = ["eu.", "us-gov.", "ca.", "in."];

pub struct Called {
    pub family: &'static Family,
    /// The id without a profile prefix.
    pub model: Arc<str>,
    pub pool: Pool,
    /// Where it may be processed, the Region called first.
    pub destinations: Vec<RegionId>,
    /// What the id itself asks to go wrong.
    pub fault: Option<Fault>,
}

impl Called {
    /// A model that does one thing wrong. Its own body is that of Anthropic's models.
    fn of_fault(region: RegionId, id: &str, name: &str) -> Result<Self, Exception> {
        let fault = Fault::named(name).ok_or_else(|| {
            Exception::validation(format!(
                "bedbench's mock knows no fault `{name}`: it is the name of an exception, `stream.` and one that comes in mid-stream, or a kind such as hang, reset or wrong-crc"
            ))
        })?;
        let family = family::of("anthropic.claude").ok_or_else(Exception::invalid_identifier)?;
        let destinations = vec![region];
        Ok(Self { family, model: id.into(), pool: Pool::InRegion, destinations, fault: Some(fault) })
    }

    /// # Errors
    /// When the mock does not know what this model's own bodies look like.
    pub fn invoke(&self) -> Result<&'static Invoke, Exception> {
        self.family.invoke.as_ref().ok_or_else(|| {
            let name = self.family.name;
            Exception::validation(format!("bedbench's mock answers {name} by Converse and ConverseStream only"))
        })
    }
}

/// Without `strict` any id of a known family is served anywhere, so that an application can be
/// rehearsed with the ids that it has. A profile called from where it cannot be called is then
/// processed right there.
///
/// # Errors
/// When the id names no known model; with `strict` also when it could not be called in `region`.
pub fn resolve(models: &Models, region: RegionId, id: &str, strict: bool) -> Result<Called, Exception> {
    if is_provisioned(region, id) {
        let destinations = vec![region];
        return Ok(Called {
            family: family::UNTOLD,
            model: id.into(),
            pool: Pool::Provisioned,
            destinations,
            fault: None,
        });
    }
    let id = match Arn::parse(id) {
        Some(arn) if !strict || arn.region == region.code() => arn.id,
        Some(_) => return Err(Exception::invalid_identifier()),
        None => id,
    };
    if let Some(name) = id.strip_prefix(fault::MODEL_PREFIX) {
        return Called::of_fault(region, id, name);
    }
    let (prefix, model) = split(models, id);
    let family = family::of(model).ok_or_else(Exception::invalid_identifier)?;
    if strict {
        strict_check(models, region, id)?;
    }
    let known = models.inference_profiles().resolve(region, id).ok().filter(|_| models.split(id).0 == prefix);
    let (pool, processing) = known.unwrap_or_else(|| {
        let pool = if prefix == Some("global.") { Pool::Global } else { Pool::Geographic };
        (pool, Processing::Within(vec![region]))
    });
    let destinations = match processing {
        Processing::Within(regions) => regions,
        Processing::Anywhere(_) => RegionId::all().collect(),
    };
    Ok(Called { family, model: model.into(), pool, destinations, fault: None })
}

/// Refuses what the service would refuse in `region`. What no list knows is served.
fn strict_check(models: &Models, region: RegionId, id: &str) -> Result<(), Exception> {
    let (prefix, _) = split(models, id);
    let callable = prefix == models.split(id).0 && models.inference_profiles().resolve(region, id).is_ok();
    match models.offer(region, id) {
        Offer::OtherWise(_) if prefix.is_none() => Err(Exception::validation(format!(
            "Invocation of model ID {id} with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
        ))),
        Offer::Yes | Offer::Unlisted { .. } if callable => Ok(()),
        _ => Err(Exception::invalid_identifier()),
    }
}

/// The profile prefix and the id behind it.
fn split<'a>(models: &'a Models, id: &'a str) -> (Option<&'a str>, &'a str) {
    if let (Some(prefix), model) = models.split(id) {
        return (Some(prefix), model);
    }
    let other = OTHER_PREFIXES.iter().find_map(|prefix| Some((Some(*prefix), id.strip_prefix(prefix)?)));
    other.unwrap_or((None, id))
}

/// An ARN that itself tells which model it names: an application's own profile or a provisioned
/// model names none that a mock could know.
struct Arn<'a> {
    region: &'a str,
    id: &'a str,
}

impl<'a> Arn<'a> {
    fn parse(arn: &'a str) -> Option<Self> {
        let mut parts = arn.splitn(6, ':');
        let (Some("arn"), Some(_partition), Some("bedrock"), Some(region), Some(_account), Some(resource)) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return None;
        };
        let (kind, id) = resource.split_once('/')?;
        matches!(kind, "foundation-model" | "inference-profile").then_some(Self { region, id })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SONNET: &str = "anthropic.claude-sonnet-4-6";

    fn called(region: &str, id: &str, strict: bool) -> Result<(Pool, usize), String> {
        let models = Models::built_in().unwrap();
        let called = resolve(&models, region.parse().unwrap(), id, strict).map_err(|refused| refused.message)?;
        assert_eq!(&*called.model, SONNET);
        assert_eq!(called.family.name, "Anthropic Claude");
        Ok((called.pool, called.destinations.len()))
    }

    #[test]
    fn any_id_of_a_known_family_is_served_anywhere() {
        for (id, pool, destinations) in [
            (SONNET, Pool::InRegion, 1),
            ("jp.anthropic.claude-sonnet-4-6", Pool::Geographic, 1),
            ("eu.anthropic.claude-sonnet-4-6", Pool::Geographic, 1),
            ("au.anthropic.claude-sonnet-4-6", Pool::Geographic, 2),
            (
                "arn:aws:bedrock:us-west-2:111122223333:inference-profile/us.anthropic.claude-sonnet-4-6",
                Pool::Geographic,
                1,
            ),
            ("arn:aws:bedrock:ap-southeast-2::foundation-model/anthropic.claude-sonnet-4-6", Pool::InRegion, 1),
        ] {
            assert_eq!(called("ap-southeast-2", id, false), Ok((pool, destinations)), "{id}");
        }
        let (pool, destinations) = called("ap-southeast-2", "global.anthropic.claude-sonnet-4-6", false).unwrap();
        assert!(pool == Pool::Global && destinations > 5);
    }

    #[test]
    fn a_strict_mock_refuses_what_cannot_be_called_there() {
        for (id, served) in [
            (SONNET, false),
            ("au.anthropic.claude-sonnet-4-6", true),
            ("arn:aws:bedrock:ap-southeast-2:111122223333:inference-profile/au.anthropic.claude-sonnet-4-6", true),
            ("us.anthropic.claude-sonnet-4-6", false),
            ("eu.anthropic.claude-sonnet-4-6", false),
            ("arn:aws:bedrock:us-west-2:111122223333:inference-profile/au.anthropic.claude-sonnet-4-6", false),
        ] {
            assert_eq!(called("ap-southeast-2", id, true).is_ok(), served, "{id}");
        }
    }

    #[test]
    fn a_strict_mock_says_which_models_need_a_profile() {
        let said = called("ap-southeast-2", SONNET, true).unwrap_err();
        assert_eq!(
            said,
            "Invocation of model ID anthropic.claude-sonnet-4-6 with on-demand throughput isn\u{2019}t supported. Retry your request with the ID or ARN of an inference profile that contains this model."
        );
        let models = Models::built_in().unwrap();
        let resolve = |id| resolve(&models, RegionId::SYDNEY, id, true).map(|_| ()).map_err(|refused| refused.message);
        // Not offered in any way, offered as asked, in no list.
        assert_eq!(resolve("meta.llama3-3-70b-instruct-v1:0"), Err("The provided model identifier is invalid.".into()));
        assert_eq!(resolve("amazon.nova-lite-v1:0"), Ok(()));
        assert_eq!(resolve("amazon.nova-of-tomorrow-v1:0"), Ok(()));
    }

    #[test]
    fn provisioned_capacity_is_called_by_its_arn_in_its_own_region() {
        let models = Models::built_in().unwrap();
        let arn = "arn:aws:bedrock:ap-southeast-2:111122223333:provisioned-model/abc123";
        let called = resolve(&models, RegionId::SYDNEY, arn, true).unwrap();
        assert_eq!((called.pool, &*called.model), (Pool::Provisioned, arn));
        assert!(resolve(&models, "us-west-2".parse().unwrap(), arn, false).is_err());
    }

    #[test]
    fn what_names_no_known_model_is_invalid() {
        for id in [
            "x",
            "au.",
            "au.x",
            "xx.anthropic.claude-sonnet-4-6",
            "arn:aws:bedrock",
            "arn:aws:bedrock:ap-southeast-2:111122223333:application-inference-profile/abc",
            "arn:aws:s3:ap-southeast-2::foundation-model/anthropic.claude-sonnet-4-6",
        ] {
            assert_eq!(
                called("ap-southeast-2", id, false),
                Err("The provided model identifier is invalid.".into()),
                "{id}"
            );
        }
    }
}
