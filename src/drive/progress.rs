//! What is seen while a run goes on, on stderr: one line per route, plain when piped.

use std::io::IsTerminal;
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::collect::lock;
use super::{SentCounts, Stop};
use crate::clock::{self, Clock};
use crate::core::block::Block;
use crate::core::units::{Span, grouped};
use crate::core::{Metric, Outcome, RunTime};
use crate::measure::Recorder;
use crate::measure::recorder::Slice;
use crate::measure::series::Level;

const REDRAW: Duration = Duration::from_millis(200);
/// Lines in a log file, where nothing can be redrawn.
const PLAIN_EVERY: u32 = 50;

/// Shows the run until it is dropped.
pub struct Progress {
    done: Arc<Stop>,
    thread: Option<JoinHandle<()>>,
}

/// Where and how progress is shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Display {
    Silent,
    /// A line per route every ten seconds.
    Plain,
    /// Bars that redraw themselves.
    Bars,
}

impl Display {
    /// Bars to a person, lines to a log.
    pub fn on_stderr(quiet: bool) -> Self {
        match quiet {
            true => Self::Silent,
            false if std::io::stderr().is_terminal() => Self::Bars,
            false => Self::Plain,
        }
    }
}

impl Progress {
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(
        display: Display,
        routes: Vec<String>,
        blocks: Vec<Arc<Block>>,
        clock: Clock,
        recorder: Arc<Mutex<Recorder>>,
        sent: Arc<SentCounts>,
    ) -> std::io::Result<Self> {
        let done = Arc::new(Stop::default());
        let asked = done.clone();
        let show = move || match display {
            Display::Silent => {}
            Display::Plain => plain(&routes, &blocks, &clock, (&recorder, &sent), &asked),
            Display::Bars => bars(&routes, &blocks, &clock, (&recorder, &sent), &asked),
        };
        let thread = std::thread::Builder::new().name("progress".into()).spawn(show)?;
        Ok(Self { done, thread: Some(thread) })
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.done.ask();
        if let Some(thread) = self.thread.take() {
            // A failed display must not take the results with it.
            let _ = thread.join();
        }
    }
}

/// What progress is read from.
type Counts<'a> = (&'a Mutex<Recorder>, &'a SentCounts);

fn end(blocks: &[Arc<Block>]) -> RunTime {
    blocks.last().map_or(RunTime::ZERO, |last| last.end)
}

/// Which turn is on, or was last: `  block 3 of 12`. Nothing where nobody takes turns.
fn turn(blocks: &[Arc<Block>], now: RunTime) -> String {
    if blocks.len() < 2 {
        return String::new();
    }
    let begun = blocks.partition_point(|block| block.start <= now).max(1);
    let pause = if begun < blocks.len() && now > blocks[begun - 1].end { ", pause" } else { "" };
    format!("  block {begun} of {}{pause}", blocks.len())
}

fn plain(routes: &[String], blocks: &[Arc<Block>], clock: &Clock, counts: Counts<'_>, done: &Stop) {
    let mut tick = 0_u32;
    while !done.asked() {
        tick += 1;
        if tick.is_multiple_of(PLAIN_EVERY) {
            let lines = lines(counts);
            let (now, turn) = (clock.now().as_secs_f64(), turn(blocks, clock.now()));
            for (route, line) in routes.iter().zip(lines) {
                say!("{now:5.0} of {:.0} s{turn}  {route}: {line}", end(blocks).as_secs_f64());
            }
        }
        clock::sleep_until(clock::monotonic() + REDRAW);
    }
}

fn bars(routes: &[String], blocks: &[Arc<Block>], clock: &Clock, counts: Counts<'_>, done: &Stop) {
    let length = end(blocks);
    let all = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
    let width = routes.iter().map(|route| console::measure_text_width(route)).max().unwrap_or(0);
    let style = ProgressStyle::with_template("{prefix} {bar:18.cyan/dim} {wide_msg}")
        .expect("the template is ours")
        .progress_chars("━╸─");
    let bars: Vec<_> = routes
        .iter()
        .map(|route| {
            let bar = all.add(ProgressBar::new(length.as_nanos()).with_style(style.clone()));
            let padding = " ".repeat(width - console::measure_text_width(route));
            bar.with_prefix(format!("{route}{padding}"))
        })
        .collect();
    while !done.asked() {
        for (bar, line) in bars.iter().zip(lines(counts)) {
            bar.set_position(clock.now().min(length).as_nanos());
            bar.set_message(line + &turn(blocks, clock.now()));
        }
        clock::sleep_until(clock::monotonic() + REDRAW);
    }
    bars.iter().for_each(ProgressBar::finish_and_clear);
}

/// Counts and percentiles so far, the warm-up included until something is measured.
fn lines((recorder, sent): Counts<'_>) -> Vec<String> {
    // Copied under the lock, computed outside: the collector should not wait for a display.
    let slices: Vec<(Slice, u64)> = {
        let recorder = lock(recorder);
        let routes = recorder.routes().iter().enumerate().map(|(route, series)| {
            let measured = series.whole(recorder.phases());
            match measured.outcomes.total() {
                0 => (series.phases[0].clone(), sent.get(route, false)),
                _ => (measured, sent.get(route, true)),
            }
        });
        routes.collect()
    };
    slices.iter().map(|(slice, sent)| line(slice, *sent)).collect()
}

fn line(slice: &Slice, sent: u64) -> String {
    let sample = slice.sample(Metric::Response);
    let time = |q| match sample.at(q) {
        None => "–".to_owned(),
        Some(Level::At(time)) => Span(time).to_string(),
        Some(Level::Failed) => "failed".to_owned(),
    };
    format!(
        "sent {:>7}  done {:>7}  throttled {:>6}  p50 {:>7}  p95 {:>7}",
        grouped(sent),
        grouped(slice.outcomes.get(Outcome::Ok)),
        grouped(slice.outcomes.get(Outcome::Throttled)),
        time(0.50),
        time(0.95),
    )
}
