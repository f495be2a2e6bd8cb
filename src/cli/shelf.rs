//! `bedbench workload`, `scenario`, `pattern` and so on: what can be chosen by name.

use clap::{Command, Subcommand};

use super::exit::{Exit, Failure};
use super::print;
use crate::core::phase::PhaseShare;
use crate::core::units::{Rate, length, significant};
use crate::plan::pattern::TimeOfDay;
use crate::plan::workload::TokenLengths;
use crate::profile::{Kind, Loader, text_of};

#[derive(Debug, Subcommand)]
pub enum ShelfCommand {
    /// The built-in ones, and what they are for
    List,
    /// One as it is written, to copy and change
    Show {
        /// Name of a built-in one, or path to a .toml file
        name: String,
    },
}

/// The examples of a shelf and of its commands, with the names that stand on it.
pub fn with_examples(command: Command, kind: Kind) -> Command {
    let noun = kind.noun();
    let first = kind.names().next().expect("no shelf is empty");
    let list = format!("bedbench {noun} list");
    let show = format!("bedbench {noun} show {first} > mine.toml");
    let of_all = match command.get_after_help() {
        // Those of its own commands.
        Some(more) => format!("Examples:\n  {list}\n  {show}\n{more}"),
        None => format!("Examples:\n  {list}\n  {show}"),
    };
    command
        .mut_subcommand("list", |command| command.after_help(format!("Example:\n  {list}")))
        .mut_subcommand("show", |command| command.after_help(format!("Example:\n  {show}")))
        .after_help(of_all)
}

pub fn run(kind: Kind, command: &ShelfCommand) -> Result<Exit, Failure> {
    let loader = Loader::built_in()?;
    match command {
        ShelfCommand::Show { name } => {
            // A file with mistakes is better shown with what is wrong than not at all.
            print(&text_of(kind, name)?)?;
            describe(kind, &loader, name)?;
        }
        ShelfCommand::List => {
            let mut text = String::new();
            for name in kind.names() {
                text += &describe(kind, &loader, name)?;
                text.push('\n');
            }
            let noun = kind.noun();
            let pass =
                if kind == Kind::Experiment { "`bedbench experiment run`".to_owned() } else { format!("--{noun}") };
            text += &format!(
                "Show one with `bedbench {noun} show NAME`; copy it, change it, and pass the path to {pass}.\n"
            );
            print(&text)?;
        }
    }
    Ok(Exit::Ok)
}

fn describe(kind: Kind, loader: &Loader, name: &str) -> Result<String, Failure> {
    Ok(match kind {
        Kind::Profile => super::profile::describe(&loader.profile(name)?),
        Kind::Scenario => {
            let scenario = loader.scenario(name)?;
            let phases = scenario.phases();
            let whole: f64 = phases.iter().map(|phase| phase.share).sum();
            let phase = |phase: &PhaseShare| format!("{} {:.0} %", phase.name, 100.0 * phase.share / whole);
            let phases: Vec<_> = phases.iter().map(phase).collect();
            entry(&scenario.name, &scenario.summary, &[format!("phases: {}", phases.join(", "))])
        }
        Kind::Experiment => {
            let experiment = loader.experiment(name)?;
            let arms: Vec<_> = experiment.arm.iter().map(|arm| arm.name.as_str()).collect();
            entry(&experiment.name, &experiment.summary, &[format!("arms: {}", arms.join("; "))])
        }
        Kind::Pattern => {
            let pattern = loader.pattern(name)?;
            let bursts = pattern
                .burst
                .iter()
                .map(|burst| format!("{} at {} for {}", burst.name, burst.at, length(burst.length.0)));
            let peak =
                pattern.day_from(TimeOfDay::default(), Rate(1.0)).iter().map(|piece| piece.from.0).fold(0.0, f64::max);
            let mut lines = vec![format!("peak: {} × the mean over the day", significant(peak))];
            lines.extend(
                (!pattern.burst.is_empty()).then(|| format!("bursts: {}", bursts.collect::<Vec<_>>().join(", "))),
            );
            entry(&pattern.name, &pattern.summary, &lines)
        }
        Kind::Workload => {
            let workload = loader.workload(name)?;
            let tokens = |of: &TokenLengths| format!("p50 {}, p95 {}", of.p50, of.p95);
            let sensitivity = workload.sensitivity.map_or_else(|| "not stated".to_owned(), |s| s.to_string());
            let slos: Vec<_> = workload.slo.iter().map(ToString::to_string).collect();
            let lines = [
                format!(
                    "tokens in: {}; out: {}, at most {}",
                    tokens(&workload.input),
                    tokens(&workload.output),
                    workload.max_tokens
                ),
                format!("sensitivity: {sensitivity}; SLO: {}", slos.join(", ")),
            ];
            entry(&workload.name, &workload.summary, &lines)
        }
    })
}

/// A name in bold, what it is, and details below.
pub fn entry(name: &str, summary: &str, details: &[String]) -> String {
    let details: String = details.iter().map(|line| format!("    {line}\n")).collect();
    format!("{}  {summary}\n{details}", console::style(name).bold())
}
