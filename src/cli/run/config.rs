//! From what was typed to what is run: defaults and files resolved, everything checked.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use super::args::{ApiArg, RunArgs};
use super::load::{Offered, Usual};
use super::shard::Part;
use super::turns;
use crate::bedrock::Api;
use crate::cli::exit::{Code, Failure};
use crate::cli::files;
use crate::cli::report::check_junit;
use crate::cli::sources::read_ca;
use crate::core::block::Block;
use crate::core::gate::{Gate, Objective};
use crate::core::phase::Phases;
use crate::core::request::Timeouts;
use crate::core::residency::Standing;
use crate::core::run::{self, World};
use crate::core::slo::Slo;
use crate::core::units::{grouped, length};
use crate::core::{Metric, RegionId, RunTime, Seed, Shard};
use crate::govern::{Prices, Purse};
use crate::plan::workload::Workload;
use crate::plan::{Load, Plan, Traffic};
use crate::profile::{Profile, Scenario, in_place_of};

/// They are counted before the first is fired, a tenth of a second a million; and no process fires so many in a day.
const MOST_REQUESTS: f64 = 200e6;

/// File descriptors for everything but connections.
const SPARE_FILES: u64 = 128;

pub struct Config {
    pub world: World,
    pub profile: Profile,
    pub workload: Workload,
    pub scenario: Option<Scenario>,
    pub latency: Option<String>,
    /// Single values from the command line.
    pub set: Vec<String>,
    pub api: Api,
    pub offered: Offered,
    pub phases: Phases,
    /// The turns that routes take; empty where all are fired at once.
    pub blocks: Vec<Arc<Block>>,
    /// Of an open loop in real time; all else is drawn on the way.
    pub plan: Option<Arc<Plan>>,
    pub seed: Seed,
    /// Which requests of the plan are fired here, and when it starts.
    pub part: Part,
    pub slos: Vec<Slo>,
    /// What fails the run when it is missed.
    pub gates: Vec<Gate>,
    /// Draw the plots as PNG too.
    pub png: bool,
    /// Where the objectives go as JUnit XML.
    pub junit: Option<PathBuf>,
    pub in_flight: usize,
    pub prewarm: usize,
    pub connections: usize,
    pub timeouts: Timeouts,
    pub endpoints: BTreeMap<RegionId, String>,
    pub endpoint_credentials: bool,
    /// In PEM.
    pub endpoint_ca: Option<Arc<str>>,
    pub yes: bool,
    pub prices: Prices,
    /// What may be spent; arrivals stop before it is passed.
    pub purse: Option<Arc<Purse>>,
    /// What the user should know before anything is fired.
    pub warnings: Vec<String>,
}

impl Config {
    /// # Errors
    /// One clear line about the first thing that cannot be.
    pub fn resolve(args: RunArgs) -> Result<Self, Failure> {
        check_numbers(&args)?;
        args.junit.as_deref().map_or(Ok(()), check_junit)?;
        let loader = args.sources.loader(args.latency.as_deref())?;
        let mut profile = loader.profile(&args.profile)?;
        profile.select(&args.route).map_err(|wrong| Failure::new(Code::UnknownName, wrong))?;
        if args.no_reference {
            profile.routes.retain(|route| route.standing == Standing::Candidate);
        }
        if profile.routes.is_empty() {
            return Err(Failure::new(
                Code::NoRoute,
                "no route is left to fire; drop --no-reference or name another --route",
            ));
        }
        let seed = Seed(args.seed);
        let endpoints: BTreeMap<_, _> = args.endpoint.iter().cloned().collect();
        let called = profile.endpoints();
        if let Some(region) = endpoints.keys().find(|region| !called.contains(region)) {
            return Err(Failure::new(
                Code::Combination,
                format!("--endpoint {region}=…: no route of `{}` calls {region}", profile.name),
            ));
        }
        let (world, asked) = (args.world(), args.asked());
        let part = args.shards.resolve(asked, |name| std::env::var(name).ok())?;
        let turns = match args.load.concurrency {
            Some(_) => None,
            None => args.turns.resolve(&profile, world)?,
        };
        let usual = Usual {
            duration: turns.as_ref().map(|_| turns::SHORTEST),
            clients: part.shard.count,
            simulated: world == World::Sim,
        };
        let (offered, workload) = args.load.resolve(&loader, loader.workload(&args.workload)?, seed, usual)?;
        let scenario = match world {
            World::Mock | World::Sim => Some(loader.scenario(args.scenario.as_deref().unwrap_or("congested"))?),
            World::Live | World::Endpoint => None,
        };
        let shares = scenario.as_ref().map(Scenario::phases).unwrap_or_default();
        let (blocks, phases) = match &turns {
            Some(turns) => turns.lay_out(&offered, seed)?,
            None => (vec![], Phases::lay_out(offered.warmup, offered.duration, &offered.phases(shares))),
        };
        let plan = match &offered.traffic {
            Traffic::Open(load) => {
                let rounds = turns.map(|turns| turns.rounds);
                plan(load, &offered, (rounds, seed, part.shard), (world, &phases))?
            }
            Traffic::Closed(_) => None,
        };
        let targets: usize = profile.routes.iter().map(|route| route.targets.len()).sum();
        let (in_flight, few_files) = in_flight(args.in_flight, &offered, targets, world)?;
        let mut warnings: Vec<_> = profile.warnings.iter().map(ToString::to_string).collect();
        warnings.extend(few_files);
        warnings.extend(offered.warning.clone());
        let budget = args.budget.map(|usd| usd / f64::from(part.shard.count));
        if let Some(share) = budget.filter(|_| !part.shard.is_whole()) {
            warnings.push(format!("of the --budget, shard {} may spend its share: {share} USD", part.shard));
        }
        if !part.shard.is_whole() && !args.slo.is_empty() {
            warnings.push("a shard is no whole run: --slo is judged by `bedbench merge`".to_owned());
        }
        let slos = slos((&args.slo, args.api), &profile, &workload)?;
        Ok(Self {
            world,
            gates: args.slo.clone(),
            png: args.png,
            junit: args.junit.clone(),
            slos,
            profile,
            workload,
            scenario,
            latency: loader.latency(),
            set: args.sources.set.iter().map(ToString::to_string).collect(),
            api: args.api.into(),
            phases,
            blocks,
            plan,
            seed,
            part,
            in_flight,
            prewarm: args.prewarm.unwrap_or(offered.prewarm).min(in_flight),
            offered,
            connections: usize::from(args.connections),
            timeouts: Timeouts {
                connect: args.connect_timeout.0,
                first_token: args.first_token_timeout.0,
                between_events: args.event_timeout.0,
                request: args.request_timeout.0,
            },
            endpoints,
            endpoint_credentials: args.endpoint_credentials,
            endpoint_ca: args.endpoint_ca.as_deref().map(read_ca).transpose()?.map(Into::into),
            yes: args.yes,
            prices: args.prices.read()?,
            purse: budget.map(|usd| Arc::new(Purse::new(usd))),
            warnings,
        })
    }

    /// Whether tokens are paid for: the mock's are not, and a placeholder opens no account.
    pub fn spends(&self) -> bool {
        let every_target_is_an_endpoint = self.profile.endpoints().iter().all(|r| self.endpoints.contains_key(r));
        !self.world.is_modelled() && (self.endpoint_credentials || !every_target_is_an_endpoint)
    }

    /// Routes that draw on one quota at the same time: the workers of a closed loop take no turns. In the mock each
    /// route has its own world.
    pub fn shared_quota(&self) -> Vec<String> {
        if self.world.is_modelled() || !self.blocks.is_empty() {
            return Vec::new();
        }
        let sharing = self.profile.groups().into_iter().filter(|group| group.len() > 1).flatten();
        sharing.map(|route| self.profile.routes[usize::from(route)].name.clone()).collect()
    }

    /// From the first request of the warm-up to the end of the plan.
    pub fn lasts(&self) -> Duration {
        let one = self.offered.warmup + self.offered.duration;
        self.blocks.last().map_or(one, |last| last.end.since_start())
    }

    /// Blocks per route.
    pub(super) fn rounds(&self) -> u16 {
        self.blocks.last().map_or(1, |last| last.round + 1)
    }

    pub fn headline(&self) -> String {
        let routes = self.profile.routes.len();
        let scenario = self.scenario.as_ref().map(|s| format!(", scenario {}", s.name)).unwrap_or_default();
        let turns = self.blocks.last().map(|_| {
            let all = length(self.lasts());
            format!(", in each of {} blocks per route, which take turns for {all}", self.rounds())
        });
        let turns = turns.unwrap_or_default();
        let part = match self.part.shard.is_whole() {
            true => String::new(),
            false => format!(", shard {} as {} says", self.part.shard, self.part.by.unwrap_or_default()),
        };
        format!(
            "{} {}: {} {} × {} ({}) over {} after {} of warm-up{turns}{scenario}, seed {}{part}",
            run::label(self.world, self.offered.traffic.kind()),
            self.profile.name,
            routes,
            if routes == 1 { "route" } else { "routes" },
            self.requests(),
            self.offered.label,
            length(self.offered.duration),
            length(self.offered.warmup),
            self.seed.0,
        )
    }

    /// How many each route gets.
    fn requests(&self) -> String {
        match (&self.plan, self.offered.arrivals) {
            (Some(plan), _) if self.part.shard.is_whole() => format!("{} requests", grouped(plan.len() as u64)),
            (Some(plan), _) => format!("{} of {} requests", grouped(plan.len() as u64), grouped(plan.all() as u64)),
            (None, Some(arrivals)) => format!("about {} requests", grouped(arrivals.round() as u64)),
            (None, None) => "as many requests as are answered".to_owned(),
        }
    }
}

/// What every route's goodput is measured by: the latency objectives that were asked for, or else those of the workload
/// that such answers can meet.
fn slos((gates, api): (&[Gate], ApiArg), profile: &Profile, workload: &Workload) -> Result<Vec<Slo>, Failure> {
    for gate in gates {
        if let Some(route) = gate.route.as_deref().filter(|route| profile.routes.iter().all(|r| r.name != **route)) {
            let there = in_place_of(route, "There are", profile.routes.iter().map(|route| route.name.as_str()));
            let wrong = format!("--slo {gate}: no route `{route}` is fired{there}");
            return Err(Failure::new(Code::UnknownName, wrong));
        }
        let wrong = match gate.objective {
            Objective::Latency(slo) if slo.metric == Metric::Ttft && api == ApiArg::Converse => {
                "a unary answer has no first token to be timed; hold it to response, or stream with --api converse-stream"
            }
            Objective::Knee(_) => "a run has one load and so no knee; `bedbench sweep` finds it",
            _ => continue,
        };
        return Err(Failure::new(Code::Objective, format!("--slo {gate}: {wrong}")));
    }
    let asked: Vec<_> = gates.iter().filter(|gate| gate.route.is_none()).filter_map(Gate::slo).collect();
    if !asked.is_empty() {
        return Ok(asked);
    }
    let timed = |slo: &&Slo| slo.metric != Metric::Ttft || api != ApiArg::Converse;
    Ok(workload.slo.iter().filter(timed).copied().collect())
}

/// What an open loop fires in real time. What it simulates is drawn on the way.
fn plan(
    load: &Load,
    offered: &Offered,
    (rounds, seed, shard): (Option<u16>, Seed, Shard),
    (world, phases): (World, &Phases),
) -> Result<Option<Arc<Plan>>, Failure> {
    let arrivals = offered.arrivals.unwrap_or_default();
    let (plan, last) = if world == World::Sim {
        (None, number(load, arrivals, offered.warmup)?)
    } else {
        let plan = draw(load, arrivals, rounds, (seed, shard))?;
        let last = plan.last();
        (Some(Arc::new(plan)), last)
    };
    if last.is_none_or(|last| last < phases.measured().0) {
        let (what, fewer) = match shard.is_whole() {
            true => (String::new(), ""),
            false => (format!(" in shard {shard}"), ", or take fewer shards"),
        };
        return Err(Failure::new(
            Code::TooFewRequests,
            format!("no request would start in the measured time{what}; raise --rps or --duration{fewer}"),
        ));
    }
    Ok(plan)
}

/// The plan of a run in real time. Where routes take turns each round is drawn anew: blocks that repeat
/// each other would count as one.
fn draw(load: &Load, arrivals: f64, rounds: Option<u16>, (seed, shard): (Seed, Shard)) -> Result<Plan, Failure> {
    let arrivals = arrivals * f64::from(rounds.unwrap_or(1));
    if arrivals / f64::from(shard.count) > MOST_REQUESTS {
        return Err(Failure::new(
            Code::TooManyRequests,
            format!(
                "{arrivals:.0} requests are more than one process fires ({MOST_REQUESTS:.0}); lower --rps or --duration, or share \
             the plan with --shard"
            ),
        ));
    }
    check_countable(arrivals)?;
    Ok(match rounds {
        None => Plan::in_rounds([load.clone()], shard),
        Some(rounds) => Plan::in_rounds((0..rounds).map(|round| load.under(seed.of_round(round))), shard),
    })
}

/// What a simulation draws on the way must be countable too. Returns when one of its requests starts: any one, if there
/// are many, and else the last.
fn number(load: &Load, arrivals: f64, warmup: Duration) -> Result<Option<RunTime>, Failure> {
    const MANY: f64 = 1e4;
    check_countable(arrivals)?;
    if arrivals > MANY {
        return Ok(Some(RunTime::from_duration(warmup)));
    }
    Ok(load.requests().last().map(|request| request.intended))
}

fn check_countable(arrivals: f64) -> Result<(), Failure> {
    match arrivals > f64::from(u32::MAX) * 0.99 {
        true => Err(Failure::new(
            Code::TooManyRequests,
            format!("{arrivals:.0} requests are more than a plan can number ({}); lower --rps or --duration", u32::MAX),
        )),
        false => Ok(()),
    }
}

fn check_numbers(args: &RunArgs) -> Result<(), Failure> {
    for (name, timeout) in [
        ("--connect-timeout", args.connect_timeout),
        ("--first-token-timeout", args.first_token_timeout),
        ("--event-timeout", args.event_timeout),
        ("--request-timeout", args.request_timeout),
    ] {
        if timeout.0.is_zero() {
            return Err(Failure::usage(format!("{name} must be above 0")));
        }
    }
    if let Some(usd) = args.budget.filter(|usd| !usd.is_finite() || *usd <= 0.0) {
        return Err(Failure::usage(format!("--budget {usd}: it must be an amount above 0, in USD")));
    }
    if args.in_flight == Some(0) {
        return Err(Failure::usage("--in-flight must be at least 1"));
    }
    Ok(())
}

/// The cap on requests in flight per route, within what files can be opened; with a warning where the
/// files are what limits it.
fn in_flight(
    asked: Option<usize>,
    offered: &Offered,
    targets: usize,
    world: World,
) -> Result<(usize, Option<String>), Failure> {
    // In the mock both ends of every connection are ours.
    let ends = if world == World::Mock { 2 } else { 1 };
    let limit = files::raise_limit();
    let wanted = asked.unwrap_or(offered.in_flight);
    if world == World::Sim {
        return Ok((wanted, None));
    }
    let needed = wanted * targets * ends + SPARE_FILES as usize;
    let Some(allowed) = limit.filter(|limit| (needed as u64) > *limit) else { return Ok((wanted, None)) };
    let way_out = format!("raise the limit with `ulimit -n {needed}`");
    // Workers that would be shed are none.
    let workers = matches!(offered.traffic, Traffic::Closed(_));
    if asked.is_some() || workers {
        let flag = if workers { "--concurrency" } else { "--in-flight" };
        return Err(Failure::new(
            Code::OpenFiles,
            format!("{flag} {wanted} needs up to {needed} open files, and {allowed} are allowed; {way_out}"),
        ));
    }
    match allowed.saturating_sub(SPARE_FILES) as usize / (targets * ends) {
        0 => Err(Failure::new(
            Code::OpenFiles,
            format!("{allowed} open files are too few for even one connection per route and Region; {way_out}"),
        )),
        fits => {
            let warning = format!(
                "only {allowed} files may be open, so at most {fits} requests are in flight per route and not {wanted}; \
                 what exceeds it is shed. To lift it, {way_out}"
            );
            Ok((fits, Some(warning)))
        }
    }
}
