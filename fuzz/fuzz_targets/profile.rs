//! Whatever stands in a TOML file is refused in words, or can be used to its end. The first byte says what it is.

#![no_main]

use std::sync::LazyLock;
use std::time::Duration;

use bedbench::core::phase::Phases;
use bedbench::core::units::Rate;
use bedbench::core::{RegionId, RequestKey, RunTime, Seed};
use bedbench::govern::prices::Prices;
use bedbench::plan::pattern::{Pattern, TimeOfDay};
use bedbench::plan::rate_curve::RateCurve;
use bedbench::plan::sampler::Sampler;
use bedbench::plan::workload::Workload;
use bedbench::profile::toml_file::parse;
use bedbench::profile::{Experiment, Loader, Models, Override, Scenario};
use bedbench::region::{Conditions, World};
use bedbench::routing::Policy;
use libfuzzer_sys::fuzz_target;

static LOADER: LazyLock<Loader> = LazyLock::new(|| Loader::built_in().expect("the shipped files are sound"));

fuzz_target!(|input: (u8, &str)| {
    let (kind, text) = input;
    match kind % 7 {
        0 => profile(text),
        1 => workload(text),
        2 => scenario(text),
        3 => pattern(text),
        4 => drop(parse::<Experiment>("mine.toml", text).map(|experiment| experiment.check())),
        5 => {
            let prices = Prices::built_in().expect("the shipped table is sound");
            drop(prices.under("mine.toml", text));
            drop(Models::parse("mine.toml", text));
        }
        _ => set(text),
    }
});

fn profile(text: &str) {
    let profile = match LOADER.parse_profile("mine.toml", text) {
        Ok(profile) => profile,
        Err(error) => return assert!(error.to_string().starts_with("mine.toml"), "{error}"),
    };
    for route in &profile.routes {
        assert!(!route.targets.is_empty());
        let _: Box<dyn Policy> = (route.policy.build)(&route.settings, Seed(1));
    }
    if let Ok(places) = profile.places(|_| Conditions::new(vec![], None)) {
        World::new(Seed(1), places, &Workload::fixed(10, 10));
    }
}

fn workload(text: &str) {
    let Ok(workload) = parse::<Workload>("mine.toml", text) else { return };
    if workload.check().is_err() {
        return;
    }
    let sampler = Sampler::new(&workload, Seed(1));
    for index in 0..20 {
        let request = sampler.request(index, RunTime::ZERO);
        assert!(request.input_tokens > 0 && request.max_tokens > 0, "{request:?}");
        assert!(sampler.output(RequestKey(u64::from(index))) > 0);
    }
}

fn scenario(text: &str) {
    let Ok(scenario) = parse::<Scenario>("mine.toml", text) else { return };
    if scenario.check().is_err() {
        return;
    }
    let phases = Phases::lay_out(Duration::from_secs(5), Duration::from_secs(60), &scenario.phases());
    for region in RegionId::all() {
        scenario.during(&phases, region);
        scenario.repeating(region);
    }
}

fn pattern(text: &str) {
    let Ok(pattern) = parse::<Pattern>("mine.toml", text) else { return };
    if pattern.check().is_err() {
        return;
    }
    let start: TimeOfDay = "09:30".parse().expect("a time");
    let day = pattern.day_from(start, Rate(10.0));
    let curve = RateCurve::new(Duration::ZERO, Duration::from_secs(86_400), day);
    let arrivals = curve.arrivals();
    assert!((arrivals / 864_000.0 - 1.0).abs() < 1e-3, "{arrivals} arrivals in a day at 10/s");
}

fn set(text: &str) {
    let (sets, name) = text.split_once('\n').unwrap_or((text, "apac"));
    let Ok(set) = sets.parse::<Override>() else { return };
    let Ok(loader) = Loader::new(None, None, vec![set.on("2026-11-23")]) else { return };
    let name = ["apac", "au", "candidates"].into_iter().find(|known| *known == name).unwrap_or("apac");
    drop(loader.profile(name));
    drop(loader.workload("chat"));
    drop(loader.scenario("congested"));
    drop(loader.pattern("weekday"));
}
