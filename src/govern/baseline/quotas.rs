//! Which quota of the account holds for a model, and what its busiest minute leaves of it.
//!
//! Service Quotas names quotas in words, not by model id: "Cross-region model inference requests per minute for
//! Anthropic Claude Sonnet 4.5 V1". The words are compared with the id's, and nothing is taken where they do not agree.

use serde::Serialize;

use super::Baseline;
use crate::core::RegionId;
use crate::core::residency::Pool;
use crate::profile::Models;

/// One quota of the account.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AccountQuota {
    pub name: String,
    pub code: String,
    pub value: f64,
    /// Of this account; otherwise AWS's default, which accounts may be below.
    pub applied: bool,
}

/// The quotas that hold for one model. Absent where none of such a name was read.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Known {
    pub requests: Option<AccountQuota>,
    pub tokens: Option<AccountQuota>,
}

/// What the busiest minute leaves of a quota; below 0 it asked for more.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct Headroom {
    pub requests: Option<f64>,
    /// Of settled tokens.
    pub tokens: Option<f64>,
    /// Tokens reserved in the busiest minute were every prompt of mean length; absent without a max_tokens.
    pub reserved_per_minute: Option<f64>,
    pub reserved: Option<f64>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Counted {
    Requests,
    Tokens,
}

/// How the names of quotas begin, by the pool that they are of. Names that go on otherwise are other quotas.
const BEGINNINGS: &[(&str, Pool)] = &[
    ("global cross-region model inference ", Pool::Global),
    ("cross-region model inference ", Pool::Geographic),
    ("cross-region invokemodel ", Pool::Geographic),
    ("on-demand model inference ", Pool::InRegion),
    ("on-demand invokemodel ", Pool::InRegion),
];

/// Quotas for `model` as it is called in `region`. One that the account has comes before AWS's default.
pub fn of_model(quotas: &[AccountQuota], models: &Models, region: RegionId, model: &str) -> Known {
    let Ok((pool, _)) = models.inference_profiles().resolve(region, model) else { return Known::default() };
    let (_, id) = models.split(model);
    let vendor = id.split_once('.').map_or("", |(vendor, _)| vendor);
    let wanted = words(id.split(':').next().unwrap_or(id), vendor);
    let find = |counted: Counted| {
        let fits = |quota: &&AccountQuota| {
            parse(&quota.name)
                .is_some_and(|(of, what, name)| (of, what) == (pool, counted) && words(name, vendor) == wanted)
        };
        let one = |applied: bool| {
            let mut found = quotas.iter().filter(|quota| quota.applied == applied).filter(fits);
            let first = found.next()?;
            // Two that differ: nobody knows which.
            found.all(|other| other.value == first.value).then(|| first.clone())
        };
        one(true).or_else(|| one(false))
    };
    Known { requests: find(Counted::Requests), tokens: find(Counted::Tokens) }
}

/// Pool, what is counted, and the model's name.
fn parse(name: &str) -> Option<(Pool, Counted, &str)> {
    let lower = name.to_ascii_lowercase();
    let (beginning, pool) = BEGINNINGS.iter().find(|(beginning, _)| lower.starts_with(beginning))?;
    let rest = &name[beginning.len()..];
    let (counted, model) = rest.split_once(" per minute for ")?;
    let counted = match counted.to_ascii_lowercase().as_str() {
        "requests" => Counted::Requests,
        "tokens" => Counted::Tokens,
        _ => return None,
    };
    // "(doubled for cross-region calls)" is a remark.
    Some((*pool, counted, model.split('(').next().unwrap_or(model)))
}

/// Words and numbers of a name, in order, without the vendor's name in front, dates, and a first version.
fn words(name: &str, vendor: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut last: Option<bool> = None;
    for letter in name.chars() {
        let kind = letter.is_ascii_alphanumeric().then(|| letter.is_ascii_digit());
        match (kind, last) {
            (None, _) => {}
            (Some(now), Some(before)) if now == before => {
                words.last_mut().expect("a word was begun").push(letter.to_ascii_lowercase());
            }
            (Some(_), _) => words.push(letter.to_ascii_lowercase().to_string()),
        }
        last = kind;
    }
    words.retain(|word| word.len() != 8 || !word.bytes().all(|byte| byte.is_ascii_digit()));
    let front = words.iter().take_while(|word| **word == vendor || *word == "ai").count();
    words.drain(..front);
    if words.ends_with(&["v".to_owned(), "1".to_owned()]) {
        words.truncate(words.len() - 2);
    }
    words
}

pub fn headroom(baseline: &Baseline, known: &Known, max_tokens: Option<u32>) -> Headroom {
    let left = |used: f64, quota: &Option<AccountQuota>| {
        let quota = quota.as_ref().filter(|quota| quota.value > 0.0)?;
        Some(1.0 - used / quota.value)
    };
    let busiest = baseline.busiest.map(|busiest| busiest.requests_per_minute);
    let reserved = busiest.zip(baseline.input.mean).zip(max_tokens);
    let reserved = reserved.map(|((requests, input), most)| requests * (input + f64::from(most)));
    Headroom {
        requests: busiest.and_then(|used| left(used, &known.requests)),
        tokens: baseline.busiest_tokens.and_then(|used| left(used.settled_per_minute, &known.tokens)),
        reserved_per_minute: reserved,
        reserved: reserved.and_then(|used| left(used, &known.tokens)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn quota(name: &str, value: f64, applied: bool) -> AccountQuota {
        AccountQuota { name: name.into(), code: "L-TEST".into(), value, applied }
    }

    fn known(quotas: &[AccountQuota], model: &str) -> (Option<f64>, Option<f64>) {
        let known = of_model(quotas, &Models::built_in().unwrap(), RegionId::SYDNEY, model);
        (known.requests.map(|quota| quota.value), known.tokens.map(|quota| quota.value))
    }

    #[test]
    fn a_quota_is_found_by_the_words_of_its_name() {
        for (model, name) in [
            ("amazon.nova-lite-v1:0", "On-demand model inference requests per minute for Amazon Nova Lite"),
            (
                "au.anthropic.claude-sonnet-5",
                "Cross-region model inference requests per minute for Anthropic Claude Sonnet 5",
            ),
            (
                "au.anthropic.claude-sonnet-4-5-20250929-v1:0",
                "Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1",
            ),
            (
                "global.anthropic.claude-haiku-4-5-20251001-v1:0",
                "Global cross-region model inference requests per minute for Anthropic Claude Haiku 4.5",
            ),
            (
                "anthropic.claude-3-5-sonnet-20241022-v2:0",
                "On-demand InvokeModel requests per minute for Anthropic Claude 3.5 Sonnet V2",
            ),
            (
                "meta.llama3-3-70b-instruct-v1:0",
                "On-demand model inference requests per minute for Meta Llama 3.3 70B Instruct",
            ),
            (
                "mistral.mistral-large-2407-v1:0",
                "On-demand model inference requests per minute for Mistral AI Mistral Large 2407",
            ),
        ] {
            assert_eq!(known(&[quota(name, 50.0, true)], model), (Some(50.0), None), "{model}");
        }
    }

    #[test]
    fn what_is_of_another_pool_model_or_kind_is_not_taken() {
        let sonnet = "au.anthropic.claude-sonnet-4-5-20250929-v1:0";
        for name in [
            "On-demand model inference requests per minute for Anthropic Claude Sonnet 4.5 V1",
            "Global cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1",
            "Cross-region model inference requests per minute for Anthropic Claude Sonnet 4.5 V1 1M Context Length",
            "Cross-region model inference requests per minute for Anthropic Claude Sonnet 4 V1",
            "Cross-region model inference requests per day for Anthropic Claude Sonnet 4.5 V1",
            "Cross-region latency-optimized model inference requests per minute for Anthropic Claude Sonnet 4.5 V1",
            "Batch inference input file size (in GB)",
        ] {
            assert_eq!(known(&[quota(name, 50.0, true)], sonnet), (None, None), "{name}");
        }
        let v2 = "On-demand model inference requests per minute for Anthropic Claude 3.5 Sonnet V2";
        assert_eq!(known(&[quota(v2, 50.0, true)], "anthropic.claude-3-5-sonnet-20240620-v1:0"), (None, None));
    }

    #[test]
    fn the_accounts_own_comes_first_and_two_that_differ_are_none() {
        let name = "On-demand model inference tokens per minute for Amazon Nova Lite";
        let nova = "amazon.nova-lite-v1:0";
        assert_eq!(known(&[quota(name, 9.0, false), quota(name, 4.0, true)], nova), (None, Some(4.0)));
        assert_eq!(known(&[quota(name, 9.0, false)], nova), (None, Some(9.0)));
        assert_eq!(known(&[quota(name, 9.0, true), quota(name, 4.0, true)], nova), (None, None));
    }
}
