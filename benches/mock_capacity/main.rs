//! How many requests per second the mock answers, beside a bare hyper server that sends the same bytes.
//!
//! Server and client have a core each, and both servers take turns. Where others use the machine too, the processor
//! time of a request says more than its rate.

mod bare;
mod client;
#[path = "../common/median.rs"]
mod median;
#[path = "../rig/mod.rs"]
mod rig;

use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use bedbench::clock::monotonic;

use client::Client;
use median::{median, ratios};

/// The binary's.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

const TURNS: usize = 9;
const TARGET: f64 = 0.6;

/// Threads that are started from now on, and this one, stay on one core.
fn pin_to(core: usize) {
    #[cfg(target_os = "linux")]
    {
        let mut cores = rustix::thread::CpuSet::new();
        cores.set(core);
        if let Err(error) = rustix::thread::sched_setaffinity(None, &cores) {
            println!("not pinned to core {core}: {error}");
        }
    }
    #[cfg(not(target_os = "linux"))]
    let _ = core;
}

/// Processor time that our thread of this name has used; absent where the platform does not tell.
fn processor_time(thread: &str) -> Option<Duration> {
    let tasks = std::fs::read_dir("/proc/self/task").ok()?;
    let read = |task: &std::path::Path, file| std::fs::read_to_string(task.join(file)).ok();
    let ours =
        tasks.flatten().map(|task| task.path()).find(|task| read(task, "comm").is_some_and(|c| c.trim() == thread))?;
    read(&ours, "schedstat")?.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

/// A server and what it did, turn by turn.
struct Side {
    name: &'static str,
    client: Client,
    rates: Vec<f64>,
    /// Microseconds of the server's thread per request.
    costs: Vec<f64>,
}

impl Side {
    fn new(name: &'static str, address: SocketAddr) -> Self {
        Self { name, client: Client::connect(address), rates: vec![], costs: vec![] }
    }

    fn turn(&mut self, times: usize) {
        let (before, start) = (processor_time(self.name), monotonic());
        let answered = self.client.ask(times) as f64;
        self.rates.push(answered / start.elapsed().as_secs_f64());
        if let (Some(before), Some(after)) = (before, processor_time(self.name)) {
            self.costs.push((after - before).as_secs_f64() * 1e6 / answered);
        }
    }
}

fn main() -> ExitCode {
    pin_to(0);
    let mock = rig::start([rig::sydney(Duration::ZERO, Duration::ZERO, Duration::ZERO)], 20);
    let mut mocked = Side::new("mock", mock.addresses()[0]);
    let bare = bare::start(mocked.client.body().leak());
    let mut bare = Side::new("bare", bare);
    assert_eq!(mocked.client.length(), bare.client.length(), "they must send the same");
    pin_to(1);
    let (turns, times) = if rig::measuring() { (TURNS, 1_000) } else { (1, 2) };
    for _ in 0..turns {
        bare.turn(times);
        mocked.turn(times);
    }
    if !rig::measuring() {
        println!("mock_capacity: works");
        return ExitCode::SUCCESS;
    }
    let share = ratios(&mocked.rates, &bare.rates);
    let cost = ratios(&bare.costs, &mocked.costs);
    println!(
        "Converse without delays on one core, {} bytes per answer, medians of {TURNS} turns\n",
        bare.client.length()
    );
    println!("            requests/s   server's µs per request");
    for side in [&bare, &mocked] {
        println!("{:10} {:11.0} {:25.1}", side.name, median(side.rates.clone()), median(side.costs.clone()));
    }
    println!(
        "\nmock / bare: {:.0} % by rate, {:.0} % by processor time; target {:.0} %",
        share * 100.0,
        cost * 100.0,
        TARGET * 100.0
    );
    if share >= TARGET { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
