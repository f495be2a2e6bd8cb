//! One results folder from those of several shards: every row of each, in the order in which an unsharded run would have
//! written them, and a manifest from which everything else is made as for any run.

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

use thiserror::Error;

use super::Folder;
use super::manifest::{EffectiveConfig, Finished, Manifest, MergedShard};
use super::read::{ReadError, Run};
use super::rows::{Names, RowWriter};
use crate::core::Shard;
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::measure::clients::{Client, Clients};
use crate::measure::verdict::{Evidence, Grade};

/// Requests that are handed over at once.
const BATCH: usize = 256;

/// Shards of one plan.
#[derive(Debug)]
pub struct Merge {
    /// By the number of the shard.
    shards: BTreeMap<u32, Run>,
    count: u32,
}

/// Why runs cannot be merged. One line, with the way out.
#[derive(Debug, Error)]
pub enum MergeError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{0} is no shard: nobody ran it with --shard, so there is nothing that it could be merged with")]
    NoShard(PathBuf),
    #[error("{0} is merged already; name the folders of the shards themselves")]
    Merged(PathBuf),
    #[error("{0} and {1} both hold shard {2}; name each shard once")]
    Twice(PathBuf, PathBuf, Shard),
    #[error(
        "{0} and {1} are shards of different plans ({2}); merge what was run with the same command line but for --shard"
    )]
    OtherPlan(PathBuf, PathBuf, String),
    #[error(
        "{0}: requests.csv has request {1}, which does not belong to shard {2}; this is not the folder that the run left"
    )]
    Foreign(PathBuf, u32, Shard),
    #[error("{0}")]
    Write(io::Error),
}

impl Merge {
    /// Looks at the manifests, and at no record yet.
    ///
    /// # Errors
    /// When they are not different shards of one plan.
    pub fn of(runs: Vec<Run>) -> Result<Self, MergeError> {
        let mut shards: BTreeMap<u32, Run> = BTreeMap::new();
        let mut count = 0;
        for run in runs {
            let path = run.path().to_owned();
            if !run.manifest.merged.is_empty() {
                return Err(MergeError::Merged(path));
            }
            let Some(shard) = run.manifest.shard.as_ref().map(|row| row.shard) else {
                return Err(MergeError::NoShard(path));
            };
            if let Some(first) = shards.values().next()
                && let Some(what) = other_plan(&first.manifest, &run.manifest)
            {
                return Err(MergeError::OtherPlan(first.path().to_owned(), path, what));
            }
            if let Some(there) = shards.get(&shard.index) {
                return Err(MergeError::Twice(there.path().to_owned(), path, shard));
            }
            count = shard.count;
            shards.insert(shard.index, run);
        }
        Ok(Self { shards, count })
    }

    /// Writes rows and manifest. What is made from them is up to whoever reads the folder.
    ///
    /// # Errors
    /// When a row is not one of the shard's, or cannot be read or written.
    pub fn write(&self, folder: &Folder) -> Result<(), MergeError> {
        let judged = self.shards.iter().map(|(index, run)| self.judge(*index, run)).collect::<Result<Vec<_>, _>>()?;
        let requests = self.interleave(folder)?;
        folder.write_manifest(&self.manifest(judged, requests)).map_err(MergeError::Write)
    }

    /// What a shard says of itself, by its records.
    fn judge(&self, index: u32, run: &Run) -> Result<Judged, MergeError> {
        let rebuilt = run.rebuild()?;
        let finished = run.manifest.finished.as_ref();
        let client = Client {
            shard: index,
            ended: finished.is_some(),
            stopped: finished.and_then(|finished| finished.stopped),
            reasons: rebuilt.summary.verdict.reasons,
        };
        Ok(Judged { client, grade: rebuilt.summary.verdict.grade, requests: rebuilt.recorder.requests() })
    }

    /// Every row of every shard, by the end of its request. Returns how many requests there are.
    fn interleave(&self, folder: &Folder) -> Result<u64, MergeError> {
        let Some(first) = self.shards.values().next() else { return Ok(0) };
        let mut rows = RowWriter::create(folder.path(), Names::of(&first.manifest)).map_err(MergeError::Write)?;
        let mut requests = 0;
        std::thread::scope(|scope| {
            let mut streams = Vec::new();
            for (index, run) in &self.shards {
                let (sender, batches) = sync_channel(2);
                let shard = Shard { index: *index, count: self.count };
                scope.spawn(move || read(run, shard, &sender));
                streams.push(Stream { batches, batch: Vec::new().into_iter(), next: None });
            }
            for stream in &mut streams {
                stream.advance()?;
            }
            // Few shards: to look at each is cheaper than to keep them sorted.
            while let Some(stream) = streams.iter_mut().filter(|s| s.next.is_some()).min_by_key(|s| s.due()) {
                if let Some(Whole { request, attempts, round }) = stream.advance()? {
                    attempts.iter().try_for_each(|attempt| rows.attempt(attempt)).map_err(MergeError::Write)?;
                    rows.request(&request, round).map_err(MergeError::Write)?;
                    requests += 1;
                }
            }
            Ok(())
        })
        .and_then(|()| rows.flush().map_err(MergeError::Write))?;
        Ok(requests)
    }

    fn manifest(&self, judged: Vec<Judged>, requests: u64) -> Manifest {
        let manifests: Vec<_> = self.shards.values().map(|run| &run.manifest).collect();
        let first = manifests.iter().min_by_key(|manifest| manifest.started_unix_nanos).expect("there is a shard");
        let last = manifests.iter().map(|manifest| manifest.started_unix_nanos).max().unwrap_or(0);
        let finished: Vec<_> = manifests.iter().filter_map(|manifest| manifest.finished.as_ref()).collect();
        let merged = manifests.iter().zip(&judged).map(|(manifest, judged)| MergedShard {
            index: judged.client.shard,
            started: manifest.started.clone(),
            started_unix_nanos: manifest.started_unix_nanos,
            host: manifest.host.clone(),
            clock: manifest.clock.clone(),
            requests: judged.requests,
            grade: judged.grade,
        });
        let merged = merged.collect();
        let clients = Clients {
            planned: self.count,
            missing: (0..self.count).filter(|index| !self.shards.contains_key(index)).collect(),
            merged: judged.into_iter().map(|judged| judged.client).collect(),
            starts_apart_ns: last - first.started_unix_nanos,
        };
        // While one of them still fired, the run went on.
        let stopped = clients.merged.iter().map(|client| client.stopped).collect::<Option<Vec<_>>>();
        let most = |of: fn(&Evidence) -> Option<f64>| {
            finished.iter().filter_map(|finished| of(&finished.evidence)).max_by(f64::total_cmp)
        };
        let streams = finished.iter().filter_map(|finished| finished.evidence.streams_per_connection);
        let evidence = Evidence {
            client_cpu: most(|evidence| evidence.client_cpu),
            pacer_cpu: most(|evidence| evidence.pacer_cpu),
            streams_per_connection: streams.max(),
            clients: Some(clients),
            ..Evidence::default()
        };
        Manifest {
            shard: None,
            clock: None,
            merged,
            finished: Some(Finished {
                unix_nanos: finished.iter().map(|finished| finished.unix_nanos).max().unwrap_or(last),
                interrupted: finished.iter().any(|finished| finished.interrupted),
                stopped: stopped.and_then(|all| all.into_iter().max()),
                requests,
                evidence,
            }),
            ..(*first).clone()
        }
    }
}

/// A shard, as it judges itself.
struct Judged {
    client: Client,
    grade: Grade,
    requests: u64,
}

/// In what two manifests are not of one plan.
fn other_plan(a: &Manifest, b: &Manifest) -> Option<String> {
    let facts = |manifest: &Manifest| {
        let EffectiveConfig { clients, seed, profile, load, workload, .. } = &manifest.config;
        [
            ("shards", clients.to_string()),
            ("seed", seed.0.to_string()),
            ("profile", profile.clone()),
            ("load", load.clone()),
            ("workload", workload.clone()),
            ("world", manifest.world.label().to_owned()),
            ("bedbench", manifest.version.clone()),
            ("configuration hash", manifest.config.hash()),
        ]
    };
    let differing = facts(a).into_iter().zip(facts(b)).find(|((_, a), (_, b))| a != b);
    let told = differing.map(|((what, a), (_, b))| format!("{what}: {a} and {b}"));
    told.or_else(|| (a.blocks != b.blocks).then(|| "the turns that routes took".to_owned()))
}

/// A request with all that there is of it.
struct Whole {
    request: RequestRecord,
    attempts: Vec<AttemptRecord>,
    round: u16,
}

type Batch = Result<Vec<Whole>, MergeError>;

/// Hands every request of a shard over, in the order of its rows.
fn read(run: &Run, shard: Shard, batches: &SyncSender<Batch>) {
    let mut batch = Vec::with_capacity(BATCH);
    let mut foreign = None;
    // Nobody takes them any more: the merge has failed elsewhere.
    let mut gone = false;
    let read = run.rows(|entry| {
        if gone || foreign.is_some() {
            return;
        }
        if !shard.takes(entry.request.index) {
            foreign = Some(entry.request.index);
            return;
        }
        batch.push(Whole { request: entry.request.clone(), attempts: entry.attempts.to_vec(), round: entry.round });
        if batch.len() == BATCH {
            gone = batches.send(Ok(std::mem::replace(&mut batch, Vec::with_capacity(BATCH)))).is_err();
        }
    });
    let last = match (read, foreign) {
        (Err(error), _) => Err(error.into()),
        (Ok(_), Some(index)) => Err(MergeError::Foreign(run.path().to_owned(), index, shard)),
        (Ok(_), None) => Ok(batch),
    };
    // The receiver is only gone when the merge has failed already.
    let _ = batches.send(last);
}

/// The requests of one shard, the next of which can be looked at.
struct Stream {
    batches: Receiver<Batch>,
    batch: std::vec::IntoIter<Whole>,
    next: Option<Whole>,
}

impl Stream {
    /// What decides whose turn it is.
    fn due(&self) -> Option<(crate::core::RunTime, u16, u32)> {
        self.next.as_ref().map(|whole| (whole.request.finished, whole.request.route, whole.request.index))
    }

    /// Takes the next one.
    fn advance(&mut self) -> Result<Option<Whole>, MergeError> {
        if self.batch.len() == 0
            && let Ok(batch) = self.batches.recv()
        {
            self.batch = batch?.into_iter();
        }
        Ok(std::mem::replace(&mut self.next, self.batch.next()))
    }
}
