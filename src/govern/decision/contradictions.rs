//! Where the article does not agree with itself, or with what is known.

use serde::Serialize;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Against {
    /// Another place in the same article.
    Itself,
    /// What AWS documents, or physics.
    Facts,
}

#[derive(Debug, Serialize)]
pub struct Contradiction {
    /// Ids of [`super::ENTRIES`].
    pub entries: &'static [&'static str],
    pub against: Against,
    pub what: &'static str,
    /// Where to read it, for what contradicts the facts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub source: Option<&'static str>,
}

const fn itself(entries: &'static [&'static str], what: &'static str) -> Contradiction {
    Contradiction { entries, against: Against::Itself, what, source: None }
}

const fn facts(entries: &'static [&'static str], what: &'static str, source: &'static str) -> Contradiction {
    Contradiction { entries, against: Against::Facts, what, source: Some(source) }
}

const EVERY: &[&str] = &[
    "row 1",
    "row 2",
    "row 3",
    "row 4",
    "row 5",
    "row 6",
    "row 7",
    "row 8",
    "scenario 1",
    "scenario 2",
    "scenario 3",
    "scenario 4",
];

pub static CONTRADICTIONS: &[Contradiction] = &[
    itself(
        &["row 2", "case 3a"],
        "row 2 lets moderation fall back to Singapore, case study 3 locks the same work to Sydney",
    ),
    itself(
        &["row 1", "row 7", "scenario 1"],
        "the same inputs get three answers: buy provisioned capacity (row 1), cache (row 7), or both and shorter prompts \
         (scenario 1)",
    ),
    itself(
        &["row 3", "row 8", "scenario 2"],
        "the same inputs get three answers: run off-peak (row 3), queue (row 8), or 5-10 calls at a time from 02:00 to 04:00 \
         (scenario 2)",
    ),
    itself(
        &["row 4", "row 6", "scenario 3"],
        "rows 4 and 6 fall back to Oregon, scenario 3 always sends it 20 %, and the code beside scenario 3 sends it nothing \
         until Sydney throttles",
    ),
    itself(
        &["scenario 1", "scenario 4"],
        "answers below 500 ms are promised, and its own P95 is 450-600 ms for Sydney and 450-650 ms with Singapore",
    ),
    itself(
        &["scenario 3"],
        "20 % for Oregon is planned, and the alarm on that share goes off above 20 % in one place and above 25 % in another",
    ),
    itself(
        &["scenario 2", "scenario 3", "row 4", "row 6"],
        "on-demand costs 3 / 15 USD per million tokens in one place and 0.75 / 2.40 in another; prices are the same in every \
         Region, and yet us-west-2 costs less",
    ),
    itself(
        &["case 3a"],
        "500 requests a minute of provisioned capacity cost 600 USD a month here and 250 in the price list",
    ),
    itself(EVERY, "throughput is one of three inputs, and changes no Region in any row"),
    facts(
        &["row 1", "scenario 1", "case 3a"],
        "Provisioned Throughput is sold by the model unit and hour, not by requests per minute, and AWS lists it for no Claude \
         from 4 on",
        "Amazon Bedrock User Guide, Provisioned Throughput and its supported models",
    ),
    facts(
        &["row 2", "row 5", "scenario 4", "case 3b"],
        "its round trip to Singapore of 30-50 ms cannot be: light in fibre needs 61.8 ms",
        "great-circle distance of 6,306 km at a group index of 1.468; profiles/regions.toml takes 92 ms",
    ),
    facts(
        &["row 3", "scenario 2"],
        "02:00-04:00 in Sydney is 09:00-11:00 at the Pacific coast in its summer: no quiet hour for a `global.` call",
        "time zones: AEST is UTC+10, PDT is UTC-7",
    ),
];
