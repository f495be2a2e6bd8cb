//! `bedbench export quota-request`: what AWS support asks for when a quota is to be raised.

use std::path::PathBuf;

use clap::{ArgMatches, Args};

use super::records::{open, replay};
use super::{Export, Made, arguments};
use crate::cli::exit::{Code, Failure};
use crate::core::residency::{Pool, Standing};
use crate::govern::demand::Demand;
use crate::profile::{Models, in_place_of};
use crate::report::quota::{Claim, render};

pub const EXPORT: Export = Export::new::<QuotaArgs>(
    "quota-request",
    "What AWS support asks for: requests and tokens per minute, throttles",
    make,
);

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  bedbench export quota-request results/20261123T065409Z-apac-mock --route sydney\n\n\
Of one run. What the account calls all day, and what that leaves of its quotas: `bedbench audit`.\n\n\
Exit codes: 0 ok · 2 the folder holds no run, or no records"
)]
struct QuotaArgs {
    /// Results folder of a run, as `bedbench run` named it
    #[arg(value_name = "DIR")]
    folder: PathBuf,
    /// Only these routes; repeatable. Reference routes are left out
    #[arg(long, value_name = "NAME")]
    route: Vec<String>,
}

fn make(matches: &ArgMatches) -> Result<Made, Failure> {
    let args: QuotaArgs = arguments(matches);
    let run = open(&args.folder)?;
    let config = &run.manifest.config;
    for name in &args.route {
        if !config.routes.iter().any(|route| route.name == *name) {
            let known = in_place_of(name, "It has", config.routes.iter().map(|route| route.name.as_str()));
            return Err(Failure::new(Code::UnknownName, format!("the run has no route `{name}`{known}")));
        }
    }
    let max_tokens = config.files.get("workload").and_then(|workload| workload["max_tokens"].as_u64());
    let Some(max_tokens) = max_tokens.and_then(|tokens| u32::try_from(tokens).ok()) else {
        return Err(Failure::usage(format!(
            "{}: its manifest does not say max_tokens of the workload, which a quota reserves; make the run again",
            args.folder.display()
        )));
    };
    let summary = run.rebuild()?.summary;
    let mut demands: Vec<Vec<Demand>> =
        config.routes.iter().map(|route| vec![Demand::default(); route.targets.len()]).collect();
    replay(&run, |entry, later| {
        if !config.phases.get(usize::from(entry.request.phase)).measured {
            return;
        }
        for attempt in entry.attempts {
            if let Some(sent) = attempt.sent {
                demands[usize::from(attempt.route)][usize::from(attempt.target)].add(attempt, sent + later, max_tokens);
            }
        }
    })?;
    let models = Models::built_in().map_err(|error| Failure::new(Code::Unreadable, error.to_string()))?;
    let mut claims = Vec::new();
    for ((head, demands), measured) in config.routes.iter().zip(&demands).zip(&summary.routes) {
        let wanted = args.route.is_empty() || args.route.contains(&head.name);
        if !wanted || head.standing == Standing::Reference {
            continue;
        }
        claims.extend(head.targets.iter().zip(demands).map(|(target, demand)| Claim {
            route: &head.name,
            region: target.region,
            model: &target.model,
            pool: pool(&models, target.region, &target.model),
            burndown: models.burndown(&target.model),
            minutes: measured.whole().seconds / 60.0,
            demand,
        }));
    }
    if claims.is_empty() {
        return Err(Failure::new(Code::NoRoute, "only reference routes are left: no quota is asked for them"));
    }
    Ok(Made { text: render(&run.manifest, &claims), ..Made::default() })
}

/// Names of quotas vary; these are the words in them.
fn pool(models: &Models, region: crate::core::RegionId, model: &str) -> &'static str {
    match models.inference_profiles().resolve(region, model) {
        Ok((Pool::InRegion, _)) => "on-demand quota of the Region",
        Ok((Pool::Geographic, _)) => "cross-Region quota, kept in the Region called",
        Ok((Pool::Global, _)) => "global cross-Region quota, kept in the Region called",
        Ok((Pool::Provisioned, _)) => "provisioned capacity: no on-demand quota is asked for it",
        Err(_) => "quota not known",
    }
}
