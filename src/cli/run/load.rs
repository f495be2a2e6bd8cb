//! The load part of a command line: how many requests start, and when.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValue, PossibleValuesParser};

use super::rates::{Rates, Stage};
use crate::cli::exit::{Code, Failure};
use crate::core::phase::PhaseShare;
use crate::core::run::CLOSED_LOOP;
use crate::core::seed::fnv1a;
use crate::core::units::{Rate, Span, chosen_rate};
use crate::core::{RunTime, Seed};
use crate::drive::{usual_in_flight, usual_prewarm};
use crate::plan::arrival::{self, Setting, Settings};
use crate::plan::pattern::{Pattern, TimeOfDay};
use crate::plan::rate_curve::{Piece, RateCurve};
use crate::plan::trace::Trace;
use crate::plan::workload::Workload;
use crate::plan::{ClosedLoop, Load, Traffic};
use crate::profile::Loader;

/// What one process can fire; the pacer's own limit, not the service's.
const MOST_RPS: f64 = 20_000.0;
/// Nobody has such a load; as of a sweep.
const MOST_SIMULATED: f64 = 100_000.0;
/// More do not fit the files that a process may open.
const MOST_WORKERS: usize = 10_000;
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
const USUAL_DURATION: Duration = Duration::from_secs(60);
const USUAL_WARMUP: Duration = Duration::from_secs(5);

/// Below it, hundreds of requests would start at one instant; above, gaps no longer differ.
const BURSTINESS: std::ops::RangeInclusive<f64> = 0.01..=1_000.0;

#[derive(Debug, Args)]
pub struct LoadArgs {
    /// Requests per second and route: 50, 50/s, 3000/min or 50000/day. 5:80 rises from 5 to 80 over the
    /// measured time, after a warm-up at 5. With --pattern it is the mean over the 24 hours
    #[arg(
        long,
        visible_alias = "rate",
        value_name = "RATE[:RATE]",
        allow_hyphen_values = true,
        required_unless_present_any = ["stage", "trace", "concurrency"]
    )]
    pub rps: Option<Rates>,
    /// A stage of the measured time, 2m:50 or 2m:5:80; repeatable, one after the other. Each is reported
    /// apart unless the scenario has several phases of its own. The warm-up runs at the first rate
    #[arg(long, value_name = "TIME:RATE", allow_hyphen_values = true, conflicts_with_all = ["rps", "duration"])]
    pub stage: Vec<Stage>,
    /// How the rate comes and goes over a day in Sydney: a built-in name (see `bedbench pattern list`) or
    /// a .toml file
    #[arg(long, value_name = "NAME|FILE", requires = "rps")]
    pub pattern: Option<String>,
    /// Time of day, in Sydney, at which the measured time of a --pattern begins [default: 00:00]
    #[arg(long, value_name = "HH:MM", requires = "pattern")]
    pub start: Option<TimeOfDay>,
    /// Replay recorded requests: CSV with the header offset,input_tokens,output_tokens and offsets in
    /// seconds. The lengths take the place of the workload's; only a mock writes as much as output_tokens
    #[arg(long, value_name = "FILE", conflicts_with_all = ["rps", "stage"])]
    pub trace: Option<PathBuf>,
    /// CLOSED LOOP, for batch work: so many workers per route, each of which sends its next request when its
    /// last one has ended. Load falls where answers are slow, and percentiles with it
    #[arg(
        long,
        value_name = "N",
        allow_hyphen_values = true,
        conflicts_with_all = ["rps", "stage", "pattern", "trace", "arrival", "burstiness", "in_flight"]
    )]
    pub concurrency: Option<usize>,
    /// Measured time: 90s, 5m, 1m30s [default: 60s; of a trace, all of it]
    #[arg(short, long, short_alias = 'z', value_name = "TIME", allow_hyphen_values = true)]
    pub duration: Option<Span>,
    /// Load before the measured time, left out of every number [default: 5s; none before a trace, of
    /// which it is the beginning]
    #[arg(long, value_name = "TIME", allow_hyphen_values = true)]
    pub warmup: Option<Span>,
    /// When requests start [default: poisson]
    #[arg(long, value_name = "KIND", value_parser = arrivals())]
    pub arrival: Option<String>,
    /// Shape of --arrival gamma: 1 is poisson, below 1 comes in bursts, above 1 is more even [default: 1]
    #[arg(long, value_name = "SHAPE", allow_hyphen_values = true)]
    pub burstiness: Option<f64>,
}

/// What the load part of a command line comes to.
pub struct Offered {
    pub traffic: Traffic,
    pub warmup: Duration,
    /// Measured time.
    pub duration: Duration,
    /// Arrivals to expect, warm-up included; nobody can tell of a closed loop.
    pub arrivals: Option<f64>,
    /// Planned mean over the measured time, of an open loop.
    pub mean: Option<Rate>,
    /// Of an open loop.
    pub arrival: Option<&'static arrival::Entry>,
    /// Requests that may be in flight per route, unless somebody says otherwise.
    pub in_flight: usize,
    /// Connections opened before the start, unless somebody says otherwise.
    pub prewarm: usize,
    pub stages: Vec<Stage>,
    pub pattern: Option<Pattern>,
    /// FNV-1a of the trace.
    pub trace: Option<String>,
    /// In words.
    pub label: String,
    /// What the user should know before anything is fired.
    pub warning: Option<String>,
}

/// What holds of a load that nobody says otherwise of.
#[derive(Clone, Copy)]
pub struct Usual {
    /// Measured time.
    pub duration: Option<Span>,
    /// Who share the load evenly; what one of them may have in flight is its own.
    pub clients: u32,
    /// Nothing has to be fired in time.
    pub simulated: bool,
}

/// A trace, and what identifies it.
struct Recorded {
    trace: Trace,
    name: String,
    hash: String,
}

impl LoadArgs {
    /// Returns the workload with the lengths of the trace, if there is one.
    ///
    /// # Errors
    /// One clear line about the first thing that cannot be.
    pub fn resolve(
        self,
        loader: &Loader,
        workload: Workload,
        seed: Seed,
        usual: Usual,
    ) -> Result<(Offered, Workload), Failure> {
        if let Some(workers) = self.concurrency {
            return Ok((self.closed(workers, &workload, seed)?, workload));
        }
        let arrival = self.arrival()?;
        self.check_rates(&usual)?;
        let recorded = self.trace.as_deref().map(Recorded::read).transpose()?;
        let pattern = self.pattern.as_deref().map(|name| loader.pattern(name)).transpose()?;
        let (warmup, duration) =
            self.times(recorded.as_ref(), usual.duration.map_or(USUAL_DURATION, |duration| duration.0))?;
        let rates = match (&recorded, &pattern, self.rps) {
            // An offset in seconds is the number of arrivals to expect at one per second.
            (Some(_), ..) => RateCurve::level(Rate(1.0), warmup + duration),
            (None, Some(pattern), Some(mean)) => {
                let day = pattern.day_from(self.start.unwrap_or_default(), mean.from);
                RateCurve::new(warmup, duration, day.into_iter().cycle())
            }
            (None, None, Some(rates)) => RateCurve::new(warmup, duration, [rates.over(duration)]),
            (None, _, None) => RateCurve::new(warmup, duration, self.stages()),
        };
        let end = RunTime::from_duration(warmup + duration);
        let measured = rates.arrivals() - rates.arrivals_by(RunTime::from_duration(warmup));
        let (arrivals, measured, peak) = match &recorded {
            None => (rates.arrivals(), measured, rates.peak()),
            Some(Recorded { trace, .. }) => {
                let before = |at: RunTime| trace.rows().partition_point(|row| row.offset < at.as_secs_f64()) as f64;
                (before(end), before(end) - before(RunTime::from_duration(warmup)), trace.peak())
            }
        };
        if peak.0 > usual.most() {
            let flag = if recorded.is_some() { "--trace" } else { "--rps with --pattern" };
            return Err(Failure::new(Code::TooManyRequests, usual.too_fast(flag, " at its peak")));
        }
        let own = Rate(peak.0 / f64::from(usual.clients));
        // Not by way of the integral, which rounds.
        let level = recorded.is_none() && rates.is_level();
        let mean = if level { peak } else { Rate(measured / duration.as_secs_f64()) };
        let trace = recorded.as_ref().map(|recorded| recorded.trace.clone());
        let settings = Settings { burstiness: self.burstiness, trace: trace.clone() };
        let workload = Workload { trace, ..workload };
        let offered = Offered {
            label: self.label(arrival, pattern.as_ref(), recorded.as_ref()),
            traffic: Traffic::Open(Load::new(rates, arrival, settings, &workload, seed)),
            warmup,
            duration,
            arrivals: Some(arrivals),
            mean: Some(mean),
            arrival: Some(arrival),
            in_flight: usual_in_flight(own),
            prewarm: usual_prewarm(own),
            stages: self.stage,
            pattern,
            warning: recorded.as_ref().and_then(|recorded| recorded.cut_short(workload.max_tokens)),
            trace: recorded.map(|recorded| recorded.hash),
        };
        Ok((offered, workload))
    }

    fn closed(&self, workers: usize, workload: &Workload, seed: Seed) -> Result<Offered, Failure> {
        if !(1..=MOST_WORKERS).contains(&workers) {
            return Err(Failure::usage(format!("--concurrency must be from 1 to {MOST_WORKERS}, not {workers}")));
        }
        let (warmup, duration) = self.times(None, USUAL_DURATION)?;
        Ok(Offered {
            traffic: Traffic::Closed(ClosedLoop::new(workers, warmup + duration, workload, seed)),
            warmup,
            duration,
            arrivals: None,
            mean: None,
            arrival: None,
            in_flight: workers,
            prewarm: workers,
            stages: Vec::new(),
            pattern: None,
            trace: None,
            label: format!("{CLOSED_LOOP} of {workers} {}", if workers == 1 { "worker" } else { "workers" }),
            warning: None,
        })
    }

    /// The process, when the settings that were given are its own.
    fn arrival(&self) -> Result<&'static arrival::Entry, Failure> {
        let given = [
            (Setting::Burstiness, "--burstiness", self.burstiness.is_some()),
            (Setting::Trace, "--trace", self.trace.is_some()),
        ];
        let named = self.arrival.as_deref().and_then(arrival::find);
        let brought = arrival::heeding(Setting::Trace).filter(|_| self.trace.is_some());
        let arrival = named.or(brought).unwrap_or(&arrival::ARRIVALS[0]);
        for (setting, flag, is_given) in given {
            let heeding = arrival::heeding(setting).map_or("", |entry| entry.name);
            if is_given && arrival.heeds != Some(setting) {
                let what = format!("{flag} goes with --arrival {heeding} and not with {}", arrival.name);
                return Err(Failure::usage(what));
            }
        }
        if arrival.heeds == Some(Setting::Trace) && self.trace.is_none() {
            return Err(Failure::new(Code::Combination, format!("--arrival {} needs --trace FILE", arrival.name)));
        }
        match self.burstiness.filter(|shape| !BURSTINESS.contains(shape)) {
            Some(shape) => Err(Failure::usage(format!(
                "--burstiness must be from {} to {}, not {shape}; 1 is poisson",
                BURSTINESS.start(),
                BURSTINESS.end()
            ))),
            None => Ok(arrival),
        }
    }

    fn check_rates(&self, usual: &Usual) -> Result<(), Failure> {
        let wrong = |what: String| Err(Failure::usage(what));
        if let Some(stage) = self.stage.iter().find(|stage| stage.length.0.is_zero()) {
            return wrong(format!("--stage {stage} must last longer than 0 s"));
        }
        let (flag, peaks): (_, Vec<f64>) = match &self.rps {
            Some(rates) => ("--rps", vec![rates.peak()]),
            None => ("--stage", self.stage.iter().map(|stage| stage.rates.peak()).collect()),
        };
        if peaks.iter().any(|peak| *peak > usual.most()) {
            return wrong(usual.too_fast(flag, ""));
        }
        if self.trace.is_none() && peaks.iter().all(|peak| *peak == 0.0) {
            return wrong(format!("{flag} must be above 0 at some time"));
        }
        match self.rps.filter(|rates| self.pattern.is_some() && rates.from != rates.to) {
            Some(_) => wrong("--rps takes one rate with --pattern: the mean over the day".to_owned()),
            None => Ok(()),
        }
    }

    /// Warm-up and measured time.
    fn times(&self, recorded: Option<&Recorded>, usual: Duration) -> Result<(Duration, Duration), Failure> {
        let wrong = |what: &str| Err(Failure::usage(what));
        let asked = self.duration.map(|duration| duration.0);
        if asked.is_some_and(|duration| duration.is_zero()) {
            return wrong("--duration must be above 0");
        }
        let usual_warmup = if recorded.is_some() { Duration::ZERO } else { USUAL_WARMUP };
        let warmup = self.warmup.map_or(usual_warmup, |warmup| warmup.0);
        if asked.is_some_and(|duration| duration > LONGEST) || warmup > LONGEST {
            return wrong("--duration and --warmup can be at most 7 days");
        }
        if let Some(Recorded { trace, .. }) = recorded {
            let rest = Duration::from_secs(trace.seconds()).saturating_sub(warmup);
            let duration = asked.map_or(rest, |asked| asked.min(rest));
            return match duration {
                none if none.is_zero() => wrong("--warmup leaves nothing of the trace to measure; shorten it"),
                long if long > LONGEST => wrong("--trace is longer than 7 days; cut it with --duration"),
                duration => Ok((warmup, duration)),
            };
        }
        let stages = self.stage.iter().try_fold(Duration::ZERO, |sum, stage| sum.checked_add(stage.length.0));
        match stages {
            Some(none) if none.is_zero() => Ok((warmup, asked.unwrap_or(usual))),
            Some(sum) if sum <= LONGEST => Ok((warmup, sum)),
            _ => wrong("--stage: all together can be at most 7 days"),
        }
    }

    fn stages(&self) -> impl Iterator<Item = Piece> {
        self.stage.iter().map(|stage| stage.rates.over(stage.length.0))
    }

    fn label(&self, arrival: &arrival::Entry, pattern: Option<&Pattern>, recorded: Option<&Recorded>) -> String {
        let process = match self.burstiness {
            Some(shape) => format!("{} (burstiness {shape})", arrival.name),
            None => arrival.name.to_owned(),
        };
        match (recorded, pattern, self.rps) {
            (Some(recorded), ..) => format!("trace {}", recorded.name),
            (None, Some(pattern), Some(mean)) => {
                let start = self.start.unwrap_or_default();
                format!("{mean} over the day, pattern {} from {start}, {process}", pattern.name)
            }
            (None, None, Some(rates)) => format!("{rates} {process}"),
            (None, _, None) => {
                let peak = self.stage.iter().map(|stage| stage.rates.peak()).fold(0.0, f64::max);
                let noun = if self.stage.len() == 1 { "stage" } else { "stages" };
                format!("{} {noun} of up to {}, {process}", self.stage.len(), chosen_rate(Rate(peak)))
            }
        }
    }
}

impl Offered {
    /// Phases of the measured time. Those that the scenario lays out stay; stages are phases where it
    /// lays out none, or one. A rate that changes inside a phase is something scheduled.
    pub fn phases(&self, scenario: Vec<PhaseShare>) -> Vec<PhaseShare> {
        let undisturbed = scenario.iter().all(|phase| phase.steady);
        if !self.stages.is_empty() && scenario.len() < 2 {
            let phase = |(stage, number): (&Stage, usize)| PhaseShare {
                name: format!("stage {number} ({})", stage.rates),
                share: stage.length.0.as_secs_f64(),
                steady: undisturbed && stage.rates.from == stage.rates.to,
            };
            return self.stages.iter().zip(1..).map(phase).collect();
        }
        let level = match &self.traffic {
            Traffic::Open(load) => self.trace.is_none() && load.rates().is_level(),
            Traffic::Closed(_) => true,
        };
        let phases = if scenario.is_empty() { vec![PhaseShare::whole(true)] } else { scenario };
        phases.into_iter().map(|phase| PhaseShare { steady: phase.steady && level, ..phase }).collect()
    }
}

impl Usual {
    /// Requests per second of all clients.
    fn most(&self) -> f64 {
        if self.simulated { MOST_SIMULATED } else { MOST_RPS * f64::from(self.clients) }
    }

    fn too_fast(&self, flag: &str, when: &str) -> String {
        let most = self.most();
        match self.simulated {
            true => format!("{flag} can be at most {most}/s{when} in a simulation; lower it"),
            false => format!(
                "{flag} can be at most {most}/s{when}: one bedbench cannot fire more than {MOST_RPS}/s; share the plan with --shard, or \
                 simulate it with --sim"
            ),
        }
    }
}

impl Recorded {
    fn read(path: &Path) -> Result<Self, Failure> {
        let shown = path.display();
        let bytes =
            std::fs::read(path).map_err(|error| Failure::new(Code::Unreadable, format!("--trace {shown}: {error}")))?;
        let trace = Trace::read(&bytes).map_err(|error| Failure::new(Code::Unreadable, format!("{shown}:{error}")))?;
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(Self { trace, name, hash: format!("{:016x}", fnv1a(&bytes)) })
    }

    /// Recorded answers that were longer than the workload allows.
    fn cut_short(&self, max_tokens: u32) -> Option<String> {
        let outputs = self.trace.rows().iter().map(|row| row.output_tokens);
        let longer = outputs.clone().filter(|tokens| *tokens > max_tokens).count();
        let longest = outputs.max().filter(|_| longer > 0)?;
        Some(format!(
            "{longer} of the {} answers in {} are longer than max_tokens, {max_tokens}, and will end there; \
             allow them with --set workload.max_tokens={longest}",
            self.trace.rows().len(),
            self.name
        ))
    }
}

/// The kinds of arrivals, with what they are.
pub fn arrivals() -> PossibleValuesParser {
    arrival::ARRIVALS.iter().map(|entry| PossibleValue::new(entry.name).help(entry.summary)).collect::<Vec<_>>().into()
}
