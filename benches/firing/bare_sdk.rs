//! The AWS SDK without anything around it, set as bedbench sets it.

use std::time::Duration;

use aws_credential_types::Credentials;
use aws_sdk_bedrockruntime::Client;
use aws_sdk_bedrockruntime::config::retry::RetryConfig;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Config, Region, StalledStreamProtectionConfig};
use aws_sdk_bedrockruntime::types::{ContentBlock, ConversationRole, InferenceConfiguration, Message};

use aws_smithy_http_client::pool::{self, ConnectionPool, ConnectionReuseScope, DriverSpawner, Partition, PartitionId};

use crate::Done;
use crate::schedule::{Schedule, prompt};

const MODEL: &str = "amazon.nova-lite-v1:0";

/// The same pool.
fn pool() -> Done<pool::Client> {
    let id = PartitionId::from_index(0);
    let pool = ConnectionPool::builder()
        .tcp_nodelay(true)
        .max_connections_per_host(10_000)
        .partitions([Partition::new(id, DriverSpawner::tokio(tokio::runtime::Handle::current()))])
        .connection_reuse_scope(ConnectionReuseScope::Partition)
        .build_http()?;
    Ok(pool::Client::from_partition(&pool, id)?)
}

fn client(address: &str) -> Done<Client> {
    let timeouts = TimeoutConfig::builder().connect_timeout(Duration::from_secs(3)).build();
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::from_static("ap-southeast-2"))
        .endpoint_url(format!("http://{address}"))
        .http_client(pool()?)
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(timeouts)
        .credentials_provider(Credentials::new("BEDBENCHMOCK", "not-a-secret", None, None, "bench"));
    Ok(Client::from_conf(config.build()))
}

pub fn fire(address: &str, schedule: Schedule, (precise, streams): (bool, bool)) -> Done<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let client = runtime.block_on(async { client(address) })?;
    let limits = InferenceConfiguration::builder().max_tokens(256).build();
    let request = || {
        let message = Message::builder().role(ConversationRole::User).content(ContentBlock::Text(prompt())).build();
        let (client, limits) = (client.clone(), limits.clone());
        async move {
            if streams {
                let call = client.converse_stream().model_id(MODEL).messages(message?).inference_config(limits);
                let mut output = call.send().await?;
                while output.stream.recv().await?.is_some() {}
            } else {
                client.converse().model_id(MODEL).messages(message?).inference_config(limits).send().await?;
            }
            Ok(())
        }
    };
    runtime.block_on(schedule.fire(precise, request))
}
