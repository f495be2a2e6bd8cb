//! A profile that lies is refused: one fixture for each way to lie, with the rule, the line, the
//! reason and the way out.

use super::desk::Desk;

fn fixture(name: &str) -> String {
    format!("{}/tests/fixtures/profiles/{name}.toml", env!("CARGO_MANIFEST_DIR"))
}

/// Fixture, exit code, line, rule, reason, way out.
const REFUSED: &[(&str, i32, usize, &str, &str, &str)] = &[
    (
        "region-name",
        2,
        16,
        "region-name",
        "us-west-2 is Oregon, not N. California",
        "`code = \"us-west-1\"` if N. California is meant",
    ),
    (
        "route-name",
        2,
        9,
        "region-name",
        "calls Sydney (ap-southeast-2) and not Singapore",
        "Rename the route, or call ap-southeast-1",
    ),
    (
        "singapore-30ms",
        2,
        18,
        "fibre-floor",
        "a round trip of 30.0 ms to Singapore is impossible: light in fibre needs 61.8 ms for the 6,306 km",
        "61.8 ms or more",
    ),
    ("singapore-50ms", 2, 18, "fibre-floor", "50.0 ms to Singapore is impossible", "61.8 ms or more"),
    (
        "bare-claude-in-sydney",
        2,
        13,
        "model-offered",
        "Sydney does not offer `anthropic.claude-sonnet-5` (lists of 2026-10-09)",
        "called as au.anthropic.claude-sonnet-5 or global.anthropic.claude-sonnet-5",
    ),
    ("llama-in-sydney", 2, 13, "model-offered", "in any way", "It is offered in Oregon"),
    (
        "au-from-singapore",
        2,
        13,
        "profile-source",
        "the `au.` profile cannot be called from Singapore (ap-southeast-1)",
        "Call it from Sydney (ap-southeast-2)",
    ),
    (
        "apac-in-australia",
        6,
        13,
        "residency",
        "can be processed in Tokyo (Japan), ",
        "mark the route `reference = true`",
    ),
    (
        "global-in-australia",
        6,
        13,
        "residency",
        "any commercial Region of the world",
        "mark the route `reference = true`",
    ),
    ("opaque-arn", 6, 13, "residency", "nobody can tell", "Name the model id"),
    (
        "provisioned-through-a-profile",
        2,
        13,
        "provisioned",
        "inference profiles do not support Provisioned Throughput",
        "Write `model = \"anthropic.claude-sonnet-5\"`",
    ),
    (
        "provisioned-elsewhere",
        6,
        13,
        "provisioned",
        "is no provisioned capacity in Sydney",
        "arn:aws:bedrock:ap-southeast-2:",
    ),
    (
        "provisioned-how-much",
        2,
        13,
        "provisioned",
        "does not say how much capacity was bought",
        "pools = [\"provisioned\"]",
    ),
    ("weights", 2, 9, "route", "add up to 1.1", "let them add up to 1"),
    ("unheeded-cooldown", 2, 9, "route", "policy `pinned` does not heed `cooldown`", "Take it out"),
    ("unheeded-hedge", 2, 9, "route", "policy `fallback` does not heed `hedge`", "Take it out, or use hedged"),
    (
        "backoff-above-cap",
        2,
        9,
        "route",
        "the base of its backoff, 30 s, is above the cap, 20 s",
        "backoff = { base = \"100ms\", cap = \"20s\" }",
    ),
    ("backoff-zero", 2, 9, "route", "a backoff with a base of 0 never waits", "base = \"100ms\""),
    (
        "fall-back-on-invalid",
        2,
        9,
        "route",
        "`fall_back_on` names `invalid`, but what is wrong or forbidden in one Region is so in the others",
        "Choose among throttled, unavailable",
    ),
    (
        "home-quota-missing",
        2,
        9,
        "route",
        "does not say what the quota of its first target is",
        "home_quota = { requests_per_minute = 600",
    ),
    ("home-quota-zero", 2, 9, "route", "a home quota of 0 per minute is none", "requests_per_minute = 600"),
    ("threshold-above-quota", 2, 9, "route", "`threshold` is 1.2", "Write a number above 0 and at most 1"),
    (
        "hedge-past-deadline",
        2,
        9,
        "route",
        "its hedge would be sent after 1 min 30 s, and a request has ended after 1 min",
        "after = \"800ms\"",
    ),
    ("hedge-percentile", 2, 9, "route", "no latency is at p100", "between p0 and p100"),
    ("hedge-two-delays", 2, 9, "route", "its hedge has a fixed delay", "Take `initial` out"),
    ("decay-zero", 2, 9, "route", "with a `decay` of 0 no latency is remembered", "decay = \"10s\""),
    ("budget-above-whole", 2, 9, "route", "`budget` is 1.5", "Write a number above 0 and at most 1"),
    ("unknown-policy", 2, 9, "route", "no policy is named `falback`", "Did you mean `fallback`?"),
    (
        "half-a-region",
        2,
        16,
        "region-model",
        "eu-west-1 has no built-in model, so it needs `capacity`",
        "Correct it there",
    ),
];

#[test]
fn every_way_to_lie_is_refused_with_its_line_and_the_way_out() {
    let desk = Desk::new();
    for (name, code, line, rule, reason, way_out) in REFUSED {
        let said = desk.says(&format!("profile check {}", fixture(name))).exits(*code);
        let mut lines = said.out.lines();
        assert_eq!(lines.next(), Some(&*format!("line {line}  {rule}")), "{name}: {said:#?}");
        assert!(lines.next().is_some_and(|said| said.contains(reason)), "{name}: {said:#?}");
        assert!(lines.next().is_some_and(|said| said.contains(way_out)), "{name}: {said:#?}");
        assert!(said.error().contains(" problem"), "{name}: {said:#?}");
    }
}

/// What cannot be read is refused before any rule is asked.
#[test]
fn what_is_no_profile_is_refused_with_its_line() {
    let desk = Desk::new();
    let said = desk.says(&format!("profile check {}", fixture("unknown-key"))).exits(2);
    assert!(said.error().ends_with("unknown-key.toml:12: unknown key `policies`; did you mean `policy`?"), "{said:#?}");
    let said = desk.says(&format!("profile check {}", fixture("wrong-type"))).exits(2);
    assert!(said.error().contains("wrong-type.toml:12: "), "{said:#?}");
    let said = desk.says(&format!("profile check {}", fixture("hedge-after-what"))).exits(2);
    let way_out = "hedge-after-what.toml:12: `soon` is neither a delay nor a percentile; write it like 800ms or p95";
    assert!(said.error().ends_with(way_out), "{said:#?}");
}

#[test]
fn what_is_true_is_accepted() {
    let desk = Desk::new();
    for name in ["good", "oregon-160ms", "melbourne-10ms", "reference", "provisioned", "policies"] {
        let said = desk.says(&format!("profile check {}", fixture(name))).exits(0);
        assert!(said.out.starts_with("ok ") && !said.out.contains("warning"), "{name}: {said:#?}");
    }
    for name in ["sydney", "au", "apac", "pacific", "candidates"] {
        let said = desk.says(&format!("profile check {name}")).exits(0);
        assert!(said.out.starts_with(&format!("ok {name}: ")) && !said.out.contains("warning"), "{said:#?}");
    }
}

#[test]
fn what_cannot_be_checked_is_said() {
    let desk = Desk::new();
    let said = desk.says(&format!("profile check {}", fixture("misspelt-model"))).exits(0);
    assert!(said.out.contains("is not in the lists of 2026-10-09"), "{said:#?}");
    assert!(
        said.out.contains("Did you mean `au.anthropic.claude-sonnet-5`?") && said.out.contains("1 warning"),
        "{said:#?}"
    );
}

#[test]
fn all_problems_are_named_at_once_and_a_run_is_stopped_by_them() {
    let desk = Desk::new();
    let file = fixture("three-problems");
    let said = desk.says(&format!("profile check {file}")).exits(2);
    for rule in ["region-name", "fibre-floor", "model-offered"] {
        assert!(said.out.contains(rule), "{rule}: {said:#?}");
    }
    assert!(said.error().ends_with("three-problems.toml: 3 problems"), "{said:#?}");
    for command in [format!("run --mock --rps 5 --profile {file}"), format!("mock --port 0 --profile {file}")] {
        let said = desk.says(&command).exits(2);
        assert_eq!(said.errors().count(), 3, "{said:#?}");
        assert!(said.err.contains("three-problems.toml:18: fibre-floor: a round trip of 30.0 ms"), "{said:#?}");
    }
}

#[test]
fn a_value_from_the_command_line_passes_the_same_checks() {
    let desk = Desk::new();
    for (set, code, said) in [
        ("region.singapore.rtt.value=70ms", 0, "ok apac"),
        ("region.ap-southeast-1.rtt.value=30ms", 2, "a round trip of 30.0 ms to Singapore is impossible"),
        ("region.singapore.rtt.value=fast", 2, "with --set region.singapore.rtt.value=fast: "),
        ("route.singapore.targets.0.model=global.anthropic.claude-sonnet-5", 6, "any commercial Region"),
        ("residency=[\"Australia\"]", 6, "can be processed in Singapore"),
        (
            "route.singapor.cooldown=1s",
            2,
            "there is no `singapor`; did you mean `singapore`? There are sydney, singapore",
        ),
        ("route.sydney.cooldwn=1s", 2, "unknown key `cooldwn`; did you mean `cooldown`?"),
        ("region.sydney.capacity.queue=unbounded", 0, "ok apac"),
        ("region.sydney.capacity.queue=endless", 2, "expected a number of requests or \"unbounded\""),
        ("region.singapore=", 2, "--set region.singapore=: "),
        ("rtt", 2, "write it like region.ap-southeast-1.rtt.value=95ms"),
    ] {
        let answer = desk.says(&format!("profile check apac --set {set}")).exits(code);
        let everything = format!("{}{}", answer.out, answer.err);
        assert!(everything.contains(said), "{set}: {answer:#?}");
    }
    for (set, said) in [
        ("workload.max_tokens=0", "max_tokens must be at least 1"),
        ("workload.max_tokns=5", "unknown key `max_tokns`; did you mean `max_tokens`?"),
        ("workload.token_multiplier=0", "token_multiplier must be above 0"),
        ("workload.cache_hit_rate=1", "cache_hit_rate must be from 0 to below 1"),
        ("scenario.phase.congested.share=-1", "share must be above 0"),
        (
            "scenario.phase.congsted.share=1",
            "there is no `congsted`; did you mean `congested`? There are calm, congested, recovery",
        ),
    ] {
        let answer = desk.says(&format!("run --mock --rps 5 --set {set}")).exits(2);
        assert!(answer.error().contains(said), "{set}: {answer:#?}");
    }
}

#[test]
fn a_newer_list_of_models_takes_the_place_of_the_built_in_one() {
    let desk = Desk::new();
    let shipped = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/profiles/models.toml")).unwrap();
    desk.write("newer.toml", &shipped.replace("ap-southeast-2 = []", "ap-southeast-2 = [\"in-region\"]"));
    let check = format!("profile check {}", fixture("llama-in-sydney"));
    desk.says(&check).exits(2);
    desk.says(&format!("{check} --models newer.toml")).exits(0);
    let said = desk.says(&format!("{check} --models nowhere.toml")).exits(2);
    assert!(said.error().starts_with("error: cannot read nowhere.toml: "), "{said:#?}");
    desk.write("newer.toml", &shipped.replace("prefix =", "prefx ="));
    let said = desk.says(&format!("{check} --models newer.toml")).exits(2);
    assert!(said.error().contains("newer.toml:") && said.error().contains("did you mean `prefix`?"), "{said:#?}");
}

#[test]
fn a_quota_is_a_bucket_or_a_fixed_minute_and_not_both() {
    let desk = Desk::new();
    let quota = |rest: &str| {
        format!("region.sydney.quota=[{{pools=[\"geographic\"],tokens_per_minute=5,{rest}source=\"x\",date=\"x\"}}]")
    };
    for (rest, code) in
        [("window=\"minute\",", 0), ("burst=\"5s\",", 0), ("window=\"minute\",burst=\"5s\",", 2), ("", 2)]
    {
        let mut command = desk.command("profile check au --set");
        let said = super::desk::Said::of(command.arg(quota(rest))).exits(code);
        assert_eq!(said.out.contains("region-model"), code == 2, "{said:#?}");
    }
}
