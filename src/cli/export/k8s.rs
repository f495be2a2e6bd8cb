//! `bedbench export k8s`: a Kubernetes Indexed Job that fires a plan in shards.

use clap::{ArgMatches, Args};

use super::jobs::JobArgs;
use super::{Export, Made, arguments};
use crate::cli::exit::Failure;
use crate::govern::jobs::k8s::{Cluster, render};

pub const EXPORT: Export =
    Export::new::<K8sArgs>("k8s", "A Kubernetes Indexed Job that fires one plan in shards, as YAML", make);

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  \
bedbench export k8s --shards 4 --image example.org/bedbench:0.1.0 --out job.yaml -- --rps 8000 --profile au --yes \
--start-at 2026-11-23T15:00:00Z\n  kubectl apply -f job.yaml\n\nThen `bedbench merge` where the volume is mounted: \
docs/distributed.md")]
struct K8sArgs {
    #[command(flatten)]
    job: JobArgs,
    /// Container image with bedbench in its PATH
    #[arg(long, value_name = "IMAGE")]
    image: String,
    /// PersistentVolumeClaim for the results, which all pods can write to
    #[arg(long, default_value = "bedbench-results", value_name = "NAME")]
    claim: String,
    /// Service account that gives the pods their AWS credentials
    #[arg(long, value_name = "NAME")]
    service_account: Option<String>,
}

fn make(matches: &ArgMatches) -> Result<Made, Failure> {
    let args: K8sArgs = arguments(matches);
    let warnings = args.job.check()?;
    let service_account = args.service_account.as_deref();
    let text = render(&args.job.job(), &Cluster { image: &args.image, claim: &args.claim, service_account });
    Ok(Made { text, warnings, ..Made::default() })
}
