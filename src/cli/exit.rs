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

/// One clear line, or one for each of several problems, and the code that goes with them.
#[derive(Debug)]
pub struct Failure {
    exit: Exit,
    message: String,
}

impl Failure {
    pub fn failed(message: impl Into<String>) -> Self {
        Self { exit: Exit::Failed, message: message.into() }
    }

    pub fn usage(message: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, message: message.into() }
    }

    pub fn refused(message: impl Into<String>) -> Self {
        Self { exit: Exit::Refused, message: message.into() }
    }

    /// `code` as [`Exit::Interrupted`] has it.
    pub fn interrupted(code: u8, message: impl Into<String>) -> Self {
        Self { exit: Exit::Interrupted(code), message: message.into() }
    }

    /// Says it on stderr.
    pub fn report(self) -> Exit {
        let error = console::style("error:").red().bold().for_stderr();
        self.message.lines().for_each(|line| say!("{error} {line}"));
        self.exit
    }
}

impl From<LoadError> for Failure {
    fn from(error: LoadError) -> Self {
        let message = error.to_string();
        if error.is_refusal() { Self::refused(message) } else { Self::usage(message) }
    }
}
