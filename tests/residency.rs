//! What is sent where, counted where it arrives.

mod common;

use std::time::Duration;

use bedbench::clock::Clock;
use bedbench::core::{Outcome, RegionId, Seed};
use bedbench::mock::{Callers, ListenSpec, MOST_CONNECTIONS, Mock, MockSpec};
use bedbench::profile::Loader;
use bedbench::region::quota::{QuotaSpec, Window};
use bedbench::store::rows::read_attempts;
use common::bedbench;

/// A mock of every Region that we have a model of, with so little quota that most calls throttle.
fn tight_mock() -> (Mock, Vec<RegionId>) {
    let profile = Loader::built_in().unwrap().profile("candidates").unwrap();
    let scenario = Loader::built_in().unwrap().scenario("calm").unwrap();
    let mut places = profile.places(|region| scenario.repeating(region)).unwrap();
    for (_, quota) in places.iter_mut().flat_map(|place| &mut place.quotas) {
        *quota = QuotaSpec {
            requests_per_minute: Some(600.0),
            tokens_per_minute: None,
            window: Window::Bucket { burst: Duration::from_secs(1) },
        };
    }
    let regions: Vec<_> = places.iter().map(|place| place.region).collect();
    let address = "127.0.0.1:0".parse().unwrap();
    let listeners = regions.iter().map(|region| ListenSpec { world: 0, regions: vec![*region], address }).collect();
    let workload = Loader::built_in().unwrap().workload("chat").unwrap();
    let spec = MockSpec {
        seed: Seed(1),
        workload,
        models: profile.models,
        strict: true,
        callers: Callers::default(),
        log: None,
        tls: None,
        worlds: vec![places],
        listeners,
        connections: MOST_CONNECTIONS,
    };
    let clock = Clock::default();
    clock.start();
    (Mock::start(spec, clock).unwrap(), regions)
}

#[test]
fn the_au_profile_sends_nothing_to_any_region_but_its_own_even_when_throttled() {
    let (mock, regions) = tight_mock();
    let sydney = regions.iter().position(|region| *region == RegionId::SYDNEY).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut command = bedbench();
    command.args(["run", "--rps", "60", "--duration", "3s", "--warmup", "0s", "--profile", "au", "--quiet"]);
    command.arg("--endpoint").arg(format!("ap-southeast-2=http://{}", mock.addresses()[sydney]));
    command.arg("--out").arg(folder.path());
    assert!(command.status().unwrap().code().is_some());

    let attempts = read_attempts(folder.path()).unwrap();
    let throttled = attempts.iter().filter(|attempt| attempt.outcome == Outcome::Throttled).count();
    assert!(throttled > 50, "{throttled} throttled: the test must throttle to mean something");
    assert!(attempts.iter().all(|attempt| attempt.region == RegionId::SYDNEY));
    for (region, requests) in mock.requests() {
        let expected = if region == RegionId::SYDNEY { attempts.len() as u64 } else { 0 };
        assert_eq!(requests, expected, "requests counted at {}", region.name());
    }
}

/// The mock's own counters.
fn stats(mock: &Mock) -> serde_json::Value {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(mock.addresses()[0]).unwrap();
    stream.write_all(b"GET /_bedbench/stats HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n").unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).unwrap();
    let (_, body) = answer.split_once("\r\n\r\n").expect("a body");
    serde_json::from_str(body).unwrap_or_else(|error| panic!("{error}: {answer}"))
}

#[test]
fn the_ledger_says_of_each_region_what_the_mock_has_counted() {
    let (mock, regions) = tight_mock();
    let at = |code: &str| {
        let region: RegionId = code.parse().unwrap();
        let port = mock.addresses()[regions.iter().position(|of| *of == region).unwrap()];
        format!("{code}=http://{port}")
    };
    let folder = tempfile::tempdir().unwrap();
    let mut command = bedbench();
    command.args(["run", "--rps", "60", "--duration", "3s", "--warmup", "0s", "--profile", "apac", "--quiet"]);
    command.args(["--route", "sydney→singapore", "--endpoint", &at("ap-southeast-2")]);
    command.args(["--endpoint", &at("ap-southeast-1"), "--out"]).arg(folder.path());
    assert!(command.status().unwrap().code().is_some());

    let ledger = std::fs::read_to_string(folder.path().join("residency.md")).unwrap();
    let (_, sent) = ledger.split_once("### Ledger").expect("a ledger");
    let stats = stats(&mock);
    for (code, name) in [("ap-southeast-2", "Sydney"), ("ap-southeast-1", "Singapore")] {
        let begins = format!("| sydney→singapore | {name} |");
        let row = sent.lines().find(|line| line.starts_with(&begins)).unwrap_or_else(|| panic!("no {name}: {sent}"));
        let cells: Vec<u64> = row.split('|').filter_map(|cell| cell.trim().replace(',', "").parse().ok()).collect();
        let counted = &stats["regions"][code]["ConverseStream"];
        let of = |value: &serde_json::Value| value.as_u64().unwrap_or_default();
        let throttled = of(&counted["exceptions"]["ThrottlingException"]);
        let admitted = of(&counted["requests"]) - throttled;
        assert!(throttled > 20 && admitted > 20, "{name}: {counted}");
        assert_eq!(cells[0], of(&counted["requests"]), "attempts in {name}: {row}");
        assert_eq!((cells[2], cells[0] - cells[2]), (throttled, admitted), "throttled and admitted in {name}: {row}");
    }
    let elsewhere = mock.requests().into_iter().filter(|(region, _)| !["Sydney", "Singapore"].contains(&region.name()));
    assert!(elsewhere.into_iter().all(|(_, requests)| requests == 0));
}

#[test]
fn no_shipped_candidate_route_can_be_processed_outside_its_residency() {
    use bedbench::core::residency::{Processing, Standing};
    for builtin in bedbench::profile::builtin::PROFILES {
        let profile = Loader::built_in().unwrap().profile(builtin.name).unwrap();
        let allowed: Vec<_> = profile.residency.allowed().collect();
        for route in profile.routes.iter().filter(|route| route.standing == Standing::Candidate) {
            for target in &route.targets {
                let Processing::Within(regions) = target.processing() else { panic!("{} goes anywhere", route.name) };
                assert!(regions.iter().all(|region| allowed.contains(&region.jurisdiction())), "{}", route.name);
            }
        }
    }
}
