//! From what was typed to what is swept: defaults and files resolved, everything checked.

use std::time::Duration;

use super::args::SweepArgs;
use crate::cli::exit::{Code, Failure};
use crate::core::gate::{Gate, Objective};
use crate::core::phase::Phases;
use crate::core::price::PricedTarget;
use crate::core::request::Timeouts;
use crate::core::residency::Standing;
use crate::core::run::World;
use crate::core::slo::Slo;
use crate::core::units::{Span, grouped, typed};
use crate::govern::Prices;
use crate::plan::arrival;
use crate::plan::workload::Workload;
use crate::profile::{Profile, Scenario, in_place_of};
use crate::sweep::{Question, Setting};

/// Below it the tail of a point is chance.
const SHORTEST: Duration = Duration::from_secs(30 * 60);
const LONGEST: Duration = Duration::from_secs(7 * 24 * 3600);
const MOST_RPS: f64 = 100_000.0;
/// Points of the grid.
const MOST_POINTS: u64 = 20_000;

pub struct Config {
    pub world: World,
    pub profile: Profile,
    pub workload: Workload,
    /// What is modelled has one.
    pub scenario: Option<Scenario>,
    pub latency: Option<String>,
    pub set: Vec<String>,
    pub arrival: &'static arrival::Entry,
    pub duration: Span,
    pub warmup: Span,
    pub phases: Phases,
    pub timeouts: Timeouts,
    /// The first of the seeds.
    pub seed: u64,
    pub question: Question,
    /// By route.
    pub prices: Vec<Vec<PricedTarget>>,
    /// What the user should know before anything is simulated.
    pub warnings: Vec<String>,
}

impl Config {
    /// # Errors
    /// One clear line about the first thing that cannot be.
    pub fn resolve(args: &SweepArgs) -> Result<Self, Failure> {
        let loads = args.rps.spaced(args.steps).map_err(|wrong| Failure::usage(format!("--rps: {wrong}")))?;
        check_numbers(args, loads[loads.len() - 1])?;
        let loader = args.sources.loader(args.latency.as_deref())?;
        let mut profile = loader.profile(&args.profile)?;
        profile.select(&args.route).map_err(|wrong| Failure::new(Code::UnknownName, wrong))?;
        if args.no_reference {
            profile.routes.retain(|route| route.standing == Standing::Candidate);
        }
        if profile.routes.is_empty() {
            return Err(Failure::new(
                Code::NoRoute,
                "no route is left to sweep; drop --no-reference or name another --route",
            ));
        }
        let points = loads.len() as u64 * args.seeds() * profile.routes.len() as u64;
        if points > MOST_POINTS {
            return Err(Failure::new(
                Code::TooManyRequests,
                format!(
                    "{} points are more than one sweep takes ({}); take fewer loads, --seeds or routes",
                    grouped(points),
                    grouped(MOST_POINTS)
                ),
            ));
        }
        let workload = loader.workload(&args.workload)?;
        let slos = slos(&args.slo, &profile, &workload)?;
        if slos.is_empty() {
            return Err(Failure::new(
                Code::Objective,
                format!(
                    "workload `{}` has no objective, and a knee needs one; give it with --slo 'ttft:p95<900ms'",
                    workload.name
                ),
            ));
        }
        let timeouts = Timeouts::default();
        if let Some(slo) = slos.iter().find(|slo| slo.limit >= timeouts.request) {
            return Err(Failure::new(
                Code::Objective,
                format!(
                    "--slo {slo}: a request ends after {}, so nobody can miss it; lower the limit",
                    Span(timeouts.request)
                ),
            ));
        }
        let (world, duration, warmup) = (args.world(), args.duration(), args.warmup());
        let scenario = world.is_modelled().then(|| loader.scenario(args.scenario())).transpose()?;
        let shares = scenario.as_ref().map(Scenario::phases).unwrap_or_default();
        let phases = Phases::lay_out(warmup.0, duration.0, &shares);
        // Before the first point, and not in its midst: a Region model that cannot be built ends the sweep.
        if let Some(scenario) = &scenario {
            profile.places(|region| scenario.during(&phases, region)).map_err(Failure::usage)?;
        }
        Ok(Self {
            prices: price(&profile, &args.prices.read()?)?,
            question: Question {
                routes: profile.routes.iter().map(|route| route.name.clone()).collect(),
                loads,
                seeds: args.seeds(),
                slos,
                deadline: timeouts.request,
                closer: world == World::Sim,
            },
            warnings: profile.warnings.iter().map(ToString::to_string).collect(),
            latency: loader.latency(),
            set: args.sources.set.iter().map(ToString::to_string).collect(),
            arrival: arrival::find(&args.arrival).expect("clap took only names of the list"),
            world,
            duration,
            warmup,
            phases,
            seed: args.seed,
            profile,
            workload,
            scenario,
            timeouts,
        })
    }

    pub fn setting(&self) -> Setting {
        Setting {
            profile: self.profile.name.clone(),
            workload: self.workload.name.clone(),
            scenario: self.scenario.as_ref().map(|scenario| scenario.name.clone()),
            latency: self.latency.clone(),
            set: self.set.clone(),
            arrival: self.arrival.name.to_owned(),
            warmup: self.warmup,
            duration: self.duration,
            deadline: Span(self.timeouts.request),
            residency: self.profile.residency.allowed().collect(),
            seed: self.seed,
        }
    }
}

/// What decides the knees: the latency objectives that were asked for, or else the workload's.
fn slos(gates: &[Gate], profile: &Profile, workload: &Workload) -> Result<Vec<Slo>, Failure> {
    for gate in gates {
        let wrong = match (&gate.objective, gate.route.as_deref()) {
            (Objective::Latency(_), None) => continue,
            (Objective::Latency(_), Some(_)) => "a sweep holds every route to the same latency".to_owned(),
            (Objective::Knee(_), route) => match route.filter(|name| profile.routes.iter().all(|r| r.name != **name)) {
                None => continue,
                Some(route) => {
                    let names = profile.routes.iter().map(|route| route.name.as_str());
                    format!("no route `{route}` is swept{}", in_place_of(route, "There are", names))
                }
            },
            _ => "it is for one load; hold `bedbench run --sim` to it, and a sweep to knee>40/s".to_owned(),
        };
        return Err(Failure::new(Code::Objective, format!("--slo {gate}: {wrong}")));
    }
    let asked: Vec<_> = gates.iter().filter_map(Gate::slo).collect();
    Ok(if asked.is_empty() { workload.slo.clone() } else { asked })
}

fn check_numbers(args: &SweepArgs, most: f64) -> Result<(), Failure> {
    if most > MOST_RPS {
        return Err(Failure::usage(format!("--rps: a load can be at most {MOST_RPS}/s, and {most} is above it")));
    }
    let (duration, warmup) = (args.duration(), args.warmup());
    if duration.0 < SHORTEST && args.world() == World::Sim {
        return Err(Failure::new(
            Code::TooFewRequests,
            format!(
                "--duration {}: a point needs at least 30m, or its tail is chance; leave it out or raise it",
                typed(duration.0)
            ),
        ));
    }
    if duration.0 > LONGEST || warmup.0 > LONGEST {
        return Err(Failure::usage("--duration and --warmup can be at most 7 days"));
    }
    let requests = most * (duration.0 + warmup.0).as_secs_f64();
    if requests > f64::from(u32::MAX) {
        return Err(Failure::new(
            Code::TooManyRequests,
            format!(
                "{requests:.0} requests at the highest load are more than a plan can number ({}); lower --rps or --duration",
                u32::MAX
            ),
        ));
    }
    Ok(())
}

/// What every target of every route costs.
fn price(profile: &Profile, prices: &Prices) -> Result<Vec<Vec<PricedTarget>>, Failure> {
    let wrong = |error: &dyn std::fmt::Display| Failure::new(Code::Unreadable, error.to_string());
    let targets = |route: &crate::profile::Route| {
        let priced = route.targets.iter().map(|target| {
            let price = prices.of(target, &profile.models).map_err(|missing| wrong(&missing))?;
            Ok(PricedTarget { region: target.endpoint(), model: target.model().to_owned(), price })
        });
        priced.collect::<Result<Vec<_>, Failure>>()
    };
    profile.routes.iter().map(targets).collect()
}
