//! A `bedbench mock` in a process of its own, and what it takes from the machine.

use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::Value;

/// Dropped, it is stopped.
pub struct Server {
    process: Child,
    pub address: SocketAddr,
}

#[allow(dead_code, reason = "every bench compiles this file for itself, and not all measure the server")]
impl Server {
    /// Waits until it is ready.
    pub fn start(options: &[String]) -> io::Result<Self> {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bedbench"));
        command.args(["mock", "--port", "0", "--format", "json"]).args(options).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let mut line = String::new();
        if let Some(output) = process.stdout.as_mut() {
            BufReader::new(output).read_line(&mut line)?;
        }
        let ready: Value = serde_json::from_str(&line)?;
        let url = ready["regions"][0]["url"].as_str().unwrap_or_default();
        let address = url.trim_start_matches("http://").parse().map_err(io::Error::other)?;
        Ok(Self { process, address })
    }

    /// The most memory it ever held, in bytes; absent where the platform does not tell.
    pub fn most_memory(&self) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
        let kib: u64 = line.trim().trim_end_matches(" kB").parse().ok()?;
        Some(kib << 10)
    }

    /// Processor time of all its threads so far.
    pub fn processor_time(&self) -> Option<Duration> {
        let tasks = std::fs::read_dir(format!("/proc/{}/task", self.process.id())).ok()?;
        let nanos = tasks.flatten().filter_map(|task| {
            let told = std::fs::read_to_string(task.path().join("schedstat")).ok()?;
            told.split(' ').next()?.parse::<u64>().ok()
        });
        Some(Duration::from_nanos(nanos.sum()))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself, which the streams have noticed.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
