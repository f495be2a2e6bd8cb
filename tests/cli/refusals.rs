//! What is refused before anything is fired: one clear line, the way out, and the code.

use super::desk::{Desk, INVALID, SHORT, Said, files_in};

/// A mock run that is refused leaves nothing behind.
fn refused(args: &str, code: i32) -> Said {
    let desk = Desk::new();
    let said = desk.says(&format!("run --mock -d 1s --warmup 0s {args}")).exits(code);
    assert_eq!(files_in(&desk.path("")), [""; 0], "{args} left files");
    assert_eq!(said.out, "", "{args}");
    said
}

#[test]
fn an_unknown_name_is_answered_with_the_nearest_and_all_there_are() {
    for (args, error) in [
        (
            "--profile apec",
            "error: no profile is named `apec`; did you mean `apac`? Built in: apac, au, candidates, pacific, \
             sydney. A path to a .toml file works too",
        ),
        (
            "--profile zzz",
            "error: no profile is named `zzz`. Built in: apac, au, candidates, pacific, sydney. \
             A path to a .toml file works too",
        ),
        (
            "--route sidney",
            "error: profile `apac` has no route `sidney`; did you mean `sydney`? \
             It has sydney, singapore, sydney→singapore, oregon",
        ),
        (
            "--scenario congestd",
            "error: no scenario is named `congestd`; did you mean `congested`? Built in: calm, congested, \
             throttle-storm, sydney-outage, singapore-slow, cold-start, brown-out, token-bound, herd. \
             A path to a .toml file works too",
        ),
        (
            "--workload chatt",
            "error: no workload is named `chatt`; did you mean `chat`? Built in: chat, moderation, enrichment, \
             synthetic-data, reporting, ab-test, customer-api, background. A path to a .toml file works too",
        ),
    ] {
        assert_eq!(refused(&format!("--rps 5 {args}"), 2).error(), error);
    }
}

#[test]
fn a_rate_that_cannot_be_fired_is_refused() {
    for rate in ["0", "-5", "NaN", "inf", "1e9", "1e308/s", "five", "5/x", "0.0001"] {
        let said = refused(&format!("--rps {rate}"), 2);
        assert!(said.error().contains("--rps"), "{rate}: {said:#?}");
        assert!(said.error().len() < 150, "{rate}: {said:#?}");
    }
}

#[test]
fn a_length_that_makes_no_run_is_refused() {
    let desk = Desk::new();
    for duration in ["0", "0s", "-1s", "soon", "1m30", "100000h", "99999999999999999999999s"] {
        let said = desk.says(&format!("run --mock --rps 5 -d {duration}")).exits(2);
        assert!(said.error().contains("--duration"), "{duration}: {said:#?}");
    }
    for other in ["--warmup -1s", "--in-flight 0", "--request-timeout 0s", "--slo ttft:p95>1s", "--slo ttft:p100<1s"] {
        let flag = other.split(' ').next().unwrap();
        let said = refused(&format!("--rps 5 {other}"), 2);
        assert!(said.error().contains(flag), "{other}: {said:#?}");
    }
}

#[test]
fn results_are_never_overwritten() {
    let desk = Desk::new();
    std::fs::create_dir(desk.path("taken")).unwrap();
    desk.write("taken/requests.csv", "mine");
    let said = desk.says("run --mock --rps 5 -d 1s -o taken").exits(2);
    assert_eq!(
        said.error(),
        "error: taken is not empty, and results are never overwritten; name another -o, or remove it"
    );
    assert_eq!(files_in(&desk.path("taken")), ["requests.csv"]);
    assert_eq!(desk.read("taken/requests.csv"), "mine");
}

#[cfg(unix)]
#[test]
fn a_place_that_takes_no_results_is_named_and_another_asked_for() {
    let desk = Desk::new();
    desk.write("file", "mine");
    for place in ["file", "file/run", "/proc/bedbench"] {
        let said = desk.says(&format!("run --sim --rps 5 -d 20s --route sydney -o {place}")).exits(1);
        assert_eq!(said.code_of_error(), "cannot-write", "{place}");
        assert!(said.error().contains(place) && said.error().ends_with("choose another -o"), "{said:#?}");
    }
    assert_eq!(desk.read("file"), "mine");
}

#[cfg(unix)]
#[test]
fn too_few_open_files_are_counted_before_anything_is_fired() {
    let desk = Desk::with_short_answers();
    let said = desk.says_limited("-n 400", "run --mock --rps 5 -d 1s --route sydney --in-flight 500").exits(2);
    assert_eq!(
        said.error(),
        "error: --in-flight 500 needs up to 1128 open files, and 400 are allowed; raise the limit with `ulimit -n 1128`"
    );
    // Nobody asked for a number: it runs with fewer, and says so.
    let said = desk.says_limited("-n 200", &format!("{SHORT} -q"));
    assert!(matches!(said.code, Some(0 | INVALID)), "{said:#?}");
    assert!(said.err.contains("warning: only 200 files may be open, so at most 36 requests"), "{said:#?}");
}

#[test]
fn a_broken_file_is_answered_with_its_line() {
    let desk = Desk::new();
    desk.write("broken.toml", "schema = 1\nname = \"x\n");
    for flag in ["--profile", "--workload", "--scenario"] {
        let said = desk.says(&format!("run --mock --rps 5 {flag} broken.toml")).exits(2);
        assert!(said.error().starts_with("error: broken.toml:2: "), "{flag}: {said:#?}");
        let said = desk.says(&format!("run --mock --rps 5 {flag} nowhere.toml")).exits(2);
        assert!(said.error().starts_with("error: cannot read nowhere.toml: "), "{flag}: {said:#?}");
    }
}

#[test]
fn a_route_that_leaves_the_residency_is_refused_and_the_rule_named() {
    let desk = Desk::new();
    let au = desk.says("profile show au").exits(0).out;
    desk.write("leaves.toml", &au.replace("au.anthropic.claude-sonnet-5", "apac.amazon.nova-lite-v1:0"));
    for world in ["--mock", "--yes"] {
        let said = desk.says(&format!("run --rps 5 -d 1s --profile leaves.toml {world}")).exits(6);
        let error = said.error();
        assert!(error.starts_with("error: leaves.toml:13: residency: route `sydney`: `apac."), "{error}");
        assert!(error.contains("Tokyo (Japan)") && error.contains("allows Australia only"), "{error}");
    }
}

#[test]
fn a_mock_run_calls_the_mock_and_nothing_else() {
    let said = refused("--rps 5 --endpoint ap-southeast-2=http://127.0.0.1:1", 2);
    assert!(said.error().contains("--mock") && said.error().contains("--endpoint"), "{said:#?}");
    let said = refused("--rps 5 --yes", 2);
    assert!(said.error().contains("--yes"), "{said:#?}");
}

#[test]
fn an_endpoint_must_be_a_url_of_a_region_that_is_called() {
    let desk = Desk::new();
    for (endpoint, said) in [
        ("http://127.0.0.1:1", "write it like ap-southeast-2=http://127.0.0.1:7080"),
        ("sydney=http://127.0.0.1:1", "Sydney is `ap-southeast-2`"),
        ("mars-1=http://127.0.0.1:1", "`mars-1` is not a Region code; bedbench knows ap-southeast-2"),
        ("ap-southeast-2=127.0.0.1:1", "must start with http://"),
        ("ap-southeast-2=http://me:geheim@127.0.0.1:1", "a user, a password or a query is not taken"),
        ("ap-southeast-2=http://127.0.0.1:1/?key=geheim", "a user, a password or a query is not taken"),
        ("ap-southeast-2=me:geheim@127.0.0.1:1", "a user, a password or a query is not taken"),
        ("ap-southeast-2=https:/me:geheim@127.0.0.1:1", "a user, a password or a query is not taken"),
        ("eu-west-1=http://127.0.0.1:1", "no route of `au` calls eu-west-1"),
    ] {
        let error = desk.says(&format!("run --rps 5 --profile au --endpoint {endpoint}")).exits(2);
        assert!(error.error().contains(said), "{endpoint}: {error:#?}");
        assert!(!error.err.contains("geheim"), "it is not repeated: {error:#?}");
    }
    for (url, said) in [
        ("127.0.0.1:1", "must start with http://"),
        ("http://me:geheim@127.0.0.1:1", "a user, a password or a query is not taken"),
        ("me:geheim@127.0.0.1:1", "a user, a password or a query is not taken"),
        ("http://127.0.0.1:1?key=geheim", "a user, a password or a query is not taken"),
    ] {
        let error = desk.says(&format!("audit --endpoint {url}")).exits(2);
        assert!(error.error().contains(said) && !error.err.contains("geheim"), "{url}: {error:#?}");
    }
}

#[test]
fn what_is_right_elsewhere_is_told_where() {
    let desk = Desk::new();
    for (command, tip) in [
        ("run apac --rps 5", "tip: `apac` is a profile: --profile apac"),
        ("profile apac", "tip: bedbench profile show apac"),
        ("run --rps 5 --region ap-southeast-2", "--route NAME, or --profile FILE"),
        ("run --rps 5 --model claude", "tip: the model belongs to the route: --profile FILE"),
        ("foo", "tip: `bedbench` takes run, report, plan, "),
        ("run --rps 5 --seed abc", "invalid value 'abc' for '--seed <N>': write a whole number"),
        ("run --rps 5 --in-flight 99999999999999999999999", "the number is too large"),
        ("run --rps 5 --budget much", "write a number"),
    ] {
        let said = desk.says(command).exits(2);
        assert_eq!(said.code_of_error(), "arguments", "{command}");
        assert!(said.err.contains(tip), "{command}: {said:#?}");
        assert!(!said.err.contains("similar"), "{command}: {said:#?}");
    }
}

#[test]
fn a_setting_that_leads_nowhere_says_what_there_is() {
    let desk = Desk::new();
    for (set, wanted) in [
        ("foo=1", "`workload.…`, `scenario.…` or `pattern.…`"),
        ("foo.bar=1", "`workload.…`, `scenario.…` or `pattern.…`"),
        ("profile.residency=Singapore", "write residency=Singapore"),
        ("workload.max_tokens=lots", "expected a whole number"),
        ("route.sydney->singapore.cooldown=1s", "did you mean `sydney→singapore`?"),
        ("region.singapur.rtt.value=70ms", "did you mean `singapore`? There are sydney, "),
    ] {
        let said = desk.says(&format!("run --sim --rps 5 --set {set}")).exits(2);
        assert!(said.error().contains(wanted), "{set}: {said:#?}");
    }
}

/// What docs/troubleshooting.md is looked up by.
#[test]
fn an_error_names_its_code() {
    let desk = Desk::new();
    desk.says("run --sim --rps 5 -d 20s --profile sydney -q -o taken").exits(0);
    std::fs::create_dir(desk.path("broken")).unwrap();
    desk.write("broken/manifest.json", "{\n");
    for (command, exit, code) in [
        ("run --sim --rps 0 --profile sydney", 2, "value"),
        ("run --sim --rps 5 --no-such-flag", 2, "arguments"),
        ("run --sim --rps 5 --profile nowhere.toml", 2, "unreadable"),
        ("run --sim --rps 5 --profile sydney -o taken", 2, "not-empty"),
        ("report nowhere", 2, "not-a-run"),
        ("report broken", 2, "broken-records"),
        ("run --rps 5 --profile au", 6, "not-confirmed"),
    ] {
        let said = desk.says(command).exits(exit);
        assert_eq!(said.code_of_error(), code, "{command}");
    }
}
