//! Job files for engines that run one command many times over: every copy fires a shard of one plan.

pub mod batch;
pub mod k8s;
pub mod slurm;
#[cfg(test)]
mod tests;

/// AWS Batch takes arrays of 2 to 10,000 (`ArrayProperties` in its API reference).
pub const SHARDS: std::ops::RangeInclusive<i64> = 2..=10_000;

/// What every engine is told.
#[derive(Clone, Copy, Debug)]
pub struct Job<'a> {
    /// Of the job, and of the folder of its results.
    pub name: &'a str,
    pub shards: u32,
    /// Behind `bedbench run`.
    pub run: &'a [String],
}

impl Job<'_> {
    /// The command line of every shard; the engine tells each which it is.
    fn command(&self, results: &str) -> Vec<String> {
        let own = ["--out".to_owned(), format!("{results}/{}/{{shard}}", self.name)];
        ["bedbench", "run"].map(str::to_owned).into_iter().chain(self.run.iter().cloned()).chain(own).collect()
    }

    /// The first lines of a file that may hold comments.
    fn comment(&self, results: &str) -> String {
        let version = env!("CARGO_PKG_VERSION");
        format!(
            "# Made by bedbench {version}: {} shards of one plan. When all have ended, make one run of them:\n\
             #   bedbench merge {results}/{}/* -o merged\n",
            self.shards, self.name
        )
    }
}

/// Of every container: a core for requests, one for the pacer and the records.
const CORES: u32 = 2;
const MEMORY_MIB: u32 = 2_048;
/// Where the shared volume is in a container.
const RESULTS: &str = "/results";
