//! What stands between a command line and somebody's money.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal, Write};
use std::ops::Add;

use super::exit::Failure;
use crate::core::Request;
use crate::core::units::grouped;
use crate::govern::Prices;
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
         beforehand how many, or what they cost.\n"
    )
}

fn targets(route: &Route) -> String {
    let targets: Vec<_> = route.targets.iter().map(|t| format!("{} in {}", t.model(), t.endpoint())).collect();
    targets.join(", then ")
}

/// What each route is asked for: one plan, or several of a sweep.
#[derive(Clone, Copy, Debug, Default)]
pub struct Asked {
    requests: u64,
    input_tokens: u64,
    max_tokens: u64,
}

impl Asked {
    pub fn by(plan: &Plan) -> Self {
        let sum = |tokens: fn(&Request) -> u32| plan.requests().iter().map(|r| u64::from(tokens(r))).sum();
        Self {
            requests: plan.len() as u64,
            input_tokens: sum(|request| request.input_tokens),
            max_tokens: sum(|request| request.max_tokens),
        }
    }
}

impl Add for Asked {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            requests: self.requests + other.requests,
            input_tokens: self.input_tokens + other.input_tokens,
            max_tokens: self.max_tokens + other.max_tokens,
        }
    }
}

/// What a run would send and cost, if every target were called once for every request and every answer
/// had max_tokens.
pub fn estimate(profile: &Profile, asked: Asked, prices: &Prices) -> String {
    let Asked { requests, input_tokens: input, max_tokens: output } = asked;
    let mut text = String::from(COSTS);
    for route in &profile.routes {
        text += &format!("  {}: {} requests to {}\n", route.name, grouped(requests), targets(route));
    }
    let all = || profile.routes.iter().flat_map(|route| &route.targets);
    let called = all().count() as u64;
    text += &format!(
        "With every target called for every request, {} attempts, about {} input tokens and {} output tokens \
         (max_tokens for each).\n",
        grouped(requests * called),
        grouped(input * called),
        grouped(output * called),
    );
    let (mut usd, mut missing) = (0.0, BTreeSet::new());
    for target in all() {
        match prices.of(target, &profile.models) {
            Ok(price) => usd += price.of(input as f64, output as f64),
            Err(unknown) => {
                missing.insert(unknown.call());
            }
        }
    }
    if usd > 0.0 {
        text += &format!("That is about {usd:.2} USD, by the list of prices in this version and of --prices.\n");
    }
    for call in missing {
        text += &format!("No price is known for {call}: look it up before you go on.\n");
    }
    text
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
