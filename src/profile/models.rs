//! What is known of models: where they can be called and how, where a call may be processed, and how
//! fast output uses up quota.

use super::builtin;
use super::schema::{Burndown, ListedModel, ModelsFile};
use super::toml_file::{FileError, check_schema, nearest, parse};
use crate::core::RegionId;
use crate::core::residency::InferenceProfiles;

/// How our files name on-demand with the plain id.
pub const IN_REGION: &str = "in-region";

#[derive(Clone, Debug)]
pub struct Models {
    profiles: InferenceProfiles,
    prefixes: Vec<String>,
    listed: Vec<ListedModel>,
    lists_date: String,
    burndown: Vec<Burndown>,
}

/// What the lists say about calling a model id in a Region.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// That way.
    Yes,
    /// Not that way; these ids work there.
    OtherWise(Vec<String>),
    /// Not at all; these Regions have it, in some way.
    Elsewhere(Vec<RegionId>),
    /// The lists know the model or the Region not at all.
    Unlisted { nearest: Option<String> },
}

impl Models {
    /// # Errors
    /// When the shipped table is broken.
    pub fn built_in() -> Result<Self, FileError> {
        Self::parse(builtin::MODELS.file, builtin::MODELS.text)
    }

    /// # Errors
    /// When `text` is no such table.
    pub fn parse(file: &str, text: &str) -> Result<Self, FileError> {
        let read: ModelsFile = parse(file, text)?;
        check_schema(file, read.schema)?;
        let prefixes = read.inference_profile.iter().map(|profile| profile.prefix.clone()).collect();
        Ok(Self {
            profiles: InferenceProfiles::new(read.inference_profile),
            prefixes,
            listed: read.model,
            lists_date: read.model_lists.date,
            burndown: read.burndown,
        })
    }

    pub fn inference_profiles(&self) -> &InferenceProfiles {
        &self.profiles
    }

    /// Every model of the lists, in their order, without a profile prefix.
    pub fn ids(&self) -> impl Iterator<Item = &str> {
        self.listed.iter().flat_map(|row| &row.ids).map(String::as_str)
    }

    /// When the lists of [`Self::offer`] were read.
    pub fn lists_date(&self) -> &str {
        &self.lists_date
    }

    /// The profile prefix of `model`, such as `au.`, and the id behind it.
    pub fn split<'a>(&'a self, model: &'a str) -> (Option<&'a str>, &'a str) {
        self.prefixes
            .iter()
            .find_map(|prefix| Some((Some(prefix.as_str()), model.strip_prefix(prefix.as_str())?)))
            .unwrap_or((None, model))
    }

    /// Whether `model`, with or without a profile prefix, can be called in `region`.
    pub fn offer(&self, region: RegionId, model: &str) -> Offer {
        let (prefix, base) = self.split(model);
        let Some(row) = self.listed.iter().find(|row| row.ids.iter().any(|id| id == base)) else {
            let known = self.listed.iter().flat_map(|row| &row.ids).map(String::as_str);
            let nearest = nearest(base, known).map(|near| format!("{}{near}", prefix.unwrap_or_default()));
            return Offer::Unlisted { nearest };
        };
        let Some(ways) = row.ways.get(&region) else { return Offer::Unlisted { nearest: None } };
        if ways.iter().any(|way| way == prefix.unwrap_or(IN_REGION)) {
            return Offer::Yes;
        }
        if ways.is_empty() {
            return Offer::Elsewhere(row.ways.iter().filter(|(_, ways)| !ways.is_empty()).map(|(r, _)| *r).collect());
        }
        let id = |way: &String| if way == IN_REGION { base.to_owned() } else { format!("{way}{base}") };
        Offer::OtherWise(ways.iter().map(id).collect())
    }

    /// Quota that one output token of `model` uses: 1 unless the table knows better.
    pub fn burndown(&self, model: &str) -> f64 {
        let (_, base) = self.split(model);
        self.burndown
            .iter()
            .filter(|row| base.starts_with(&row.model))
            .max_by_key(|row| row.model.len())
            .map_or(1.0, |row| row.rate)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_burns_quota_by_the_model_and_not_by_the_profile() {
        let models = Models::built_in().unwrap();
        for (model, rate) in [
            ("au.anthropic.claude-sonnet-5", 10.0),
            ("anthropic.claude-sonnet-5", 10.0),
            ("us.anthropic.claude-opus-4-8", 15.0),
            ("au.anthropic.claude-sonnet-4-5-20250929-v1:0", 5.0),
            ("amazon.nova-lite-v1:0", 1.0),
        ] {
            assert_eq!(models.burndown(model), rate, "{model}");
        }
    }

    #[test]
    fn a_profile_prefix_is_told_from_a_vendor() {
        let models = Models::built_in().unwrap();
        assert_eq!(models.split("au.anthropic.claude-sonnet-5"), (Some("au."), "anthropic.claude-sonnet-5"));
        assert_eq!(models.split("anthropic.claude-sonnet-5"), (None, "anthropic.claude-sonnet-5"));
    }

    #[test]
    fn the_lists_know_which_way_each_region_offers_a_model() {
        let models = Models::built_in().unwrap();
        let offer = |region: &str, model| models.offer(region.parse().unwrap(), model);
        assert_eq!(offer("ap-southeast-2", "au.anthropic.claude-sonnet-5"), Offer::Yes);
        assert_eq!(offer("ap-southeast-1", "anthropic.claude-sonnet-5"), Offer::Yes);
        assert_eq!(
            offer("ap-southeast-2", "anthropic.claude-sonnet-5"),
            Offer::OtherWise(vec!["au.anthropic.claude-sonnet-5".into(), "global.anthropic.claude-sonnet-5".into()])
        );
        let us_west_2 = "us-west-2".parse().unwrap();
        assert_eq!(offer("ap-southeast-2", "meta.llama3-3-70b-instruct-v1:0"), Offer::Elsewhere(vec![us_west_2]));
        assert_eq!(
            offer("ap-southeast-2", "au.anthropic.claude-sonet-5"),
            Offer::Unlisted { nearest: Some("au.anthropic.claude-sonnet-5".into()) }
        );
        assert_eq!(offer("eu-west-1", "amazon.nova-lite-v1:0"), Offer::Unlisted { nearest: None });
    }
}
