//! Which calls a policy lets through: operation × Region × way of calling.

use super::derive::INFERENCE;
use super::evaluate::{Leg, UNSPECIFIED, Verdict, evaluate_all};
use super::policy::Policy;
use crate::core::RegionId;
use crate::core::residency::{InferenceProfiles, Processing};

/// A call, as somebody might make it.
#[derive(Clone, Copy, Debug)]
pub struct Call<'a> {
    /// IAM action, such as `bedrock:InvokeModel`.
    pub action: &'a str,
    pub endpoint: RegionId,
    /// With the prefix of its inference profile, if it goes through one.
    pub model: &'a str,
}

/// What AWS authorises, one by one, before it lets a call through. `None` where the call cannot be made: the Region
/// is no source of that inference profile.
///
/// A geographic profile is authorised once for every destination, a global one with [`UNSPECIFIED`] for its Region
/// (Amazon Bedrock User Guide, geographic and global cross-Region inference).
pub fn judge<'a>(policies: &[&'a Policy], call: Call<'_>, profiles: &InferenceProfiles) -> Option<Verdict<'a>> {
    let (pool, processing) = profiles.resolve(call.endpoint, call.model).ok()?;
    let through = pool.is_profile().then(|| {
        // The account is anybody's: no policy of ours names one.
        format!("arn:aws:bedrock:{}:111122223333:inference-profile/{}", call.endpoint, call.model)
    });
    let mut regions = vec![call.endpoint.code()];
    match &processing {
        Processing::Anywhere(_) => regions.push(UNSPECIFIED),
        Processing::Within(within) => regions.extend(within.iter().map(|region| region.code())),
    }
    let legs = regions.iter().map(|region| Leg { action: call.action, region, profile: through.as_deref() });
    Some(evaluate_all(policies, legs))
}

/// The ways of calling a Region: directly, and through each inference profile that is known.
pub fn ways(profiles: &InferenceProfiles) -> Vec<String> {
    let mut ways = vec![String::new()];
    for prefix in profiles.prefixes() {
        if !ways.iter().any(|known| known == prefix) {
            ways.push(prefix.to_owned());
        }
    }
    ways
}

/// Verdicts of the operations that share them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Table<'a> {
    pub actions: Vec<&'static str>,
    /// Prefixes; the first is empty: a direct call.
    pub ways: Vec<String>,
    /// One per Region, in the order of [`RegionId::all`], with a verdict per way.
    pub rows: Vec<(RegionId, Vec<Option<Verdict<'a>>>)>,
}

/// Every operation that sends a prompt somewhere, in every Region and way. Operations with equal verdicts share a
/// table. Of `policy` beside `FullAWSAccess`.
///
/// Inference profiles are told apart for InvokeModel and its stream only: the other operations do not carry the key,
/// and are shown as direct calls.
pub fn matrix<'a>(policies: &[&'a Policy], profiles: &InferenceProfiles) -> Vec<Table<'a>> {
    let mut tables: Vec<Table<'a>> = Vec::new();
    for action in INFERENCE {
        let ways = if super::derive::INVOKE.contains(&action) { ways(profiles) } else { vec![String::new()] };
        let row = |endpoint: RegionId| {
            let verdict =
                |way: &String| judge(policies, Call { action, endpoint, model: &format!("{way}model") }, profiles);
            (endpoint, ways.iter().map(verdict).collect())
        };
        let rows: Vec<_> = RegionId::all().map(row).collect();
        match tables.iter_mut().find(|table| table.ways == ways && table.rows == rows) {
            Some(table) => table.actions.push(action),
            None => tables.push(Table { actions: vec![action], ways, rows }),
        }
    }
    tables
}
