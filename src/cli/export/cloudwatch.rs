//! `bedbench export cloudwatch`: alarms and a dashboard for a profile's routes.

use clap::{ArgMatches, Args};

use super::{Export, Made, arguments, candidates};
use crate::cli::exit::{Code, Failure};
use crate::cli::sources::Sources;
use crate::govern::cloudwatch::{Watched, check, template};

pub const EXPORT: Export = Export::new::<CloudwatchArgs>(
    "cloudwatch",
    "A CloudFormation template: alarms and a dashboard for a profile's routes",
    make,
);

#[derive(Debug, Args)]
#[command(after_help = "One template: deploy it in every Region that the routes call; each stack makes the alarms of \
its own Region, the first one the dashboard too.\n\nExample:\n  \
bedbench export cloudwatch --profile apac --out bedrock.json\n  \
aws cloudformation deploy --template-file bedrock.json --stack-name bedrock --region ap-southeast-2\n\n\
Exit codes: 0 ok · 2 the profile has mistakes · 6 no route keeps the residency")]
struct CloudwatchArgs {
    /// Name of a built-in profile, or path to a .toml file
    #[arg(long, value_name = "NAME")]
    profile: String,
    /// Only these routes; repeatable
    #[arg(long, value_name = "NAME")]
    route: Vec<String>,
    #[command(flatten)]
    sources: Sources,
}

fn make(matches: &ArgMatches) -> Result<Made, Failure> {
    let args: CloudwatchArgs = arguments(matches);
    let profile = candidates(&args.sources, &args.profile, &args.route)?;
    let watched = Watched::new(&profile).expect("there is a candidate");
    let template = template(&watched);
    let problems = check::problems(&template);
    if !problems.is_empty() {
        return Err(Failure::new(Code::System, format!("the template would not work: {}", problems.join("; "))));
    }
    let text = serde_json::to_string_pretty(&template).expect("a template is plain data") + "\n";
    Ok(Made { text, ..Made::default() })
}
