//! Prices of tokens, by how a model is called and from where.

use schemars::JsonSchema;
use serde::{Deserialize, Deserializer, Serialize};

use crate::core::RegionId;
use crate::core::residency::{Destination, Pool};
use crate::profile::builtin;
use crate::profile::toml_file::{FileError, check_schema, parse};
use crate::profile::{IN_REGION, Models};

/// How rows name an ARN of provisioned capacity.
const PROVISIONED: &str = "provisioned";

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PricesFile {
    schema: u32,
    price: Vec<Row>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Row {
    via: Vec<String>,
    models: Vec<String>,
    regions: Vec<Place>,
    input: f64,
    output: f64,
    source: String,
    date: String,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Place {
    Everywhere,
    In(RegionId),
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        match String::deserialize(deserializer)?.as_str() {
            "*" => Ok(Self::Everywhere),
            code => code.parse().map(Self::In).map_err(serde::de::Error::custom),
        }
    }
}

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

/// No row says what a call costs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "no price is known for {}; write one into a file of the shape of profiles/prices.toml \
     (via = [\"{via_key}\"], models = [\"{model}\"], regions = [\"{region}\"]) and pass it with --prices FILE",
    self.call()
)]
pub struct Missing {
    model: String,
    via: String,
    via_key: String,
    region: RegionId,
}

impl Missing {
    /// What has no price: `` `amazon.nova-lite-v1:0` in-region in Sydney ``.
    pub fn call(&self) -> String {
        format!("`{}` {} in {}", self.model, self.via, self.region.name())
    }
}

/// Every price that is known. Rows of the user stand before the built-in ones.
#[derive(Clone, Debug)]
pub struct Prices(Vec<Row>);

impl Prices {
    /// # Errors
    /// When the shipped table is broken.
    pub fn built_in() -> Result<Self, FileError> {
        rows(builtin::PRICES.file, builtin::PRICES.text).map(Self)
    }

    /// These, under the rows of `text`; `file` is what errors call it.
    ///
    /// # Errors
    /// When `text` is no such table.
    pub fn under(self, file: &str, text: &str) -> Result<Self, FileError> {
        let mut own = rows(file, text)?;
        own.extend(self.0);
        Ok(Self(own))
    }

    /// What a call to `destination` costs.
    ///
    /// # Errors
    /// When no row says so: nothing is taken to be free.
    pub fn of(&self, destination: &Destination, models: &Models) -> Result<Price, Missing> {
        let (region, called) = (destination.endpoint(), destination.model());
        let (via, model) = match (destination.pool(), models.split(called)) {
            (Pool::Provisioned, _) => (PROVISIONED, called),
            (_, (prefix, model)) => (prefix.unwrap_or(IN_REGION), model),
        };
        let of_place = |place| {
            let names = |row: &&Row| {
                row.via.iter().any(|known| known == via)
                    && row.models.iter().any(|known| known == model)
                    && row.regions.contains(&place)
            };
            self.0.iter().find(names)
        };
        let row = of_place(Place::In(region)).or_else(|| of_place(Place::Everywhere)).ok_or_else(|| Missing {
            model: model.to_owned(),
            via: if matches!(via, IN_REGION | PROVISIONED) { via.to_owned() } else { format!("through {via}") },
            via_key: via.to_owned(),
            region,
        })?;
        Ok(Price { input: row.input, output: row.output, source: row.source.clone(), date: row.date.clone() })
    }
}

fn rows(file: &str, text: &str) -> Result<Vec<Row>, FileError> {
    let read: PricesFile = parse(file, text)?;
    check_schema(file, read.schema)?;
    for row in &read.price {
        let what = row.models.join(", ");
        if [row.input, row.output].iter().any(|price| !price.is_finite() || *price <= 0.0) {
            return Err(FileError::new(file, format!("{what}: a price must be above 0")));
        }
        if row.source.is_empty() || row.date.is_empty() {
            return Err(FileError::new(file, format!("{what}: a price needs its source and date")));
        }
    }
    Ok(read.price)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::region::Jurisdiction;
    use crate::core::residency::{Residency, Standing};
    use crate::profile::Loader;

    fn models() -> Models {
        Models::built_in().unwrap()
    }

    fn called(region: &str, model: &str) -> Destination {
        let residency = Residency::new([Jurisdiction::Australia], models().inference_profiles().clone());
        residency.admit(region.parse().unwrap(), model, Standing::Reference).unwrap()
    }

    fn price(prices: &Prices, region: &str, model: &str) -> Result<(f64, f64), String> {
        let found = prices.of(&called(region, model), &models());
        found.map(|price| (price.input, price.output)).map_err(|missing| missing.to_string())
    }

    #[test]
    fn a_price_goes_by_prefix_model_and_region() {
        let prices = Prices::built_in().unwrap();
        for (region, model, expected) in [
            ("ap-southeast-2", "au.anthropic.claude-sonnet-5", (2.20, 11.00)),
            ("ap-southeast-2", "global.anthropic.claude-sonnet-5", (2.00, 10.00)),
            ("ap-southeast-1", "anthropic.claude-sonnet-5", (2.20, 11.00)),
            ("us-west-2", "us.anthropic.claude-haiku-4-5-20251001-v1:0", (1.10, 5.50)),
            ("ap-southeast-2", "apac.amazon.nova-lite-v1:0", (0.063, 0.252)),
            ("us-west-2", "amazon.nova-lite-v1:0", (0.06, 0.24)),
        ] {
            assert_eq!(price(&prices, region, model), Ok(expected), "{model} in {region}");
        }
    }

    #[test]
    fn a_missing_price_names_what_is_missing_and_how_to_give_it() {
        let said = price(&Prices::built_in().unwrap(), "ap-southeast-2", "amazon.nova-lite-v1:0").unwrap_err();
        assert!(said.starts_with("no price is known for `amazon.nova-lite-v1:0` in-region in Sydney"), "{said}");
        assert!(said.contains("regions = [\"ap-southeast-2\"]") && said.contains("--prices FILE"), "{said}");
        let said = price(&Prices::built_in().unwrap(), "ap-southeast-2", "au.anthropic.claude-opus-4-8").unwrap_err();
        assert!(said.contains("`anthropic.claude-opus-4-8` through au. in Sydney"), "{said}");
    }

    const OWN: &str = r#"
        schema = 1
        [[price]]
        via = ["in-region", "au."]
        models = ["amazon.nova-lite-v1:0", "anthropic.claude-sonnet-5"]
        regions = ["ap-southeast-2"]
        input = 7.0
        output = 8.0
        source = "our contract"
        date = "2026-11-23"
    "#;

    #[test]
    fn rows_of_the_user_stand_before_ours_and_in_for_what_is_missing() {
        let prices = Prices::built_in().unwrap().under("mine.toml", OWN).unwrap();
        for model in ["amazon.nova-lite-v1:0", "au.anthropic.claude-sonnet-5"] {
            assert_eq!(price(&prices, "ap-southeast-2", model), Ok((7.0, 8.0)));
        }
        assert_eq!(price(&prices, "ap-southeast-4", "au.anthropic.claude-sonnet-5"), Ok((2.20, 11.00)));
    }

    #[test]
    fn nothing_is_free() {
        let said = Prices::built_in().unwrap().under("mine.toml", &OWN.replace("7.0", "0.0")).unwrap_err();
        assert!(said.to_string().contains("above 0"), "{said}");
    }

    #[test]
    fn every_route_of_the_candidates_has_its_prices() {
        let (prices, profile) =
            (Prices::built_in().unwrap(), Loader::built_in().unwrap().profile("candidates").unwrap());
        for destination in profile.routes.iter().flat_map(|route| &route.targets) {
            assert!(prices.of(destination, &profile.models).is_ok(), "{destination:?}");
        }
    }

    #[test]
    fn a_million_tokens_cost_what_the_row_says() {
        let price = Price { input: 2.0, output: 10.0, source: String::new(), date: String::new() };
        assert_eq!(price.of(500_000.0, 100_000.0), 2.0);
    }
}
