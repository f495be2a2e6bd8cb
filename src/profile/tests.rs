use super::*;

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
    match Profile::parse("mine.toml", &AUSTRALIA.replace(change, into)) {
        Ok(_) => panic!("{into} was accepted"),
        Err(error) => error.to_string(),
    }
}

#[test]
fn every_shipped_file_loads_and_its_name_is_its_own() {
    for builtin in builtin::PROFILES {
        assert_eq!(load_profile(builtin.name).unwrap_or_else(|e| panic!("{e}")).name, builtin.name);
    }
    for builtin in builtin::WORKLOADS {
        assert_eq!(load_workload(builtin.name).unwrap_or_else(|e| panic!("{e}")).name, builtin.name);
    }
    for builtin in builtin::SCENARIOS {
        assert_eq!(load_scenario(builtin.name).unwrap_or_else(|e| panic!("{e}")).name, builtin.name);
    }
}

#[test]
fn labels_name_the_place_of_processing() {
    let labels: Vec<_> = load_profile("apac").unwrap().routes.into_iter().map(|route| route.label).collect();
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
    let profile = load_profile("apac").unwrap();
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
    assert!(said.contains("no policy `sticky`; there are pinned, fallback"), "{said}");
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
    let Err(said) = Profile::parse("mine.toml", &oregon) else { panic!("accepted") };
    assert!(said.to_string().contains("us-west-2 is Oregon, not N. California"), "{said}");
}

#[test]
fn a_profile_overrides_only_what_it_names() {
    let closer = r#"
[[region]]
code = "ap-southeast-1"
rtt = { value = "95ms", source = "own measurement", date = "2026-11-20" }
"#;
    let profile = Profile::parse("mine.toml", &format!("{AUSTRALIA}{closer}")).unwrap();
    let places = profile.places(|_| Conditions::new(vec![], None)).unwrap();
    let singapore = places.iter().find(|place| place.region.name() == "Singapore").unwrap();
    assert_eq!(singapore.rtt.as_millis(), 95);
    assert_eq!(singapore.slots, 200);
}

#[test]
fn an_unknown_name_lists_what_there_is() {
    let Err(said) = load_profile("apec") else { panic!("accepted") };
    let said = said.to_string();
    assert!(said.contains("did you mean `apac`?") && said.contains("candidates"), "{said}");
    assert!(matches!(load_profile("nowhere/x.toml"), Err(LoadError::Unreadable { .. })));
}
