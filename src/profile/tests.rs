use super::*;
use crate::core::seed::{Purpose, Seed};
use crate::region::Law;

const AUSTRALIA: &str = r#"
schema = 1
name = "mine"
summary = "test"
residency = ["Australia"]
source = "test"
date = "2026-11-23"

[[route]]
name = "home"
policy = "pinned"
targets = [{ region = "ap-southeast-2", model = "au.anthropic.claude-sonnet-5" }]
"#;

fn refused(change: &str, into: &str) -> String {
    assert!(AUSTRALIA.contains(change), "the fixture has no {change}");
    match Loader::built_in().unwrap().parse_profile("mine.toml", &AUSTRALIA.replace(change, into)) {
        Ok(_) => panic!("{into} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_shipped_file_loads_and_its_name_is_its_own() {
    for builtin in builtin::PROFILES {
        assert_eq!(
            Loader::built_in().unwrap().profile(builtin.name).unwrap_or_else(|e| panic!("{e}")).name,
            builtin.name
        );
    }
    for builtin in builtin::WORKLOADS {
        assert_eq!(
            Loader::built_in().unwrap().workload(builtin.name).unwrap_or_else(|e| panic!("{e}")).name,
            builtin.name
        );
    }
    for builtin in builtin::PATTERNS {
        assert_eq!(
            Loader::built_in().unwrap().pattern(builtin.name).unwrap_or_else(|e| panic!("{e}")).name,
            builtin.name
        );
    }
    for builtin in builtin::SCENARIOS {
        assert_eq!(
            Loader::built_in().unwrap().scenario(builtin.name).unwrap_or_else(|e| panic!("{e}")).name,
            builtin.name
        );
    }
}

#[test]
fn labels_name_the_place_of_processing() {
    let labels: Vec<_> =
        Loader::built_in().unwrap().profile("apac").unwrap().routes.into_iter().map(|route| route.label).collect();
    assert_eq!(
        labels,
        [
            "au. from Sydney: Sydney or Melbourne",
            "Singapore",
            "au. from Sydney: Sydney or Melbourne → Singapore",
            "us. from Oregon: Oregon, N. Virginia or Ohio",
        ]
    );
}

#[test]
fn only_oregon_is_a_reference_in_apac() {
    let profile = Loader::built_in().unwrap().profile("apac").unwrap();
    let references: Vec<_> =
        profile.routes.iter().filter(|r| r.standing == Standing::Reference).map(|r| r.name.as_str()).collect();
    assert_eq!(references, ["oregon"]);
}

#[test]
fn a_route_that_leaves_the_residency_is_refused_by_name() {
    let said = refused("au.anthropic", "apac.anthropic");
    assert!(said.contains("route `home`") && said.contains("Tokyo (Japan)"), "{said}");
}

#[test]
fn mistakes_are_answered_with_the_line_or_the_names_to_choose_from() {
    let said = refused("summary =", "sumary =");
    assert_eq!(said, "mine.toml:4: unknown key `sumary`; did you mean `summary`?");
    let said = refused("\"pinned\"", "\"sticky\"");
    assert!(said.contains("no policy is named `sticky`. There are pinned, patient, fallback"), "{said}");
    let said = refused("\"pinned\"", "\"fallback\"");
    assert!(said.contains("takes at least 2 target(s), not 1"), "{said}");
    let said = refused("ap-southeast-2", "sydney");
    assert!(said.contains("Sydney is `ap-southeast-2`"), "{said}");
    let said = refused("schema = 1", "schema = 2");
    assert!(said.contains("schema 2 is not known"), "{said}");
}

#[test]
fn a_region_under_a_wrong_name_is_refused() {
    let oregon = format!("{AUSTRALIA}\n[[region]]\ncode = \"us-west-2\"\nname = \"N. California\"\n");
    let Err(said) = Loader::built_in().unwrap().parse_profile("mine.toml", &oregon) else { panic!("accepted") };
    assert!(said.to_string().contains("us-west-2 is Oregon, not N. California"), "{said}");
}

#[test]
fn a_profile_overrides_only_what_it_names() {
    let closer = r#"
[[region]]
code = "ap-southeast-1"
rtt = { value = "95ms", source = "own measurement", date = "2026-11-20" }
"#;
    let profile = Loader::built_in().unwrap().parse_profile("mine.toml", &format!("{AUSTRALIA}{closer}")).unwrap();
    let places = profile.places(|_| Conditions::new(vec![], None)).unwrap();
    let singapore = places.iter().find(|place| place.region.name() == "Singapore").unwrap();
    assert_eq!(singapore.rtt.as_millis(), 95);
    assert_eq!(singapore.slots, 200);
}

/// Sydney, with one part of its model replaced by `numbers`.
fn sydney_with(part: &str, numbers: &str) -> Result<PlaceSpec, String> {
    let own = format!("{part} = {{ {numbers}, source = \"test\", date = \"2026-11-23\" }}");
    let text = format!("{AUSTRALIA}\n[[region]]\ncode = \"ap-southeast-2\"\n{own}\n");
    let profile = Loader::built_in().unwrap().parse_profile("mine.toml", &text).map_err(|error| error.to_string())?;
    let places = profile.places(|_| Conditions::new(vec![], None))?;
    Ok(places.into_iter().find(|place| place.region == RegionId::SYDNEY).unwrap())
}

#[test]
fn a_time_is_a_law_by_what_is_said_of_it() {
    let ms = std::time::Duration::from_millis;
    for (numbers, law) in [
        (r#"p50 = "500ms", p95 = "500ms""#, Law::Fixed(ms(500))),
        (r#"p50 = "500ms", p95 = "900ms""#, Law::log_normal(ms(500), ms(900))),
        (r#"mean = "500ms""#, Law::Exponential(ms(500))),
        (r#"mean = "500ms", shape = 4"#, Law::gamma(ms(500), 4.0).unwrap()),
    ] {
        assert_eq!(sydney_with("ttft", numbers).map(|place| place.ttft), Ok(law), "{numbers}");
    }
    for (numbers, said) in [
        (r#"p50 = "500ms""#, "by p50 and p95 (and min, p99, max), or by mean (and shape)"),
        (r#"p50 = "500ms", p95 = "900ms", mean = "600ms""#, "not by a mixture"),
        (r#"p50 = "500ms", p95 = "900ms", shape = 2"#, "not by a mixture"),
        (r#"mean = "600ms", max = "900ms""#, "not by a mixture"),
        (r#"mean = "500ms", shape = 0"#, "region ap-southeast-2: ttft: a gamma needs a mean above 0 and a shape"),
        (r#"mean = "10000000000000000s""#, "region ap-southeast-2: ttft: at most a day"),
        (r#"p50 = "1s", p95 = "86401s""#, "region ap-southeast-2: ttft: at most a day"),
    ] {
        let refused = sydney_with("ttft", numbers).unwrap_err();
        assert!(refused.contains(said), "{numbers}: {refused}");
    }
}

/// Prompts have millions of tokens: the product would be no time that anybody can hold.
#[test]
fn constants_of_more_than_a_day_are_refused() {
    for (part, numbers) in [
        ("per_input", r#"value = "10000000000000000s""#),
        ("rtt", r#"value = "10000000000000000s""#),
        ("rtt", r#"value = "12ms", jitter = "2d""#),
    ] {
        let refused = sydney_with(part, numbers).unwrap_err();
        assert!(refused.contains(&format!("region ap-southeast-2: {part}: at most a day")), "{numbers}: {refused}");
    }
}

#[test]
fn a_queue_has_a_length_or_none_at_all() {
    let queue = |limit: &str| sydney_with("capacity", &format!("slots = 5, queue = {limit}")).map(|place| place.queue);
    assert_eq!(queue("7"), Ok(7));
    assert_eq!(queue("\"unbounded\""), Ok(usize::MAX));
    for broken in ["\"endless\"", "-1", "1.5"] {
        let said = queue(broken).unwrap_err();
        assert!(said.contains("expected a number of requests or \"unbounded\""), "{broken}: {said}");
    }
}

#[test]
fn an_unknown_name_lists_what_there_is() {
    let Err(said) = Loader::built_in().unwrap().profile("apec") else { panic!("accepted") };
    let said = said.to_string();
    assert!(said.contains("did you mean `apac`?") && said.contains("candidates"), "{said}");
    assert!(matches!(Loader::built_in().unwrap().profile("nowhere/x.toml"), Err(LoadError::Unreadable { .. })));
}

/// The source article's own service times, over round trips that light can keep, still land inside its
/// bands: P50, P95 and P99 of response time, in milliseconds. It gives no P99 for Singapore and Oregon:
/// there it is Sydney's, later by the round trip. Of Oregon's P95 the middle is known, 700.
#[test]
fn the_articles_service_times_fit_its_bands_at_the_true_distances() {
    let loader = Loader::new(None, Some("article"), vec![]).unwrap();
    let places = loader.profile("candidates").unwrap().places(|_| Conditions::new(vec![], None)).unwrap();
    for (code, bands) in [
        ("ap-southeast-2", [(200.0, 400.0), (450.0, 600.0), (700.0, 1_000.0)]),
        ("ap-southeast-1", [(250.0, 450.0), (450.0, 650.0), (792.0, 1_092.0)]),
        ("us-west-2", [(380.0, 600.0), (600.0, 800.0), (840.0, 1_140.0)]),
    ] {
        let place = places.iter().find(|place| place.region.code() == code).unwrap();
        let mut draws = Seed(42).stream(Purpose::FirstToken);
        let mut response: Vec<f64> = (0..1_000_000)
            .map(|_| {
                let answer =
                    place.ttft.sample(&mut draws) + place.per_input_token * 400 + place.tpot.sample(&mut draws) * 59;
                (place.rtt + answer).as_secs_f64() * 1e3
            })
            .collect();
        response.sort_unstable_by(f64::total_cmp);
        for ((low, high), q) in bands.into_iter().zip([0.50, 0.95, 0.99]) {
            let at = response[(q * 1e6) as usize];
            assert!((low..=high).contains(&at), "{code}: p{} is {at:.0} ms, not {low} to {high}", q * 100.0);
        }
    }
}
