//! Service control policies, as far as the exported ones go: what cannot be evaluated cannot be read.

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Most characters of one policy since 15 May 2026; all of them count.
///
/// Source: AWS Organizations User Guide, quotas for AWS Organizations.
pub const MOST_CHARACTERS: usize = 10_240;

/// The limit before, which many tools and pages still go by.
pub const MOST_CHARACTERS_BEFORE: usize = 5_120;

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Policy {
    pub version: String,
    pub statement: Vec<Statement>,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
pub struct Statement {
    pub sid: String,
    pub effect: Effect,
    pub action: Values,
    pub resource: Resource,
    /// All of them must hold.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub condition: BTreeMap<Operator, BTreeMap<Key, Values>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    Allow,
    Deny,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Resource {
    #[serde(rename = "*")]
    All,
}

/// How the value of a key in the call is compared with those of the policy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Operator {
    StringEquals,
    StringNotEquals,
    ArnLike,
    ArnNotLike,
    /// `"true"`: the call does not have the key.
    Null,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Key {
    /// Each Region that a call may be processed in is authorised apart; `unspecified` for `global.`
    #[serde(rename = "aws:RequestedRegion")]
    RequestedRegion,
    /// There only when the call goes through an inference profile.
    #[serde(rename = "bedrock:InferenceProfileArn")]
    InferenceProfileArn,
}

/// One or several; one is written without a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Values(pub Vec<String>);

impl<T: Into<String>, const N: usize> From<[T; N]> for Values {
    fn from(values: [T; N]) -> Self {
        Self(values.map(Into::into).into())
    }
}

impl Serialize for Values {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0.as_slice() {
            [one] => serializer.serialize_str(one),
            many => many.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            One(String),
            Many(Vec<String>),
        }
        Ok(match Written::deserialize(deserializer)? {
            Written::One(value) => Self(vec![value]),
            Written::Many(values) => Self(values),
        })
    }
}

impl Policy {
    pub fn new(statement: Vec<Statement>) -> Self {
        Self { version: "2012-10-17".to_owned(), statement }
    }

    /// What AWS attaches by itself. A policy that only denies stands beside it.
    pub fn full_aws_access() -> Self {
        Self::new(vec![Statement {
            sid: "FullAWSAccess".to_owned(),
            effect: Effect::Allow,
            action: ["*"].into(),
            resource: Resource::All,
            condition: BTreeMap::new(),
        }])
    }

    /// As people read it.
    pub fn pretty(&self) -> String {
        serde_json::to_string_pretty(self).expect("a policy is plain data") + "\n"
    }

    /// Without a character too many.
    pub fn minified(&self) -> String {
        serde_json::to_string(self).expect("a policy is plain data")
    }

    /// Characters once white space is taken out, against [`MOST_CHARACTERS`].
    pub fn characters(&self) -> usize {
        self.minified().chars().count()
    }
}
