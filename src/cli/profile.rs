//! `bedbench profile`: what can be compared, and whether a profile may be believed.

use clap::Subcommand;

use super::calibrate::{self, CalibrateArgs};
use super::exit::{Code, Exit, Failure};
use super::print;
use super::shelf::{self, ShelfCommand, entry};
use super::sources::Sources;
use crate::core::residency::Standing;
use crate::profile::check::{Problem, RULES, Weight};
use crate::profile::{Kind, LoadError, Profile};

#[derive(Debug, Subcommand)]
#[command(after_help = "  bedbench profile check mine.toml")]
pub enum ProfileCommand {
    #[command(flatten)]
    Shelf(ShelfCommand),
    /// Check a profile by every rule, without firing anything
    #[command(after_help = rules())]
    Check {
        /// Path to a .toml file, or name of a built-in profile
        #[arg(value_name = "FILE")]
        name: String,
        #[command(flatten)]
        sources: Sources,
    },
    /// Fit the Regions of a profile to what a run measured, into a copy of it
    Calibrate(CalibrateArgs),
}

pub fn run(command: &ProfileCommand) -> Result<Exit, Failure> {
    match command {
        ProfileCommand::Shelf(command) => shelf::run(Kind::Profile, command),
        ProfileCommand::Check { name, sources } => check(name, sources),
        ProfileCommand::Calibrate(args) => calibrate::run(args),
    }
}

/// The rules, for the help.
fn rules() -> String {
    let width = RULES.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let lines: String = RULES.iter().map(|rule| format!("\n  {:width$}  {}", rule.name, rule.summary)).collect();
    format!(
        "Rules:{lines}\n\nA file that cannot be read (unknown keys, wrong types) is refused before them.\n\n\
         Examples:\n  bedbench profile check mine.toml\n  \
         bedbench profile check apac --set region.singapore.rtt.value=70ms\n\n\
         Exit codes: 0 it may be used · 2 it may not · 6 it leaves its residency"
    )
}

fn check(name: &str, sources: &Sources) -> Result<Exit, Failure> {
    match sources.loader(None)?.profile(name) {
        Ok(profile) => {
            let allowed: Vec<_> = profile.residency.allowed().map(|country| country.to_string()).collect();
            let (routes, warnings) = (profile.routes.len(), profile.warnings.len());
            let mut text = findings(&profile.warnings);
            text += &format!(
                "{} {name}: {} rules kept by {routes} {}; processed in {}{}\n",
                console::style("ok").green().bold(),
                RULES.len(),
                if routes == 1 { "route" } else { "routes" },
                allowed.join(", "),
                match warnings {
                    0 => String::new(),
                    1 => " · 1 warning".to_owned(),
                    n => format!(" · {n} warnings"),
                }
            );
            print(&text)?;
            Ok(Exit::Ok)
        }
        Err(error) => {
            let LoadError::Broken { file, problems } = &error else { return Err(error.into()) };
            print(&findings(problems))?;
            let count = problems.len();
            let message = format!("{file}: {count} {}", if count == 1 { "problem" } else { "problems" });
            Err(Failure::new(if error.is_refusal() { Code::Residency } else { Code::Unreadable }, message))
        }
    }
}

/// Each with its line and rule, the reason, and the way out beneath.
fn findings(problems: &[Problem]) -> String {
    let mut text = String::new();
    for found in problems {
        let rule = match found.weight {
            Weight::Refused => console::style(found.rule).red().bold(),
            Weight::Warning => console::style(found.rule).yellow().bold(),
        };
        let line = found.line.map(|line| format!("line {line}  ")).unwrap_or_default();
        text += &format!("{line}{rule}\n  {}\n  {} {}\n\n", found.what, console::style("→").dim(), found.way_out);
    }
    text
}

/// A profile with its routes, for the list.
pub fn describe(profile: &Profile) -> String {
    let allowed: Vec<_> = profile.residency.allowed().map(|country| country.to_string()).collect();
    let width = profile.routes.iter().map(|route| console::measure_text_width(&route.name)).max().unwrap_or(0);
    let mut details = vec![format!("residency: {}", allowed.join(", "))];
    details.extend(profile.routes.iter().map(|route| {
        let name = console::pad_str(&route.name, width, console::Alignment::Left, None);
        let reference = if route.standing == Standing::Reference { " (reference)" } else { "" };
        format!("{name}  {:8}  {}{reference}", route.policy.name, route.label)
    }));
    entry(&profile.name, &profile.summary, &details)
}
