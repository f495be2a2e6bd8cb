//! What a run says that its tokens cost.

use super::desk::Desk;

const RUN: &str = "run --sim --no-records --profile sydney --rps 5 -d 20s --warmup 0s --scenario calm";

const PRICES: &str = r#"
schema = 1
[[price]]
via = ["in-region"]
models = ["amazon.nova-lite-v1:0"]
regions = ["ap-southeast-2"]
input = 3.0
output = 15.0
source = "our contract"
date = "DATE"
"#;

#[test]
fn a_price_that_nobody_knows_is_named_in_every_report_and_is_no_zero() {
    let desk = Desk::new();
    let said = desk.says(&format!("{RUN} -o run")).exits(0);
    let cost = &desk.json("run/summary.json")["routes"][0]["cost"];
    assert!(cost["usd"].is_null() && cost["usd_per_thousand_good"].is_null(), "{cost}");
    let flowing = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ").replace('\\', "");
    for text in [said.out.clone(), desk.read("run/report.md"), desk.read("run/report.html")] {
        assert!(flowing(&text).contains("no price is known for `amazon.nova-lite-v1:0` in-region in Sydney"), "{text}");
    }
}

#[test]
fn prices_of_your_own_are_used_kept_and_judged_by_their_date() {
    let desk = Desk::new();
    desk.write("mine.toml", &PRICES.replace("DATE", "2020-02-29"));
    desk.says(&format!("{RUN} --prices mine.toml -o run")).exits(0);
    let route = &desk.json("run/summary.json")["routes"][0];
    let tokens = |key: &str| route["regions"][0][key].as_f64().unwrap();
    let expected = (tokens("input_tokens") * 3.0 + tokens("output_tokens") * 15.0) / 1e6;
    assert!(expected > 0.0 && (route["cost"]["usd"].as_f64().unwrap() - expected).abs() < 1e-9, "{}", route["cost"]);
    assert!(route["cost"]["warnings"][0].as_str().unwrap().contains("2020-02-29"), "{}", route["cost"]);
    assert_eq!(desk.json("run/manifest.json")["prices"][0]["known"][0]["source"], "our contract");
    assert!(desk.read("run/report.html").contains("of 2020-02-29"));
}

#[test]
fn a_list_of_prices_that_cannot_be_read_ends_the_run_before_it_begins() {
    let desk = Desk::new();
    let said = desk.says(&format!("{RUN} --prices none.toml -o run")).exits(2);
    assert!(said.err.contains("none.toml"), "{said:#?}");
    assert!(!desk.path("run").exists());
}
