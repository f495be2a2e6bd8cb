//! What is known of models: where a call may be processed, and how fast output uses up quota.

use super::builtin;
use super::schema::{Burndown, ModelsFile};
use super::toml_file::{FileError, parse};
use crate::core::residency::InferenceProfiles;

#[derive(Clone, Debug)]
pub struct Models {
    profiles: InferenceProfiles,
    prefixes: Vec<String>,
    burndown: Vec<Burndown>,
}

impl Models {
    /// # Errors
    /// When the shipped table is broken.
    pub fn built_in() -> Result<Self, FileError> {
        let file: ModelsFile = parse(builtin::MODELS.file, builtin::MODELS.text)?;
        let prefixes = file.inference_profile.iter().map(|profile| profile.prefix.clone()).collect();
        Ok(Self { profiles: InferenceProfiles::new(file.inference_profile), prefixes, burndown: file.burndown })
    }

    pub fn inference_profiles(&self) -> &InferenceProfiles {
        &self.profiles
    }

    /// The profile prefix of `model`, such as `au.`, and the id behind it.
    pub fn split<'a>(&'a self, model: &'a str) -> (Option<&'a str>, &'a str) {
        self.prefixes
            .iter()
            .find_map(|prefix| Some((Some(prefix.as_str()), model.strip_prefix(prefix.as_str())?)))
            .unwrap_or((None, model))
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
}
