//! What a request costs the client: bedbench beside a bare loop over the same SDK, and a bare loop over hyper.
//!
//! `cargo bench --bench firing`, or with `-- --api converse-stream --rps 100 --tokens 100`, `--rounds`, `--seconds`. With
//! `-- --held` the highest rate that each of them holds, where they end when their last request is due.
//!
//! Each is a process of its own that calls one `bedbench mock` at the same rate, one after the other. The processor
//! time of a short run is taken off that of a long one, so that only what each further request costs is left. Other
//! work on the machine makes all of them dearer: the ratio says more than the microseconds.

mod bare_hyper;
mod bare_sdk;
mod files;
#[path = "../common/median.rs"]
mod median;
mod schedule;
#[path = "../common/server.rs"]
mod server;

use std::error::Error;
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use bedbench::clock::monotonic;
use median::{median, ratios};
use schedule::Schedule;
use server::Server;

/// The binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

type Done<T> = Result<T, Box<dyn Error>>;

/// Of bedbench to the bare loop over the SDK, at most: a unary answer, and a stream of 100 events.
const TARGETS: [f64; 2] = [1.25, 1.5];

#[derive(Clone, Copy, PartialEq)]
enum Client {
    Bedbench,
    BareSdk,
    PreciseSdk,
    BareHyper,
}

impl Client {
    /// What a bare client is asked for by.
    fn option(self) -> &'static str {
        match self {
            Self::BareSdk => "--bare-sdk",
            Self::PreciseSdk => "--precise-sdk",
            Self::Bedbench | Self::BareHyper => "--bare-hyper",
        }
    }
}

struct Asked {
    api: String,
    rps: f64,
    tokens: u32,
    seconds: f64,
    rounds: usize,
}

fn option<T: std::str::FromStr>(name: &str, usual: T) -> Done<T>
where
    T::Err: Error + 'static,
{
    let given = std::env::args().skip_while(|argument| argument != name).nth(1);
    Ok(given.map_or(Ok(usual), |given| given.parse())?)
}

impl Asked {
    /// `cargo test --benches` does not measure: it is enough that it works.
    fn read() -> Done<Self> {
        let measuring = std::env::args().any(|argument| argument == "--bench");
        Ok(Self {
            api: option("--api", "converse".to_owned())?,
            rps: option("--rps", if measuring { 2_000.0 } else { 100.0 })?,
            tokens: option("--tokens", 10)?,
            seconds: option("--seconds", if measuring { 8.0 } else { 0.5 })?,
            rounds: option("--rounds", if measuring { 5 } else { 1 })?,
        })
    }

    fn streams(&self) -> bool {
        self.api == "converse-stream"
    }
}

/// Processor time of all children that have ended so far.
fn used_by_children() -> Done<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat")?;
    let fields: Vec<_> = stat.rsplit(") ").next().unwrap_or_default().split(' ').collect();
    let ticks: u64 = fields[13..15].iter().map(|field| field.parse::<u64>()).sum::<Result<_, _>>()?;
    Ok(Duration::from_secs_f64(ticks as f64 / rustix::param::clock_ticks_per_second() as f64))
}

/// What a run of a client took.
struct Took {
    processor: Duration,
    elapsed: Duration,
}

/// Runs one client for so long.
fn run(client: Client, asked: &Asked, address: SocketAddr, folder: &Path, seconds: f64) -> Done<Took> {
    let mut command = match client {
        Client::Bedbench => {
            let mut command = Command::new(env!("CARGO_BIN_EXE_bedbench"));
            let out = tempfile::tempdir_in(folder)?.path().join("out");
            command.args(["run", "--arrival", "constant", "--warmup", "0s", "--prewarm", "64", "--quiet"]);
            command.args(["--profile", "profile.toml", "--workload", "workload.toml", "--api", &asked.api]);
            command.args(["--rps", &asked.rps.to_string(), "--duration", &format!("{seconds}s")]);
            command.args(["--endpoint", &format!("ap-southeast-2=http://{address}"), "--out"]).arg(out);
            command
        }
        bare => {
            let mut command = Command::new(std::env::current_exe()?);
            command
                .arg(bare.option())
                .arg(address.to_string())
                .args([asked.rps, seconds].map(|number| number.to_string()));
            command.arg(&asked.api);
            command
        }
    };
    let (before, start) = (used_by_children()?, monotonic());
    let status = command.current_dir(folder).stdout(Stdio::null()).status()?;
    // A run that was INVALID on a busy machine has still done its work.
    if !matches!(status.code(), Some(0 | 5)) {
        return Err(format!("a client ended with {status}").into());
    }
    Ok(Took { processor: used_by_children()? - before, elapsed: start.elapsed() })
}

/// Microseconds of processor time for each further request.
fn cost(client: Client, asked: &Asked, address: SocketAddr, folder: &Path) -> Done<f64> {
    let short = asked.seconds / 8.0;
    let little = run(client, asked, address, folder, short)?.processor;
    let much = run(client, asked, address, folder, asked.seconds + short)?.processor;
    Ok(much.saturating_sub(little).as_secs_f64() * 1e6 / (asked.rps * asked.seconds))
}

/// Requests per second that a client carries out in the time that they are due in: the last rate, each a twentieth above
/// the one before, behind which it does not fall by more than a thirtieth. And what it falls back to at once and a half
/// of that.
fn held(client: Client, asked: &Asked, address: SocketAddr, folder: &Path) -> Done<(f64, f64)> {
    let carried_out = |rps: f64| {
        let at = Asked { rps, api: asked.api.clone(), ..*asked };
        let short = run(client, &at, address, folder, at.seconds / 8.0)?.elapsed;
        let long = run(client, &at, address, folder, at.seconds * 9.0 / 8.0)?.elapsed;
        Done::Ok(rps.min(rps * at.seconds / long.saturating_sub(short).as_secs_f64()))
    };
    let mut rps = asked.rps;
    while carried_out(rps * 1.05)? > rps * 1.05 * 29.0 / 30.0 {
        rps *= 1.05;
    }
    Ok((rps, carried_out(rps * 1.5)?))
}

fn compare() -> Done<()> {
    let asked = Asked::read()?;
    let folder = tempfile::tempdir()?;
    let options = files::write(folder.path(), asked.tokens)?;
    let server = Server::start(&options)?;
    let mut clients = vec![
        ("bedbench", Client::Bedbench),
        ("bare loop, same SDK", Client::BareSdk),
        ("the same, precise timer", Client::PreciseSdk),
    ];
    // It cannot decode events: there is nothing to compare then.
    if !asked.streams() {
        clients.push(("bare loop, hyper", Client::BareHyper));
    }
    if std::env::args().any(|argument| argument == "--held") {
        println!("{}, {} tokens: requests per second that are carried out when they are due", asked.api, asked.tokens);
        for (name, client) in clients {
            let (held, beyond) = held(client, &asked, server.address, folder.path())?;
            println!("  {name:24} {held:6.0}/s held, {beyond:6.0}/s at 1.5 times that");
        }
        return Ok(());
    }
    let mut costs = vec![Vec::new(); clients.len()];
    for _ in 0..asked.rounds {
        for ((_, client), costs) in clients.iter().zip(&mut costs) {
            costs.push(cost(*client, &asked, server.address, folder.path())?);
        }
    }
    println!(
        "{} at {}/s, {} tokens: processor time per request, {} rounds",
        asked.api, asked.rps, asked.tokens, asked.rounds
    );
    for ((name, _), of) in clients.iter().zip(&costs) {
        let ratio = ratios(of, &costs[1]);
        println!("  {name:24} {:6.0} µs   {ratio:4.2} × the bare SDK", median(of.clone()));
    }
    println!("  target: at most {} ×", TARGETS[usize::from(asked.streams())]);
    Ok(())
}

fn main() -> ExitCode {
    let arguments: Vec<_> = std::env::args().collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[1..] {
        [timer @ ("--bare-sdk" | "--precise-sdk"), address, rps, seconds, api] => {
            let how = (timer == "--precise-sdk", api == "converse-stream");
            Schedule::read(rps, seconds).and_then(|schedule| bare_sdk::fire(address, schedule, how))
        }
        ["--bare-hyper", address, rps, seconds, _] => {
            Schedule::read(rps, seconds).and_then(|schedule| bare_hyper::fire(address, schedule))
        }
        _ => compare(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}
