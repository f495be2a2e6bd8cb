use std::time::Duration;

use super::*;
use crate::plan::workload::Sensitivity;
use crate::profile::{Kind, Loader, Models};

fn inputs(latency: Grade, data: Grade) -> Inputs {
    Inputs { latency, data, throughput: None }
}

#[test]
fn one_rule_gives_all_eight_rows_and_four_scenarios() {
    assert_eq!(ENTRIES.iter().filter(|entry| entry.id.starts_with("row ")).count(), 8);
    assert_eq!(ENTRIES.iter().filter(|entry| entry.id.starts_with("scenario ")).count(), 4);
    for entry in ENTRIES {
        let codes: Vec<_> = regions(entry.inputs).into_iter().map(RegionId::code).collect();
        assert_eq!(codes == entry.regions, !entry.off_rule, "{}: {codes:?}", entry.id);
    }
}

/// A row against the rule is a contradiction that is told.
#[test]
fn every_two_entries_that_ask_the_same_and_answer_otherwise_are_told() {
    let told = |a: &Entry, b: &Entry| {
        let both = |found: &Contradiction| [a.id, b.id].iter().all(|id| found.entries.contains(id));
        CONTRADICTIONS.iter().any(|found| found.against == Against::Itself && found.entries.len() < 12 && both(found))
    };
    let mut differing = 0;
    for (i, a) in ENTRIES.iter().enumerate() {
        for b in ENTRIES[i + 1..].iter().filter(|b| b.inputs.alike(a.inputs)) {
            if a.regions != b.regions || a.strategy != b.strategy {
                differing += 1;
                assert!(told(a, b), "{} and {} differ", a.id, b.id);
            }
        }
    }
    assert!(differing >= 7, "{differing}");
}

#[test]
fn throughput_changes_no_region() {
    for latency in [Grade::Low, Grade::High] {
        for data in [Grade::Low, Grade::Medium, Grade::High] {
            let of = |throughput| regions(Inputs { latency, data, throughput });
            for grade in [Grade::Low, Grade::Medium, Grade::High] {
                assert_eq!(of(Some(grade)), of(None));
            }
        }
    }
}

/// The matrix must not advise what its own bound on the data forbids.
#[test]
fn no_advice_leaves_the_countries_that_the_data_allows() {
    for latency in [Grade::Low, Grade::High] {
        for data in [Grade::Medium, Grade::High] {
            let allowed = countries(data).unwrap();
            let advised = regions(inputs(latency, data));
            assert!(advised.iter().all(|region| allowed.contains(&region.jurisdiction())), "{latency} {data}");
        }
    }
}

#[test]
fn each_row_has_a_workload_that_ships_with_its_sensitivity() {
    let loader = Loader::built_in().unwrap();
    let rows: Vec<_> = ENTRIES.iter().filter_map(|entry| Some((entry, entry.workload?))).collect();
    assert_eq!(rows.len(), Kind::Workload.names().count());
    for (entry, name) in rows {
        let sensitivity = loader.workload(name).unwrap().sensitivity.unwrap();
        let grade = match sensitivity {
            Sensitivity::Low => Grade::Low,
            Sensitivity::Medium => Grade::Medium,
            Sensitivity::High => Grade::High,
        };
        assert_eq!(grade, entry.inputs.data, "{name}");
    }
}

#[test]
fn a_contradiction_is_about_entries_that_there_are_and_one_with_the_facts_says_where() {
    for found in CONTRADICTIONS {
        assert!(found.entries.iter().all(|id| ENTRIES.iter().any(|entry| entry.id == *id)), "{found:?}");
        assert_eq!(found.against == Against::Facts, found.source.is_some(), "{found:?}");
    }
    let of_moderation: Vec<_> =
        Inputs { throughput: Some(Grade::High), ..inputs(Grade::High, Grade::Medium) }.contradictions().collect();
    assert!(of_moderation.iter().any(|found| found.what.contains("case study 3")), "{of_moderation:?}");
    assert!(of_moderation.iter().all(|found| !found.what.contains("Oregon")), "{of_moderation:?}");
}

#[test]
fn claude_cannot_be_kept_in_sydney_and_nova_can() {
    let models = Models::built_in().unwrap();
    let said = |model| overlay(&models, &[model].into(), inputs(Grade::High, Grade::High), None).join("\n");
    let claude = said("au.anthropic.claude-sonnet-5");
    assert!(claude.contains("Sydney alone is impossible for anthropic.claude-sonnet-5"), "{claude}");
    assert!(claude.contains("`au.anthropic.claude-sonnet-5` (Sydney or Melbourne)"), "{claude}");
    assert_eq!(said("amazon.nova-lite-v1:0"), "");
}

#[test]
fn singapore_means_global_for_all_claude_but_the_one_that_is_there() {
    let models = Models::built_in().unwrap();
    let said = |model| overlay(&models, &[model].into(), inputs(Grade::High, Grade::Medium), None);
    let haiku = said("global.anthropic.claude-haiku-4-5-20251001-v1:0");
    assert!(haiku[0].starts_with("Singapore means `global.anthropic.claude-haiku-4-5"), "{haiku:?}");
    let sonnet = said("anthropic.claude-sonnet-5");
    assert!(sonnet.iter().all(|warning| !warning.starts_with("Singapore means")), "{sonnet:?}");
    assert!(sonnet[0].contains("anthropic.claude-sonnet-4-6") && !sonnet[0].contains("claude-3-haiku"), "{sonnet:?}");
}

#[test]
fn exactly_300_ms_is_not_below_it() {
    let models = Models::built_in().unwrap();
    let said = |ms| {
        let tightest = Some(Duration::from_millis(ms));
        overlay(&models, &["amazon.nova-lite-v1:0"].into(), inputs(Grade::High, Grade::Low), tightest).join("\n")
    };
    assert!(said(299).contains("below 300 ms") && !said(300).contains("below 300 ms"));
}
