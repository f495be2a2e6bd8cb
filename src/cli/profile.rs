//! `bedbench profile`: what can be compared.

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::print;
use crate::core::residency::Standing;
use crate::profile::{builtin, load_profile, profile_text};

#[derive(Debug, Subcommand)]
pub enum ProfileCommand {
    /// The built-in profiles, with their routes and where each may be processed
    List,
    /// A profile as it is written, to copy and change
    Show {
        /// Name of a built-in profile, or path to a .toml file
        name: String,
    },
}

pub fn run(command: &ProfileCommand) -> Result<Exit, Failure> {
    match command {
        ProfileCommand::List => list(),
        ProfileCommand::Show { name } => {
            let text = profile_text(name)?;
            // A file with mistakes is better shown with what is wrong than not at all.
            print(&text)?;
            load_profile(name)?;
            Ok(Exit::Ok)
        }
    }
}

fn list() -> Result<Exit, Failure> {
    let mut text = String::new();
    for builtin in builtin::PROFILES {
        let profile = load_profile(builtin.name)?;
        let allowed: Vec<_> = profile.residency.allowed().map(|country| country.to_string()).collect();
        let name = console::style(&profile.name).bold();
        text += &format!("{name}  {}\n    residency: {}\n", profile.summary, allowed.join(", "));
        let width = profile.routes.iter().map(|route| console::measure_text_width(&route.name)).max().unwrap_or(0);
        for route in &profile.routes {
            let padding = " ".repeat(width - console::measure_text_width(&route.name));
            let reference = if route.standing == Standing::Reference { " (reference)" } else { "" };
            text += &format!("    {}{padding}  {:8}  {}{reference}\n", route.name, route.policy.name, route.label);
        }
        text.push('\n');
    }
    text += "Show one with `bedbench profile show NAME`; copy it, change it, and pass the path to --profile.\n";
    print(&text)?;
    Ok(Exit::Ok)
}
