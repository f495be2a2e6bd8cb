//! `bedbench mock`: a Bedrock for any client to rehearse against.

use std::fmt;
use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::{Args, ValueEnum};

use super::announce::Ready;
use super::exit::{Code, Exit, Failure};
use super::sources::Sources;
use super::{files, guard, print};
use crate::clock::Clock;
use crate::core::{RegionId, Seed};
use crate::drive::Signals;
use crate::mock::{AccessLog, Callers, ListenSpec, MOST_CONNECTIONS, Mock, MockSpec, Tls};
use crate::store::folder::replace;

/// Reached from this machine alone.
const LOOPBACK: IpAddr = IpAddr::V4(Ipv4Addr::LOCALHOST);

/// Longest time for which a mock that was told to stop waits for its open answers.
const GRACE: Duration = Duration::from_secs(10);

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench mock --profile apac --port 7080
  bedbench mock --scenario throttle-storm --log calls.jsonl
  bedbench mock --tls --credentials AKIDEXAMPLE:secret --strict
  bedbench mock --port 0 --format json            free ports, announced in one line of JSON")]
pub struct MockArgs {
    /// Regions to serve, and their model: a built-in name or a .toml file
    #[arg(long, default_value = "apac")]
    profile: String,
    /// Port of the profile's first Region; the others follow. 0 picks free ones
    #[arg(long, default_value_t = 7080)]
    port: u16,
    /// Address to listen on; another than that of this machine alone lets everybody in who can reach it
    #[arg(long, value_name = "IP", default_value_t = LOOPBACK)]
    bind: IpAddr,
    /// Let other machines read counters and set faults, below /_bedbench/
    #[arg(long)]
    allow_remote: bool,
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
    /// Serve all Regions on one port: a request is for the Region that it was signed for, or else for the
    /// profile's first
    #[arg(long)]
    single: bool,
    /// Append a line of JSON per request to this file: what was asked for, what came of it and how long it took;
    /// never a prompt, an answer or a key
    #[arg(long, value_name = "FILE")]
    log: Option<PathBuf>,
    /// Serve https, with a certificate made for this start
    #[arg(long)]
    tls: bool,
    /// Where the certificate is written that clients have to trust
    #[arg(long, value_name = "FILE", default_value = "bedbench-mock-ca.pem", requires = "tls")]
    tls_ca: PathBuf,
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
    let listeners = listeners(args, &regions)?;
    let tls = args.tls.then(|| Tls::new(&regions)).transpose();
    let tls = tls.map_err(|error| Failure::new(Code::System, format!("cannot make a certificate: {error}")))?;
    let ca = tls.as_ref().map(|tls| tls.ca_pem().to_owned());
    let spec = MockSpec {
        seed: Seed(args.seed),
        workload,
        models: profile.models,
        strict: args.strict,
        callers: callers(args)?,
        log: args.log.as_deref().map(open_log).transpose()?,
        tls,
        worlds: vec![places],
        listeners,
        connections: MOST_CONNECTIONS,
    };
    files::raise_limit();
    warn_of_strangers(args);
    let clock = Clock::default();
    clock.start();
    let mock = Mock::start(spec, clock).map_err(|error| {
        let way_out = if args.bind == LOOPBACK { "" } else { "an address of this machine, or " };
        Failure::new(Code::Port, format!("cannot listen on {error}; choose {way_out}another --port, or 0"))
    })?;
    let ca = ca.map(|ca| write_ca(&args.tls_ca, &ca)).transpose()?;
    let addresses = mock.addresses().iter().cycle().copied();
    let ready = Ready {
        served: regions.into_iter().zip(addresses).collect(),
        ca: ca.as_deref(),
        guarded: !args.credentials.is_empty() || !args.api_key.is_empty(),
        single: args.single,
        routes: &profile.routes,
        profile: &profile.name,
        scenario: &scenario.name,
    };
    let ready = match args.format {
        Format::Json => ready.json(),
        Format::Text => ready.text(),
    };
    serve_until_told(mock, &ready)
}

fn listeners(args: &MockArgs, regions: &[RegionId]) -> Result<Vec<ListenSpec>, Failure> {
    if args.single {
        return Ok(vec![ListenSpec {
            world: 0,
            regions: regions.to_vec(),
            address: SocketAddr::new(args.bind, args.port),
        }]);
    }
    let listener = |(region, offset): (&RegionId, u16)| {
        let port = if args.port == 0 { Some(0) } else { args.port.checked_add(offset) };
        let port =
            port.ok_or_else(|| Failure::new(Code::Port, "the last port would be above 65535; choose a lower --port"))?;
        Ok(ListenSpec { world: 0, regions: vec![*region], address: SocketAddr::new(args.bind, port) })
    };
    regions.iter().zip(0..).map(listener).collect()
}

fn open_log(path: &Path) -> Result<AccessLog, Failure> {
    let log = File::options().append(true).create(true).open(path).and_then(AccessLog::start);
    log.map_err(|error| Failure::new(Code::Unreadable, format!("--log {}: {error}", path.display())))
}

/// Returns where it is for somebody in another folder.
fn write_ca(path: &Path, pem: &str) -> Result<PathBuf, Failure> {
    let written = replace(path, pem).and_then(|()| std::path::absolute(path));
    written.map_err(|error| Failure::new(Code::Unreadable, format!("--tls-ca {}: {error}", path.display())))
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
    Ok(Callers { keys: keys.collect::<Result<_, Failure>>()?, api_keys, remote_control: args.allow_remote })
}

pub fn loopback(port: u16) -> SocketAddr {
    SocketAddr::new(LOOPBACK, port)
}

/// Says who else can reach it.
fn warn_of_strangers(args: &MockArgs) {
    let guarded = !args.credentials.is_empty() || !args.api_key.is_empty();
    if !args.bind.to_canonical().is_loopback() && !guarded {
        guard::warn(&format!(
            "every machine that reaches {} can call this mock; --credentials or --api-key keeps strangers out",
            args.bind
        ));
    }
    if args.allow_remote {
        guard::warn("--allow-remote: whoever reaches this mock can read its counters and set its faults");
    }
}

/// Says `ready` and waits: the first signal lets open answers finish, the second one ends them.
fn serve_until_told(mock: Mock, ready: &str) -> Result<Exit, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|error| Failure::new(Code::System, error.to_string()))?;
    runtime.block_on(async {
        // Who reads that it is ready may stop it at once.
        let mut signals = Signals::listen().map_err(|error| Failure::new(Code::System, error.to_string()))?;
        print(ready)?;
        signals.next().await;
        let open = mock.open();
        if open > 0 {
            say!(
                "Letting {open} open {} finish, {} s at most; Ctrl-C again leaves at once.",
                if open == 1 { "answer" } else { "answers" },
                GRACE.as_secs()
            );
        }
        tokio::select! {
            // A mock that is told to stop has done its work: nothing is lost, so nothing failed.
            () = mock.close(GRACE) => Ok(Exit::Ok),
            code = signals.next() => Ok(Exit::Interrupted(code)),
        }
    })
}
