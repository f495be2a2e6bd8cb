//! What the benches of the mock share: Regions whose time is known, and one question to ask.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use bedbench::clock::Clock;
use bedbench::core::{RegionId, Seed};
use bedbench::mock::{Callers, ListenSpec, MOST_CONNECTIONS, Mock, MockSpec};
use bedbench::plan::workload::{TokenLengths, Workload};
use bedbench::profile::Models;
use bedbench::region::conditions::Condition;
use bedbench::region::{Conditions, Law, PlaceSpec};

pub const MODEL: &str = "amazon.nova-lite-v1:0";
pub const QUESTION: &str = r#"{"messages":[{"role":"user","content":[{"text":"How far is it to Melbourne?"}]}]}"#;

/// `cargo bench` measures. `cargo test --benches` does not say so: then it is enough that it works.
pub fn measuring() -> bool {
    let said = |option| std::env::args().any(|argument| argument == option);
    said("--bench") && !said("--test")
}

/// Sydney at a distance, with no limits: always `ttft` to the first token, and `tpot` between tokens.
pub fn sydney(rtt: Duration, ttft: Duration, tpot: Duration) -> PlaceSpec {
    PlaceSpec {
        region: RegionId::SYDNEY,
        rtt,
        jitter: Duration::ZERO,
        slots: 100_000,
        queue: 0,
        ttft: Law::Fixed(ttft),
        per_input_token: Duration::ZERO,
        tpot: Law::Fixed(tpot),
        quotas: vec![],
        conditions: Conditions::constant(Condition::default()),
    }
}

/// A mock with an endpoint for each of `places`; every answer is `tokens` long.
pub fn start(places: impl IntoIterator<Item = PlaceSpec>, tokens: u32) -> Mock {
    let worlds: Vec<_> = places.into_iter().map(|place| vec![place]).collect();
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let listener = |world| ListenSpec { world, regions: vec![RegionId::SYDNEY], address };
    let listeners = (0..worlds.len()).map(listener).collect();
    let workload = Workload { output: TokenLengths::fixed(tokens), ..Workload::fixed(10, tokens) };
    let models = Models::built_in().expect("the shipped table is sound");
    let clock = Clock::default();
    clock.start();
    let spec = MockSpec {
        seed: Seed(1),
        workload,
        models,
        strict: false,
        callers: Callers::default(),
        log: None,
        tls: None,
        worlds,
        listeners,
        connections: MOST_CONNECTIONS,
    };
    Mock::start(spec, clock).expect("free ports")
}
