//! What stands between a command line and somebody's money.

use std::io::{BufRead, IsTerminal, Write};

use super::exit::Failure;
use crate::core::units::grouped;
use crate::plan::Plan;
use crate::profile::{Profile, Route};

/// Settings of the shell that would send requests elsewhere without a word.
const AMBIENT: &[&str] = &["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"];

/// Names the ambient endpoint settings that are there, and that they have no effect.
pub fn warn_of_ambient_endpoints() {
    for name in AMBIENT.iter().filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        warn(&format!("{name} is set and ignored: bedbench calls what it says it calls. Use --endpoint REGION=URL"));
    }
}

pub fn warn(what: &str) {
    eprintln!("{} {what}", console::style("warning:").yellow().bold().for_stderr());
}

const COSTS: &str = "This run calls Amazon Bedrock and costs money:\n";

/// What a closed loop would send. How much that is depends on how fast the answers come.
pub fn open_ended(profile: &Profile, load: &str, max_tokens: u32) -> String {
    let mut text = String::from(COSTS);
    for route in &profile.routes {
        text += &format!("  {}: {load}, to {}\n", route.name, targets(route));
    }
    text + &format!(
        "As many requests as are answered in time, each of up to {max_tokens} output tokens: nobody can say \
         beforehand how many. Prices are not known to this version: look them up before you go on.\n"
    )
}

fn targets(route: &Route) -> String {
    let targets: Vec<_> = route.targets.iter().map(|t| format!("{} in {}", t.model(), t.endpoint())).collect();
    targets.join(", then ")
}

/// What a run would send at most.
pub fn estimate(profile: &Profile, plan: &Plan) -> String {
    let input: u64 = plan.requests().iter().map(|request| u64::from(request.input_tokens)).sum();
    let output: u64 = plan.requests().iter().map(|request| u64::from(request.max_tokens)).sum();
    let mut text = String::from(COSTS);
    let mut attempts = 0;
    for route in &profile.routes {
        attempts += route.targets.len() as u64;
        text += &format!("  {}: {} requests to {}\n", route.name, grouped(plan.len() as u64), targets(route));
    }
    text + &format!(
        "At most {} attempts, about {} input tokens and {} output tokens (max_tokens for each). \
         Prices are not known to this version: look them up before you go on.\n",
        grouped(plan.len() as u64 * attempts),
        grouped(input * attempts),
        grouped(output * attempts),
    )
}

/// Asks, where there is somebody to ask.
///
/// # Errors
/// When the answer is no, or nobody is there and `--yes` was not given.
pub fn confirm(estimate: &str, yes: bool) -> Result<(), Failure> {
    eprint!("{estimate}");
    if yes {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::refused("a live run spends money and nobody is here to ask; add --yes, or --mock"));
    }
    eprint!("Go on? [y/N] ");
    let _ = std::io::stderr().flush();
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Failure::refused("nothing was sent"))
}
