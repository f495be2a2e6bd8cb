//! `bedbench advise`: arguments → configuration → every candidate simulated at two loads → a recommendation.

mod args;
mod config;

pub use args::AdviseArgs;

use super::exit::{Code, Exit, Failure};
use super::simulated::{Bench, cores};
use super::{print, style};
use crate::drive::LeaveAtSignal;
use crate::plan::arrival;
use crate::report::advise::{Advice, matrix, matrix_json, render};
use crate::sweep::advice::{Candidate, Held};
use crate::sweep::{Engine, Key, Point, Unwatched, Watched};
use args::Output;
use config::Config;

pub fn run(args: &AdviseArgs) -> Result<Exit, Failure> {
    if args.matrix {
        print(&match args.format {
            Output::Text => matrix(style()),
            Output::Json => matrix_json(),
        })?;
        return Ok(Exit::Ok);
    }
    let config = Config::resolve(args)?;
    let leave = LeaveAtSignal::saying("interrupted: a part of the simulations makes no advice");
    let leave = leave.map_err(|error| Failure::new(Code::System, error.to_string()))?;
    if !args.quiet {
        let (routes, load) = (config.profile.routes.len(), config.setting.rps.0);
        say!("simulating {routes} routes at {load}/s and {}/s under {} seeds", 2.0 * load, config.setting.seeds);
    }
    let candidates = candidates(&config);
    drop(leave);
    let advice = Advice::new(config.setting, config.slos, candidates, config.warnings);
    print(&match args.format {
        Output::Text => render(&advice, style()),
        Output::Json => advice.json(),
    })?;
    Ok(if advice.recommended.is_some() { Exit::Ok } else { Exit::SloMissed })
}

/// Every route under every seed, at the load that was asked for and at twice it.
fn candidates(config: &Config) -> Vec<Candidate> {
    let setting = &config.setting;
    let loads = [setting.rps.0, setting.rps.0 * 2.0];
    let watched = Watched::for_slos(&config.slos);
    let bench = Bench {
        profile: &config.profile,
        scenario: &config.scenario,
        workload: &config.workload,
        arrival: arrival::find("poisson").expect("it ships"),
        phases: &config.phases,
        length: setting.warmup.0 + setting.duration.0,
        timeouts: config.timeouts,
        slos: &config.slos,
        prices: &config.prices,
        seed: setting.seed,
    };
    let measure = |key: Key| bench.measure(key, &watched);
    let mut engine = Engine::new(measure, cores(), &Unwatched);
    let routes = 0..config.profile.routes.len();
    let all = routes.flat_map(|route| loads.map(|load| (route, load)));
    engine.ensure(all.flat_map(|(route, load)| (0..setting.seeds).map(move |seed| Key::new(route, load, seed))));
    let points = engine.into_points(config.profile.routes.len());
    let candidate = |((route, refused), points): ((&crate::profile::Route, &Option<String>), Vec<Point>)| {
        // Ascending by load: the lower one's seeds come first.
        let (asked, doubled) = points.split_at(setting.seeds as usize);
        Candidate {
            head: route.head(),
            refused: refused.clone(),
            asked: Held::of(asked, &config.slos),
            doubled: Held::of(doubled, &config.slos),
        }
    };
    config.profile.routes.iter().zip(&config.refused).zip(points).map(candidate).collect()
}
