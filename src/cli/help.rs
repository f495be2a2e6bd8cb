//! The command line as one value: what is parsed, shown as help, and made into manual pages and completions.

use clap::{Command, CommandFactory};

use super::Cli;
use super::shelf;
use crate::profile::Kind;

/// Headings of the help, and what stands beneath each: an argument, or `command argument` where the same name means
/// something else there. What is not listed stands under "Options".
const HEADINGS: &[(&str, &[&str])] = &[
    (
        "Load",
        &[
            "rps",
            "stage",
            "pattern",
            "start",
            "trace",
            "concurrency",
            "duration",
            "warmup",
            "arrival",
            "burstiness",
            "steps",
            "seeds",
            "seed",
        ],
    ),
    (
        "Routes and requests",
        &["profile", "route", "no_reference", "residency", "workload", "api", "advise latency", "data", "throughput"],
    ),
    ("World", &["sim", "mock", "live", "scenario", "latency", "endpoint", "endpoint_credentials", "endpoint_ca"]),
    ("Spending", &["yes", "budget"]),
    ("Objectives", &["slo", "baseline", "fail_if", "junit", "anyway"]),
    ("Turns", &["blocks", "block_gap", "short_blocks"]),
    ("More than one machine", &["shard", "start_at"]),
    (
        "Serving",
        &["bind", "allow_remote", "port", "single", "strict", "credentials", "api_key", "log", "tls", "tls_ca"],
    ),
    ("Output", &["out", "no_records", "png", "plot", "write", "format", "quiet"]),
    ("Files", &["set", "models", "prices"]),
    (
        "Tuning",
        &[
            "in_flight",
            "prewarm",
            "connections",
            "connect_timeout",
            "first_token_timeout",
            "event_timeout",
            "request_timeout",
        ],
    ),
];

/// The whole command line, with headings, and an example for every command.
pub fn command() -> Command {
    let shelves = [Kind::Profile, Kind::Workload, Kind::Scenario, Kind::Experiment, Kind::Pattern];
    let command = shelves.into_iter().fold(Cli::command(), |command, kind| {
        command.mut_subcommand(kind.noun(), |command| shelf::with_examples(command, kind))
    });
    grouped(command)
}

fn grouped(command: Command) -> Command {
    let name = command.get_name().to_owned();
    let grouped = command.mut_args(|argument| match heading(&name, argument.get_id().as_str()) {
        Some(heading) => argument.help_heading(heading),
        None => argument,
    });
    grouped.mut_subcommands(self::grouped)
}

fn heading(command: &str, argument: &str) -> Option<&'static str> {
    let here = format!("{command} {argument}");
    let under =
        |name: &str| HEADINGS.iter().find(|(_, arguments)| arguments.contains(&name)).map(|(heading, _)| *heading);
    under(&here).or_else(|| under(argument))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn every(command: &Command, path: &str, see: &mut impl FnMut(&str, &Command)) {
        see(path, command);
        for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
            every(sub, &format!("{path} {}", sub.get_name()), see);
        }
    }

    #[test]
    fn the_command_line_is_well_formed_and_every_argument_has_help() {
        let mut command = command();
        command.build();
        command.clone().debug_assert();
        every(&command, "bedbench", &mut |path, command| {
            for argument in command.get_arguments() {
                assert!(argument.get_help().is_some(), "{path} --{} has no help", argument.get_id());
            }
        });
    }

    #[test]
    fn every_command_shows_how_it_is_called() {
        let mut command = command();
        command.build();
        every(&command, "bedbench", &mut |path, command| {
            let help = command.clone().render_long_help().to_string();
            let (_, examples) = help.split_once("Example").unwrap_or_else(|| panic!("no example for `{path}`\n{help}"));
            assert!(examples.contains(path), "the example for `{path}` does not call it\n{examples}");
        });
    }

    /// The words of one command, up to a comment, a pipe or another command.
    fn words(line: &str) -> Vec<String> {
        let (mut words, mut word, mut quoted) = (Vec::new(), String::new(), false);
        for c in line.chars().chain([' ']) {
            match c {
                '\'' => quoted = !quoted,
                ' ' if !quoted => words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty())),
                c => word.push(c),
            }
        }
        let end = words.iter().position(|word| ["#", "|", ">", "&&", "&"].contains(&word.as_str()));
        words.truncate(end.unwrap_or(words.len()));
        words
    }

    fn assert_parses(line: &str, from: &str) {
        if let Err(error) = command().try_get_matches_from(words(line)) {
            panic!("{from} shows a command that cannot be typed\n{line}\n{error}");
        }
    }

    #[test]
    fn every_command_that_a_document_shows_can_be_typed() {
        let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR"));
        let docs = std::fs::read_dir(root.join("docs")).unwrap().map(|entry| entry.unwrap().path());
        let mut shown = 0;
        for path in docs.filter(|path| path.is_file()).chain([root.join("README.md"), root.join("CONTRIBUTING.md")]) {
            let text = std::fs::read_to_string(&path).unwrap();
            for block in text.split("```").skip(1).step_by(2).filter_map(|block| block.strip_prefix("sh\n")) {
                let block = block.replace("\\\n", " ");
                for line in block.lines().filter(|line| line.starts_with("bedbench ")) {
                    assert_parses(line, &path.display().to_string());
                    shown += 1;
                }
            }
        }
        assert!(shown > 50, "only {shown} commands were found");
    }

    #[test]
    fn every_example_of_the_help_can_be_typed() {
        every(&command(), "bedbench", &mut |path, command| {
            let examples = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            for line in examples.lines().filter(|line| line.starts_with("  bedbench ")) {
                // What an example is for stands behind it, well apart.
                let example = line.trim_start().split("   ").next().unwrap_or_default();
                assert_parses(example, path);
            }
        });
    }

    #[test]
    fn long_lists_of_options_stand_in_groups() {
        every(&command(), "bedbench", &mut |path, command| {
            let options: Vec<_> = command.get_arguments().filter(|argument| !argument.is_positional()).collect();
            let bare = options.iter().filter(|option| option.get_help_heading().is_none()).count();
            assert!(bare <= 8, "{path}: {bare} of {} options have no heading", options.len());
        });
    }

    #[test]
    fn every_heading_is_of_something() {
        let mut there = BTreeSet::new();
        every(&command(), "bedbench", &mut |_, command| {
            for argument in command.get_arguments() {
                there.insert(argument.get_id().to_string());
                there.insert(format!("{} {}", command.get_name(), argument.get_id()));
            }
        });
        for argument in HEADINGS.iter().flat_map(|(_, arguments)| *arguments) {
            assert!(there.contains(*argument), "no command takes `{argument}`");
        }
    }
}
