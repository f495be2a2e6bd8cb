//! `bedbench profile calibrate`: a profile whose Regions answer as they did in a run.

mod fit;
mod quota;
mod throttled;

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;

use super::exit::{Code, Exit, Failure};
use super::probe::{check_free, new_file};
use super::sources::Sources;
use super::{guard, print};
use crate::core::units::grouped;
use crate::core::{Outcome, RegionId};
use crate::profile::schema::RegionFile;
use crate::profile::{FileError, Kind, Measured, text_of, with_measured, with_quotas};
use crate::store::Run;
use fit::{Fitted, Known, Observed, fit};
use throttled::Throttled;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench profile calibrate results/20261123T065409Z-apac --out apac-fitted.toml
  bedbench run --sim --scenario calm --rps 5 --profile apac-fitted.toml

Calibrate on a run of streamed answers well below capacity: what waits in a queue becomes part of ttft. A Region with
fewer than 300 complete answers keeps its times. Where calls were throttled (429) the quota is fitted too, to what went
through while it was exhausted, with its uncertainty. per_input, capacity and how a quota keeps its minute are the
profile's. What other applications of the account used is taken from the quota: it cannot be told apart.")]
pub struct CalibrateArgs {
    /// Results folder of a run
    #[arg(value_name = "DIR")]
    run: PathBuf,
    /// The profile to copy: a built-in name or a .toml file [default: the built-in one that the run names]
    #[arg(long, value_name = "NAME|FILE")]
    profile: Option<String>,
    /// New file for the copy; nothing is overwritten. Without it the copy is printed
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    #[command(flatten)]
    sources: Sources,
}

/// What a Region did in the run.
#[derive(Default)]
struct Answers {
    observed: Vec<Observed>,
    failed: u64,
}

pub fn run(args: &CalibrateArgs) -> Result<Exit, Failure> {
    args.out.as_deref().map_or(Ok(()), check_free)?;
    if !args.sources.set.is_empty() {
        return Err(Failure::new(
            Code::Combination,
            "--set does not reach the copy: write the value into the file that --profile names",
        ));
    }
    let run = Run::open(&args.run)?;
    let name = args.profile.as_ref().unwrap_or(&run.manifest.config.profile);
    let loader = args.sources.loader(None)?;
    let profile = loader.profile(name)?;
    let (from, until) = run.manifest.config.phases.measured();
    let mut answers: BTreeMap<RegionId, Answers> = BTreeMap::new();
    let mut throttled = Throttled::of(&run.manifest, &profile);
    let replayed = run.replay(|entry| {
        // A quota is exhausted by what came before, too.
        throttled.add(entry.attempts, entry.round);
        if !(from..until).contains(&entry.request.intended) {
            return;
        }
        for attempt in entry.attempts {
            let of_region = answers.entry(attempt.region).or_default();
            of_region.observed.extend(Observed::of(attempt));
            // Throttles have a fit of their own.
            of_region.failed += u64::from(!attempt.outcome.is_ok() && attempt.outcome != Outcome::Throttled);
        }
    });
    if replayed?.torn.is_some() {
        guard::warn("the run did not come to its end: the fit is of what it recorded");
    }
    if answers.is_empty() {
        return Err(Failure::new(
            Code::NothingToFit,
            format!("{}: nothing was sent in its measured time", args.run.display()),
        ));
    }
    let (mut measured, mut unfit) = (Vec::new(), Vec::new());
    for (region, answers) in &answers {
        let model = profile.regions.iter().find(|known| known.code == *region);
        if answers.failed > 0 {
            guard::warn(&format!(
                "{region}: {} attempts did not succeed and are not in the fit; calibrate on a run below capacity",
                grouped(answers.failed)
            ));
        }
        let fitted = match fit(&answers.observed, known(model)) {
            Ok(fitted) => fitted,
            Err(few) => {
                unfit.push(format!("{region}: {few}"));
                continue;
            }
        };
        measured.extend(entries(*region, fitted, answers.observed.len(), &run));
    }
    let quotas = throttled.fit(&profile, &run.manifest);
    quotas.said.iter().for_each(|line| say!("{line}"));
    quotas.doubts.iter().for_each(|doubt| guard::warn(doubt));
    if measured.is_empty() && quotas.fitted.is_empty() {
        return Err(Failure::new(
            Code::NothingToFit,
            format!("no Region can be calibrated on this run: {}", unfit.join("; ")),
        ));
    }
    unfit.iter().for_each(|few| guard::warn(&format!("{few}; it stays as the profile has it")));
    let edited =
        |text: Result<String, FileError>| text.map_err(|error| Failure::new(Code::Unreadable, error.to_string()));
    let mut text = edited(with_measured(name, &text_of(Kind::Profile, name)?, &measured))?;
    for (region, of_region) in &quotas.fitted {
        text = edited(with_quotas(name, &text, *region, of_region))?;
    }
    let file = args.out.as_ref().map_or_else(|| "the copy".to_owned(), |path| path.display().to_string());
    loader.parse_profile(&file, &text)?;
    match &args.out {
        Some(path) => new_file(path, &text)?,
        None => print(&text)?,
    }
    Ok(Exit::Ok)
}

fn known(model: Option<&RegionFile>) -> Known {
    let rtt = model.and_then(|model| model.rtt.as_ref()).map(|rtt| rtt.get_ref());
    Known {
        rtt: rtt.map_or_else(Default::default, |rtt| rtt.value.0),
        jitter: rtt.map_or_else(Default::default, |rtt| rtt.jitter.0),
        per_input: model.and_then(|model| model.per_input.as_ref()).map_or_else(Default::default, |c| c.value.0),
    }
}

/// The lines of the profile, each with where it is from: a simulated number stays one.
fn entries(region: RegionId, fitted: Fitted, n: usize, run: &Run) -> Vec<Measured> {
    let config = &run.manifest.config;
    let world = run.manifest.world.label().to_lowercase();
    let source =
        format!("bedbench profile calibrate, {n} answers of a {world} run, config {}", run.manifest.config_hash);
    let date = run.manifest.started.split('T').next().unwrap_or_default().to_owned();
    let source = format!("{source}, {}", config.load);
    let rtt = fitted.rtt.map(|(value, jitter)| ("rtt", vec![("value", value), ("jitter", jitter)]));
    let all = rtt.into_iter().chain([("ttft", fitted.ttft), ("tpot", fitted.tpot)]);
    all.map(|(what, times)| Measured { region, what, times, source: source.clone(), date: date.clone() }).collect()
}
