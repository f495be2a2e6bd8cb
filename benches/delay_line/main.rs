//! Whether the mock's time is right: the way to a Region, and the events of a stream.
//!
//! `cargo bench --bench delay_line` measures the round trips of a client on a thread of its own, less those of the same
//! client to an endpoint without distance, and the events of a stream against the Region model's timeline. With
//! `-- --minutes 10` it goes on for so long and compares the first minute with the last. It fails when a bound is
//! missed on a machine that was quiet enough to tell.

mod client;
mod machine;
#[path = "../rig/mod.rs"]
mod rig;
mod samples;

use std::process::ExitCode;
use std::time::Duration;

use aws_smithy_eventstream::frame::read_message_from;
use bedbench::clock::{Timer, monotonic};
use bedbench::core::units::Rate;
use serde_json::Value;
use tokio::task::{LocalSet, spawn_local};

use client::{Answer, Client};
use machine::Sleeper;
use samples::{Lateness, MEDIAN_WITHIN, P99_WITHIN};

const RATE: Rate = Rate(200.0);
/// Nothing first: what the client takes by itself.
const DISTANCES: [Duration; 5] = [ms(0), ms(5), ms(30), ms(92), ms(140)];

/// A stream of four events with text: the first token comes alone, and then always four.
const STREAM_RTT: Duration = ms(30);
const TTFT: Duration = ms(100);
const TPOT: Duration = ms(10);
const TOKENS: u32 = 13;
const EVENT_GAP: Duration = ms(40);

const MINUTE: Duration = Duration::from_secs(60);

const fn ms(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Some seconds at one endpoint.
#[derive(Default)]
struct Stretch<T> {
    seen: T,
    /// Of a thread that only sleeps, as often as a round trip wakes somebody.
    sleeper: Lateness,
}

impl<T> Stretch<T> {
    /// Whether the machine left half of the bound to the mock.
    fn quiet(&self) -> bool {
        self.sleeper.p99() <= P99_WITHIN.as_secs_f64() * 1e3 / 2.0
    }
}

/// What was seen in one round: by distance, and of the streams.
#[derive(Default)]
struct Round {
    started: Duration,
    round_trips: [Stretch<Lateness>; DISTANCES.len()],
    streams: Stretch<Streams>,
}

impl Round {
    fn quiet(&self) -> usize {
        self.round_trips.iter().map(Stretch::quiet).chain([self.streams.quiet()]).filter(|quiet| *quiet).count()
    }
}

#[derive(Clone, Default)]
struct Streams {
    first_bytes: Lateness,
    gaps: Lateness,
    latencies: Lateness,
}

impl Streams {
    fn note(&mut self, answer: &Answer) {
        let (first, _) = answer.pieces.first().expect("no stream is empty");
        self.first_bytes.push(*first - answer.sent, STREAM_RTT + TTFT);
        let events = answer.pieces.iter().map(|(at, bytes)| {
            let message = read_message_from(bytes.clone()).expect("an event comes in one piece");
            let name = message.headers().iter().find(|header| header.name().as_str() == ":event-type");
            let name =
                name.and_then(|header| header.value().as_string().ok()).expect("it has a name").as_str().to_owned();
            (*at, name, message)
        });
        let events: Vec<_> = events.collect();
        let texts: Vec<_> = events.iter().filter(|(_, name, _)| name == "contentBlockDelta").collect();
        assert_eq!(texts.len(), 4);
        for pair in texts.windows(2) {
            self.gaps.push(pair[1].0 - pair[0].0, EVENT_GAP);
        }
        let (_, name, last) = events.last().expect("not empty");
        assert_eq!(name, "metadata");
        let metadata: Value = serde_json::from_slice(last.payload()).expect("JSON");
        let latency = metadata["metrics"]["latencyMs"].as_u64().expect("a number");
        self.latencies.push(ms(latency), TTFT + TPOT * (TOKENS - 1));
    }

    fn extend(&mut self, other: &Self) {
        self.first_bytes.extend(&other.first_bytes);
        self.gaps.extend(&other.gaps);
        self.latencies.extend(&other.latencies);
    }
}

/// How long to go on.
struct Plan {
    /// Requests to one endpoint before it is the next one's turn.
    stretch: usize,
    at_least: Duration,
}

impl Plan {
    fn from_command_line() -> Self {
        let mut arguments = std::env::args().skip_while(|argument| argument != "--minutes").skip(1);
        let minutes: Option<f64> = arguments.next().map(|minutes| minutes.parse().expect("--minutes takes a number"));
        match (rig::measuring(), minutes) {
            (false, _) => Self { stretch: 10, at_least: Duration::ZERO },
            (true, minutes) => Self { stretch: 200, at_least: MINUTE.mul_f64(minutes.unwrap_or(1.0)) },
        }
    }
}

async fn measure(plan: &Plan) -> Vec<Round> {
    let places = DISTANCES.map(|rtt| rig::sydney(rtt, ms(0), ms(0)));
    // Every answer is as long as a stream: of those that take no time, all tokens come at once.
    let mock = rig::start(places.into_iter().chain([rig::sydney(STREAM_RTT, TTFT, TPOT)]), TOKENS);
    let (streams, whole) = mock.addresses().split_last().expect("it has endpoints");
    let warming = whole.iter().map(|address| spawn_local(Client::warm(*address, "converse", 64)));
    let warming: Vec<_> = warming.collect();
    let streaming = Client::warm(*streams, "converse-stream", 100).await;
    let mut clients = Vec::new();
    for client in warming {
        clients.push(client.await.expect("no client panics"));
    }
    let timer = Timer::start().expect("the system has timers");
    let sleeper = Sleeper::start();
    let begin = monotonic();
    let mut rounds = Vec::new();
    while rounds.is_empty() || begin.elapsed() < plan.at_least {
        let mut round = Round { started: begin.elapsed(), ..Round::default() };
        for ((client, asked), seen) in clients.iter().zip(DISTANCES).zip(&mut round.round_trips) {
            sleeper.lateness();
            let mut late = Lateness::default();
            for answer in client.fire(RATE, plan.stretch, &timer).await {
                assert!(answer.round_trip() >= asked, "sooner than the way takes: {:?}", answer.round_trip());
                late.push(answer.round_trip(), asked);
            }
            *seen = Stretch { seen: late, sleeper: sleeper.lateness() };
        }
        let mut seen = Streams::default();
        streaming.fire(RATE, plan.stretch, &timer).await.iter().for_each(|answer| seen.note(answer));
        round.streams = Stretch { seen, sleeper: sleeper.lateness() };
        rounds.push(round);
    }
    rounds
}

/// Stretches put together: round trips beyond the client's own time, and streams.
struct Whole {
    baseline: Lateness,
    round_trips: [Lateness; DISTANCES.len()],
    streams: Streams,
    sleeper: Lateness,
}

impl Whole {
    fn of<'a>(rounds: impl Iterator<Item = &'a Round>, quiet_only: bool) -> Self {
        let mut round_trips: [Lateness; DISTANCES.len()] = Default::default();
        let mut streams = Streams::default();
        let mut sleeper = Lateness::default();
        for round in rounds {
            for (all, stretch) in round_trips.iter_mut().zip(&round.round_trips) {
                if stretch.quiet() || !quiet_only {
                    all.extend(&stretch.seen);
                    sleeper.extend(&stretch.sleeper);
                }
            }
            if round.streams.quiet() || !quiet_only {
                streams.extend(&round.streams.seen);
            }
        }
        let baseline = round_trips[0].clone();
        let own = baseline.median();
        streams.first_bytes = streams.first_bytes.beyond(own);
        Self { baseline, round_trips: round_trips.map(|late| late.beyond(own)), streams, sleeper }
    }

    fn rows(&self) -> Vec<(String, &Lateness)> {
        let distances = DISTANCES.iter().zip(&self.round_trips).skip(1);
        let mut rows: Vec<_> = distances.map(|(asked, late)| (format!("round trip of {asked:?}"), late)).collect();
        rows.push((format!("first byte after {:?}", STREAM_RTT + TTFT), &self.streams.first_bytes));
        rows.push((format!("events {EVENT_GAP:?} apart"), &self.streams.gaps));
        rows.push((format!("latencyMs of {:?}", TTFT + TPOT * (TOKENS - 1)), &self.streams.latencies));
        rows
    }
}

/// Prints the table, and says whether every bound holds.
fn report(rounds: &[Round]) -> bool {
    let stretches = rounds.len() * (DISTANCES.len() + 1);
    let quiet: usize = rounds.iter().map(Round::quiet).sum();
    let busy = quiet * 2 < stretches;
    let whole = Whole::of(rounds.iter(), !busy);
    println!("The mock's time beyond what was asked for, in ms, at {} requests per second; the client's own", RATE.0);
    println!(
        "round trip without distance, {:.3} at the median and {:.3} at p99, is taken off.",
        whole.baseline.median(),
        whole.baseline.p99()
    );
    println!("Bounds: p50 within {MEDIAN_WITHIN:?}, p99 within {P99_WITHIN:?}, either way.\n");
    println!("{:25}     p50     p99  samples", "asked");
    let mut holds = true;
    for (asked, late) in whole.rows() {
        let verdict = if late.holds() { "ok" } else { "MISSED" };
        println!("{asked:25} {late}  {verdict}");
        holds &= late.holds();
    }
    println!("{:25} {}", "four naps of a thread", whole.sleeper);
    println!(
        "\nIn {} of {stretches} stretches a thread that only naps took half of that bound or more.",
        stretches - quiet
    );
    if busy {
        println!("All were counted: the machine was too busy to judge.");
        return true;
    }
    println!("They were not counted.");
    holds
}

/// The first minute beside the last.
fn report_drift(rounds: &[Round]) -> bool {
    let end = rounds.last().map_or(Duration::ZERO, |round| round.started);
    if end < MINUTE * 2 {
        return true;
    }
    let first = Whole::of(rounds.iter().filter(|round| round.started < MINUTE), false);
    let last = Whole::of(rounds.iter().filter(|round| round.started > end - MINUTE), false);
    println!("\nDrift over {:.1} minutes: medians of the first and of the last, in ms\n", end.as_secs_f64() / 60.0);
    let mut holds = true;
    for ((asked, first), (_, last)) in first.rows().into_iter().zip(last.rows()) {
        let drift = last.median() - first.median();
        let still = drift.abs() <= MEDIAN_WITHIN.as_secs_f64() * 1e3;
        println!(
            "{asked:24} {:+7.3} {:+7.3}  by {drift:+.3}  {}",
            first.median(),
            last.median(),
            if still { "ok" } else { "MISSED" }
        );
        holds &= still;
    }
    holds
}

fn main() -> ExitCode {
    let plan = Plan::from_command_line();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let rounds = LocalSet::new().block_on(&runtime, measure(&plan));
    if !rig::measuring() {
        println!("delay_line: works");
        return ExitCode::SUCCESS;
    }
    let holds = report(&rounds) & report_drift(&rounds);
    if holds { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
