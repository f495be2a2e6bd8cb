//! `bedbench sweep`: arguments → configuration → points → knees, crossovers and plots.

mod args;
mod config;
mod fire;
mod knees;
mod progress;

pub use args::SweepArgs;

use std::io;

use super::exit::{Code, Exit, Failure};
use super::simulated::{Bench, cores};
use super::{guard, print, report, style};
use crate::clock;
use crate::core::run::World;
use crate::drive::{Display, LeaveAtSignal};
use crate::report::junit;
use crate::report::plots::sweep::SWEEP_PLOTS;
use crate::report::sweep::{CSV, JSON, SWEEP_FORMATS, text};
use crate::store::Folder;
use crate::store::folder::rfc3339;
use crate::sweep::{Engine, Key, Point, RouteSweep, SCHEMA, Sweep, Unwatched, Watched, explore};
use args::Output;
use config::Config;
use progress::Progress;

pub fn run(args: SweepArgs) -> Result<Exit, Failure> {
    args.junit.as_deref().map_or(Ok(()), report::check_junit)?;
    let config = Config::resolve(&args)?;
    let (created, display) = (clock::unix_nanos(), Display::on_stderr(args.quiet));
    if let Some(path) = &args.out {
        Folder::check_free(path).map_err(|error| Failure::folder(&error))?;
    }
    config.warnings.iter().for_each(|warning| guard::warn(warning));
    let name = match config.world {
        World::Sim => format!("{}-sweep", config.profile.name),
        world => format!("{}-{}-sweep", config.profile.name, world.label().to_lowercase()),
    };
    let folder = || match &args.out {
        Some(path) => Folder::named(path),
        None => Folder::under_results(created, &name),
    };
    if config.world != World::Sim {
        guard::warn_of_ambient_endpoints();
        fire::confirm(&args, &config)?;
        let folder = folder().map_err(|error| Failure::folder(&error))?;
        let sweep = fired(&args, config, created, &folder)?;
        return finish(&args, &sweep, Ok(folder));
    }
    let leave = LeaveAtSignal::saying("interrupted: a part of a sweep says nothing, so nothing was written");
    let leave = leave.map_err(|error| Failure::new(Code::System, error.to_string()))?;
    let sweep = sweep(&config, created, display);
    // From here on there is something to keep.
    drop(leave);
    finish(&args, &sweep, folder())
}

fn finish(args: &SweepArgs, sweep: &Sweep, folder: io::Result<Folder>) -> Result<Exit, Failure> {
    let saved = folder.map_err(|error| error.to_string()).and_then(|folder| {
        let drawn = save(&folder, sweep).map_err(|error| error.to_string())?;
        if args.png { report::save_png(&folder, &drawn).map(|()| folder) } else { Ok(folder) }
    });
    let saved = saved.map_err(|error| Failure::new(Code::CannotWrite, format!("the results are incomplete: {error}")));
    let gates = knees::judge(&args.slo, sweep);
    let cases = || gates.iter().map(junit::of_gate).collect::<Vec<_>>();
    let junit = args.junit.as_ref().map(|path| report::write_junit(path, &sweep.setting.profile, &cases()));
    let shown = match args.format {
        _ if args.quiet => Ok(()),
        Output::Text => print(&text::render(sweep, style())),
        Output::Json => print(&(JSON.render)(sweep)),
        Output::Csv => print(&(CSV.render)(sweep)),
    };
    let folder = saved?;
    if !args.quiet {
        say!("Results in {}", folder.path().display());
    }
    junit.unwrap_or(Ok(())).and(shown)?;
    Ok(report::judge(&gates))
}

/// In real time.
fn fired(args: &SweepArgs, mut config: Config, created: u64, folder: &Folder) -> Result<Sweep, Failure> {
    let fired = fire::fire(args, &config, folder, args.quiet)?;
    if let Some(too_fast) = fired.too_fast {
        let loads = &mut config.question.loads;
        loads.retain(|load| *load < too_fast);
        if loads.len() < 2 {
            return Err(Failure::new(
                Code::TooFast,
                format!(
                    "this machine could not fire {too_fast} requests/s along {} routes as planned, and a sweep needs two loads; \
                 sweep lower loads or fewer routes. The runs are in {}",
                    config.profile.routes.len(),
                    folder.path().join("runs").display()
                ),
            ));
        }
        guard::warn(&format!(
            "this machine could not fire {too_fast} requests/s as planned: that load and all above it are left out"
        ));
    }
    let measure = |key: Key| fired.points[&key].clone();
    Ok(concluded(&config, created, Engine::new(measure, 1, &Unwatched)))
}

/// In virtual time.
fn sweep(config: &Config, created: u64, display: Display) -> Sweep {
    let watched = Watched::for_slos(&config.question.slos);
    let bench = Bench {
        profile: &config.profile,
        scenario: config.scenario.as_ref().expect("what is simulated has a scenario"),
        workload: &config.workload,
        arrival: config.arrival,
        phases: &config.phases,
        length: config.warmup.0 + config.duration.0,
        timeouts: config.timeouts,
        slos: &config.question.slos,
        prices: &config.prices,
        seed: config.seed,
    };
    let measure = |key: Key| bench.measure(key, &watched);
    let progress = Progress::new(display);
    concluded(config, created, Engine::new(measure, cores(), &progress))
}

/// What follows from the points.
fn concluded<M: Fn(Key) -> Point + Sync>(config: &Config, created: u64, mut engine: Engine<'_, M>) -> Sweep {
    let question = &config.question;
    let findings = explore(&mut engine, question);
    let points = engine.into_points(question.routes.len());
    let measured = config.prices.iter().zip(findings.knees).zip(points);
    let routes = config.profile.routes.iter().zip(measured).map(|(route, ((prices, knee), points))| RouteSweep {
        head: route.head(),
        prices: prices.clone(),
        knee,
        points,
    });
    Sweep {
        schema: SCHEMA,
        version: env!("CARGO_PKG_VERSION").to_owned(),
        world: config.world,
        started: rfc3339(created),
        setting: config.setting(),
        loads: question.loads.clone(),
        seeds: question.seeds,
        closer: question.closer,
        slos: question.slos.clone(),
        routes: routes.collect(),
        pairs: findings.pairs,
    }
}

/// Returns the plots, by their files.
fn save(folder: &Folder, sweep: &Sweep) -> io::Result<Vec<(String, String)>> {
    SWEEP_FORMATS.iter().try_for_each(|format| folder.write(format.file, (format.render)(sweep)))?;
    let drawn = SWEEP_PLOTS.iter().map(|plot| (format!("plots/{}", plot.file), (plot.draw)(sweep)));
    let drawn: Vec<_> = drawn.collect();
    drawn.iter().try_for_each(|(file, svg)| folder.write(file, svg))?;
    Ok(drawn)
}
