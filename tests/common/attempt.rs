//! bedbench's own client of Sydney, and one attempt by it.

use std::sync::Arc;

use bedbench::bedrock::{Access, Answer, Api, Attempt, ClientSpec, Gate, RegionClient, placeholder_access};
use bedbench::clock::Clock;
use bedbench::core::region::Jurisdiction;
use bedbench::core::request::{InvocationKey, Timeouts};
use bedbench::core::residency::{Residency, Standing};
use bedbench::core::{RegionId, RequestKey};
use bedbench::profile::Models;

const MODEL: &str = "amazon.nova-lite-v1:0";

/// A client, and the time that it lives in.
pub struct Caller {
    pub client: RegionClient,
    clock: Clock,
    timeouts: Timeouts,
}

impl Caller {
    pub fn new(url: &str, api: Api, timeouts: Timeouts) -> Self {
        Self::with(url, api, timeouts, None, placeholder_access())
    }

    /// One that trusts `endpoint_ca` as well as the machine's own certificates, and shows `access`.
    pub fn with(url: &str, api: Api, timeouts: Timeouts, endpoint_ca: Option<&str>, access: Access) -> Self {
        let spec = ClientSpec {
            region: RegionId::SYDNEY,
            endpoint: Some(url.to_owned()),
            endpoint_ca: endpoint_ca.map(Arc::from),
            access,
            api,
            timeouts,
            connections: 1,
            most_connections: 100,
        };
        let clock = Clock::default();
        clock.start();
        let client = RegionClient::new(spec, clock.clone()).expect("settings are sound");
        Self { client, clock, timeouts }
    }

    pub async fn ask(&self, prompt: &str) -> Answer {
        let residency =
            Residency::new([Jurisdiction::Australia], Models::built_in().unwrap().inference_profiles().clone());
        let destination =
            residency.admit(RegionId::SYDNEY, MODEL, Standing::Candidate).expect("Sydney is in Australia");
        let attempt = Attempt {
            destination: &destination,
            prompt,
            max_tokens: 10,
            invocation: InvocationKey { key: RequestKey(1), attempt: 0 },
            gate: None,
            deadline: self.clock.now() + self.timeouts.request,
            cancelled: Gate::closed().1,
            first_token: Arc::default(),
        };
        self.client.attempt(attempt).await
    }
}
