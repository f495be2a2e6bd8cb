//! A Slurm array: Slurm itself tells each task which it is, and of how many.

use super::{CORES, Job};

/// `results`: a folder that every node sees.
pub fn render(job: &Job<'_>, results: &str) -> String {
    let Job { name, shards, .. } = job;
    let last = shards - 1;
    let command: Vec<_> = job.command(results).iter().map(|word| quoted(word)).collect();
    format!(
        "#!/bin/sh
{}#SBATCH --job-name={name}
#SBATCH --array=0-{last}
#SBATCH --ntasks=1
#SBATCH --cpus-per-task={CORES}
#SBATCH --output={name}-%A_%a.log
exec {}
",
        job.comment(results),
        command.join(" ")
    )
}

/// One word of a shell.
fn quoted(word: &str) -> String {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:=,+@%".contains(&byte);
    match !word.is_empty() && word.bytes().all(plain) {
        true => word.to_owned(),
        false => format!("'{}'", word.replace('\'', r"'\''")),
    }
}
