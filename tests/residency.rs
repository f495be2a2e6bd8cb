//! What is sent where, counted where it arrives.

mod common;

use std::time::Duration;

use bedbench::clock::Clock;
use bedbench::core::{Outcome, RegionId, Seed};
use bedbench::mock::{Callers, ListenSpec, Mock, MockSpec};
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
