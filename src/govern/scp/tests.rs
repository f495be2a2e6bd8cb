use proptest::prelude::*;
use serde_json::{Value, json};

use super::derive::{INFERENCE, INVOKE, policy};
use super::evaluate::{Leg, Verdict, evaluate};
use super::explain::{Call, judge, matrix};
use super::policy::{MOST_CHARACTERS_BEFORE, Policy};
use crate::core::RegionId;
use crate::core::region::Jurisdiction;
use crate::core::residency::{Destination, Processing, Residency, Standing};
use crate::profile::builtin::PROFILES;
use crate::profile::{Loader, Models};

const JURISDICTIONS: [Jurisdiction; 11] = [
    Jurisdiction::Australia,
    Jurisdiction::Canada,
    Jurisdiction::Germany,
    Jurisdiction::India,
    Jurisdiction::Indonesia,
    Jurisdiction::Ireland,
    Jurisdiction::Japan,
    Jurisdiction::NewZealand,
    Jurisdiction::Singapore,
    Jurisdiction::SouthKorea,
    Jurisdiction::UnitedStates,
];

fn models() -> Models {
    Models::built_in().unwrap()
}

fn region(code: &str) -> RegionId {
    code.parse().unwrap()
}

/// Of calls that may be processed in all these countries.
fn policy_for(allowed: &[Jurisdiction], calls: &[(&str, &str)]) -> Policy {
    let models = models();
    let residency = Residency::new(allowed.iter().copied(), models.inference_profiles().clone());
    let target =
        |(endpoint, model): &(&str, &str)| residency.admit(region(endpoint), model, Standing::Candidate).unwrap();
    policy(&calls.iter().map(target).collect::<Vec<_>>(), &models).unwrap()
}

const NOVA: &str = "amazon.nova-lite-v1:0";

fn sydney_only() -> Policy {
    policy_for(&[Jurisdiction::Australia], &[("ap-southeast-2", NOVA)])
}

fn australia_geo() -> Policy {
    policy_for(&[Jurisdiction::Australia], &[("ap-southeast-2", "au.anthropic.claude-sonnet-5")])
}

fn sydney_singapore() -> Policy {
    let singapore = ("ap-southeast-1", "anthropic.claude-sonnet-5");
    policy_for(&[Jurisdiction::Australia, Jurisdiction::Singapore], &[("ap-southeast-2", NOVA), singapore])
}

fn sydney_oregon() -> Policy {
    policy_for(&[Jurisdiction::Australia, Jurisdiction::UnitedStates], &[("ap-southeast-2", NOVA), ("us-west-2", NOVA)])
}

/// The shape that is often proposed: some Regions allowed, some forbidden, everything else forgotten.
fn often_proposed() -> Policy {
    serde_json::from_value(json!({"Version": "2012-10-17", "Statement": [
        {"Sid": "AllowHome", "Effect": "Allow", "Action": "bedrock:InvokeModel", "Resource": "*",
         "Condition": {"StringEquals": {"aws:RequestedRegion": ["ap-southeast-2", "ap-southeast-1"]}}},
        {"Sid": "DenyOthers", "Effect": "Deny", "Action": "bedrock:InvokeModel", "Resource": "*",
         "Condition": {"StringEquals": {"aws:RequestedRegion": ["us-east-1", "us-west-2", "eu-west-1", "eu-central-1"]}}},
    ]}))
    .unwrap()
}

/// A call of the decision table: one authorisation for a direct one, one for each leg of a profile.
fn call(policies: &[&Policy], action: &str, endpoint: &str, prefix: &str) -> char {
    let model = format!("{prefix}anthropic.claude-sonnet-5");
    let call = Call { action, endpoint: region(endpoint), model: &model };
    match judge(policies, call, models().inference_profiles()).expect("it can be called") {
        Verdict::Allowed => 'A',
        Verdict::DeniedBy(_) => 'D',
        Verdict::NotAllowed => 'i',
    }
}

/// Which calls must be let through, by policy: worked out beforehand with an independent evaluator
/// (@cloud-copilot/iam-simulate 0.1.173), row by row.
#[test]
fn the_decision_table_holds_row_by_row() {
    const STREAM: &str = INVOKE[1];
    const COUNT: &str = "bedrock:CountTokens";
    const MANTLE: &str = "bedrock-mantle:CreateInference";
    let full = Policy::full_aws_access();
    let (proposed, sydney, australia) = (often_proposed(), sydney_only(), australia_geo());
    let (singapore, oregon) = (sydney_singapore(), sydney_oregon());
    let columns: [&[&Policy]; 6] = [
        &[&proposed, &full],
        &[&proposed],
        &[&sydney, &full],
        &[&australia, &full],
        &[&singapore, &full],
        &[&oregon, &full],
    ];
    for (actions, endpoint, prefix, expected) in [
        (&[INVOKE[0]][..], "ap-southeast-2", "", "AAAAAA"),
        (&[STREAM, COUNT], "ap-southeast-2", "", "AiAAAA"),
        (&INVOKE, "ap-southeast-4", "", "AiDDDD"),
        (&[COUNT], "ap-southeast-4", "", "AiDADD"),
        (&[INVOKE[0]], "ap-southeast-1", "", "AADDAD"),
        (&[STREAM, COUNT], "ap-southeast-1", "", "AiDDAD"),
        (&[INVOKE[0]], "us-west-2", "", "DDDDDA"),
        (&[STREAM, COUNT, MANTLE], "us-west-2", "", "AiDDDA"),
        (&[INVOKE[0], STREAM, COUNT], "ap-northeast-1", "", "AiDDDD"),
        (&INVOKE, "ap-southeast-2", "au.", "AiDADD"),
        (&INVOKE, "ap-southeast-2", "apac.", "AiDDDD"),
        (&INVOKE, "ap-southeast-2", "global.", "AiDDDD"),
    ] {
        for action in actions {
            let said: String = columns.iter().map(|policies| call(policies, action, endpoint, prefix)).collect();
            assert_eq!(said, expected, "{action} in {endpoint} {prefix}");
        }
    }
}

/// As it was published and checked by others, but for the names of statements.
#[test]
fn the_policies_are_those_that_were_checked() {
    let deny = |actions: &[&str], condition: Value| json!({"Effect": "Deny", "Action": actions, "Resource": "*", "Condition": condition});
    let outside = |regions: Value| deny(&INFERENCE, json!({"StringNotEquals": {"aws:RequestedRegion": regions}}));
    let system = "arn:aws:bedrock:*:*:inference-profile/*";
    let no_profile = || deny(&INVOKE, json!({"ArnLike": {"bedrock:InferenceProfileArn": system}}));
    let not_au = deny(
        &INVOKE,
        json!({"Null": {"bedrock:InferenceProfileArn": "false"}, "ArnNotLike": {"bedrock:InferenceProfileArn": [
            "arn:aws:bedrock:*:*:inference-profile/au.*", "arn:aws:bedrock:*:*:application-inference-profile/*"
        ]}}),
    );
    let direct_melbourne = deny(
        &INVOKE,
        json!({"StringEquals": {"aws:RequestedRegion": "ap-southeast-4"}, "Null": {"bedrock:InferenceProfileArn": "true"}}),
    );
    for (made, expected) in [
        (sydney_only(), vec![outside(json!("ap-southeast-2")), no_profile()]),
        (sydney_singapore(), vec![outside(json!(["ap-southeast-2", "ap-southeast-1"])), no_profile()]),
        (sydney_oregon(), vec![outside(json!(["ap-southeast-2", "us-west-2"])), no_profile()]),
        (australia_geo(), vec![outside(json!(["ap-southeast-2", "ap-southeast-4"])), not_au, direct_melbourne]),
    ] {
        let mut made = serde_json::to_value(made).unwrap();
        for statement in made["Statement"].as_array_mut().unwrap() {
            assert!(statement.as_object_mut().unwrap().remove("Sid").is_some());
        }
        assert_eq!(made, json!({"Version": "2012-10-17", "Statement": expected}));
    }
}

#[test]
fn minifying_takes_out_white_space_and_nothing_else() {
    for builtin in PROFILES {
        let profile = Loader::built_in().unwrap().profile(builtin.name).unwrap();
        let made = policy(profile.routes.iter().flat_map(|route| &route.targets), &profile.models).unwrap();
        let read = |text: &str| serde_json::from_str::<Value>(text).unwrap();
        assert_eq!(read(&made.minified()), read(&made.pretty()), "{}", builtin.name);
        assert!(!made.minified().contains(char::is_whitespace), "{}", made.minified());
        assert_eq!(serde_json::from_str::<Policy>(&made.minified()).unwrap(), made);
        assert!(made.characters() < MOST_CHARACTERS_BEFORE, "{}: {}", builtin.name, made.characters());
    }
}

#[test]
fn what_cannot_be_evaluated_cannot_be_read() {
    for (operator, key) in [
        ("StringNotEqual", "aws:RequestedRegion"),
        ("StringNotEqualsIfExists", "aws:RequestedRegion"),
        ("StringEquals", "aws:RequestedRegions"),
    ] {
        let text = json!({"Version": "2012-10-17", "Statement": [{"Sid": "A", "Effect": "Deny", "Action": "*",
            "Resource": "*", "Condition": {operator: {key: "x"}}}]});
        assert!(serde_json::from_value::<Policy>(text).is_err(), "{operator} {key}");
    }
}

#[test]
fn without_a_candidate_there_is_no_policy() {
    let models = models();
    let residency = Residency::new([Jurisdiction::Australia], models.inference_profiles().clone());
    let reference = residency.admit(region("us-west-2"), NOVA, Standing::Reference).unwrap();
    assert_eq!(policy([&reference], &models), None);
}

#[test]
fn every_built_in_profile_may_fire_its_candidates_and_not_its_references() {
    let full = Policy::full_aws_access();
    for builtin in PROFILES {
        let profile = Loader::built_in().unwrap().profile(builtin.name).unwrap();
        let made = policy(profile.routes.iter().flat_map(|route| &route.targets), &profile.models).unwrap();
        for target in profile.routes.iter().flat_map(|route| &route.targets) {
            for action in INVOKE {
                let call = Call { action, endpoint: target.endpoint(), model: target.model() };
                let verdict = judge(&[&made, &full], call, profile.models.inference_profiles()).unwrap();
                let candidate = target.standing() == Standing::Candidate;
                assert_eq!(verdict.is_allowed(), candidate, "{}: {call:?}", builtin.name);
            }
        }
    }
}

#[test]
fn operations_with_equal_verdicts_share_a_table() {
    let (full, made, models) = (Policy::full_aws_access(), australia_geo(), models());
    let (policies, profiles) = ([&made, &full], models.inference_profiles());
    let tables = matrix(&policies, profiles);
    let actions: Vec<_> = tables.iter().map(|table| table.actions.as_slice()).collect();
    assert_eq!(actions, [&INVOKE[..], &INFERENCE[2..]]);
    assert_eq!(tables[0].ways, ["", "au.", "apac.", "jp.", "us.", "global."]);
}

/// All that a residency lets be called, of a model that everybody has.
fn callable(allowed: &[Jurisdiction]) -> Vec<Destination> {
    let models = models();
    let residency = Residency::new(allowed.iter().copied(), models.inference_profiles().clone());
    let mut ids = vec!["model".to_owned()];
    ids.extend(models.inference_profiles().prefixes().map(|prefix| format!("{prefix}model")));
    let calls = RegionId::all().flat_map(|endpoint| ids.iter().map(move |id| (endpoint, id)));
    let admitted = calls.filter_map(|(endpoint, id)| residency.admit(endpoint, id, Standing::Candidate).ok());
    let mut found: Vec<Destination> = Vec::new();
    admitted.for_each(|destination| {
        if !found.contains(&destination) {
            found.push(destination)
        }
    });
    found
}

proptest! {
    /// Whatever routes a policy is made for: no call in any Region, through any profile or none, gets out.
    #[test]
    fn no_policy_lets_a_call_leave_the_residency(
        countries in proptest::sample::subsequence(JURISDICTIONS.to_vec(), 1..=4),
        picks in proptest::collection::vec(any::<proptest::sample::Index>(), 1..6),
    ) {
        let (models, full) = (models(), Policy::full_aws_access());
        let callable = callable(&countries);
        prop_assume!(!callable.is_empty());
        let targets: Vec<_> = picks.iter().map(|pick| pick.get(&callable)).collect();
        let made = policy(targets.iter().copied(), &models).unwrap();
        let profiles = models.inference_profiles();
        for target in &targets {
            for action in INVOKE {
                let call = Call { action, endpoint: target.endpoint(), model: target.model() };
                prop_assert!(judge(&[&made, &full], call, profiles).unwrap().is_allowed(), "{call:?} is needed");
            }
        }
        for endpoint in RegionId::all() {
            for prefix in std::iter::once("").chain(profiles.prefixes()) {
                let model = format!("{prefix}any");
                let Ok((_, processing)) = profiles.resolve(endpoint, &model) else { continue };
                let stays = match processing {
                    Processing::Within(regions) => regions.iter().all(|r| countries.contains(&r.jurisdiction())),
                    Processing::Anywhere(_) => false,
                };
                for action in INFERENCE.into_iter().filter(|action| prefix.is_empty() || INVOKE.contains(action)) {
                    let verdict = judge(&[&made, &full], Call { action, endpoint, model: &model }, profiles).unwrap();
                    prop_assert!(stays || !verdict.is_allowed(), "{action} of {model} in {endpoint} gets out");
                }
            }
        }
    }

    /// Of an application profile nothing but its ARN is known: every Region that it goes to is still held.
    #[test]
    fn an_application_profile_reaches_no_region_outside(region in proptest::sample::select(RegionId::all().collect::<Vec<_>>())) {
        let arn = "arn:aws:bedrock:ap-southeast-2:111122223333:application-inference-profile/abc";
        let full = Policy::full_aws_access();
        for made in [sydney_only(), australia_geo(), sydney_singapore(), sydney_oregon()] {
            let leg = Leg { action: INVOKE[0], region: region.code(), profile: Some(arn) };
            let named = made.minified().contains(&format!("\"{region}\""));
            prop_assert_eq!(evaluate(&[&made, &full], leg).is_allowed(), named, "{}", region);
        }
    }
}
