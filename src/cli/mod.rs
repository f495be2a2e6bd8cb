//! The command line: arguments → validated configuration → one call → what is printed.

mod advise;
mod announce;
mod audit;
mod calibrate;
mod compare;
mod completions;
mod endpoint;
mod exit;
mod experiment;
mod export;
mod files;
mod guard;
mod help;
mod man;
mod merge;
mod mistyped;
mod mock;
mod plan;
mod probe;
mod profile;
mod report;
mod run;
mod selftest;
mod shelf;
mod simulated;
mod sources;
mod sweep;

use std::process::ExitCode;

use clap::{FromArgMatches, Parser, Subcommand};

use crate::profile::Kind;
use crate::report::text::Style;
use exit::{Code, Failure};

/// Open-loop load tests and latency benchmarks for Amazon Bedrock, as seen from Sydney.
///
/// Fires the same stream of requests along each candidate route, at the instants planned and
/// whatever comes back, and draws the comparison that goes into the design review.
#[derive(Debug, Parser)]
#[command(
    name = "bedbench",
    version,
    arg_required_else_help = true,
    after_help = "Examples:
  bedbench run --rps 50 --profile apac --mock     rehearse: no account, no network, no cost
  bedbench run --rps 50 --profile apac            measure Bedrock itself (asks before it spends)
  bedbench report results/20261123T065409Z-apac-mock
                                                  rebuild what a run left, also one that was killed
  bedbench sweep --profile candidates --rps 5..120
                                                  from which load on leaving Sydney pays
  bedbench advise --workload chat                 which route to take, and what would change it
  bedbench compare results/before results/after --fail-if 'ttft:p95>+10%'
                                                  whether a change made it slower
  bedbench merge runs/* -o merged                 one run of what several machines fired
  bedbench probe --profile apac                   how far each endpoint is from here, for nothing
  bedbench selftest                               what the instrument itself adds, on this machine
  bedbench audit --region ap-southeast-2          what the account really did, from CloudWatch
  bedbench mock --profile apac --port 7080        a Bedrock for any client to rehearse against
  bedbench experiment run case-2                  whether a claim holds, simulated
  bedbench export scp --profile au --explain      a policy that holds a profile's residency
  bedbench profile list                           what can be compared
  bedbench profile check mine.toml                whether a profile of yours may be believed

Exit codes: 0 ok · 1 failed · 2 usage or configuration · 3 SLO missed · 4 regression ·
5 run invalid · 6 refused (residency, spending) · 130/143 interrupted"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Fire a load along every route of a profile and report what came back
    Run(Box<run::RunArgs>),
    /// Rebuild everything that a run leaves from its records
    Report(report::ReportArgs),
    /// Say what a run would send: calls, tokens, money, quota, countries
    Plan(Box<plan::PlanArgs>),
    /// Simulate every route at many loads: knees, crossovers, costs
    Sweep(Box<sweep::SweepArgs>),
    /// Recommend a route for a workload: simulated, ranked, and what would change it
    Advise(Box<advise::AdviseArgs>),
    /// Compare two runs, or two routes of one, and gate a change
    Compare(compare::CompareArgs),
    /// Make one run of the shards that several machines fired
    Merge(merge::MergeArgs),
    /// Measure how far each Region's endpoint is: TCP and TLS, no request, no cost
    Probe(probe::ProbeArgs),
    /// Measure the instrument itself: how late it sends, how far its times are from the truth
    Selftest(selftest::SelftestArgs),
    /// Read what the account really did: CloudWatch and Service Quotas, as a baseline
    Audit(Box<audit::AuditArgs>),
    /// Serve a mock Bedrock, one port per Region, for any client
    Mock(mock::MockArgs),
    /// What can be compared: list, show or check profiles
    #[command(subcommand)]
    Profile(profile::ProfileCommand),
    /// What can be asked: list or show workloads
    #[command(subcommand)]
    Workload(shelf::ShelfCommand),
    /// What can go wrong in the mock: list or show scenarios
    #[command(subcommand)]
    Scenario(shelf::ShelfCommand),
    /// Claims that can be run: list, show or run experiments, simulated
    #[command(subcommand)]
    Experiment(experiment::ExperimentCommand),
    /// How load comes and goes over a day: list or show patterns
    #[command(subcommand)]
    Pattern(shelf::ShelfCommand),
    /// Enforce and watch a route: policies, alarms, queries, evidence; fire a plan from many machines
    #[command(subcommand)]
    Export(export::ExportCommand),
    /// Write the manual pages
    Man(man::ManArgs),
    /// Write completions for a shell
    Completions(completions::CompletionsArgs),
}

/// Parses the command line and carries it out.
pub fn main() -> ExitCode {
    // `console` lets CLICOLOR_FORCE, which CI systems set, win over the user's own wish.
    if std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty()) {
        console::set_colors_enabled(false);
        console::set_colors_enabled_stderr(false);
    }
    let command = match help::command().try_get_matches().and_then(|matches| Cli::from_arg_matches(&matches)) {
        Ok(cli) => cli.command,
        Err(error) if error.use_stderr() => return mistyped::report(error),
        // Help and version are what was asked for.
        Err(asked) => asked.exit(),
    };
    let result = match command {
        Command::Run(args) => run::run(*args),
        Command::Report(args) => report::run(&args),
        Command::Plan(args) => plan::run(*args),
        Command::Sweep(args) => sweep::run(*args),
        Command::Advise(args) => advise::run(&args),
        Command::Compare(args) => compare::run(args),
        Command::Merge(args) => merge::run(&args),
        Command::Probe(args) => probe::run(&args),
        Command::Selftest(args) => selftest::run(&args),
        Command::Audit(args) => audit::run(&args),
        Command::Mock(args) => mock::run(&args),
        Command::Profile(command) => profile::run(&command),
        Command::Workload(command) => shelf::run(Kind::Workload, &command),
        Command::Scenario(command) => shelf::run(Kind::Scenario, &command),
        Command::Experiment(command) => experiment::run(&command),
        Command::Pattern(command) => shelf::run(Kind::Pattern, &command),
        Command::Export(command) => export::run(&command),
        Command::Man(args) => man::run(&args),
        Command::Completions(args) => completions::run(&args),
    };
    match result {
        Ok(exit) => exit.into(),
        Err(failure) => failure.report().into(),
    }
}

/// Writes to stdout. A reader that has seen enough and closed the pipe is no error.
fn print(text: &str) -> Result<(), Failure> {
    use std::io::{ErrorKind, Write};
    match std::io::stdout().write_all(text.as_bytes()) {
        Err(error) if error.kind() == ErrorKind::BrokenPipe => Ok(()),
        result => result.map_err(|error| Failure::new(Code::CannotWrite, format!("cannot write to stdout: {error}"))),
    }
}

/// Width of tables where there is no terminal to ask.
const PIPED_WIDTH: usize = 100;

/// How to write on stdout.
fn style() -> Style {
    style_of(&console::Term::stdout(), console::colors_enabled())
}

fn style_on_stderr() -> Style {
    style_of(&console::Term::stderr(), console::colors_enabled_stderr())
}

fn style_of(term: &console::Term, colour: bool) -> Style {
    let width = if term.is_term() { usize::from(term.size().1) } else { PIPED_WIDTH };
    Style { colour, width }
}
