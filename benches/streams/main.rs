//! Ten thousand open streams at a `bedbench mock` in a process of its own, five events per second each.
//!
//! `cargo bench --bench streams`, or with `-- --streams 5000`. Every stream is an open file on either side, so it
//! needs `ulimit -n 11000`.

mod files;
mod listener;
#[path = "../common/server.rs"]
mod server;

use std::cell::RefCell;
use std::error::Error;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use bedbench::clock::{Timer, monotonic};
use rustix::process::{Resource, getrlimit};
use tokio::task::{LocalSet, spawn_local};

use listener::Seen;
use server::Server;

const STREAMS: usize = 10_000;
const OPENED_PER_SECOND: u32 = 2_000;
const GAP: Duration = Duration::from_millis(200);
/// All have spoken within this time after the last was opened, where the mock keeps up. With it, and with the time
/// that they are held, the first streams are not over yet.
const ALL_SPEAK: Duration = Duration::from_secs(8);
const HOLD: Duration = Duration::from_secs(10);
/// Of the events that streams of this pace have in the measured time.
const LEAST_DELIVERED: f64 = 0.98;
const MOST_MEMORY: u64 = 400_000_000;
/// Files of a process beside its streams.
const OTHER_FILES: u64 = 50;

/// How many streams, and how long they are held. `cargo test --benches` does not measure: it is enough that it works.
fn asked() -> Result<(usize, Duration), Box<dyn Error>> {
    if !measuring() {
        return Ok((20, Duration::from_secs(1)));
    }
    let asked = std::env::args().skip_while(|argument| argument != "--streams").nth(1);
    Ok((asked.map_or(Ok(STREAMS), |asked| asked.parse())?, HOLD))
}

fn measuring() -> bool {
    std::env::args().any(|argument| argument == "--bench")
}

struct Held {
    /// Streams that had sent something and not ended, when the measured time began and when it was over.
    open: [usize; 2],
    events_per_second: f64,
    /// Share of a core that the mock used.
    busy: f64,
}

async fn hold(
    server: &Server,
    streams: usize,
    time: Duration,
    seen: &Rc<RefCell<Seen>>,
) -> Result<Held, Box<dyn Error>> {
    let timer = Timer::start()?;
    let mut next = monotonic();
    for _ in 0..streams {
        next += Duration::from_secs(1) / OPENED_PER_SECOND;
        timer.sleep_until(next).await;
        let listening = listener::listen(server.address, GAP, seen.clone());
        spawn_local(async {
            if let Err(error) = listening.await {
                eprintln!("a stream broke: {error}");
            }
        });
    }
    let latest = monotonic() + ALL_SPEAK;
    while seen.borrow().open < streams && monotonic() < latest {
        timer.sleep_until(monotonic() + GAP / 10).await;
    }
    let (open, before, used, start) = (seen.borrow().open, seen.borrow().events, server.processor_time(), monotonic());
    seen.borrow_mut().late.reset();
    timer.sleep_until(start + time).await;
    let took = start.elapsed().as_secs_f64();
    let used = server.processor_time().zip(used).map_or(f64::NAN, |(after, before)| (after - before).as_secs_f64());
    let seen = seen.borrow();
    let events_per_second = (seen.events - before) as f64 / took;
    Ok(Held { open: [open, seen.open], events_per_second, busy: used / took })
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let (streams, time) = asked()?;
    let needed = streams as u64 + OTHER_FILES;
    if let Some(limit) = getrlimit(Resource::Nofile).current.filter(|limit| *limit < needed) {
        println!("{streams} streams need {needed} open files, and {limit} are allowed: `ulimit -n {needed}`");
        return Ok(ExitCode::FAILURE);
    }
    let folder = tempfile::tempdir()?;
    let server = Server::start(&files::write(folder.path())?)?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let seen = Seen::new();
    let held = LocalSet::new().block_on(&runtime, hold(&server, streams, time, &seen))?;
    let memory = server.most_memory();
    let late = |q| seen.borrow().late.value_at_quantile(q) as f64 / 1e3;
    let expected = streams as f64 / GAP.as_secs_f64();
    let delivered = held.events_per_second / expected;
    let [first, last] = held.open;
    println!("{first} of {streams} streams open at once, and {last} of them {time:?} later; target: all");
    println!(
        "events per second: {:.0} of {expected:.0}, {:.1} %; target: {:.0} %",
        held.events_per_second,
        delivered * 100.0,
        LEAST_DELIVERED * 100.0
    );
    println!("gaps of {GAP:?} are off by {:.2} ms at the median, {:.2} ms at p99", late(0.5), late(0.99));
    println!("the mock used {:.0} % of a core", held.busy * 100.0);
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    match memory {
        Some(memory) => {
            println!("and held {:.0} MB at most; target: under {:.0}", megabytes(memory), megabytes(MOST_MEMORY))
        }
        None => println!("this platform does not tell how much memory it held"),
    }
    let all = held.open == [streams; 2];
    let fast = delivered >= LEAST_DELIVERED || !measuring();
    let fits = memory.is_none_or(|bytes| bytes < MOST_MEMORY);
    Ok(if all && fast && fits { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
