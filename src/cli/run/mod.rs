//! `bedbench run`: arguments → configuration → fire or simulate → report.

mod args;
mod config;
mod finish;
mod fire;
mod load;
mod simulate;
mod turns;

pub use args::{Output, RunArgs};
pub use load::{LoadArgs, Offered, Rates, arrivals};

use super::exit::{Exit, Failure};
use super::guard;
use crate::clock;
use crate::core::run::World;
use crate::drive::Display;
use crate::govern::Prices;
use crate::store::Folder;
use crate::store::rows::{Names, RowWriter};
use config::Config;
use fire::Ready;

pub fn run(args: RunArgs) -> Result<Exit, Failure> {
    guard::warn_of_ambient_endpoints();
    let (output, display) = (args.format, Display::on_stderr(args.quiet));
    let (out, no_records) = (args.out.clone(), args.no_records);
    let config = Config::resolve(args)?;
    if let Some(path) = &out {
        Folder::check_free(path).map_err(|error| Failure::usage(error.to_string()))?;
    }
    config.warnings.iter().for_each(|warning| guard::warn(warning));
    if config.spends() {
        let prices = Prices::built_in().map_err(|error| Failure::usage(error.to_string()))?;
        let estimate = match &config.plan {
            Some(plan) => guard::estimate(&config.profile, plan, &prices),
            None => guard::open_ended(&config.profile, &config.offered.label, config.workload.max_tokens),
        };
        guard::confirm(&estimate, config.yes)?;
    }
    // Before there is a folder: what cannot be fired leaves none.
    let ready = (config.world != World::Sim).then(|| Ready::make(&config)).transpose()?;
    let created = clock::unix_nanos();
    let folder = match out {
        Some(path) => Folder::named(&path),
        None => {
            let name = format!("{}-{}", config.profile.name, config.world.label().to_lowercase());
            Folder::under_results(created, &name)
        }
    };
    let folder = folder.map_err(|error| Failure::usage(error.to_string()))?;
    let mut manifest = config.manifest(created);
    let failed = |error: std::io::Error| Failure::failed(error.to_string());
    folder.write_manifest(&manifest).map_err(failed)?;
    let names = Names::of(&manifest);
    let rows = || RowWriter::create(folder.path(), names.clone()).map_err(failed);
    let recorder = manifest.config.recorder();
    if display != Display::Silent {
        eprintln!("{}", config.headline());
    }
    let fired = match ready {
        Some(ready) => ready.fire(&config, display, recorder, rows()?)?,
        None => simulate::simulate(&config, display, recorder, if no_records { None } else { Some(rows()?) })?,
    };
    manifest.started_unix_nanos = fired.started_unix_nanos.unwrap_or(created);
    finish::finish(finish::Finished { config, folder, manifest, fired, output, quiet: display == Display::Silent })
}
