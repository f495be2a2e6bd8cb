//! How bedbench ends: every code means one thing.

use std::io;
use std::process::ExitCode;

use crate::profile::LoadError;
use crate::store::read::ReadError;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    Ok,
    Failed,
    Usage,
    SloMissed,
    /// A gate of a comparison is broken.
    Regression,
    Invalid,
    Refused,
    /// 130 or 143, by the signal.
    Interrupted(u8),
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::SloMissed => 3,
            Exit::Regression => 4,
            Exit::Invalid => 5,
            Exit::Refused => 6,
            Exit::Interrupted(code) => code,
        })
    }
}

/// What kind of thing went wrong. The names are stable: docs/troubleshooting.md has a section for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The command line cannot be read.
    Arguments,
    /// It can be read and cannot be meant.
    Value,
    /// Two things that were asked for do not go together.
    Combination,
    /// There is nothing of that name.
    UnknownName,
    /// A file that was named cannot be read, or holds something else.
    Unreadable,
    /// A file is not of the form that is read.
    BrokenFile,
    /// A profile can be read and cannot be true.
    Rule,
    /// It may be processed outside the countries that are allowed.
    Residency,
    /// No route is left.
    NoRoute,
    /// An objective cannot be judged on what is asked.
    Objective,
    /// What would be printed would be chance.
    TooFewRequests,
    /// More than one process holds, fires or simulates.
    TooManyRequests,
    /// Every connection is an open file, and there may not be as many.
    OpenFiles,
    /// Turns that are too short, or that nobody takes.
    Turns,
    /// A closed loop has no plan.
    ClosedLoop,
    /// The engine and the command line do not agree on which part is fired here.
    Shard,
    /// Folders are not the shards of one run.
    Merge,
    /// There are no credentials, or they do not allow the call.
    Credentials,
    /// CloudWatch has nothing in the window.
    NoData,
    /// Nobody said yes to what it may cost.
    NotConfirmed,
    /// More than the budget would have been spent.
    Budget,
    /// A model has no price.
    NoPrice,
    /// Results would be written where something is already.
    NotEmpty,
    /// A folder is no run.
    NotARun,
    /// The records of a run cannot be read.
    BrokenRecords,
    /// Two runs were asked for different things.
    UnlikeRuns,
    /// There is one side only.
    NothingToCompare,
    /// A run does not bear a fit.
    NothingToFit,
    /// AWS takes no policy of that length.
    PolicyTooLong,
    /// An address cannot be listened on.
    Port,
    /// Not one request was answered.
    NothingAnswered,
    /// No endpoint could be reached.
    Unreachable,
    /// No load could be fired as planned.
    TooFast,
    /// A file could not be written.
    CannotWrite,
    /// By a signal; its exit code.
    Interrupted(u8),
    /// The operating system refused a thread, a timer or a socket.
    System,
}

impl Code {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Arguments => "arguments",
            Self::Value => "value",
            Self::Combination => "combination",
            Self::UnknownName => "unknown-name",
            Self::Unreadable => "unreadable",
            Self::BrokenFile => "broken-file",
            Self::Rule => "rule",
            Self::Residency => "residency",
            Self::NoRoute => "no-route",
            Self::Objective => "objective",
            Self::TooFewRequests => "too-few-requests",
            Self::TooManyRequests => "too-many-requests",
            Self::OpenFiles => "open-files",
            Self::Turns => "turns",
            Self::ClosedLoop => "closed-loop",
            Self::Shard => "shard",
            Self::Merge => "merge",
            Self::Credentials => "credentials",
            Self::NoData => "no-data",
            Self::NotConfirmed => "not-confirmed",
            Self::Budget => "budget",
            Self::NoPrice => "no-price",
            Self::NotEmpty => "not-empty",
            Self::NotARun => "not-a-run",
            Self::BrokenRecords => "broken-records",
            Self::UnlikeRuns => "unlike-runs",
            Self::NothingToCompare => "nothing-to-compare",
            Self::NothingToFit => "nothing-to-fit",
            Self::PolicyTooLong => "policy-too-long",
            Self::Port => "port",
            Self::NothingAnswered => "nothing-answered",
            Self::Unreachable => "unreachable",
            Self::TooFast => "too-fast",
            Self::CannotWrite => "cannot-write",
            Self::Interrupted(_) => "interrupted",
            Self::System => "system",
        }
    }

    const fn exit(self) -> Exit {
        match self {
            Self::NothingAnswered | Self::Unreachable | Self::TooFast | Self::CannotWrite | Self::System => {
                Exit::Failed
            }
            Self::Residency | Self::NotConfirmed | Self::Budget | Self::UnlikeRuns => Exit::Refused,
            Self::Interrupted(code) => Exit::Interrupted(code),
            _ => Exit::Usage,
        }
    }
}

/// One clear line, or one for each of several problems, and what kind of thing went wrong.
#[derive(Debug)]
pub struct Failure {
    code: Code,
    message: String,
}

impl Failure {
    pub fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The most common kind.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new(Code::Value, message)
    }

    /// Of a folder that results were to go into.
    pub fn folder(error: &io::Error) -> Self {
        match error.kind() {
            // Says itself what to do.
            io::ErrorKind::AlreadyExists => Self::new(Code::NotEmpty, error.to_string()),
            _ => Self::new(Code::CannotWrite, format!("cannot write results there: {error}; choose another -o")),
        }
    }

    /// Says it on stderr.
    pub fn report(self) -> Exit {
        let error = console::style(format!("error[{}]:", self.code.name())).red().bold().for_stderr();
        self.message.lines().for_each(|line| say!("{error} {line}"));
        self.code.exit()
    }
}

impl From<ReadError> for Failure {
    fn from(error: ReadError) -> Self {
        let code = match &error {
            ReadError::Missing(_)
            | ReadError::AFile(..)
            | ReadError::NoRun(_)
            | ReadError::Sweep(_)
            | ReadError::Schema(..)
            | ReadError::Foreign { .. }
            | ReadError::NoRecords(_) => Code::NotARun,
            ReadError::Io(..) => Code::Unreadable,
            ReadError::Manifest(..) | ReadError::Columns(..) | ReadError::Row { .. } => Code::BrokenRecords,
        };
        Self::new(code, error.to_string())
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let code = match &error {
            refusal if refusal.is_refusal() => Code::Residency,
            LoadError::Unknown { .. } => Code::UnknownName,
            LoadError::Unreadable { .. } => Code::Unreadable,
            LoadError::File(_) => Code::BrokenFile,
            LoadError::Broken { .. } => Code::Rule,
            LoadError::Override { .. } => Code::Value,
        };
        Self::new(code, error.to_string())
    }
}

#[cfg(test)]
mod tests {
    /// The part on errors; what a run says of itself has no code.
    fn explained() -> impl Iterator<Item = &'static str> {
        let document = include_str!("../../docs/troubleshooting.md");
        let (_, errors) = document.split_once("\n# Errors\n").expect("it has a part on errors");
        let errors = errors.split_once("\n# ").map_or(errors, |(errors, _)| errors);
        errors.lines().filter_map(|line| line.strip_prefix("## "))
    }

    /// Of [`super::Code::name`], so that no code can be left out.
    fn codes() -> impl Iterator<Item = &'static str> {
        let source = include_str!("exit.rs");
        source
            .lines()
            .filter_map(|line| line.trim().strip_prefix("Self::")?.split_once(" => \"")?.1.strip_suffix("\","))
    }

    #[test]
    fn every_code_is_explained_and_nothing_else_is() {
        assert!(codes().count() > 30);
        assert_eq!(explained().collect::<Vec<_>>(), codes().collect::<Vec<_>>());
    }
}
