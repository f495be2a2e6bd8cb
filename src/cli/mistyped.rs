//! A command line that cannot be read: what clap says of it, and the way out where clap does not know it.

use std::error::Error as _;
use std::num::{IntErrorKind, ParseFloatError, ParseIntError};
use std::process::ExitCode;

use clap::Command;
use clap::error::{ContextKind, ContextValue, Error, ErrorKind};

use super::exit::{Code, Exit};
use super::help;
use crate::profile::Kind;

/// Says it, with the code that other mistakes have.
pub fn report(mut error: Error) -> ExitCode {
    if let Some(tip) = tip(&error, &help::command(), std::env::args().skip(1)) {
        // What only looks like it leads astray.
        for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand] {
            error.remove(kind);
        }
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    let styled = error.render();
    let text = if console::colors_enabled_stderr() { styled.ansi().to_string() } else { styled.to_string() };
    let named = text.replacen("error:", &format!("error[{}]:", Code::Arguments.name()), 1);
    say!("{}", plainly(&named, &error).trim_end());
    Exit::Usage.into()
}

/// What to type in place of what no command takes.
fn tip(error: &Error, root: &Command, typed: impl Iterator<Item = String>) -> Option<String> {
    let text = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.as_str()),
        _ => None,
    };
    let (path, command) = command_of(root, typed);
    let takes = |id: &str| command.get_arguments().any(|argument| argument.get_id() == id);
    match error.kind() {
        ErrorKind::UnknownArgument => match text(ContextKind::InvalidArg)? {
            "--region" if takes("profile") => {
                Some("the Regions that are called belong to the routes: --route NAME, or --profile FILE".into())
            }
            "--model" if takes("profile") => {
                Some("the model belongs to the route: --profile FILE, from `bedbench profile show apac`".into())
            }
            word => {
                let kinds = [Kind::Profile, Kind::Workload, Kind::Scenario, Kind::Pattern];
                let kind =
                    kinds.into_iter().find(|kind| takes(kind.noun()) && kind.names().any(|name| name == word))?;
                Some(format!("`{word}` is a {0}: --{0} {word}", kind.noun()))
            }
        },
        ErrorKind::InvalidSubcommand => {
            let word = text(ContextKind::InvalidSubcommand)?;
            let commands: Vec<_> = command.get_subcommands().map(Command::get_name).collect();
            if commands.contains(&"show") && (word.ends_with(".toml") || is_named(command.get_name(), word)) {
                return Some(format!("{path} show {word}"));
            }
            match error.get(ContextKind::SuggestedSubcommand) {
                Some(_) => None,
                None => Some(format!("`{path}` takes {}", commands.join(", "))),
            }
        }
        _ => None,
    }
}

fn is_named(noun: &str, word: &str) -> bool {
    let kinds = [Kind::Profile, Kind::Workload, Kind::Scenario, Kind::Pattern, Kind::Experiment];
    kinds.into_iter().any(|kind| kind.noun() == noun && kind.names().any(|name| name == word))
}

/// The innermost command that was named, and how it is called.
fn command_of(root: &Command, typed: impl Iterator<Item = String>) -> (String, &Command) {
    let (mut path, mut command) = (root.get_name().to_owned(), root);
    for word in typed {
        let Some(inner) = command.find_subcommand(&word) else { break };
        path = format!("{path} {word}");
        command = inner;
    }
    (path, command)
}

/// `invalid digit found in string` in words of who types a number.
fn plainly(text: &str, error: &Error) -> String {
    let Some(source) = error.source() else { return text.to_owned() };
    let wanted = match (source.downcast_ref::<ParseIntError>().map(ParseIntError::kind), source.is::<ParseFloatError>())
    {
        (Some(IntErrorKind::PosOverflow | IntErrorKind::NegOverflow), _) => "the number is too large",
        (Some(_), _) => "write a whole number",
        (None, true) => "write a number",
        (None, false) => return text.to_owned(),
    };
    text.replacen(&source.to_string(), wanted, 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tip_for(line: &str) -> Option<String> {
        let words: Vec<_> = line.split(' ').map(str::to_owned).collect();
        let error = help::command().try_get_matches_from(&words).expect_err("it cannot be typed");
        tip(&error, &help::command(), words.into_iter().skip(1))
    }

    #[test]
    fn what_is_right_elsewhere_is_told_where() {
        for (line, said) in [
            ("bedbench run apac --rps 5", "`apac` is a profile: --profile apac"),
            ("bedbench run --rps 5 calm", "`calm` is a scenario: --scenario calm"),
            ("bedbench profile apac", "bedbench profile show apac"),
            ("bedbench workload mine.toml", "bedbench workload show mine.toml"),
            ("bedbench export foo", "`bedbench export` takes scp, "),
            ("bedbench foo", "`bedbench` takes run, report, "),
            ("bedbench run --rps 5 --region ap-southeast-2", "--route NAME, or --profile FILE"),
            ("bedbench plan --rps 5 --model claude", "the model belongs to the route: --profile FILE"),
        ] {
            assert!(tip_for(line).is_some_and(|tip| tip.contains(said)), "{line}: {:?}", tip_for(line));
        }
        // Nothing better than what clap says.
        for line in ["bedbench run --rps 5 here", "bedbench rum", "bedbench compare a b --model x"] {
            assert_eq!(tip_for(line), None, "{line}");
        }
    }
}
