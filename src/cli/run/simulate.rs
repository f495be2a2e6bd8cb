//! Carries a run out in virtual time, one route after the other.

use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::config::Config;
use super::fire::Fired;
use crate::bedrock::Api;
use crate::cli::exit::{Code, Failure};
use crate::core::RunTime;
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::drive::sim::{ClientModel, Opening, Simulation, Sink, Workers};
use crate::drive::{Display, Ending, Stop, watch_in_background};
use crate::measure::Recorder;
use crate::measure::verdict::Evidence;
use crate::plan::Traffic;
use crate::store::rows::RowWriter;

/// Simulates every route of the profile. Without `rows` only the numbers are kept.
pub fn simulate(
    config: &Config,
    display: Display,
    recorder: Recorder,
    rows: Option<RowWriter>,
) -> Result<Fired, Failure> {
    let stop = Arc::new(Stop::default());
    let signal = watch_in_background(stop.clone()).map_err(|error| Failure::new(Code::System, error.to_string()))?;
    let simulation = Simulation {
        profile: &config.profile,
        scenario: config.scenario.as_ref().expect("what is simulated has a scenario"),
        workload: &config.workload,
        seed: config.seed,
        phases: &config.phases,
        client: ClientModel {
            timeouts: config.timeouts,
            in_flight: config.in_flight,
            prewarm: config.prewarm,
            streams: config.api == Api::ConverseStream,
            opening: Opening::First,
        },
    };
    let routes = config.profile.routes.len();
    let mut kept = Kept { recorder, rows, written: Ok(()), stop, bar: bar(config, display) };
    let mut stopped: Option<RunTime> = None;
    for (route, position) in config.profile.routes.iter().zip(0..) {
        kept.bar.set_message(route.name.clone());
        kept.bar.set_prefix(format!("{} of {routes}", position + 1));
        let ended = match &config.offered.traffic {
            Traffic::Open(load) => simulation.run(route, position, load.requests().peekable(), &mut kept),
            Traffic::Closed(workers) => simulation.run(route, position, Workers::new(workers.clone()), &mut kept),
        };
        let ended = ended.map_err(Failure::usage)?;
        if display == Display::Plain {
            say!("simulated {}, {} of {routes}", route.name, position + 1);
        }
        stopped = stopped.into_iter().chain(ended).min();
    }
    kept.bar.finish_and_clear();
    let Kept { recorder, mut rows, written, .. } = kept;
    let written = written.and_then(|()| rows.as_mut().map_or(Ok(()), RowWriter::flush));
    let signal = Some(signal.load(Ordering::Relaxed)).filter(|code| *code > 0);
    let ending = Ending { stopped, signal, evidence: Evidence::default(), clock: None };
    Ok(Fired { recorder, ending, written, started_unix_nanos: None })
}

fn bar(config: &Config, display: Display) -> ProgressBar {
    let target = match display {
        Display::Bars => ProgressDrawTarget::stderr(),
        Display::Plain | Display::Silent => ProgressDrawTarget::hidden(),
    };
    let style = ProgressStyle::with_template("{prefix}  {bar:24.cyan/dim} {percent:>3} %  {elapsed}  {wide_msg}")
        .expect("the template is ours")
        .progress_chars("━╸─");
    ProgressBar::with_draw_target(Some(config.phases.measured().1.as_nanos()), target).with_style(style)
}

/// What is kept of a simulation, and who may stop it.
struct Kept {
    recorder: Recorder,
    rows: Option<RowWriter>,
    /// A disk that takes no more ends the run.
    written: io::Result<()>,
    stop: Arc<Stop>,
    bar: ProgressBar,
}

impl Sink for Kept {
    fn record(&mut self, request: &RequestRecord, attempts: &[AttemptRecord]) {
        self.recorder.record(request, attempts);
        if let (Some(rows), true) = (&mut self.rows, self.written.is_ok()) {
            self.written =
                attempts.iter().try_for_each(|attempt| rows.attempt(attempt)).and_then(|()| rows.request(request, 0));
        }
    }

    fn stop(&mut self, now: RunTime) -> bool {
        self.bar.set_position(now.as_nanos());
        self.stop.asked() || self.written.is_err()
    }
}
