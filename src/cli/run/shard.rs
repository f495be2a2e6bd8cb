//! Which part of the plan this process fires, and when all of them begin.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;
use clap::Args;

use crate::cli::exit::{Code, Failure};
use crate::core::Shard;
use crate::core::run::World;
use crate::core::units::length;
use crate::store::folder::rfc3339;
use crate::store::manifest::ShardRow;

/// Stands in --out for the number of the shard.
const PLACE: &str = "{shard}";

/// How many shards there are, where the engine does not tell.
pub const COUNT: &str = "BEDBENCH_SHARDS";

/// A process that is later than this has not started with the others.
const LATE: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(7 * 24 * 3600);

#[derive(Clone, Copy, Debug, Default, Args)]
pub struct ShardArgs {
    /// Fire every N-th request of the plan only, from number I on, counted from 0; `bedbench merge` makes one run of all N
    /// shards. 0/1 fires all of it [default: as a Kubernetes Indexed Job (with BEDBENCH_SHARDS=N), an AWS Batch array or a
    /// Slurm array says, else 0/1]
    #[arg(long, value_name = "I/N")]
    shard: Option<Shard>,
    /// Start the plan at this time, as 2026-11-23T15:00:00Z, so that all shards start together
    #[arg(long, value_name = "UTC", conflicts_with = "sim")]
    start_at: Option<StartAt>,
}

/// What is asked of the rest of the command line.
#[derive(Clone, Copy)]
pub struct Asked {
    pub world: World,
    pub closed: bool,
    /// Nanoseconds since 1970.
    pub now: u64,
}

/// Which part, and when.
#[derive(Clone, Debug)]
pub struct Part {
    pub shard: Shard,
    /// Who said which shard this is; absent where nobody did.
    pub by: Option<&'static str>,
    pub start_at: Option<StartAt>,
}

impl ShardArgs {
    /// All of the plan, whatever the engine says: for what is made of many runs.
    pub fn alone() -> Self {
        Self { shard: Some(Shard::WHOLE), start_at: None }
    }

    /// The same for another part.
    pub fn with(self, shard: Shard) -> Self {
        Self { shard: Some(shard), ..self }
    }

    /// Whether a part is named.
    pub fn names_one(&self) -> bool {
        self.shard.is_some()
    }

    /// # Errors
    /// When it is not clear which part is meant, or a part makes no sense.
    pub fn resolve(self, asked: Asked, environment: impl Fn(&str) -> Option<String>) -> Result<Part, Failure> {
        let (shard, by) = match self.shard {
            Some(shard) => (shard, Some("--shard")),
            None => told(environment)?.map_or((Shard::WHOLE, None), |(shard, by)| (shard, Some(by))),
        };
        if !shard.is_whole() {
            let by = by.unwrap_or_default();
            let refuse = |why: &str| {
                Err(Failure::new(
                    Code::Shard,
                    format!("{by} says shard {shard}, and {why}; --shard 0/1 fires all of it here"),
                ))
            };
            if asked.closed {
                return refuse("a closed loop has no plan to be shared: each worker waits for its own answers");
            }
            match asked.world {
                World::Sim => {
                    return refuse(
                        "a simulated Region that sees a part of the load does not answer as one that sees it all",
                    );
                }
                World::Mock => {
                    return refuse(
                        "--mock starts a mock of its own for each shard, which sees a part of the load; start one `bedbench \
                         mock` and name it with --endpoint",
                    );
                }
                World::Live | World::Endpoint => {}
            }
        }
        self.start_at.map_or(Ok(()), |at| at.check(asked.now))?;
        Ok(Part { shard, by, start_at: self.start_at })
    }
}

impl Part {
    /// As the manifest has it; absent where nobody asked for a part.
    pub fn row(&self) -> Option<ShardRow> {
        self.by.map(|by| ShardRow { shard: self.shard, by: by.to_owned() })
    }

    /// `--out`, with the number of the shard in its place.
    pub fn folder(&self, out: &std::path::Path) -> std::path::PathBuf {
        out.to_str().map_or_else(|| out.to_owned(), |out| out.replace(PLACE, &self.shard.index.to_string()).into())
    }
}

/// Variables by name.
type Environment<'a> = dyn Fn(&str) -> Option<String> + 'a;

/// Runs the same command many times over, and tells each which it is.
struct Engine {
    name: &'static str,
    index: &'static str,
    read: fn(&Environment<'_>, u32) -> Result<Shard, String>,
}

static ENGINES: &[Engine] = &[
    Engine {
        name: "a Kubernetes Indexed Job",
        index: "JOB_COMPLETION_INDEX",
        read: |environment, index| {
            let what = "set it to the Job's `completions`, as `bedbench export k8s` does";
            Shard::new(index, number(environment, COUNT)?.ok_or_else(|| format!("{COUNT} is not set: {what}"))?)
        },
    },
    Engine {
        name: "an AWS Batch array",
        index: "AWS_BATCH_JOB_ARRAY_INDEX",
        read: |environment, index| {
            let size = number(environment, "AWS_BATCH_JOB_ARRAY_SIZE")?
                .map_or_else(|| number(environment, COUNT), |n| Ok(Some(n)));
            let what =
                format!("neither AWS_BATCH_JOB_ARRAY_SIZE nor {COUNT} is set: set the latter to the array's size");
            Shard::new(index, size?.ok_or(what)?)
        },
    },
    Engine {
        name: "a Slurm array",
        index: "SLURM_ARRAY_TASK_ID",
        read: |environment, id| {
            let of = |name: &str| {
                number(environment, name)?
                    .ok_or_else(|| format!("{name} is not set: this Slurm is too old, give --shard"))
            };
            let (first, last, count) =
                (of("SLURM_ARRAY_TASK_MIN")?, of("SLURM_ARRAY_TASK_MAX")?, of("SLURM_ARRAY_TASK_COUNT")?);
            let step = number(environment, "SLURM_ARRAY_TASK_STEP")?.unwrap_or(1).max(1);
            let regular = id >= first && (id - first) % step == 0 && last.saturating_sub(first) / step + 1 == count;
            match regular {
                true => Shard::new((id - first) / step, count),
                false => Err(format!(
                    "its tasks are not numbered evenly; submit it with --array=0-{}",
                    count.saturating_sub(1)
                )),
            }
        },
    },
];

fn number(environment: &Environment<'_>, name: &str) -> Result<Option<u32>, String> {
    let text = environment(name).filter(|text| !text.is_empty());
    text.map(|text| text.parse().map_err(|_| format!("{name} is `{text}`, which is no number"))).transpose()
}

/// Which shard the engine says this is, if it runs under one.
fn told(environment: impl Fn(&str) -> Option<String>) -> Result<Option<(Shard, &'static str)>, Failure> {
    let environment: &Environment<'_> = &environment;
    let wrong = |name: &str, why: String| {
        Failure::new(Code::Shard, format!("this runs in {name}, and {why}, or say --shard I/N"))
    };
    let mut found = Vec::new();
    for engine in ENGINES {
        if let Some(index) = number(environment, engine.index).map_err(|why| wrong(engine.name, why))? {
            found.push((engine, index));
        }
    }
    match found[..] {
        [] => match environment(COUNT).filter(|count| !count.is_empty()) {
            Some(count) => Err(Failure::new(
                Code::Shard,
                format!(
                    "{COUNT} is {count}, and nothing says which of them this is: make the Job Indexed, or say --shard I/{count}"
                ),
            )),
            None => Ok(None),
        },
        [(engine, index)] => match (engine.read)(environment, index) {
            Ok(shard) => Ok(Some((shard, engine.name))),
            Err(why) => Err(wrong(engine.name, why)),
        },
        [(one, _), (other, _), ..] => Err(Failure::new(
            Code::Shard,
            format!(
                "{} and {} are both set, so nobody can tell which shard this is; say --shard I/N",
                one.index, other.index
            ),
        )),
    }
}

/// When the plan starts: nanoseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StartAt(pub u64);

impl StartAt {
    pub fn left(self, now: u64) -> Duration {
        Duration::from_nanos(self.0.saturating_sub(now))
    }

    /// # Errors
    /// When it has passed, or is very far away.
    pub fn check(self, now: u64) -> Result<(), Failure> {
        let late = Duration::from_nanos(now.saturating_sub(self.0));
        if late > LATE {
            return Err(Failure::new(
                Code::Shard,
                format!(
                    "--start-at {self} was {} ago by the clock of this machine; name a time at which every shard will be there",
                    length(Duration::from_secs(late.as_secs()))
                ),
            ));
        }
        if self.left(now) > LONGEST_WAIT {
            return Err(Failure::new(
                Code::Shard,
                format!("--start-at {self} is more than {} away", length(LONGEST_WAIT)),
            ));
        }
        Ok(())
    }
}

impl FromStr for StartAt {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let time = DateTime::from_str(text, Format::DateTime).ok();
        let nanos = time.and_then(|time| u64::try_from(time.as_nanos()).ok());
        nanos.map(Self).ok_or_else(|| "write it in UTC, like 2026-11-23T15:00:00Z".to_owned())
    }
}

impl fmt::Display for StartAt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&rfc3339(self.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIVE: Asked = Asked { world: World::Live, closed: false, now: 0 };

    fn resolve(
        given: Option<&str>,
        asked: Asked,
        set: &[(&str, &str)],
    ) -> Result<(Shard, Option<&'static str>), String> {
        let args = ShardArgs { shard: given.map(|shard| shard.parse().unwrap()), start_at: None };
        let look = |name: &str| set.iter().find(|(set, _)| *set == name).map(|(_, value)| (*value).to_owned());
        args.resolve(asked, look).map(|part| (part.shard, part.by)).map_err(|failure| format!("{failure:?}"))
    }

    #[test]
    fn every_engine_says_which_shard_this_is() {
        let slurm = |id| {
            let names = ["ID", "MIN", "MAX", "COUNT", "STEP"].map(|name| format!("SLURM_ARRAY_TASK_{name}"));
            names.into_iter().zip([id, "1", "7", "4", "2"])
        };
        let (third, second): (Vec<_>, Vec<_>) = (slurm("5").collect(), slurm("3").collect());
        let as_strs = |set: &[(String, &'static str)]| set.iter().map(|(n, v)| (n.clone(), *v)).collect::<Vec<_>>();
        for (set, index) in [
            (vec![("JOB_COMPLETION_INDEX".to_owned(), "3"), (COUNT.to_owned(), "4")], 3),
            (vec![("AWS_BATCH_JOB_ARRAY_INDEX".to_owned(), "0"), ("AWS_BATCH_JOB_ARRAY_SIZE".to_owned(), "4")], 0),
            (vec![("AWS_BATCH_JOB_ARRAY_INDEX".to_owned(), "1"), (COUNT.to_owned(), "4")], 1),
            (as_strs(&third), 2),
            (as_strs(&second), 1),
        ] {
            let set: Vec<_> = set.iter().map(|(name, value)| (name.as_str(), *value)).collect();
            let (shard, by) = resolve(None, LIVE, &set).unwrap();
            assert_eq!((shard, by.is_some()), (Shard { index, count: 4 }, true), "{set:?}");
            assert_eq!(resolve(Some("0/1"), LIVE, &set), Ok((Shard::WHOLE, Some("--shard"))), "the flag wins");
        }
        assert_eq!(resolve(None, LIVE, &[]), Ok((Shard::WHOLE, None)));
    }

    #[test]
    fn an_engine_that_does_not_tell_enough_is_asked_about() {
        for (set, said) in [
            (&[("JOB_COMPLETION_INDEX", "3")][..], "BEDBENCH_SHARDS is not set"),
            (&[("JOB_COMPLETION_INDEX", "4"), (COUNT, "4")], "the last of 4 is 3/4"),
            (&[("JOB_COMPLETION_INDEX", "x"), (COUNT, "4")], "`x`, which is no number"),
            (&[("AWS_BATCH_JOB_ARRAY_INDEX", "3")], "neither AWS_BATCH_JOB_ARRAY_SIZE nor"),
            (&[("SLURM_ARRAY_TASK_ID", "3")], "SLURM_ARRAY_TASK_MIN is not set"),
            (
                &[
                    ("SLURM_ARRAY_TASK_ID", "2"),
                    ("SLURM_ARRAY_TASK_MIN", "0"),
                    ("SLURM_ARRAY_TASK_MAX", "7"),
                    ("SLURM_ARRAY_TASK_COUNT", "3"),
                ],
                "not numbered evenly; submit it with --array=0-2",
            ),
            (&[("JOB_COMPLETION_INDEX", "1"), ("SLURM_ARRAY_TASK_ID", "1")], "are both set"),
            (&[(COUNT, "4")], "nothing says which of them this is"),
        ] {
            let wrong = resolve(None, LIVE, set).unwrap_err();
            assert!(wrong.contains(said) && wrong.contains("Shard") && wrong.contains("--shard"), "{set:?}: {wrong}");
        }
    }

    #[test]
    fn a_part_that_makes_no_sense_is_refused_and_all_of_it_is_not() {
        for (world, closed, said) in [
            (World::Sim, false, "a simulated Region that sees a part"),
            (World::Mock, false, "a mock of its own for each shard"),
            (World::Live, true, "a closed loop has no plan"),
        ] {
            let asked = Asked { world, closed, now: 0 };
            let wrong = resolve(Some("1/4"), asked, &[]).unwrap_err();
            assert!(wrong.contains(said), "{wrong}");
            assert!(resolve(Some("0/1"), asked, &[]).is_ok());
        }
    }

    #[test]
    fn a_start_is_in_utc_and_neither_past_nor_next_month() {
        let at: StartAt = "2026-11-23T15:00:00Z".parse().unwrap();
        assert_eq!(at.to_string(), "2026-11-23T15:00:00Z");
        for wrong in ["2026-11-23T15:00:00+11:00", "2026-11-23 15:00", "15:00", "1950-01-01T00:00:00Z"] {
            assert!(wrong.parse::<StartAt>().is_err(), "{wrong}");
        }
        let now = |seconds: i64| at.0.saturating_add_signed(seconds * 1_000_000_000);
        for (seconds, fine) in [(-3_600, true), (0, true), (1, true), (12, false), (-8 * 24 * 3_600, false)] {
            assert_eq!(at.check(now(seconds)).is_ok(), fine, "{seconds} s later");
        }
        let said = format!("{:?}", at.check(now(12)).unwrap_err());
        assert!(said.contains("was 12 s ago"), "{said}");
    }

    #[test]
    fn the_folder_has_the_number_of_the_shard() {
        let part = Part { shard: Shard { index: 2, count: 4 }, by: None, start_at: None };
        assert_eq!(part.folder("runs/{shard}/x".as_ref()), std::path::Path::new("runs/2/x"));
        assert_eq!(part.folder("runs/x".as_ref()), std::path::Path::new("runs/x"));
    }
}
