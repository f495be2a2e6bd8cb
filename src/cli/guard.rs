//! What stands between a command line and somebody's money.

use std::io::{BufRead, IsTerminal, Write};

use super::exit::{Code, Failure};
use crate::govern::Purse;
use crate::profile::{Profile, Route};

/// Settings of the shell that would send requests elsewhere without a word.
const AMBIENT: &[&str] = &["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_BEDROCK_RUNTIME"];

/// Names the ambient endpoint settings that are there, and that they have no effect.
pub fn warn_of_ambient_endpoints() {
    warn_of_ambient(AMBIENT, "REGION=URL");
}

/// The same for other settings; `form` is how --endpoint is written.
pub fn warn_of_ambient(names: &[&str], form: &str) {
    for name in names.iter().filter(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty())) {
        warn(&format!("{name} is set and ignored: bedbench calls what it says it calls. Use --endpoint {form}"));
    }
}

pub fn warn(what: &str) {
    say!("{} {what}", console::style("warning:").yellow().bold().for_stderr());
}

pub const COSTS: &str = "This run calls Amazon Bedrock and costs money:\n";

/// What a closed loop would send. How much that is depends on how fast the answers come.
pub fn open_ended(profile: &Profile, load: &str, max_tokens: u32) -> String {
    let mut text = String::from(COSTS);
    for route in &profile.routes {
        text += &format!("  {}: {load}, to {}\n", route.name, targets(route));
    }
    text + &format!(
        "As many requests as are answered in time, each of up to {max_tokens} output tokens: nobody can say \
         beforehand how many, or what they cost.\n"
    )
}

fn targets(route: &Route) -> String {
    let targets: Vec<_> = route.targets.iter().map(|t| format!("{} in {}", t.model(), t.endpoint())).collect();
    targets.join(", then ")
}

/// Asks, where there is somebody to ask.
///
/// # Errors
/// When the answer is no, or nobody is there and neither `--yes` nor a budget was given.
pub fn confirm(estimate: &str, yes: bool, purse: Option<&Purse>) -> Result<(), Failure> {
    let _ = write!(std::io::stderr(), "{estimate}");
    if let Some(purse) = purse {
        say!("Arrivals stop before {} USD could be passed.", purse.budget());
    }
    if yes || purse.is_some() {
        return Ok(());
    }
    if !std::io::stdin().is_terminal() {
        return Err(Failure::new(
            Code::NotConfirmed,
            "a live run spends money and nobody is here to ask; add --yes, a --budget, or --mock",
        ));
    }
    let mut stderr = std::io::stderr();
    let _ = write!(stderr, "Go on? [y/N] ").and_then(|()| stderr.flush());
    let mut answer = String::new();
    let read = std::io::stdin().lock().read_line(&mut answer);
    if read.is_ok() && matches!(answer.trim().to_ascii_lowercase().as_str(), "y" | "yes") {
        return Ok(());
    }
    Err(Failure::new(Code::NotConfirmed, "nothing was sent"))
}
