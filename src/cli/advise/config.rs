//! From what was typed to what is simulated: workload, inputs, load and allowed countries resolved.

use std::collections::BTreeSet;
use std::time::Duration;

use super::args::AdviseArgs;
use crate::cli::exit::{Code, Failure};
use crate::clock;
use crate::core::phase::Phases;
use crate::core::price::PricedTarget;
use crate::core::region::Jurisdiction;
use crate::core::request::Timeouts;
use crate::core::residency::Standing;
use crate::core::slo::Slo;
use crate::core::units::{Rate, grouped};
use crate::govern::decision::{self, Grade, Inputs};
use crate::plan::workload::Workload;
use crate::profile::{Profile, Scenario};
use crate::report::advise::Setting;
use crate::stats::quantile::fewest_samples;
use crate::store::folder::rfc3339;

/// Below it the tail of a point is chance.
const SHORTEST: Duration = Duration::from_secs(30 * 60);
/// All points of one advice together: minutes of computing.
const MOST_REQUESTS: f64 = 1e9;
/// An objective below this means that somebody waits. An assumption of ours: the matrix gives no number.
const WAITED_FOR: Duration = Duration::from_secs(5);
/// Requests per second where neither --rps nor the throughput says.
const USUAL: f64 = 20.0;

pub struct Config {
    pub profile: Profile,
    pub workload: Workload,
    pub scenario: Scenario,
    pub phases: Phases,
    pub timeouts: Timeouts,
    pub slos: Vec<Slo>,
    /// By route.
    pub prices: Vec<Vec<PricedTarget>>,
    /// By route: why it must not be recommended.
    pub refused: Vec<Option<String>>,
    pub setting: Setting,
    pub warnings: Vec<String>,
}

impl Config {
    /// # Errors
    /// One clear line about the first thing that cannot be.
    pub fn resolve(args: &AdviseArgs) -> Result<Self, Failure> {
        let loader = args.sources.loader(None)?;
        let mut taken = Vec::new();
        let name = workload_name(args, &mut taken)?;
        let workload = loader.workload(&name)?;
        let slos = if args.slo.is_empty() { workload.slo.clone() } else { args.slo.clone() };
        if slos.is_empty() {
            return Err(Failure::new(
                Code::Objective,
                format!(
                    "workload `{}` has no objective to rank routes by; give it with --slo 'ttft:p95<900ms'",
                    workload.name
                ),
            ));
        }
        let inputs = inputs(args, &workload, &slos, &mut taken)?;
        let (rps, rps_from) = load(args, inputs);
        check_numbers(args, rps, &slos)?;

        let mut profile = loader.profile(&args.profile)?;
        profile.routes.retain(|route| route.standing == Standing::Candidate);
        let allowed = allowed(&profile, inputs.data, &args.residency);
        let refused = refused(&profile, &allowed);
        if refused.iter().all(Option::is_some) {
            return Err(Failure::new(Code::Residency, no_route(args, &profile, inputs, &refused)));
        }
        let scenario = loader.scenario(&args.scenario)?;
        let phases = Phases::lay_out(args.warmup.0, args.duration.0, &scenario.phases());
        profile.places(|region| scenario.during(&phases, region)).map_err(Failure::usage)?;
        let mut warnings: Vec<_> = profile.warnings.iter().map(ToString::to_string).collect();
        let prices = price(args, &profile, &mut warnings)?;
        let called: BTreeSet<_> = profile.routes.iter().flat_map(|route| &route.targets).map(|t| t.model()).collect();
        let tightest = slos.iter().map(|slo| slo.limit).min();
        warnings.splice(0..0, decision::overlay(&profile.models, &called, inputs, tightest));
        let setting = Setting {
            profile: args.profile.clone(),
            workload: name,
            scenario: args.scenario.clone(),
            set: args.sources.set.iter().map(ToString::to_string).collect(),
            inputs,
            taken,
            rps,
            rps_from,
            seeds: args.seeds,
            seed: args.seed,
            duration: args.duration,
            warmup: args.warmup,
            allowed: allowed.into_iter().collect(),
        };
        let timeouts = Timeouts::default();
        Ok(Self { profile, workload, scenario, phases, timeouts, slos, prices, refused, setting, warnings })
    }
}

/// The workload that was named, or that of the first row with the inputs given.
fn workload_name(args: &AdviseArgs, taken: &mut Vec<String>) -> Result<String, Failure> {
    if let Some(name) = &args.workload {
        return Ok(name.clone());
    }
    let (Some(latency), Some(data)) = (args.latency, args.data) else {
        return Err(Failure::new(
            Code::Combination,
            "what is it for? Name a --workload, or say both --latency and --data; `bedbench workload list` has some",
        ));
    };
    let mut inputs =
        Inputs { latency: latency.into(), data: data.into(), throughput: args.throughput.map(Grade::from) };
    let row = |inputs: Inputs| inputs.entries().find_map(|entry| Some((entry.id, entry.workload?)));
    let exact = row(inputs);
    inputs.throughput = None;
    // Any work of that urgency before none at all: the matrix has no row for every three inputs.
    let (why, name) = match (exact, row(inputs), latency.into()) {
        (Some((id, name)), ..) => (format!("of {id}"), name),
        (None, Some((id, name)), _) => (format!("of {id}, which has another throughput"), name),
        (None, None, Grade::High) => ("no row has these inputs: that of row 1".to_owned(), "chat"),
        (None, None, _) => ("no row has these inputs: that of row 6".to_owned(), "ab-test"),
    };
    taken.push(format!("workload {name} ({why})"));
    Ok(name.to_owned())
}

fn inputs(args: &AdviseArgs, workload: &Workload, slos: &[Slo], taken: &mut Vec<String>) -> Result<Inputs, Failure> {
    // A file of the user's is no row, whatever it calls itself.
    let named = args.workload.as_deref().unwrap_or(&workload.name);
    let row = decision::ENTRIES.iter().find(|entry| entry.workload == Some(named));
    let data = match (args.data, workload.sensitivity) {
        (Some(data), _) => data.into(),
        (None, Some(class)) => class.into(),
        (None, None) => {
            return Err(Failure::new(
                Code::Combination,
                format!(
                    "workload `{}` does not say how sensitive its data is; give --data low, medium or high",
                    workload.name
                ),
            ));
        }
    };
    let latency = match (args.latency, row) {
        (Some(latency), _) => latency.into(),
        (None, Some(row)) => {
            taken.push(format!("latency {} as in {}", row.inputs.latency, row.id));
            row.inputs.latency
        }
        (None, None) => {
            let waited = slos.iter().any(|slo| slo.limit < WAITED_FOR);
            let side = if waited { "an" } else { "no" };
            let latency = if waited { Grade::High } else { Grade::Low };
            taken.push(format!("latency {latency}: {side} objective is below 5 s"));
            latency
        }
    };
    let throughput = args.throughput.map(Grade::from).or_else(|| {
        let of_row = args.workload.is_some().then_some(row).flatten()?.inputs.throughput?;
        taken.push(format!("throughput {of_row} as in {}", row?.id));
        Some(of_row)
    });
    Ok(Inputs { latency, data, throughput })
}

/// The load, and why this one.
fn load(args: &AdviseArgs, inputs: Inputs) -> (Rate, String) {
    let of = |rps: f64, why: &str| (Rate(rps), why.to_owned());
    match (args.rps, inputs.throughput) {
        (Some(rps), _) => (rps, "as asked".into()),
        (None, Some(Grade::Low)) => of(5.0, "assumed for throughput low; --rps sets it"),
        (None, Some(Grade::Medium)) => of(20.0, "assumed for throughput medium; --rps sets it"),
        (None, Some(Grade::High)) => of(50.0, "assumed for throughput high; --rps sets it"),
        (None, None) => of(USUAL, "assumed where nothing says; --rps sets it"),
    }
}

fn check_numbers(args: &AdviseArgs, rps: Rate, slos: &[Slo]) -> Result<(), Failure> {
    if args.duration.0 < SHORTEST {
        return Err(Failure::new(
            Code::TooFewRequests,
            format!(
                "--duration {}: an advice needs at least 30m at each load and seed, or its tail is chance",
                args.duration
            ),
        ));
    }
    if rps.0 <= 0.0 {
        return Err(Failure::usage("--rps: a load must be above 0"));
    }
    // The TTFT p95 ranks, so it must be there whatever the objectives are.
    let needed = slos.iter().map(|slo| fewest_samples(slo.quantile)).fold(fewest_samples(0.95), u64::max);
    let planned = rps.0 * args.duration.0.as_secs_f64();
    if planned < needed as f64 {
        return Err(Failure::new(
            Code::TooFewRequests,
            format!(
                "--rps {} makes some {planned:.0} requests in {}, and the objectives need {}; raise --rps or --duration",
                rps.0,
                args.duration,
                grouped(needed)
            ),
        ));
    }
    let all = 3.0 * rps.0 * (args.duration.0 + args.warmup.0).as_secs_f64() * args.seeds as f64;
    if all > MOST_REQUESTS {
        return Err(Failure::new(
            Code::TooManyRequests,
            format!(
                "{all:.2e} requests per route are more than one advice simulates ({MOST_REQUESTS:.0e}); lower --rps, --seeds or --duration"
            ),
        ));
    }
    Ok(())
}

/// What profile, data and `asked` have in common.
fn allowed(profile: &Profile, data: Grade, asked: &[Jurisdiction]) -> BTreeSet<Jurisdiction> {
    let of_data = decision::countries(data);
    let by_data = |country: &Jurisdiction| of_data.as_ref().is_none_or(|allowed| allowed.contains(country));
    let by_hand = |country: &Jurisdiction| asked.is_empty() || asked.contains(country);
    profile.residency.allowed().filter(by_data).filter(by_hand).collect()
}

/// By route, in words.
fn refused(profile: &Profile, allowed: &BTreeSet<Jurisdiction>) -> Vec<Option<String>> {
    profile.refused(allowed).into_iter().map(|refusal| Some(refusal?.to_string())).collect()
}

fn no_route(args: &AdviseArgs, profile: &Profile, inputs: Inputs, refused: &[Option<String>]) -> String {
    if profile.routes.is_empty() {
        return format!("profile `{}` has reference routes only, and none of those is ever recommended", profile.name);
    }
    let mut why = vec![format!("the residency of profile `{}`", profile.name)];
    if decision::countries(inputs.data).is_some() {
        why.push(format!("data {}", inputs.data));
    }
    why.extend(args.residency.iter().map(|country| format!("--residency {country}")));
    format!(
        "no route of profile `{}` is left by {}: {}",
        profile.name,
        why.join(" with "),
        refused.iter().flatten().next().map_or("", String::as_str)
    )
}

/// What every target costs: nothing is taken to be free.
fn price(args: &AdviseArgs, profile: &Profile, warnings: &mut Vec<String>) -> Result<Vec<Vec<PricedTarget>>, Failure> {
    let prices = args.prices.read()?;
    let now = rfc3339(clock::unix_nanos());
    let today = now.split('T').next().unwrap_or_default();
    let of_route = |route: &crate::profile::Route| {
        let of_route = prices.of_route(route, &profile.models, today);
        for warning in of_route.warnings {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        match of_route.unknown.first() {
            Some(unpriced) => Err(Failure::new(Code::NoPrice, unpriced.reason.clone())),
            None => Ok(of_route.known),
        }
    };
    profile.routes.iter().map(of_route).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::residency::Processing;
    use crate::profile::{Kind, Loader};

    const EVERY_GRADE: [Grade; 3] = [Grade::Low, Grade::Medium, Grade::High];

    /// Called in Sydney, and processed in five countries.
    const APAC: &str = r#"
        schema = 1
        name = "wide"
        summary = "an apac. profile, allowed everywhere it goes"
        residency = ["Australia", "India", "Japan", "Singapore", "South Korea"]
        source = "test"
        date = "2026-11-23"
        [[route]]
        name = "sydney"
        policy = "pinned"
        targets = [{ region = "ap-southeast-2", model = "apac.amazon.nova-lite-v1:0" }]
    "#;

    #[test]
    fn what_is_not_refused_is_processed_in_the_allowed_countries_alone() {
        let loader = Loader::built_in().unwrap();
        let mut left = 0;
        for profile in Kind::Profile.names().map(|name| loader.profile(name).unwrap()) {
            for data in EVERY_GRADE {
                let allowed = allowed(&profile, data, &[]);
                let candidates = profile.routes.iter().zip(refused(&profile, &allowed));
                for (route, _) in candidates.filter(|(route, no)| no.is_none() && route.standing == Standing::Candidate)
                {
                    left += 1;
                    for target in &route.targets {
                        let Processing::Within(regions) = target.processing() else { panic!("{}", route.name) };
                        let inside = regions.iter().all(|region| allowed.contains(&region.jurisdiction()));
                        assert!(inside, "{}, data {data}: {}", profile.name, route.name);
                        assert!(
                            data != Grade::High || regions.iter().all(|r| r.jurisdiction() == Jurisdiction::Australia)
                        );
                    }
                }
            }
        }
        assert!(left > 10, "{left}");
    }

    /// The Region that is called does not say where a call is processed.
    #[test]
    fn an_endpoint_in_sydney_is_not_enough_for_high_data() {
        let profile = Loader::built_in().unwrap().parse_profile("wide.toml", APAC).unwrap();
        let of = |data| refused(&profile, &allowed(&profile, data, &[])).remove(0);
        assert_eq!(of(Grade::Low), None);
        assert!(of(Grade::Medium).unwrap().contains("Tokyo (Japan)"));
        assert!(of(Grade::High).unwrap().contains("the residency allows Australia only"));
    }

    #[test]
    fn residency_by_hand_narrows_and_never_widens() {
        let profile = Loader::built_in().unwrap().profile("candidates").unwrap();
        let oregon = [Jurisdiction::UnitedStates];
        assert_eq!(allowed(&profile, Grade::Low, &oregon), oregon.into());
        assert_eq!(allowed(&profile, Grade::High, &oregon), [].into());
        assert_eq!(allowed(&profile, Grade::Low, &[Jurisdiction::Japan]), [].into());
    }
}
