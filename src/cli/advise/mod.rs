//! `bedbench advise`: arguments → configuration → every candidate simulated at two loads → a recommendation.

mod args;
mod config;

pub use args::AdviseArgs;

use super::exit::{Exit, Failure};
use super::{print, style};
use crate::core::Seed;
use crate::core::units::Rate;
use crate::drive::LeaveAtSignal;
use crate::drive::sim::{ClientModel, Simulation};
use crate::measure::Recorder;
use crate::plan::Load;
use crate::plan::arrival::{self, Settings};
use crate::plan::rate_curve::RateCurve;
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
    let leave = leave.map_err(|error| Failure::failed(error.to_string()))?;
    if !args.quiet {
        let (routes, load) = (config.profile.routes.len(), config.setting.rps.0);
        eprintln!("simulating {routes} routes at {load}/s and {}/s under {} seeds", 2.0 * load, config.setting.seeds);
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
    let measure = |key: Key| {
        let recorder = simulate(config, key);
        Point::read((&recorder, 0), (key.rps(), seed(config, key).0), &watched, &config.prices[key.route])
    };
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let mut engine = Engine::new(measure, cores, &Unwatched);
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

fn seed(config: &Config, key: Key) -> Seed {
    Seed(config.setting.seed.wrapping_add(key.seed))
}

fn simulate(config: &Config, key: Key) -> Recorder {
    let (rate, seed) = (Rate(key.rps()), seed(config, key));
    let rates = RateCurve::level(rate, config.setting.warmup.0 + config.setting.duration.0);
    let poisson = arrival::find("poisson").expect("it ships");
    let load = Load::new(rates, poisson, Settings::default(), &config.workload, seed);
    let simulation = Simulation {
        profile: &config.profile,
        scenario: &config.scenario,
        workload: &config.workload,
        seed,
        phases: &config.phases,
        client: ClientModel { timeouts: config.timeouts, ..ClientModel::usual(rate) },
    };
    let mut recorder = Recorder::new(config.phases.clone(), config.slos.clone(), 1);
    let route = &config.profile.routes[key.route];
    simulation.run(route, 0, load.requests().peekable(), &mut recorder).expect("the Region model was built before");
    recorder
}
