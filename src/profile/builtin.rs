//! The files that ship inside the binary. To add one: put it into its folder, name it here.

/// A file of ours, by the name that people type.
pub struct Builtin {
    pub name: &'static str,
    /// Path in the repository.
    pub file: &'static str,
    pub text: &'static str,
}

macro_rules! builtin {
    ($name:literal, $file:literal) => {
        Builtin { name: $name, file: $file, text: include_str!(concat!("../../", $file)) }
    };
}

pub static PROFILES: &[Builtin] = &[
    builtin!("apac", "profiles/apac.toml"),
    builtin!("au", "profiles/au.toml"),
    builtin!("candidates", "profiles/candidates.toml"),
    builtin!("pacific", "profiles/pacific.toml"),
    builtin!("sydney", "profiles/sydney.toml"),
];

pub static WORKLOADS: &[Builtin] = &[
    builtin!("chat", "profiles/workloads/chat.toml"),
    builtin!("moderation", "profiles/workloads/moderation.toml"),
    builtin!("enrichment", "profiles/workloads/enrichment.toml"),
    builtin!("synthetic-data", "profiles/workloads/synthetic-data.toml"),
    builtin!("reporting", "profiles/workloads/reporting.toml"),
    builtin!("ab-test", "profiles/workloads/ab-test.toml"),
    builtin!("customer-api", "profiles/workloads/customer-api.toml"),
    builtin!("background", "profiles/workloads/background.toml"),
];

pub static LATENCIES: &[Builtin] = &[builtin!("article", "profiles/latency/article.toml")];

pub static SCENARIOS: &[Builtin] = &[
    builtin!("calm", "profiles/scenarios/calm.toml"),
    builtin!("congested", "profiles/scenarios/congested.toml"),
    builtin!("throttle-storm", "profiles/scenarios/throttle-storm.toml"),
    builtin!("sydney-outage", "profiles/scenarios/sydney-outage.toml"),
    builtin!("singapore-slow", "profiles/scenarios/singapore-slow.toml"),
    builtin!("cold-start", "profiles/scenarios/cold-start.toml"),
    builtin!("brown-out", "profiles/scenarios/brown-out.toml"),
    builtin!("token-bound", "profiles/scenarios/token-bound.toml"),
    builtin!("herd", "profiles/scenarios/herd.toml"),
];

pub static PATTERNS: &[Builtin] = &[builtin!("weekday", "profiles/patterns/weekday.toml")];

pub static EXPERIMENTS: &[Builtin] = &[
    builtin!("case-1", "profiles/experiments/case-1.toml"),
    builtin!("case-2", "profiles/experiments/case-2.toml"),
    builtin!("case-3", "profiles/experiments/case-3.toml"),
    builtin!("twenty-percent", "profiles/experiments/twenty-percent.toml"),
    builtin!("scenarios", "profiles/experiments/scenarios.toml"),
];

/// The Region model that profiles start from.
pub static REGIONS: Builtin = builtin!("regions", "profiles/regions.toml");

/// Inference profiles and burndown rates.
pub static MODELS: Builtin = builtin!("models", "profiles/models.toml");

/// What tokens cost.
pub static PRICES: Builtin = builtin!("prices", "profiles/prices.toml");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_in_the_folders_is_built_in() {
        for (folder, list) in [
            ("profiles", PROFILES),
            ("profiles/workloads", WORKLOADS),
            ("profiles/scenarios", SCENARIOS),
            ("profiles/latency", LATENCIES),
            ("profiles/patterns", PATTERNS),
            ("profiles/experiments", EXPERIMENTS),
        ] {
            let root = concat!(env!("CARGO_MANIFEST_DIR"), "/");
            for entry in std::fs::read_dir(format!("{root}{folder}")).unwrap() {
                let path = entry.unwrap().path();
                let file = path.display().to_string().replace(root, "");
                let known = list.iter().chain([&REGIONS, &MODELS, &PRICES]).any(|builtin| builtin.file == file);
                assert!(known || path.is_dir(), "{file} is not in the list");
            }
        }
    }
}
