//! What policies make of a call: an evaluator of our own, for the operators that [`super::policy`] can say.

use super::policy::{Effect, Key, Operator, Policy, Statement};

/// One authorisation. A call through an inference profile has one for every Region that it may be processed in,
/// and is allowed only if all of them are.
#[derive(Clone, Copy, Debug)]
pub struct Leg<'a> {
    /// With the prefix of its service, such as `bedrock:InvokeModel`.
    pub action: &'a str,
    /// Region code, or [`UNSPECIFIED`].
    pub region: &'a str,
    /// ARN of the inference profile; absent in a direct call.
    pub profile: Option<&'a str>,
}

/// What stands in for the Region where a `global.` profile may go anywhere.
pub const UNSPECIFIED: &str = "unspecified";

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict<'a> {
    Allowed,
    /// By the statement of that Sid, whatever else allows it.
    DeniedBy(&'a str),
    /// Nothing allows it.
    NotAllowed,
}

impl Verdict<'_> {
    pub fn is_allowed(self) -> bool {
        self == Self::Allowed
    }
}

/// Of all policies attached at one place of the organisation.
pub fn evaluate<'a>(policies: &[&'a Policy], leg: Leg<'_>) -> Verdict<'a> {
    let statements = || policies.iter().flat_map(|policy| &policy.statement);
    let applies = |effect| move |statement: &&Statement| statement.effect == effect && applies(statement, leg);
    match statements().find(applies(Effect::Deny)) {
        Some(statement) => Verdict::DeniedBy(&statement.sid),
        None if statements().any(|statement| applies(Effect::Allow)(&statement)) => Verdict::Allowed,
        None => Verdict::NotAllowed,
    }
}

/// Of a call with several legs: the first that is not allowed decides.
pub fn evaluate_all<'a, 'l>(policies: &[&'a Policy], legs: impl IntoIterator<Item = Leg<'l>>) -> Verdict<'a> {
    let mut verdicts = legs.into_iter().map(|leg| evaluate(policies, leg));
    verdicts.find(|verdict| !verdict.is_allowed()).unwrap_or(Verdict::Allowed)
}

fn applies(statement: &Statement, leg: Leg<'_>) -> bool {
    let named = statement.action.0.iter().any(|action| like(&action.to_lowercase(), &leg.action.to_lowercase()));
    named
        && statement
            .condition
            .iter()
            .all(|(operator, keys)| keys.iter().all(|(key, values)| holds(*operator, *key, &values.0, leg)))
}

fn holds(operator: Operator, key: Key, values: &[String], leg: Leg<'_>) -> bool {
    let value = match key {
        Key::RequestedRegion => Some(leg.region),
        Key::InferenceProfileArn => leg.profile,
    };
    let any = |matches: fn(&str, &str) -> bool| {
        value.is_some_and(|value| values.iter().any(|pattern| matches(pattern, value)))
    };
    match operator {
        Operator::StringEquals => any(|wanted, value| wanted == value),
        // A negated operator holds where the key is missing.
        Operator::StringNotEquals => !any(|wanted, value| wanted == value),
        Operator::ArnLike => any(arn_like),
        Operator::ArnNotLike => !any(arn_like),
        Operator::Null => values.iter().any(|wanted| (wanted == "true") == value.is_none()),
    }
}

/// Each of the six parts of an ARN is compared apart: a `*` does not reach over a colon, but in the last one.
fn arn_like(pattern: &str, arn: &str) -> bool {
    let parts = |text: &str| text.splitn(6, ':').map(str::to_owned).collect::<Vec<_>>();
    let (pattern, arn) = (parts(pattern), parts(arn));
    pattern.len() == arn.len() && pattern.iter().zip(&arn).all(|(pattern, part)| like(pattern, part))
}

/// `*` stands for any characters, `?` for one.
fn like(pattern: &str, text: &str) -> bool {
    let Some(first) = pattern.chars().next() else { return text.is_empty() };
    let rest = &pattern[first.len_utf8()..];
    match first {
        '*' => {
            let ends = text.char_indices().map(|(at, _)| at).chain([text.len()]);
            ends.into_iter().any(|at| like(rest, &text[at..]))
        }
        '?' => text.chars().next().is_some_and(|c| like(rest, &text[c.len_utf8()..])),
        c => text.strip_prefix(c).is_some_and(|text| like(rest, text)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stays_within_its_part_of_an_arn() {
        let profile =
            "arn:aws:bedrock:ap-southeast-2:111122223333:inference-profile/au.anthropic.claude-haiku-4-5-v1:0";
        for (pattern, matches) in [
            ("arn:aws:bedrock:*:*:inference-profile/au.*", true),
            ("arn:aws:bedrock:ap-southeast-?:*:inference-profile/*v1:0", true),
            ("arn:aws:bedrock:*:*:inference-profile/apac.*", false),
            ("arn:aws:bedrock:*:*:application-inference-profile/*", false),
            ("arn:aws:bedrock:*:inference-profile/au.*", false),
            ("*", false),
        ] {
            assert_eq!(arn_like(pattern, profile), matches, "{pattern}");
        }
    }

    #[test]
    fn what_is_not_there_fails_a_comparison_and_passes_its_negation() {
        let direct = Leg { action: "bedrock:InvokeModel", region: "ap-southeast-2", profile: None };
        let arns = ["arn:aws:bedrock:*:*:inference-profile/*".to_owned()];
        for (operator, values, expected) in [
            (Operator::ArnLike, &arns[..], false),
            (Operator::ArnNotLike, &arns, true),
            (Operator::Null, &["true".to_owned()], true),
            (Operator::Null, &["false".to_owned()], false),
        ] {
            assert_eq!(holds(operator, Key::InferenceProfileArn, values, direct), expected, "{operator:?}");
        }
    }

    #[test]
    fn actions_are_matched_whatever_their_case_and_a_service_is_not_its_neighbour() {
        for (pattern, action, matches) in [
            ("bedrock:invokemodel", "bedrock:InvokeModel", true),
            ("bedrock:Invoke*", "bedrock:InvokeModelWithResponseStream", true),
            ("bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream", false),
            ("bedrock:*", "bedrock-mantle:CreateInference", false),
        ] {
            assert_eq!(like(&pattern.to_lowercase(), &action.to_lowercase()), matches, "{pattern} {action}");
        }
    }
}
