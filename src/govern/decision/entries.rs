//! The rows, the scenarios and the case of the article, as it prints them.

use serde::Serialize;

use super::{Grade, Inputs};

/// Where [`ENTRIES`] and [`super::CONTRADICTIONS`] were read.
pub const SOURCE: &str =
    "article of 24 May 2026: decision matrix, scenarios 1-4 and case study 3, as printed; unverified";

/// One row or scenario.
#[derive(Debug, Serialize)]
pub struct Entry {
    /// `row 1`, `scenario 3`, `case 3a`
    pub id: &'static str,
    pub work: &'static str,
    /// The built-in workload that stands for it.
    pub workload: Option<&'static str>,
    pub inputs: Inputs,
    /// Codes, in the order in which they are tried.
    pub regions: &'static [&'static str],
    pub strategy: &'static str,
    /// Printed against the rule of the others.
    pub off_rule: bool,
}

const SYDNEY: &[&str] = &["ap-southeast-2"];
const WITH_SINGAPORE: &[&str] = &["ap-southeast-2", "ap-southeast-1"];
const WITH_OREGON: &[&str] = &["ap-southeast-2", "us-west-2"];

const fn inputs(latency: Grade, data: Grade, throughput: Option<Grade>) -> Inputs {
    Inputs { latency, data, throughput }
}

const fn row(
    id: &'static str,
    (work, workload): (&'static str, &'static str),
    inputs: Inputs,
    regions: &'static [&'static str],
    strategy: &'static str,
) -> Entry {
    Entry { id, work, workload: Some(workload), inputs, regions, strategy, off_rule: false }
}

const fn told(
    id: &'static str,
    work: &'static str,
    inputs: Inputs,
    regions: &'static [&'static str],
    strategy: &'static str,
) -> Entry {
    Entry { id, work, workload: None, inputs, regions, strategy, off_rule: false }
}

use Grade::{High, Low, Medium};

/// All that the article advises.
pub static ENTRIES: &[Entry] = &[
    row("row 1", ("customer chat", "chat"), inputs(High, High, Some(Medium)), SYDNEY, "scale provisioned capacity"),
    row("row 2", ("content moderation", "moderation"), inputs(High, Medium, Some(High)), WITH_SINGAPORE, "fall back"),
    row("row 3", ("nightly enrichment", "enrichment"), inputs(Low, High, Some(Low)), SYDNEY, "run off-peak"),
    row("row 4", ("synthetic data", "synthetic-data"), inputs(Low, Low, Some(High)), WITH_OREGON, "fall back"),
    row("row 5", ("internal reporting", "reporting"), inputs(Low, Medium, Some(Medium)), WITH_SINGAPORE, "fall back"),
    row("row 6", ("A/B test, no customers", "ab-test"), inputs(Low, Low, Some(High)), WITH_OREGON, "fall back"),
    row("row 7", ("customer API", "customer-api"), inputs(High, High, Some(Medium)), SYDNEY, "cache"),
    row("row 8", ("background jobs", "background"), inputs(Low, High, Some(Low)), SYDNEY, "queue"),
    told(
        "scenario 1",
        "an SLA below 500 ms",
        inputs(High, High, None),
        SYDNEY,
        "provisioned capacity, caching, shorter prompts",
    ),
    told(
        "scenario 2",
        "a nightly batch",
        inputs(Low, High, None),
        SYDNEY,
        "02:00-04:00, 5-10 calls at a time, timeout 30-60 s",
    ),
    told("scenario 3", "work for two Regions", inputs(Low, Low, None), WITH_OREGON, "80 % to 20 %, with fallback"),
    told(
        "scenario 4",
        "P95 below 500 ms, any Region",
        inputs(High, Low, None),
        WITH_SINGAPORE,
        "fall back, avoid us-west-2",
    ),
    Entry {
        off_rule: true,
        ..told("case 3a", "moderation at a SaaS firm", inputs(High, Medium, None), SYDNEY, "locked to Sydney")
    },
    told("case 3b", "its analytics", inputs(Low, Medium, None), WITH_SINGAPORE, "fall back"),
];
