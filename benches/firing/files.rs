//! A Region of known speed, and prompts and answers that are all alike.

use std::io;
use std::path::Path;

const PROFILE: &str = include_str!("../../tests/fixtures/one-region.toml");
const SCENARIO: &str = include_str!("../../tests/fixtures/quiet.toml");

/// Writes them into `folder`; the options of a mock that serves them.
pub fn write(folder: &Path, tokens: u32) -> io::Result<Vec<String>> {
    // A pace: events that were due at once would be read at once.
    let profile = PROFILE.replace(r#"tpot = { p50 = "0ms", p95 = "0ms""#, r#"tpot = { p50 = "2ms", p95 = "2ms""#);
    let workload = format!(
        r#"
schema = 1
name = "alike"
summary = "800 bytes, and always as many tokens back"
sensitivity = "low"
input = {{ p50 = 200, p95 = 200, max = 200 }}
output = {{ p50 = {tokens}, p95 = {tokens}, max = {tokens} }}
max_tokens = {tokens}
token_multiplier = 1.0
cache_hit_rate = 0.0
slo = []
source = "made up for this bench"
date = "2026-11-23"
"#
    );
    let files = [("profile", profile), ("scenario", SCENARIO.to_owned()), ("workload", workload)];
    let mut options = Vec::new();
    for (name, text) in files {
        let path = folder.join(format!("{name}.toml"));
        std::fs::write(&path, text)?;
        options.extend([format!("--{name}"), path.display().to_string()]);
    }
    Ok(options)
}
