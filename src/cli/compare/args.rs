//! What can be typed after `bedbench compare`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::core::fail_if::FailIf;

/// Compare two runs, or two routes of one: by how much B is slower or faster than A, and how sure that is.
///
/// A and B are results folders, or DIR:ROUTE. Without a route, the routes of both are compared by name; one folder with
/// several routes compares each with its first.
#[derive(Debug, Args)]
#[command(after_help = "Examples:
  bedbench compare results/before results/after
  bedbench compare results/night:sydney results/night:apac
  bedbench compare baseline candidate --fail-if 'ttft:p95>+10%' --fail-if 'response:p99>+20%'
  bedbench compare before after --format markdown --plot compare.svg > comment.md

A gate fails (exit 4) only if the percentile grew by more than it allows and the lower 99 % bound of the growth is
above 0. Runs that are not alike, by their load, workload, API, duration or scenario, are refused unless --anyway.
Exit codes: 0 ok · 2 usage, or no results folder · 4 regression · 6 unlike runs")]
pub struct CompareArgs {
    /// What is compared with: DIR or DIR:ROUTE
    #[arg(value_name = "A")]
    pub a: String,
    /// What is compared: DIR or DIR:ROUTE. Left out, the routes of A are compared with its first
    #[arg(value_name = "B")]
    pub b: Option<String>,
    /// Fail (exit 4) where a percentile grew by more than this, repeatable: ttft:p95>+10%
    #[arg(long, value_name = "GATE")]
    pub fail_if: Vec<FailIf>,
    /// Compare runs that are not alike, and say so
    #[arg(long)]
    pub anyway: bool,
    /// What is printed on stdout
    #[arg(long, value_enum, default_value_t = Output::Text)]
    pub format: Output,
    /// Draw both sides by percentile into this file
    #[arg(short = 'o', long, value_name = "FILE.svg")]
    pub plot: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// Tables and findings
    Text,
    /// Every number
    Json,
    /// A comment on a pull request
    Markdown,
}
