//! `bedbench experiment`: claims that can be run, simulated arm by arm, and what came out.

mod arm;
mod judge;
mod measured;

use clap::Subcommand;

use super::exit::{Exit, Failure};
use super::shelf::{self, ShelfCommand};
use super::{print, style};
use crate::core::Seed;
use crate::core::run::World;
use crate::profile::{Experiment, Kind, Loader};
use crate::report::wrap::wrap;
use arm::Ready;
use judge::{Arms, Judgement};
use measured::Measured;

#[derive(Debug, Subcommand)]
#[command(after_help = "  bedbench experiment run case-2")]
pub enum ExperimentCommand {
    #[command(flatten)]
    Shelf(ShelfCommand),
    /// Simulate every arm and hold what came out against what is expected
    #[command(after_help = "Examples:
  bedbench experiment run case-2
  bedbench experiment run mine.toml --seed 7

Exit codes: 0 everything is as expected · 1 something is not · 2 it cannot be run")]
    Run {
        /// Name of a built-in experiment, or path to a .toml file
        name: String,
        /// The first seed; the others follow it. Every arm has the same ones
        #[arg(long, default_value_t = Seed::default().0, value_name = "N")]
        seed: u64,
    },
}

pub fn run(command: &ExperimentCommand) -> Result<Exit, Failure> {
    match command {
        ExperimentCommand::Shelf(command) => shelf::run(Kind::Experiment, command),
        ExperimentCommand::Run { name, seed } => {
            let experiment = Loader::built_in()?.experiment(name)?;
            let ready =
                experiment.arm.iter().map(|arm| Ready::new(arm, &experiment.set)).collect::<Result<Vec<_>, _>>()?;
            let seeds: Vec<_> = (0..experiment.seeds).map(|i| Seed(seed.wrapping_add(i))).collect();
            let measured = ready.iter().map(|arm| arm.measure(&seeds)).collect::<Result<Vec<_>, _>>()?;
            let arms: Arms<'_> = experiment.arm.iter().map(|arm| arm.name.as_str()).zip(&measured).collect();
            let judged: Vec<_> = experiment.expect.iter().map(|expected| judge::judge(expected, &arms)).collect();
            print(&report(&experiment, &ready, &measured, &judged))?;
            Ok(if judged.iter().all(|judgement| judgement.as_expected) { Exit::Ok } else { Exit::Failed })
        }
    }
}

fn report(experiment: &Experiment, ready: &[Ready<'_>], measured: &[Measured], judged: &[Judgement]) -> String {
    let style = style().readable();
    let bold = |text: &str| console::style(text.to_owned()).bold().force_styling(style.colour).to_string();
    let wrapped = |before: &str, text: &str, indent: usize| {
        wrap(&format!("{before}{text}"), style.width, indent).join("\n") + "\n"
    };
    let Experiment { name, summary, claim, source, date, seeds, .. } = experiment;
    let mut text = wrapped("", &format!("{}  {}: {summary}", World::Sim.label(), bold(name)), 2) + "\n";
    text += &wrapped(&format!("{}  ", bold("Claim")), &format!("{claim} ({source}, {date})"), 7);
    text += &format!("\n{}  means over {seeds} seeds with 95 % intervals; times over all requests\n", bold("Arms"));
    for (arm, measured) in ready.iter().zip(measured) {
        text += &wrapped("  ", &bold(arm.name()), 4);
        text += &wrapped("    ", &arm.setting(), 6);
        text += &wrapped("    ", &measured.sentence(), 6);
    }
    text += &format!("\n{}\n", bold("What came out"));
    for judgement in judged {
        let mark = if judgement.as_expected { "as expected" } else { "NOT AS EXPECTED" };
        text += &wrapped(&format!("  {mark}: "), &judgement.text, 4);
    }
    text
}
