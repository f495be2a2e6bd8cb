//! A world with room for everybody, and answers that do not end before they are counted.

use std::io;
use std::path::Path;

/// Four tokens in 200 ms: the mock puts four into an event.
const PROFILE: &str = r#"
schema = 1
name = "streams"
summary = "a Region with room for everybody"
residency = ["Australia"]
source = "made up for this bench"
date = "2026-11-22"

[[region]]
code = "ap-southeast-2"
rtt = { value = "1ms", jitter = "0ms", source = "made up", date = "2026-11-22" }
capacity = { slots = 100000, queue = 1, source = "made up", date = "2026-11-22" }
ttft = { p50 = "500ms", p95 = "900ms", source = "made up", date = "2026-11-22" }
per_input = { value = "0us", source = "made up", date = "2026-11-22" }
tpot = { p50 = "50ms", p95 = "50ms", source = "made up", date = "2026-11-22" }
quota = [
  { pools = ["in-region"], requests_per_minute = 10000000, tokens_per_minute = 100000000000, burst = "60s", source = "made up", date = "2026-11-22" },
]

[[route]]
name = "sydney"
policy = "pinned"
targets = [{ region = "ap-southeast-2", model = "amazon.nova-lite-v1:0" }]
"#;

const SCENARIO: &str = r#"
schema = 1
name = "alone"
summary = "nobody else"
source = "made up for this bench"
date = "2026-11-22"
length = "60s"

[[phase]]
name = "alone"
share = 1.0
steady = true
regions = [{ code = "ap-southeast-2", background = 0.0, account_load = 0.0 }]
"#;

const WORKLOAD: &str = r#"
schema = 1
name = "long"
summary = "answers of 25 seconds"
sensitivity = "low"
input = { p50 = 10, p95 = 10, max = 10 }
output = { p50 = 500, p95 = 500, max = 500 }
max_tokens = 500
token_multiplier = 1.0
cache_hit_rate = 0.0
slo = []
source = "made up for this bench"
date = "2026-11-22"
"#;

/// Writes them down, and gives the options that name them.
pub fn write(folder: &Path) -> io::Result<Vec<String>> {
    let mut options = Vec::new();
    for (option, text) in [("profile", PROFILE), ("scenario", SCENARIO), ("workload", WORKLOAD)] {
        let file = folder.join(format!("{option}.toml"));
        std::fs::write(&file, text)?;
        options.extend([format!("--{option}"), file.display().to_string()]);
    }
    Ok(options)
}
