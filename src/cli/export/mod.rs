//! `bedbench export`: what governs a route, or fires a plan, outside bedbench, as files for those who keep it.

mod batch;
mod cloudwatch;
mod evidence;
mod jobs;
mod k8s;
mod queries;
mod quota_request;
mod records;
mod scp;
mod slurm;

use std::path::PathBuf;

use clap::error::ErrorKind;
use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, Subcommand, ValueHint, value_parser};

use super::exit::{Code, Exit, Failure};
use super::sources::Sources;
use super::{guard, print};
use crate::core::residency::Standing;
use crate::profile::Profile;
use crate::store::folder::replace;

/// One thing that can be exported.
pub struct Export {
    pub name: &'static str,
    pub summary: &'static str,
    /// Adds its own arguments; `--out` is everybody's.
    arguments: fn(Command) -> Command,
    make: fn(&ArgMatches) -> Result<Made, Failure>,
}

/// Every export. A new one is a file of its own and a line here.
static EXPORTS: &[Export] = &[
    scp::EXPORT,
    cloudwatch::EXPORT,
    queries::EXPORT,
    quota_request::EXPORT,
    evidence::EXPORT,
    k8s::EXPORT,
    batch::EXPORT,
    slurm::EXPORT,
];

/// What an export has come to.
#[derive(Debug, Default)]
pub struct Made {
    /// The file.
    text: String,
    /// Printed in place of the file, which is then written by `--out` only.
    shown: Option<String>,
    /// Said on stderr.
    warnings: Vec<String>,
}

impl Export {
    /// Of an export whose arguments are `A`.
    const fn new<A: Args>(
        name: &'static str,
        summary: &'static str,
        make: fn(&ArgMatches) -> Result<Made, Failure>,
    ) -> Self {
        Self { name, summary, arguments: A::augment_args, make }
    }
}

/// The arguments of an export, as clap has read them.
fn arguments<A: FromArgMatches>(matches: &ArgMatches) -> A {
    A::from_arg_matches(matches).expect("clap has read these arguments")
}

/// A profile of which something is exported, with only the routes named.
///
/// # Errors
/// When it cannot be used, or none of its routes stays inside the residency.
fn candidates(sources: &Sources, name: &str, routes: &[String]) -> Result<Profile, Failure> {
    let mut profile = sources.loader(None)?.profile(name)?;
    profile.select(routes).map_err(|wrong| Failure::new(Code::UnknownName, wrong))?;
    if profile.routes.iter().all(|route| route.standing == Standing::Reference) {
        return Err(Failure::new(
            Code::Residency,
            format!(
                "profile `{}` has no route inside its residency here, only references: add a route that stays, or widen \
             `residency`",
                profile.name
            ),
        ));
    }
    Ok(profile)
}

/// The export chosen.
#[derive(Clone, Debug)]
pub struct ExportCommand {
    export: usize,
    matches: ArgMatches,
}

impl FromArgMatches for ExportCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let chosen = matches.subcommand().and_then(|(name, matches)| {
            let export = EXPORTS.iter().position(|export| export.name == name)?;
            Some(Self { export, matches: matches.clone() })
        });
        chosen.ok_or_else(|| clap::Error::new(ErrorKind::MissingSubcommand))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Subcommand for ExportCommand {
    fn augment_subcommands(command: Command) -> Command {
        let command = command.subcommand_required(true).arg_required_else_help(true).after_help(
            "Examples:\n  bedbench export scp --profile au --explain\n  bedbench export cloudwatch --profile apac --out \
             bedrock.json",
        );
        EXPORTS.iter().fold(command, |command, export| {
            let sub = (export.arguments)(Command::new(export.name)).about(export.summary).arg(
                Arg::new("out")
                    .short('o')
                    .long("out")
                    .value_name("FILE")
                    .value_parser(value_parser!(PathBuf))
                    .value_hint(ValueHint::FilePath)
                    .help("Write there in place of stdout; never half a file"),
            );
            command.subcommand(sub)
        })
    }

    fn augment_subcommands_for_update(command: Command) -> Command {
        Self::augment_subcommands(command)
    }

    fn has_subcommand(name: &str) -> bool {
        EXPORTS.iter().any(|export| export.name == name)
    }
}

pub fn run(command: &ExportCommand) -> Result<Exit, Failure> {
    let made = (EXPORTS[command.export].make)(&command.matches)?;
    made.warnings.iter().for_each(|warning| guard::warn(warning));
    let out = command.matches.get_one::<PathBuf>("out");
    if let Some(path) = out {
        replace(path, &made.text)
            .map_err(|error| Failure::new(Code::CannotWrite, format!("cannot write {}: {error}", path.display())))?;
    }
    match (made.shown, out) {
        (Some(shown), _) => print(&shown)?,
        (None, None) => print(&made.text)?,
        (None, Some(_)) => {}
    }
    Ok(Exit::Ok)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_export_is_well_formed_and_says_what_it_is() {
        let mut command = ExportCommand::augment_subcommands(Command::new("export"));
        command.build();
        command.clone().debug_assert();
        for export in EXPORTS {
            let sub = command.find_subcommand(export.name).unwrap();
            for argument in sub.get_arguments() {
                assert!(argument.get_help().is_some(), "{} --{} has no help", export.name, argument.get_id());
            }
        }
    }
}
