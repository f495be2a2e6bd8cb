//! From the routes of a profile to the policy that lets them, and nothing that leaves their residency, through.

use std::collections::BTreeMap;

use super::policy::{Effect, Key, Operator, Policy, Resource, Statement, Values};
use crate::core::RegionId;
use crate::core::region::Jurisdiction;
use crate::core::residency::{Destination, Pool, Processing, Residency, Standing};
use crate::core::run::RouteHead;
use crate::profile::Models;

/// Converse and InvokeModel need the first, their streams the second; `bedrock:Converse` is no action.
///
/// Source: Service Authorization Reference, Amazon Bedrock.
pub const INVOKE: [&str; 2] = ["bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"];

/// Everything that sends a prompt somewhere; `bedrock-mantle` is a second endpoint with actions of its own.
pub const INFERENCE: [&str; 5] =
    [INVOKE[0], INVOKE[1], "bedrock:CountTokens", "bedrock:CreateModelInvocationJob", "bedrock-mantle:CreateInference"];

const APPLICATION_PROFILES: &str = "arn:aws:bedrock:*:*:application-inference-profile/*";

/// What the candidate routes need.
#[derive(Debug, Default)]
struct Needs {
    /// Where calls may be processed, sources included.
    regions: Vec<RegionId>,
    /// Where calls are sent to.
    endpoints: Vec<RegionId>,
    /// Of inference profiles, such as `au.`
    prefixes: Vec<String>,
}

/// The policy for these targets, reference routes left out. `None` when no candidate is among them: such a policy
/// would allow nothing.
pub fn policy<'a>(targets: impl IntoIterator<Item = &'a Destination>, models: &Models) -> Option<Policy> {
    let mut needs = Needs::default();
    for target in targets.into_iter().filter(|target| target.standing() == Standing::Candidate) {
        needs.add(target, models);
    }
    (!needs.endpoints.is_empty()).then(|| needs.policy())
}

/// The same for the routes of a run, by what is known today of inference profiles.
///
/// # Errors
/// In words, when a candidate is refused today, or there is none.
pub fn policy_of_run(routes: &[RouteHead], allowed: &[Jurisdiction], models: &Models) -> Result<Policy, String> {
    let residency = Residency::new(allowed.iter().copied(), models.inference_profiles().clone());
    let candidates = routes.iter().filter(|route| route.standing == Standing::Candidate);
    let targets = candidates.flat_map(|route| &route.targets);
    let targets: Result<Vec<_>, _> =
        targets.map(|target| residency.admit(target.region, &target.model, Standing::Candidate)).collect();
    let targets = targets.map_err(|refusal| refusal.to_string())?;
    policy(&targets, models).ok_or_else(|| "all its routes are references".to_owned())
}

fn add<T: PartialEq>(list: &mut Vec<T>, item: T) {
    if !list.contains(&item) {
        list.push(item);
    }
}

impl Needs {
    fn add(&mut self, target: &Destination, models: &Models) {
        add(&mut self.endpoints, target.endpoint());
        add(&mut self.regions, target.endpoint());
        // A candidate's places are bounded: residency admits no other.
        if let Processing::Within(regions) = target.processing() {
            regions.iter().for_each(|region| add(&mut self.regions, *region));
        }
        if let (Pool::Geographic, (Some(prefix), _)) = (target.pool(), models.split(target.model())) {
            add(&mut self.prefixes, prefix.to_owned());
        }
    }

    fn policy(&self) -> Policy {
        let mut statements = vec![
            deny("DenyInferenceOutsideRegions", &INFERENCE)
                .when(Operator::StringNotEquals, Key::RequestedRegion, codes(&self.regions))
                .done(),
            self.other_profiles(),
        ];
        let only_destinations: Vec<_> =
            self.regions.iter().copied().filter(|region| !self.endpoints.contains(region)).collect();
        if !only_destinations.is_empty() {
            let through_no_profile = deny("DenyDirectCallsToDestinations", &INVOKE)
                .when(Operator::StringEquals, Key::RequestedRegion, codes(&only_destinations))
                .when(Operator::Null, Key::InferenceProfileArn, ["true"].into());
            statements.push(through_no_profile.done());
        }
        Policy::new(statements)
    }

    /// Application profiles carry no prefix; each Region that one goes to is authorised, and so held by the first
    /// statement.
    fn other_profiles(&self) -> Statement {
        let system = |prefix: &str| format!("arn:aws:bedrock:*:*:inference-profile/{prefix}*");
        if self.prefixes.is_empty() {
            return deny("DenySystemProfiles", &INVOKE)
                .when(Operator::ArnLike, Key::InferenceProfileArn, [system("")].into())
                .done();
        }
        let mut allowed: Vec<_> = self.prefixes.iter().map(|prefix| system(prefix)).collect();
        allowed.push(APPLICATION_PROFILES.to_owned());
        deny("DenyOtherProfiles", &INVOKE)
            .when(Operator::Null, Key::InferenceProfileArn, ["false"].into())
            .when(Operator::ArnNotLike, Key::InferenceProfileArn, Values(allowed))
            .done()
    }
}

fn codes(regions: &[RegionId]) -> Values {
    Values(regions.iter().map(|region| region.code().to_owned()).collect())
}

struct Denial(Statement);

fn deny(sid: &str, actions: &[&str]) -> Denial {
    Denial(Statement {
        sid: sid.to_owned(),
        effect: Effect::Deny,
        action: Values(actions.iter().map(|action| (*action).to_owned()).collect()),
        resource: Resource::All,
        condition: BTreeMap::new(),
    })
}

impl Denial {
    fn when(mut self, operator: Operator, key: Key, values: Values) -> Self {
        self.0.condition.entry(operator).or_default().insert(key, values);
        self
    }

    fn done(self) -> Statement {
        self.0
    }
}
