//! `bedbench export scp`: a service control policy that holds an organisation to a profile's residency.

use clap::{ArgMatches, Args};

use super::{Export, Made, arguments, candidates};
use crate::cli::exit::{Code, Failure};
use crate::cli::sources::Sources;
use crate::core::residency::Standing;
use crate::core::units::grouped;
use crate::govern::scp::Policy;
use crate::govern::scp::derive::{INVOKE, policy};
use crate::govern::scp::evaluate::Verdict;
use crate::govern::scp::explain::{Call, Table, judge, matrix};
use crate::govern::scp::policy::{MOST_CHARACTERS, MOST_CHARACTERS_BEFORE};
use crate::profile::Profile;

pub const EXPORT: Export =
    Export::new::<ScpArgs>("scp", "A service control policy that holds an organisation to a profile's residency", make);

#[derive(Debug, Args)]
#[command(
    after_help = "It denies inference in Regions, and through inference profiles, that no candidate route needs; attach \
it beside FullAWSAccess. Reference routes are denied too.\n\nExamples:\n  bedbench export scp --profile au --explain\n  \
bedbench export scp --profile apac --minify --out scp.json\n\n\
Exit codes: 0 ok · 2 the profile has mistakes, or the policy is too long · 6 no route keeps the residency"
)]
struct ScpArgs {
    /// Name of a built-in profile, or path to a .toml file
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// Only these routes; repeatable
    #[arg(long, value_name = "NAME")]
    route: Vec<String>,
    /// Without white space, which counts towards the limit
    #[arg(long)]
    minify: bool,
    /// Print which calls it allows, in place of the policy
    #[arg(long)]
    explain: bool,
    #[command(flatten)]
    sources: Sources,
}

fn make(matches: &ArgMatches) -> Result<Made, Failure> {
    let args: ScpArgs = arguments(matches);
    let profile = candidates(&args.sources, &args.profile, &args.route)?;
    let targets = profile.routes.iter().flat_map(|route| &route.targets);
    let made = policy(targets, &profile.models).expect("there is a candidate");
    let text = if args.minify { made.minified() } else { made.pretty() };
    let warnings = check_size(&made, &text)?.into_iter().collect();
    let shown = args.explain.then(|| explain(&profile, &made));
    Ok(Made { text, shown, warnings })
}

/// What there is to know about its length.
fn check_size(policy: &Policy, text: &str) -> Result<Option<String>, Failure> {
    let (least, written) = (policy.characters(), text.chars().count());
    let count = |n: usize| grouped(n as u64);
    if least > MOST_CHARACTERS {
        return Err(Failure::new(
            Code::PolicyTooLong,
            format!(
                "the policy has {} characters without white space, and AWS takes {}: make it for fewer routes at a time \
             with --route, and attach several",
                count(least),
                count(MOST_CHARACTERS)
            ),
        ));
    }
    if written > MOST_CHARACTERS {
        return Err(Failure::new(
            Code::PolicyTooLong,
            format!(
                "the policy has {} characters, and AWS takes {}: with --minify it has {}",
                count(written),
                count(MOST_CHARACTERS),
                count(least)
            ),
        ));
    }
    Ok((written > MOST_CHARACTERS_BEFORE).then(|| {
        format!(
            "the policy has {} characters: above the {} that were the limit until 15 May 2026, below the {} of today",
            count(written),
            count(MOST_CHARACTERS_BEFORE),
            count(MOST_CHARACTERS)
        )
    }))
}

fn explain(profile: &Profile, policy: &Policy) -> String {
    let full = Policy::full_aws_access();
    let (policies, profiles) = ([policy, &full], profile.models.inference_profiles());
    let allowed: Vec<_> = profile.residency.allowed().map(|country| country.to_string()).collect();
    let mut text = format!(
        "What the policy for profile `{}` makes of a call, beside FullAWSAccess. To be processed in {} only.\n\
         Worked out by bedbench, not asked of AWS; {} of {} characters without white space.\n",
        profile.name,
        allowed.join(", "),
        grouped(policy.characters() as u64),
        grouped(MOST_CHARACTERS as u64),
    );
    for table in matrix(&policies, profiles) {
        text += &format!("\n{}\n{}", table.actions.join(", "), rows(&table, policy));
    }
    text += "\nDenied by\n";
    for (number, statement) in policy.statement.iter().enumerate() {
        text += &format!("  {}  {}\n", number + 1, statement.sid);
    }
    text += "  –  cannot be called so: no source of that inference profile\n\nRoutes\n";
    let width = profile.routes.iter().map(|route| console::measure_text_width(&route.name)).max().unwrap_or(0);
    for route in &profile.routes {
        let name = console::pad_str(&route.name, width, console::Alignment::Left, None);
        let reference =
            if route.standing == Standing::Reference { " (a reference: fired for comparison only)" } else { "" };
        for target in &route.targets {
            let call = Call { action: INVOKE[0], endpoint: target.endpoint(), model: target.model() };
            let verdict = judge(&policies, call, profiles).map_or_else(|| "–".to_owned(), |v| cell(v, policy));
            text += &format!("  {name}  {} in {}: {verdict}{reference}\n", target.model(), target.endpoint());
        }
    }
    text + &format!("\n{NOTES}")
}

const NOTES: &str = "\
Not held by this policy
  A batch job names its model, and not whether it goes through an inference profile: whether AWS authorises each
  destination of one is not established. The management account: service control policies do not bind it. Claude
  Platform on AWS (aws-external-anthropic): it runs outside Bedrock and has actions of its own.
Not asked here
  Whether a Region offers the model in that way: `bedbench profile check` does. Application inference profiles:
  each Region that one goes to is authorised apart, so the first statement holds them.
";

fn cell(verdict: Verdict<'_>, policy: &Policy) -> String {
    match verdict {
        Verdict::Allowed => "allowed".to_owned(),
        Verdict::NotAllowed => "denied".to_owned(),
        Verdict::DeniedBy(sid) => {
            let number = policy.statement.iter().position(|statement| statement.sid == sid).unwrap_or_default() + 1;
            format!("denied {number}")
        }
    }
}

/// A line for each Region, a column for each way of calling it.
fn rows(table: &Table<'_>, policy: &Policy) -> String {
    const REGION: usize = 31;
    let mut text = format!("  {:REGION$}", "called in");
    for way in &table.ways {
        text += &format!("{:10}", if way.is_empty() { "direct" } else { way });
    }
    text = text.trim_end().to_owned() + "\n";
    for (region, verdicts) in &table.rows {
        let mut line = format!("  {:REGION$}", format!("{} {}", region.code(), region.name()));
        for verdict in verdicts {
            line += &format!("{:10}", verdict.map_or_else(|| "–".to_owned(), |verdict| cell(verdict, policy)));
        }
        text += &format!("{}\n", line.trim_end());
    }
    text
}
