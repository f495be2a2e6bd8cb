//! `bedbench run`: arguments → configuration → fire or simulate → report.

mod args;
mod config;
mod finish;
mod fire;
mod load;
mod manifest;
mod planned;
mod rates;
mod shard;
mod simulate;
mod turns;
mod wait;

pub use args::{ApiArg, Output, RunArgs};
pub use config::Config;
pub use finish::{Finished, finish};
pub use load::{LoadArgs, Offered, Usual, arrivals};
pub use rates::Rates;
pub use shard::ShardArgs;

use super::exit::{Code, Exit, Failure};
use super::{compare, guard, style_on_stderr};
use crate::clock;
use crate::core::Metric;
use crate::core::fail_if::FailIf;
use crate::core::run::World;
use crate::drive::Display;
use crate::store::rows::{Names, RowWriter};
use crate::store::{Folder, Manifest};
use fire::{Fired, Ready};

pub fn run(args: RunArgs) -> Result<Exit, Failure> {
    guard::warn_of_ambient_endpoints();
    let (output, display) = (args.format, Display::on_stderr(args.quiet));
    let (out, no_records) = (args.out.clone(), args.no_records);
    let (baseline, mut fail_if) = (args.baseline.clone(), args.fail_if.clone());
    if baseline.is_some() && fail_if.is_empty() {
        fail_if =
            [Metric::Ttft, Metric::Response].map(|metric| FailIf { metric, quantile: 0.95, more_than: 0.1 }).into();
    }
    let config = Config::resolve(args)?;
    if let Some(baseline) = &baseline {
        compare::check_baseline(baseline, &config.manifest(clock::unix_nanos()))?;
    }
    let out = out.map(|out| config.part.folder(&out));
    if let Some(path) = &out {
        Folder::check_free(path).map_err(|error| Failure::folder(&error))?;
    }
    config.warnings.iter().for_each(|warning| guard::warn(warning));
    if config.spends() {
        let estimate = match &config.plan {
            Some(_) => format!("{}{}", guard::COSTS, config.planned(style_on_stderr())?),
            None => guard::open_ended(&config.profile, &config.offered.label, config.workload.max_tokens),
        };
        guard::confirm(&estimate, config.yes, config.purse.as_deref())?;
    }
    let folder = |created| match out {
        Some(path) => Folder::named(&path),
        None => {
            let mut name = format!("{}-{}", config.profile.name, config.world.label().to_lowercase());
            if !config.part.shard.is_whole() {
                name += &format!("-shard{}", config.part.shard.index);
            }
            Folder::under_results(created, &name)
        }
    };
    let (folder, manifest, fired) = carry_out(&config, folder, display, !no_records)?;
    let (quiet, path) = (display == Display::Silent, folder.path().to_owned());
    let exit = finish(Finished { config, folder, manifest, fired, output, quiet })?;
    match baseline {
        // What is INVALID or was cut short is compared with nothing.
        Some(baseline) if matches!(exit, Exit::Ok | Exit::SloMissed) => {
            let slower = compare::against(&baseline, &path, &fail_if, !quiet && output == Output::Text)?;
            Ok(if exit == Exit::Ok { slower } else { exit })
        }
        _ => Ok(exit),
    }
}

/// Fires or simulates, and keeps every record in a new folder unless `records` says otherwise.
pub fn carry_out(
    config: &Config,
    folder: impl FnOnce(u64) -> std::io::Result<Folder>,
    display: Display,
    records: bool,
) -> Result<(Folder, Manifest, Fired), Failure> {
    // Before there is a folder: what cannot be fired leaves none.
    let ready = (config.world != World::Sim).then(|| Ready::make(config)).transpose()?;
    config.part.start_at.map_or(Ok(()), |at| wait::wait(at, display))?;
    let created = clock::unix_nanos();
    let folder = folder(created).map_err(|error| Failure::folder(&error))?;
    let mut manifest = config.manifest(created);
    let failed = |error: std::io::Error| Failure::new(Code::CannotWrite, error.to_string());
    folder.write_manifest(&manifest).map_err(failed)?;
    let names = Names::of(&manifest);
    let rows = records.then(|| RowWriter::create(folder.path(), names)).transpose().map_err(failed)?;
    let recorder = manifest.config.recorder();
    if display != Display::Silent {
        say!("{}", config.headline());
    }
    let fired = match ready {
        Some(ready) => ready.fire(config, display, recorder, rows)?,
        None => simulate::simulate(config, display, recorder, rows)?,
    };
    manifest.started_unix_nanos = fired.started_unix_nanos.unwrap_or(created);
    manifest.clock.clone_from(&fired.ending.clock);
    Ok((folder, manifest, fired))
}
