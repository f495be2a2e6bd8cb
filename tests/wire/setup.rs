//! Mocks of one or two Regions with a known speed, and SDK clients that call them.

use std::future::Future;
use std::net::SocketAddr;
use std::time::Duration;

use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::{
    BehaviorVersion, Builder, Config, Credentials, Region, StalledStreamProtectionConfig,
};
use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, InferenceConfiguration, Message};
use bedbench::clock::Clock;
use bedbench::core::residency::Pool;
use bedbench::core::{RegionId, Seed};
use bedbench::mock::{Callers, ListenSpec, MOST_CONNECTIONS, Mock, MockSpec};
use bedbench::plan::workload::{TokenLengths, Workload};
use bedbench::profile::Models;
use bedbench::region::conditions::Condition;
use bedbench::region::quota::{QuotaSpec, Window};
use bedbench::region::{Conditions, Law, PlaceSpec};
use serde_json::{Value, json};

pub const MODEL: &str = "amazon.nova-lite-v1:0";
const LOOPBACK: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(std::net::Ipv4Addr::LOCALHOST), 0);

/// Nobody waits longer than this for something that should have happened long ago.
pub async fn in_time<T>(what: &str, future: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_secs(30), future).await.unwrap_or_else(|_| panic!("hangs: {what}"))
}

pub const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Sydney next door: 20 ms to the first of ten tokens, 2 ms between them, and no limits.
pub fn sydney() -> PlaceSpec {
    PlaceSpec {
        region: RegionId::SYDNEY,
        rtt: Duration::ZERO,
        jitter: Duration::ZERO,
        slots: 1_000,
        queue: 1_000,
        ttft: Law::Fixed(ms(20)),
        per_input_token: Duration::ZERO,
        tpot: Law::Fixed(ms(2)),
        quotas: vec![],
        conditions: Conditions::constant(Condition::default()),
    }
}

/// A quota for calls of a plain model id that can be used up for good.
pub fn quota(requests_per_minute: Option<f64>, tokens_per_minute: Option<f64>) -> Vec<(Pool, QuotaSpec)> {
    vec![(
        Pool::InRegion,
        QuotaSpec { requests_per_minute, tokens_per_minute, window: Window::Bucket { burst: Duration::from_secs(60) } },
    )]
}

pub fn ten_tokens() -> Workload {
    answers_of(TokenLengths::fixed(10))
}

pub fn answers_of(output: TokenLengths) -> Workload {
    Workload { output, max_tokens: 1_000, ..Workload::fixed(10, 10) }
}

pub fn start(places: Vec<PlaceSpec>) -> Mock {
    start_as(places, |_| {})
}

/// Refuses what could not be called there.
pub fn start_strict(places: Vec<PlaceSpec>) -> Mock {
    start_as(places, |spec| spec.strict = true)
}

pub fn start_with(places: Vec<PlaceSpec>, workload: Workload, seed: Seed) -> Mock {
    start_as(places, |spec| (spec.workload, spec.seed) = (workload, seed))
}

/// What no other way to start one has.
pub fn start_as(places: Vec<PlaceSpec>, alter: impl FnOnce(&mut MockSpec)) -> Mock {
    let listeners =
        places.iter().map(|place| ListenSpec { world: 0, regions: vec![place.region], address: LOOPBACK }).collect();
    let mut spec = MockSpec {
        seed: Seed(1),
        workload: ten_tokens(),
        models: Models::built_in().expect("the shipped table is sound"),
        strict: false,
        callers: Callers::default(),
        log: None,
        tls: None,
        worlds: vec![places],
        listeners,
        connections: MOST_CONNECTIONS,
    };
    alter(&mut spec);
    let clock = Clock::default();
    clock.start();
    Mock::start(spec, clock).expect("free ports")
}

/// As a user would make one, but for retries: the SDK would hide what is to be seen.
pub fn client(address: SocketAddr) -> Client {
    Client::from_conf(config(&format!("http://{address}")).build())
}

/// What a [client] is made of.
pub fn config(url: &str) -> Builder {
    Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("ap-southeast-2"))
        .endpoint_url(url)
        .credentials_provider(Credentials::new("mock", "mock", None, None, "test"))
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
}

pub fn user(text: &str) -> Message {
    let message = Message::builder().role(ConversationRole::User).content(ContentBlock::Text(text.into()));
    message.build().expect("role and content are set")
}

pub fn at_most(max_tokens: i32) -> InferenceConfiguration {
    InferenceConfiguration::builder().max_tokens(max_tokens).build()
}

pub const CLAUDE: &str = "anthropic.claude-3-haiku-20240307-v1:0";

/// One model of every family that InvokeModel knows.
pub const INVOKED: [&str; 5] =
    [CLAUDE, MODEL, "amazon.titan-text-express-v1", "meta.llama3-8b-instruct-v1:0", "mistral.mistral-7b-instruct-v0:2"];

/// "Hello" in the words of `model`, with room for twenty tokens.
pub fn hello(model: &str) -> Value {
    match model.split('.').next() {
        Some("anthropic") => json!({
            "anthropic_version": "bedrock-2023-05-31", "max_tokens": 20,
            "messages": [{ "role": "user", "content": "Hello" }],
        }),
        Some("meta") => json!({ "prompt": "Hello", "max_gen_len": 20 }),
        Some("mistral") => json!({ "prompt": "Hello", "max_tokens": 20 }),
        _ if model.contains("titan") => {
            json!({ "inputText": "Hello", "textGenerationConfig": { "maxTokenCount": 20 } })
        }
        _ => json!({
            "messages": [{ "role": "user", "content": [{ "text": "Hello" }] }],
            "inferenceConfig": { "max_new_tokens": 20 },
        }),
    }
}
