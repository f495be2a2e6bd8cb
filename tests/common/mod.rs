//! What several tests need: bedbench as a process, and its results read back.

#![allow(dead_code)]

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use bedbench::measure::Summary;
use bedbench::store::rows::{RequestRow, read_requests};

pub fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name)
}

pub fn bedbench() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bedbench"));
    // Whatever the shell of the developer says about AWS is not part of a test.
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("AWS_") {
            command.env_remove(name);
        }
    }
    command.stdin(Stdio::null());
    command
}

/// A child that does not outlive its test.
pub struct Process(pub Child);

impl Process {
    pub fn signal(&self, name: &str) {
        let status = Command::new("kill").arg(format!("-{name}")).arg(self.0.id().to_string()).status();
        assert!(status.expect("kill is there").success(), "kill -{name}");
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Gone already is as good.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// `bedbench mock` in a process of its own, and the URL of its first Region.
pub fn start_mock(args: &[&str]) -> (Process, String) {
    let mut command = bedbench();
    command.args(["mock", "--port", "0", "--format", "json"]).args(args).stdout(Stdio::piped());
    let mut process = Process(command.spawn().expect("bedbench starts"));
    let stdout = process.0.stdout.take().expect("stdout is piped");
    let mut line = String::new();
    BufReader::new(stdout).read_line(&mut line).expect("the mock announces itself");
    let ready: serde_json::Value = serde_json::from_str(&line).expect("one line of JSON");
    let url = ready["regions"][0]["url"].as_str().expect("a URL").to_owned();
    (process, url)
}

pub fn requests(folder: &Path) -> Vec<RequestRow> {
    read_requests(folder).expect("requests.csv reads back")
}

pub fn summary(folder: &Path) -> Summary {
    let text = std::fs::read_to_string(folder.join("summary.json")).expect("summary.json is there");
    serde_json::from_str(&text).expect("summary.json reads back")
}
