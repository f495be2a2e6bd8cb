//! The same against moto, which keeps and adds up metrics on its own. `.ci/audit` installs it.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::json;

use super::calls::{APPLIED, DEFAULTS, Recorded};
use super::common::Process;
use super::{audit, is_as_recorded, ok};

/// Where `.ci/audit` puts moto.
const HOME: &str = "target/audit/python";

#[test]
fn moto_adds_up_the_same_baseline() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let home = root.join(HOME);
    if !home.join("moto").exists() {
        println!("skipped: moto is not in {HOME}; .ci/audit installs it there");
        return;
    }
    let (dir, recorded) = (tempfile::tempdir().unwrap(), Recorded::of_a_day());
    let put = json!({
        "values": recorded.values(),
        "quotas": { "ListServiceQuotas": APPLIED, "ListAWSDefaultServiceQuotas": DEFAULTS },
    });
    let path = dir.path().join("recorded.json");
    std::fs::write(&path, put.to_string()).unwrap();
    let mut command = Command::new("python3");
    command.arg(root.join("tests/audit/moto_server.py")).arg(&path).env("PYTHONPATH", &home);
    command.env("NO_PROXY", "127.0.0.1").env("no_proxy", "127.0.0.1");
    // It ends with its stdin.
    let mut server = Process(command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().expect("python3 starts"));
    let (mut line, stdout) = (String::new(), server.0.stdout.take().expect("it is piped"));
    BufReader::new(stdout).read_line(&mut line).expect("it says where it is");
    let json = ok(&audit(dir.path(), line.trim(), &["--format", "json", "-o", "baseline"]));
    is_as_recorded(&json, &recorded);
    assert!(dir.path().join("baseline/profile-au-anthropic-claude-sonnet-5.toml").exists());
}
