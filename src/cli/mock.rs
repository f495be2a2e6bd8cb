//! `bedbench mock`: a Bedrock for any client to rehearse against.

use std::fmt;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};

use clap::{Args, ValueEnum};
use serde_json::json;

use super::exit::{Exit, Failure};
use super::print;
use super::sources::Sources;
use crate::clock::Clock;
use crate::core::residency::Destination;
use crate::core::units::grouped;
use crate::core::{RegionId, Seed};
use crate::mock::{Callers, ListenSpec, MODEL_MAXIMUM, Mock, MockSpec};
use crate::profile::Route;

#[derive(Debug, Args)]
pub struct MockArgs {
    /// Regions to serve, and their model: a built-in name or a .toml file
    #[arg(long, default_value = "apac")]
    profile: String,
    /// Port of the profile's first Region; the others follow. 0 picks free ones
    #[arg(long, default_value_t = 7080)]
    port: u16,
    /// What happens over time: a built-in name (see `bedbench scenario list`) or a .toml file. Played
    /// over and over
    #[arg(long, default_value = "congested")]
    scenario: String,
    /// Lengths of the answers: a built-in name or a .toml file
    #[arg(long, default_value = "chat")]
    workload: String,
    /// Service times of the Regions: `article` or a .toml file [default: profiles/regions.toml]
    #[arg(long, value_name = "NAME|FILE")]
    latency: Option<String>,
    #[command(flatten)]
    sources: Sources,
    /// Seed of every draw
    #[arg(long, default_value_t = Seed::default().0)]
    seed: u64,
    /// Refuse model ids that could not be called in the Region; without it any known model is served
    #[arg(long)]
    strict: bool,
    /// Take only callers that sign with this key, as AWS does; repeatable [default: anybody]
    #[arg(long, value_name = "KEY:SECRET")]
    credentials: Vec<Hidden>,
    /// Take only callers with this Bedrock API key (bearer), or a key of --credentials; repeatable
    #[arg(long, value_name = "KEY")]
    api_key: Vec<Hidden>,
    /// How readiness is announced; json is one line
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    Text,
    Json,
}

/// A secret on the command line: taken as it is, so that no message about it has to show it.
#[derive(Clone)]
struct Hidden(String);

impl From<String> for Hidden {
    fn from(secret: String) -> Self {
        Self(secret)
    }
}

impl fmt::Debug for Hidden {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

pub fn run(args: &MockArgs) -> Result<Exit, Failure> {
    let loader = args.sources.loader(args.latency.as_deref())?;
    let profile = loader.profile(&args.profile)?;
    let scenario = loader.scenario(&args.scenario)?;
    let workload = loader.workload(&args.workload)?;
    let places = profile.places(|region| scenario.repeating(region)).map_err(Failure::usage)?;
    let regions = profile.endpoints();
    let listeners = regions
        .iter()
        .zip(0..)
        .map(|(region, offset)| {
            let port = if args.port == 0 { Some(0) } else { args.port.checked_add(offset) };
            let port =
                port.ok_or_else(|| Failure::usage("the last port would be above 65535; choose a lower --port"))?;
            Ok(ListenSpec { world: 0, region: *region, address: loopback(port) })
        })
        .collect::<Result<_, Failure>>()?;
    let (seed, strict) = (Seed(args.seed), args.strict);
    let spec = MockSpec {
        seed,
        workload,
        models: profile.models,
        strict,
        callers: callers(args)?,
        worlds: vec![places],
        listeners,
    };
    let clock = Clock::default();
    clock.start();
    let mock = Mock::start(spec, clock)
        .map_err(|error| Failure::usage(format!("cannot listen on {error}; choose another --port, or 0")))?;
    let served: Vec<_> = regions.into_iter().zip(mock.addresses().iter().copied()).collect();
    print(&match args.format {
        Format::Json => announce_json(&served),
        Format::Text => announce(&served, &profile.routes, &profile.name, &scenario.name),
    })?;
    wait_for_signal()?;
    // A mock that is told to stop has done its work: nothing is lost, so nothing failed.
    Ok(Exit::Ok)
}

fn callers(args: &MockArgs) -> Result<Callers, Failure> {
    let keys = args.credentials.iter().map(|Hidden(pair)| {
        let pair = pair.split_once(':').filter(|(key, secret)| !key.is_empty() && !secret.is_empty());
        let (key, secret) = pair.ok_or_else(|| Failure::usage("--credentials is written KEY:SECRET"))?;
        Ok((key.to_owned(), secret.to_owned()))
    });
    let api_keys: Vec<_> = args.api_key.iter().map(|Hidden(key)| key.clone()).collect();
    if api_keys.iter().any(String::is_empty) {
        return Err(Failure::usage("--api-key is empty"));
    }
    Ok(Callers { keys: keys.collect::<Result<_, Failure>>()?, api_keys })
}

pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(IpAddr::V4(Ipv4Addr::LOCALHOST), port)
}

fn announce_json(served: &[(RegionId, SocketAddr)]) -> String {
    let regions: Vec<_> = served
        .iter()
        .map(|(region, address)| json!({ "region": region, "name": region.name(), "url": format!("http://{address}") }))
        .collect();
    json!({ "ready": true, "regions": regions }).to_string() + "\n"
}

fn announce(served: &[(RegionId, SocketAddr)], routes: &[Route], profile: &str, scenario: &str) -> String {
    let model = |region| routes.iter().flat_map(|route| &route.targets).find(|target| target.endpoint() == region);
    let model = |region| model(region).map_or("", Destination::model);
    let mut text = format!("MOCK Bedrock: profile {profile}, scenario {scenario} (repeating). Ctrl-C stops it.\n\n");
    for (region, address) in served {
        text += &format!("  {:10} {region:15} http://{address}  {}\n", region.name(), model(*region));
    }
    let Some((region, address)) = served.first() else { return text };
    text += &format!(
        r#"
For boto3, the AWS CLI or any AWS SDK, in another shell (the keys are dummies):

  export AWS_ENDPOINT_URL_BEDROCK_RUNTIME=http://{address}
  export AWS_REGION={region} AWS_DEFAULT_REGION={region}
  export AWS_ACCESS_KEY_ID=mock AWS_SECRET_ACCESS_KEY=mock

  aws bedrock-runtime converse --model-id {} \
    --messages '[{{"role":"user","content":[{{"text":"Hello"}}]}}]' --inference-config maxTokens=100

It serves InvokeModel, Converse, both with streams, and CountTokens, for the ids of Claude, Nova,
Titan Text, Llama and Mistral; Converse for other vendors as well. The same request always gets the
same answer after the same service time: vary the prompt to see it spread.
Without maxTokens a call reserves {} tokens of the quota until it ends.
"#,
        model(*region),
        grouped(u64::from(MODEL_MAXIMUM))
    );
    text
}

fn wait_for_signal() -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::failed(error.to_string()))?;
    runtime.block_on(crate::drive::next_signal());
    Ok(())
}
