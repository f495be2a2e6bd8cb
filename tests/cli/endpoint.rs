//! Runs against a mock in another process, over `--endpoint`: as near to live as it gets without AWS.

use bedbench::store::rows::read_requests;

use super::desk::{Desk, INVALID, SHORT, Said, Server, end_of, wait_until};

/// [`SHORT`], but not against the mock of its own.
fn run(server: &Server, rest: &str) -> String {
    let own = SHORT.replace("--mock", "").replace("--scenario calm", "");
    format!("{own} --profile au {} {rest}", server.flags())
}

#[test]
fn a_run_over_an_endpoint_needs_no_credentials_and_says_where_it_went() {
    let desk = Desk::with_short_answers();
    let server = Server::start(&desk, "--profile au --scenario calm --workload short.toml");
    let said = desk.measures(&run(&server, "-o run"), &[]).exits(0);
    assert!(said.out.starts_with("ENDPOINT  au"), "{said:#?}");
    assert!(said.out.contains(&format!("ap-southeast-2 at {}", server.endpoints[0].1)), "{said:#?}");
    let summary = desk.json("run/summary.json");
    assert_eq!(summary["world"], "endpoint");
    let outcomes = &summary["routes"][0]["slices"][0]["outcomes"];
    assert!(outcomes["ok"].as_u64().is_some_and(|ok| ok > 0) && outcomes.as_object().unwrap().len() == 1, "{outcomes}");
}

#[test]
fn an_endpoint_where_nobody_listens_fails_the_run_with_the_reason() {
    let desk = Desk::with_short_answers();
    let mut server = Server::start(&desk, "--profile au --scenario calm");
    let command = run(&server, "-o run");
    server.kill();
    let said = desk.says(&command).exits(1);
    assert!(said.error().starts_with("error: no request was answered: "), "{said:#?}");
    assert!(said.error().contains("Connection refused"), "{said:#?}");
    assert!(said.error().ends_with(&format!("Asked was {}", server.endpoints[0].1)), "{said:#?}");
    assert!(!said.out.contains("Run longer") && said.out.contains("Not one was answered"), "{said:#?}");
    assert!(said.out.contains("transport"), "{said:#?}");
    assert!(desk.read("run/attempts.csv").contains(",transport,"));
}

#[test]
fn a_server_that_dies_in_mid_run_shows_as_what_it_is_and_nothing_is_lost() {
    let desk = Desk::with_short_answers();
    let mut server = Server::start(&desk, "--profile au --scenario calm --workload short.toml");
    let args = run(&server, "-o run").replace("-d 500ms", "-d 6s");
    let mut command = desk.child(&args);
    let running = command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped()).spawn().unwrap();
    let answered = || std::fs::read_to_string(desk.path("run/requests.csv")).is_ok_and(|rows| rows.contains(",ok,"));
    wait_until("an answer in the records", answered);
    server.kill();
    let said: Said = end_of(running);
    assert!(matches!(said.code, Some(0 | INVALID)), "{said:#?}");
    let whole = desk.json("run/summary.json")["routes"][0]["slices"][0].clone();
    let outcomes = whole["outcomes"].as_object().unwrap();
    let count = |outcome: &str| outcomes.get(outcome).and_then(serde_json::Value::as_u64).unwrap_or(0);
    assert!(count("ok") > 0 && count("transport") > 0, "{outcomes:?}");
    let total: u64 = outcomes.values().filter_map(serde_json::Value::as_u64).sum();
    assert_eq!(Some(total), whole["planned"].as_u64(), "every request is in the denominator: {outcomes:?}");
    assert!(said.out.contains("Connection refused"), "the reason is on the screen: {said:#?}");
}

const KEYS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE"), ("AWS_SECRET_ACCESS_KEY", "right")];

/// A mock that looks at signatures, and a run that signs.
fn signed(desk: &Desk, server: &Server, keys: &[(&str, &str)]) -> Said {
    let args = run(server, "--endpoint-credentials --yes -o run");
    desk.measures(&args, keys)
}

#[test]
fn right_keys_are_taken_by_a_server_that_checks_them() {
    let desk = Desk::with_short_answers();
    let server =
        Server::start(&desk, "--profile au --scenario calm --workload short.toml --credentials AKIDEXAMPLE:right");
    let said = signed(&desk, &server, &KEYS).exits(0);
    assert!(said.out.contains("100.0 %"), "{said:#?}");
}

#[test]
fn a_bearer_key_is_taken_too() {
    let desk = Desk::with_short_answers();
    let server = Server::start(&desk, "--profile au --scenario calm --workload short.toml --api-key bedrock-key");
    signed(&desk, &server, &[("AWS_BEARER_TOKEN_BEDROCK", "bedrock-key")]).exits(0);
    let desk = Desk::with_short_answers();
    let said = signed(&desk, &server, &[("AWS_BEARER_TOKEN_BEDROCK", "another")]).exits(1);
    assert!(said.error().contains("AccessDeniedException"), "{said:#?}");
}

#[test]
fn wrong_keys_fail_the_run_with_the_words_of_the_service() {
    let server_desk = Desk::with_short_answers();
    let server = Server::start(&server_desk, "--profile au --scenario calm --credentials AKIDEXAMPLE:right");
    for (keys, exception) in [
        ([KEYS[0], ("AWS_SECRET_ACCESS_KEY", "wrong")], "InvalidSignatureException"),
        ([("AWS_ACCESS_KEY_ID", "AKIDOTHER"), KEYS[1]], "UnrecognizedClientException"),
    ] {
        let desk = Desk::with_short_answers();
        let said = signed(&desk, &server, &keys).exits(1);
        assert!(said.error().starts_with("error: no request was answered: "), "{said:#?}");
        assert!(said.error().contains(exception), "{said:#?}");
        let outcomes = desk.json("run/summary.json")["routes"][0]["slices"][0]["outcomes"].clone();
        assert!(outcomes["invalid"].as_u64().is_some_and(|n| n > 0), "asked wrongly, not served badly: {outcomes}");
    }
}

/// Two routes that draw on Sydney's quota, at a mock; blocks are as short as a test wants them.
pub fn in_turns(server: &Server, rest: &str) -> String {
    let called = |(region, _): &&(String, String)| region.starts_with("ap-southeast");
    let endpoints = server.endpoints.iter().filter(called).map(|(region, url)| format!("--endpoint {region}={url}"));
    let endpoints = endpoints.collect::<Vec<_>>().join(" ");
    let routes = "--profile apac --route sydney --route sydney→singapore";
    format!("run --rps 60 --warmup 100ms --workload short.toml {routes} {endpoints} {rest}")
}

#[test]
fn routes_that_share_a_quota_take_turns_and_blocks_are_what_is_compared() {
    let desk = Desk::with_short_answers();
    let server = Server::start(&desk, "--profile apac --scenario calm --workload short.toml");
    let args = in_turns(&server, "-d 400ms --blocks 2 --block-gap 200ms --short-blocks -o run");
    desk.measures(&args, &[]).exits(0);
    let manifest = desk.json("run/manifest.json");
    let blocks = manifest["blocks"].as_array().unwrap();
    let nanos = |value: &serde_json::Value| value.as_u64().unwrap();
    assert_eq!(blocks.len(), 4);
    for pair in blocks.windows(2) {
        assert_eq!(nanos(&pair[1]["start_ns"]) - nanos(&pair[0]["end_ns"]), 200_000_000);
    }
    let rows = read_requests(&desk.path("run")).unwrap();
    for block in blocks {
        let [route] = &block["routes"].as_array().unwrap()[..] else { panic!("{block}") };
        let (from, to) = (nanos(&block["start_ns"]), nanos(&block["end_ns"]));
        let fired = rows.iter().filter(|row| (from..to).contains(&row.intended_ns.as_nanos()));
        let fired: Vec<_> = fired.map(|row| (row.route.as_str(), u64::from(row.block))).collect();
        assert!(!fired.is_empty());
        let own = (route.as_str().unwrap(), nanos(&block["block"]));
        assert!(fired.iter().all(|row| *row == own), "{own:?}: {fired:?}");
    }
    let asked = |route: &str, block: u16| {
        let own = rows.iter().filter(|row| row.route == route && row.block == block);
        let mut asked: Vec<_> = own.map(|row| (row.index, row.prompt.clone())).collect();
        asked.sort();
        asked
    };
    assert_eq!(asked("sydney", 1), asked("sydney→singapore", 1), "a round asks every route the same");
    assert!(asked("sydney", 1).iter().all(|one| !asked("sydney", 2).contains(one)), "and no round repeats another");
    let summary = desk.json("run/summary.json");
    let slices = summary["routes"][1]["slices"].as_array().unwrap();
    let phases: Vec<_> = slices.iter().map(|slice| slice["phase"].as_str().unwrap()).collect();
    assert_eq!(phases, ["all", "block 1", "block 2"]);
    assert!((slices[0]["seconds"].as_f64().unwrap() - 0.8).abs() < 1e-6, "pauses are not measured");
    for quantile in summary["comparisons"][0]["quantiles"].as_array().unwrap() {
        assert_eq!(quantile["finding"], "too_little_data", "{quantile}");
    }
}

#[test]
fn blocks_too_short_for_a_quota_that_refills_by_the_minute_are_refused() {
    let desk = Desk::with_short_answers();
    let server = Server::start(&desk, "--profile apac --scenario calm");
    let too_short = desk.says(&in_turns(&server, "-d 2m")).exits(2);
    assert!(too_short.error().contains("each block lasts 3"), "{too_short:#?}");
    let no_pause = desk.says(&in_turns(&server, "--block-gap 1s")).exits(2);
    assert!(no_pause.error().contains("--block-gap 1"), "{no_pause:#?}");
    let alone = Server::start(&desk, "--profile au --scenario calm");
    let nobody = desk.says(&run(&alone, "--blocks 6")).exits(2);
    assert!(nobody.error().contains("no two routes share a quota"), "{nobody:#?}");
}
