//! What a run would send is known before it is sent, and a budget holds while it is.

use super::desk::{Desk, SHORT};

#[test]
fn a_plan_names_calls_money_quota_and_countries_and_sends_nothing() {
    let desk = Desk::new();
    let said = desk.says("plan --rps 100 --profile apac --blocks 1 -d 3m").exits(0);
    for part in [
        "LIVE apac",
        "sydney→singapore",
        "oregon (reference)",
        "USD at most",
        "too small",
        "sydney needs",
        "requests/min in ap-southeast-2 and has 3,600: it will be throttled",
        "Singapore by sydney→singapore",
        "Oregon, N. Virginia or Ohio by oregon, for reference only",
    ] {
        let flowing = said.out.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flowing.contains(part), "{part}: {}", said.out);
    }
    assert_eq!(std::fs::read_dir(desk.path("")).unwrap().count(), 0, "it left files");
}

#[test]
fn a_plan_for_machines_has_the_same_numbers() {
    let said =
        Desk::new().says("plan --rps 10 --profile au -d 1m --warmup 0s --arrival constant --format json").exits(0);
    let plan: serde_json::Value = serde_json::from_str(&said.out).unwrap();
    assert_eq!((plan["requests"].as_u64(), plan["free"].as_bool()), (Some(600), Some(false)));
    let target = &plan["targets"][0];
    assert_eq!((target["requests_per_minute"].as_u64(), target["every_request"].as_bool()), (Some(600), Some(true)));
    let (expected, most) = (target["usd_expected"].as_f64().unwrap(), target["usd_at_most"].as_f64().unwrap());
    // Sonnet 5 by `au.`: 2.20 USD per million in, 11.00 out.
    let input = plan["input_tokens"].as_f64().unwrap() * 2.2e-6;
    let output = plan["output_tokens_at_most"].as_f64().unwrap() * 11e-6;
    assert!((most - input - output).abs() < 1e-9 && input < expected && expected < most, "{plan}");
}

#[test]
fn nobody_can_plan_a_closed_loop() {
    let said = Desk::new().says("plan --concurrency 5 --profile au").exits(2);
    assert!(said.error().contains("closed loop"), "{said:#?}");
}

#[test]
fn a_budget_ends_a_run_before_it_is_passed_and_keeps_what_was_measured() {
    let desk = Desk::with_short_answers();
    let run = SHORT.replace("--route sydney", "--profile au");
    let said = desk.says(&format!("{run} --budget 0.0003 -o run")).exits(6);
    assert!(said.error().contains("the budget of 0.0003 USD would have been passed"), "{said:#?}");
    let summary: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(desk.path("run/summary.json")).unwrap()).unwrap();
    let usd = summary["routes"][0]["cost"]["usd"].as_f64().unwrap();
    assert!(usd > 0.0 && usd <= 0.0003, "{usd}");
    let ok = summary["routes"][0]["slices"][0]["outcomes"]["ok"].as_u64().unwrap();
    assert!((1..20).contains(&ok), "{ok} of some 20");
}

#[test]
fn a_budget_that_suffices_is_not_noticed_and_one_of_nothing_is_refused() {
    let desk = Desk::with_short_answers();
    let run = SHORT.replace("--route sydney", "--profile au");
    let said = desk.says(&format!("{run} --budget 5 -o run"));
    assert!(!said.err.contains("budget"), "{said:#?}");
    assert!(desk.says(&format!("{run} --budget 0")).exits(2).error().contains("above 0"));
}
