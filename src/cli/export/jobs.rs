//! What `bedbench export k8s`, `batch` and `slurm` have in common.

use clap::Args;

use crate::cli::exit::{Code, Failure};
use crate::cli::run::RunArgs;
use crate::core::Shard;
use crate::govern::jobs::{Job, SHARDS};

#[derive(Debug, Args)]
pub struct JobArgs {
    /// Processes that share the plan, each on a machine of its own
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(SHARDS))]
    shards: u32,
    /// Name of the job, and of the folder for its results: lower-case letters, digits and -
    #[arg(long, default_value = "bedbench", value_name = "NAME", value_parser = name)]
    name: String,
    /// What `bedbench run` takes, but for --out and --shard
    #[arg(last = true, required = true, value_name = "ARGS OF RUN")]
    run: Vec<String>,
}

impl JobArgs {
    /// Looks at the arguments of the run, and returns what should be said about them.
    ///
    /// # Errors
    /// When every shard would refuse them.
    pub fn check(&self) -> Result<Vec<String>, Failure> {
        let run = RunArgs::typed(&self.run).map_err(|wrong| {
            Failure::new(Code::Arguments, wrong.to_string().trim_start_matches("error: ").trim_end().to_owned())
        })?;
        if run.out.is_some() || run.shards.names_one() {
            return Err(Failure::new(
                Code::Combination,
                "leave --out and --shard out of the arguments of run: the job file says both",
            ));
        }
        let first = Shard { index: 0, count: self.shards };
        let starts = run.check_shard(first)?;
        if run.spends() && !run.yes && run.budget.is_none() {
            return Err(Failure::new(
                Code::Combination,
                "nobody is there to ask whether to spend: add --yes or --budget to the arguments of run",
            ));
        }
        let late =
            "without --start-at each shard starts as soon as it runs: name a time in UTC by which all will be there";
        Ok(if starts { Vec::new() } else { vec![late.to_owned()] })
    }

    pub fn job(&self) -> Job<'_> {
        Job { name: &self.name, shards: self.shards, run: &self.run }
    }
}

/// As Kubernetes takes it (RFC 1123); AWS Batch and Slurm take more.
fn name(text: &str) -> Result<String, String> {
    let fine = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    let ends = text.starts_with('-') || text.ends_with('-');
    match (1..=63).contains(&text.len()) && text.bytes().all(fine) && !ends {
        true => Ok(text.to_owned()),
        false => Err("up to 63 lower-case letters, digits and -, which neither begins nor ends it".to_owned()),
    }
}
