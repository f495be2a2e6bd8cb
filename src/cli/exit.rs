//! How bedbench ends: every code means one thing.

use std::process::ExitCode;

use crate::profile::LoadError;

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
    /// What was typed cannot be, or does not go together.
    Usage,
    /// A file that was named cannot be read, or does not say what it should.
    File,
    /// Results would be written where something is already.
    Taken,
    /// A folder is no run, or its records cannot be read.
    Folder,
    /// Folders are not the shards of one run.
    Merge,
    /// The engine and the command line do not agree on which part is fired here.
    Shard,
    /// A model has no price.
    Price,
    /// There are no credentials, or they do not allow the call.
    Credentials,
    /// CloudWatch has nothing in the window.
    NoData,
    /// An address cannot be listened on.
    Listen,
    /// A file could not be written.
    Write,
    /// The operating system refused a thread, a timer or a socket.
    Machine,
    /// Not one request was answered.
    Unanswered,
    /// No endpoint could be reached.
    Unreached,
    /// The residency forbids it.
    Residency,
    /// Nobody said yes to what it may cost.
    Consent,
    /// More than the budget would have been spent.
    Budget,
    /// Two runs that were asked for different things.
    Unlike,
    /// By a signal; its exit code.
    Interrupted(u8),
}

impl Code {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Usage => "usage",
            Self::File => "file",
            Self::Taken => "taken",
            Self::Folder => "folder",
            Self::Merge => "merge",
            Self::Shard => "shard",
            Self::Price => "price",
            Self::Credentials => "credentials",
            Self::NoData => "no-data",
            Self::Listen => "listen",
            Self::Write => "write",
            Self::Machine => "machine",
            Self::Unanswered => "unanswered",
            Self::Unreached => "unreached",
            Self::Residency => "residency",
            Self::Consent => "consent",
            Self::Budget => "budget",
            Self::Unlike => "unlike",
            Self::Interrupted(_) => "interrupted",
        }
    }

    const fn exit(self) -> Exit {
        match self {
            Self::Usage | Self::File | Self::Taken | Self::Folder | Self::Merge | Self::Shard => Exit::Usage,
            Self::Price | Self::Credentials | Self::NoData | Self::Listen => Exit::Usage,
            Self::Write | Self::Machine | Self::Unanswered | Self::Unreached => Exit::Failed,
            Self::Residency | Self::Consent | Self::Budget | Self::Unlike => Exit::Refused,
            Self::Interrupted(code) => Exit::Interrupted(code),
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
        Self::new(Code::Usage, message)
    }

    /// Says it on stderr.
    pub fn report(self) -> Exit {
        let error = console::style(format!("error[{}]:", self.code.name())).red().bold().for_stderr();
        self.message.lines().for_each(|line| say!("{error} {line}"));
        self.code.exit()
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let code = match &error {
            refusal if refusal.is_refusal() => Code::Residency,
            LoadError::Override { .. } => Code::Usage,
            _ => Code::File,
        };
        Self::new(code, error.to_string())
    }
}
