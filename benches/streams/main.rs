//! Ten thousand open streams at a `bedbench mock` in a process of its own, five events per second each.
//!
//! `cargo bench --bench streams`, or with `-- --streams 5000`. Every stream is an open file on either side, so it
//! needs `ulimit -n 11000`.

mod files;
mod listener;
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
const HOLD: Duration = Duration::from_secs(15);
const MOST_MEMORY: u64 = 400 << 20;
/// Files of a process beside its streams.
const OTHER_FILES: u64 = 50;

/// How many streams, and how long they are held.
fn asked() -> Result<(usize, Duration), Box<dyn Error>> {
    if !std::env::args().any(|argument| argument == "--bench") {
        return Ok((20, Duration::from_secs(1)));
    }
    let asked = std::env::args().skip_while(|argument| argument != "--streams").nth(1);
    Ok((asked.map_or(Ok(STREAMS), |asked| asked.parse())?, HOLD))
}

struct Held {
    opened: usize,
    still_open: usize,
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
    // The first token of the last one takes a second at most, where the mock keeps up.
    timer.sleep_until(next + Duration::from_secs(2)).await;
    let (opened, before, used, start) =
        (seen.borrow().open, seen.borrow().events, server.processor_time(), monotonic());
    seen.borrow_mut().late.reset();
    timer.sleep_until(start + time).await;
    let took = start.elapsed().as_secs_f64();
    let used = server.processor_time().zip(used).map_or(f64::NAN, |(after, before)| (after - before).as_secs_f64());
    let seen = seen.borrow();
    let events_per_second = (seen.events - before) as f64 / took;
    Ok(Held { opened, still_open: seen.open, events_per_second, busy: used / took })
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
    println!("{} of {streams} streams opened, {} of them still open {time:?} later", held.opened, held.still_open);
    println!("events per second: {:.0} of {expected:.0}", held.events_per_second);
    println!("gaps of {GAP:?} are off by {:.2} ms at the median, {:.2} ms at p99", late(0.5), late(0.99));
    println!("the mock used {:.0} % of a core", held.busy * 100.0);
    let (mib, most) = (memory.map_or(f64::NAN, |bytes| bytes as f64 / f64::from(1 << 20)), MOST_MEMORY >> 20);
    println!("and held {mib:.0} MiB at most; target: under {most}");
    let all = held.opened == streams && held.still_open == streams;
    let fits = memory.is_none_or(|bytes| bytes < MOST_MEMORY);
    Ok(if all && fits { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
