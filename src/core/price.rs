//! What tokens cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::RegionId;

/// What one way of calling a model costs.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Price {
    /// USD per million input tokens.
    pub input: f64,
    /// USD per million output tokens.
    pub output: f64,
    pub source: String,
    pub date: String,
}

impl Price {
    /// In USD.
    pub fn of(&self, input_tokens: f64, output_tokens: f64) -> f64 {
        (input_tokens * self.input + output_tokens * self.output) / 1e6
    }
}

/// A target of a route, and what its tokens cost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct PricedTarget {
    /// Whose endpoint is called.
    pub region: RegionId,
    pub model: String,
    #[serde(flatten)]
    pub price: Price,
}

/// A target whose price nobody knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct UnpricedTarget {
    pub region: RegionId,
    pub model: String,
    /// What is missing, and how to give it.
    pub reason: String,
}

/// What is known of the prices of one route.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct RoutePrices {
    pub known: Vec<PricedTarget>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<UnpricedTarget>,
    /// What to check before the cost is relied on, such as prices that were old when the run was made.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}
