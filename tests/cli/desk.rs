//! Where each test sits: an empty folder, a shell without AWS settings.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bedbench::clock::{monotonic, sleep_until};
use tempfile::TempDir;

/// Far above what anything here takes; a test that hangs should fail, not stay.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// Exit code of a run that does not believe itself.
pub const INVALID: i32 = 5;
const LOOK_AGAIN: Duration = Duration::from_millis(5);

/// A mock run of under two seconds: half a second of load, and answers of two tokens.
pub const SHORT: &str = "run --rps 40 --mock -d 500ms --warmup 0s --route sydney --scenario calm --workload short.toml";

const SHORT_ANSWERS: &str = r#"
schema = 1
name = "short"
summary = "answers that end soon"
input = { p50 = 10, p95 = 10, max = 10 }
output = { p50 = 2, p95 = 2, max = 2 }
max_tokens = 2
slo = []
source = "test"
date = "2026-11-23"
"#;

pub struct Desk(TempDir);

/// A mock in a process of its own; ended when it is dropped.
pub struct Server {
    child: Child,
    /// URLs by Region.
    pub endpoints: Vec<(String, String)>,
}

impl Server {
    /// `bedbench mock` on free ports, ready to be called.
    pub fn start(desk: &Desk, args: &str) -> Self {
        let mut command = desk.child(&format!("mock --port 0 --format json {args}"));
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("one line of readiness");
        let ready: serde_json::Value = serde_json::from_str(&line).unwrap_or_else(|_| panic!("not ready: {line}"));
        let text = |value: &serde_json::Value| value.as_str().expect("text").to_owned();
        let regions = ready["regions"].as_array().expect("regions").iter();
        let endpoints = regions.map(|region| (text(&region["region"]), text(&region["url"]))).collect();
        Self { child, endpoints }
    }

    /// As `run` takes them.
    pub fn flags(&self) -> String {
        let flags: Vec<_> = self.endpoints.iter().map(|(region, url)| format!("--endpoint {region}={url}")).collect();
        flags.join(" ")
    }

    /// As a crash would: at once, with every connection open.
    pub fn kill(&mut self) {
        self.child.kill().expect("it runs");
        self.child.wait().expect("it has ended");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a command said and how it ended.
#[derive(Debug)]
pub struct Said {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Desk {
    pub fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    /// With what [`SHORT`] needs.
    pub fn with_short_answers() -> Self {
        let desk = Self::new();
        desk.write("short.toml", SHORT_ANSWERS);
        desk
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn bytes(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    pub fn json(&self, name: &str) -> serde_json::Value {
        serde_json::from_str(&self.read(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// `bedbench` with `args`, split at spaces.
    pub fn command(&self, args: &str) -> assert_cmd::Command {
        let mut command = assert_cmd::Command::from_std(self.child(args));
        command.timeout(PATIENCE);
        command
    }

    /// The same, to be spawned. Nobody sits at its stdin.
    pub fn child(&self, args: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedbench"));
        let ambient = |name: &str| {
            name.starts_with("AWS_")
                || name.starts_with("CLICOLOR")
                || name == "NO_COLOR"
                || name.starts_with("GITHUB_")
                || name.starts_with("SLURM_")
                || matches!(name, "JOB_COMPLETION_INDEX" | "BEDBENCH_SHARDS")
        };
        for (name, _) in std::env::vars_os().filter(|(name, _)| ambient(&name.to_string_lossy())) {
            command.env_remove(name);
        }
        command.env("HOME", self.0.path()).env("AWS_EC2_METADATA_DISABLED", "true");
        command.current_dir(self.0.path()).args(args.split_whitespace()).stdin(Stdio::null());
        command
    }

    /// What `bedbench` says under a `ulimit`. A write beyond it is an error then, and not a signal.
    #[cfg(unix)]
    pub fn says_limited(&self, limit: &str, args: &str) -> Said {
        self.says_in_shell(&format!("trap '' XFSZ; ulimit {limit}; exec \"$0\" \"$@\""), args)
    }

    /// What a shell says to `line`, in which `"$0" "$@"` is `bedbench` with `args`.
    #[cfg(unix)]
    pub fn says_in_shell(&self, line: &str, args: &str) -> Said {
        let bedbench = self.child(args);
        let mut shell = Command::new("sh");
        shell.args(["-c", line]);
        shell.arg(bedbench.get_program()).args(bedbench.get_args()).current_dir(self.0.path()).stdin(Stdio::null());
        for (name, value) in bedbench.get_envs() {
            match value {
                Some(value) => shell.env(name, value),
                None => shell.env_remove(name),
            };
        }
        let mut shell = assert_cmd::Command::from_std(shell);
        Said::of(shell.timeout(PATIENCE))
    }

    pub fn says(&self, args: &str) -> Said {
        Said::of(&mut self.command(args))
    }

    /// The same for a run that must measure: one at a time, and again when the machine was too busy
    /// for it.
    pub fn measures(&self, args: &str, environment: &[(&str, &str)]) -> Said {
        static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
        let _alone = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        for _ in 0..5 {
            let said = Said::of(self.command(args).envs(environment.iter().copied()));
            if said.code != Some(INVALID) {
                return said;
            }
            let _ = std::fs::remove_dir_all(self.path("run"));
        }
        panic!("every try was INVALID: bedbench {args}");
    }
}

impl Said {
    pub fn of(command: &mut assert_cmd::Command) -> Self {
        command.output().map(Self::from).unwrap()
    }

    /// Asserts the exit code, showing what was said when it is another one.
    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self:#?}");
        self
    }

    /// Asserts that the error is one line, and returns it without its code.
    #[track_caller]
    pub fn error(&self) -> String {
        format!("error: {}", self.only_error().1)
    }

    /// Asserts that the error is one line, and returns its code.
    #[track_caller]
    pub fn code_of_error(&self) -> &str {
        self.only_error().0
    }

    #[track_caller]
    fn only_error(&self) -> (&str, &str) {
        let errors: Vec<_> = self.errors().collect();
        assert_eq!(errors.len(), 1, "{self:#?}");
        errors[0]
    }

    /// Each with its code.
    pub fn errors(&self) -> impl Iterator<Item = (&str, &str)> {
        self.err.lines().filter_map(|line| line.strip_prefix("error[")?.split_once("]: "))
    }
}

impl From<Output> for Said {
    fn from(output: Output) -> Self {
        let text = |bytes| String::from_utf8(bytes).expect("what is printed is UTF-8");
        Self { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

/// Looks again until `found` says yes.
#[track_caller]
pub fn wait_until(what: &str, mut found: impl FnMut() -> bool) {
    let deadline = monotonic() + PATIENCE;
    while !found() {
        assert!(monotonic() < deadline, "never came: {what}");
        sleep_until(monotonic() + LOOK_AGAIN);
    }
}

/// Waits for `child`, which must end by itself; killed when it does not.
#[track_caller]
pub fn end_of(mut child: Child) -> Said {
    let deadline = monotonic() + PATIENCE;
    while child.try_wait().unwrap().is_none() {
        if monotonic() > deadline {
            let _ = child.kill();
            panic!("did not end by itself");
        }
        sleep_until(monotonic() + LOOK_AGAIN);
    }
    child.wait_with_output().unwrap().into()
}

#[cfg(unix)]
pub fn signal(child: &Child, signal: rustix::process::Signal) {
    let pid = rustix::process::Pid::from_child(child);
    rustix::process::kill_process(pid, signal).unwrap();
}

/// All files below `folder`, relative to it, sorted.
pub fn files_in(folder: &Path) -> Vec<String> {
    fn collect(folder: &Path, root: &Path, into: &mut Vec<String>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(&path, root, into);
            } else {
                into.push(path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/"));
            }
        }
    }
    let mut files = Vec::new();
    collect(folder, folder, &mut files);
    files.sort();
    files
}
