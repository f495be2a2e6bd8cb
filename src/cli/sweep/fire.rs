//! A sweep in real time: each load and seed is a `bedbench run` of all routes, whose folder is kept.

use std::collections::BTreeMap;
use std::time::Duration;

use super::args::{SweepArgs, WorldArgs};
use super::config::Config;
use crate::cli::exit::{Code, Exit, Failure};
use crate::cli::guard;
use crate::cli::run::{self, Finished, Output, RunArgs, ShardArgs, finish};
use crate::cli::style_on_stderr;
use crate::core::run::World;
use crate::core::units::{grouped, length, significant};
use crate::drive::Display;
use crate::govern::outlook::Load as Asked;
use crate::report::plan::render;
use crate::store::Folder;
use crate::sweep::{Key, Point, Question, Watched};

/// Fires every load under every seed, one after the other. A load at which this machine was too slow to fire as planned
/// says nothing about the service: it is left out, and so is all above it.
///
/// # Errors
/// When a run cannot be made, was refused, or was interrupted.
pub fn fire(args: &SweepArgs, config: &Config, folder: &Folder, quiet: bool) -> Result<Fired, Failure> {
    let question = &config.question;
    let watched = Watched::for_slos(&question.slos);
    let mut fired = Fired::default();
    let all = points(question).count();
    for (number, (load, seed)) in (1..).zip(points(question)) {
        if fired.too_fast.is_some_and(|too_fast| load >= too_fast) {
            continue;
        }
        let display = if quiet { Display::Silent } else { Display::on_stderr(false) };
        if display != Display::Silent {
            say!("{number} of {all}");
        }
        let run = resolve(args, config, (load, seed))?;
        let drawn = run.seed.0;
        let name = format!("runs/{}rps-seed{drawn}", significant(load));
        let (run_folder, manifest, done) =
            run::carry_out(&run, |_| Folder::named(&folder.path().join(&name)), display, true)?;
        for route in 0..config.profile.routes.len() {
            let recorder = (&done.recorder, route);
            let point = Point::read(recorder, (load, drawn), &watched, &config.prices[route]);
            fired.points.insert(Key::new(route, load, seed), point);
        }
        let done =
            Finished { config: run, folder: run_folder, manifest, fired: done, output: Output::Text, quiet: true };
        match finish(done)? {
            Exit::Ok | Exit::SloMissed => {}
            Exit::Invalid => fired.too_fast = Some(load),
            Exit::Interrupted(code) => {
                let runs = folder.path().join("runs");
                return Err(Failure::new(
                    Code::Interrupted(code),
                    format!("a part of a sweep says nothing; the runs that were made are in {}", runs.display()),
                ));
            }
            other => return Err(Failure::new(Code::NothingAnswered, format!("{name} ended with {other:?}"))),
        }
    }
    Ok(fired)
}

/// What was measured.
#[derive(Default)]
pub struct Fired {
    pub points: BTreeMap<Key, Point>,
    /// The lowest load that this machine could not fire as planned.
    pub too_fast: Option<f64>,
}

/// The run at one load under one seed.
fn resolve(args: &SweepArgs, config: &Config, (load, seed): (f64, u64)) -> Result<run::Config, Failure> {
    let WorldArgs { endpoint, endpoint_credentials, endpoint_ca, .. } = &args.world;
    let mut line: Vec<String> = Vec::new();
    let mut say = |flag: &str, value: String| line.extend([format!("--{flag}"), value]);
    say("rps", load.to_string());
    say("seed", config.seed.wrapping_add(seed).to_string());
    say("duration", config.duration.to_string().replace(' ', ""));
    say("warmup", config.warmup.to_string().replace(' ', ""));
    say("arrival", args.arrival.clone());
    say("profile", args.profile.clone());
    say("workload", args.workload.clone());
    config.profile.routes.iter().for_each(|route| say("route", route.name.clone()));
    config.question.slos.iter().for_each(|slo| say("slo", slo.to_string()));
    if let Some(latency) = &args.latency {
        say("latency", latency.clone());
    }
    if config.world == World::Mock {
        say("scenario", args.scenario().to_owned());
        line.push("--mock".into());
    }
    let mut run = RunArgs::typed(&line).map_err(|wrong| Failure::new(Code::Arguments, wrong.to_string()))?;
    run.shards = ShardArgs::alone();
    run.sources = args.sources.clone();
    run.prices.clone_from(&args.prices);
    run.endpoint.clone_from(endpoint);
    run.endpoint_credentials = *endpoint_credentials;
    run.endpoint_ca.clone_from(endpoint_ca);
    // Loads and seeds stand for the rounds that a single run would make.
    if !config.world.is_modelled() && config.profile.groups().iter().any(|group| group.len() > 1) {
        run.turns = run.turns.once();
    }
    run::Config::resolve(run)
}

fn points(question: &Question) -> impl Iterator<Item = (f64, u64)> {
    question.loads.iter().flat_map(|load| (0..question.seeds).map(|seed| (*load, seed)))
}

/// Says what is to come, and asks where it costs money.
///
/// # Errors
/// When a run cannot be made, or nobody says yes.
pub fn confirm(args: &SweepArgs, config: &Config) -> Result<(), Failure> {
    let (mut asked, mut time, mut last, mut runs) = (Asked::default(), Duration::ZERO, None, 0);
    for point in points(&config.question) {
        let run = resolve(args, config, point)?;
        let (of_run, outlooks) = run.outlook()?;
        asked = asked.then(of_run);
        time += run.lasts();
        last = Some((run, outlooks));
        runs += 1;
    }
    let all = format!("{} runs, one after the other: about {}", grouped(runs), length(time));
    match last.filter(|(run, _)| run.spends()) {
        Some((run, outlooks)) => {
            let shown = run.show(&all, asked, &outlooks, |planned| render(planned, style_on_stderr()));
            guard::confirm(&format!("{}{shown}", guard::COSTS), args.world.yes, None)?;
        }
        None if !args.quiet => say!("{all}"),
        None => {}
    }
    Ok(())
}
