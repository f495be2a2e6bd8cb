//! `manifest.json`: what was run, by what, where.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::core::block::Block;
use crate::core::gate::Gate;
use crate::core::phase::Phases;
use crate::core::price::RoutePrices;
use crate::core::region::Jurisdiction;
use crate::core::run::{Loop, RouteHead, World};
use crate::core::seed::fnv1a;
use crate::core::slo::Slo;
use crate::core::units::{Rate, Span};
use crate::core::{ClockOffset, RegionId, RunTime, Seed, Shard};
use crate::measure::verdict::{Evidence, Grade};
use crate::measure::{Context, Recorder};

pub const SCHEMA: u32 = 1;

/// The run as it was really made: defaults, files and flags resolved.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct EffectiveConfig {
    pub profile: String,
    pub workload: String,
    /// Absent in a live run: nobody schedules what AWS does.
    pub scenario: Option<String>,
    /// What it is apart from its lengths: sensitivity, compressed prompts, a cache before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub workload_facts: Vec<String>,
    /// Service times of the mock, where others than the built-in ones were asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latency: Option<String>,
    /// Single values from the command line, `path=value`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub set: Vec<String>,
    pub api: String,
    /// In words, as it stands in headlines.
    pub load: String,
    #[serde(default, rename = "loop")]
    pub kind: Loop,
    /// Processes that share the plan, each with `in_flight` and `prewarm` of its own.
    #[serde(default = "one_client", skip_serializing_if = "is_one")]
    pub clients: u32,
    /// Workers per route of a closed loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub concurrency: Option<usize>,
    /// Of an open loop.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arrival: Option<String>,
    /// Of an open loop: planned mean over the measured time, per route.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rps: Option<Rate>,
    /// Each as `--stage` takes it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub stages: Vec<String>,
    /// FNV-1a of the trace that was replayed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub trace: Option<String>,
    /// Blocks that each route is fired in; 1 where all routes are fired at once.
    #[serde(default = "one")]
    pub blocks: u16,
    /// Measured time, of each block.
    pub duration: Span,
    /// Before each, recorded and left out of every number.
    pub warmup: Span,
    pub seed: Seed,
    /// Of every route: goodput counts what meets them.
    pub slos: Vec<Slo>,
    /// What fails the run when it is missed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gates: Vec<Gate>,
    /// Most requests in flight per route; what would exceed it is shed and counted.
    pub in_flight: usize,
    /// Connections opened per route and Region before the plan starts.
    pub prewarm: usize,
    /// Connections that HTTP/2 requests to one Region are spread over.
    pub connections: usize,
    pub connect_timeout: Span,
    pub first_token_timeout: Span,
    pub event_timeout: Span,
    pub request_timeout: Span,
    pub residency: Vec<Jurisdiction>,
    pub endpoints: BTreeMap<RegionId, String>,
    pub routes: Vec<RouteHead>,
    /// The files behind the names, as they were after every change: `workload`, `pattern`, and of a mock
    /// run `scenario` and `regions`, number by number with its source.
    pub files: BTreeMap<String, serde_json::Value>,
    pub phases: Phases,
}

const fn one() -> u16 {
    1
}

const fn one_client() -> u32 {
    1
}

const fn is_one(clients: &u32) -> bool {
    *clients == 1
}

impl EffectiveConfig {
    /// Equal hashes, equal runs but for chance and the world.
    pub fn hash(&self) -> String {
        let json = serde_json::to_vec(self).expect("a configuration is plain data");
        format!("{:016x}", fnv1a(&json))
    }

    /// Empty, and ready to count what the run sends.
    pub fn recorder(&self) -> Recorder {
        let recorder = Recorder::new(self.phases.clone(), self.slos.clone(), self.routes.len());
        recorder.held_to(&self.gates, &self.routes)
    }
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Host {
    pub os: String,
    pub arch: String,
    pub cores: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Manifest {
    pub schema: u32,
    /// Version of bedbench.
    pub version: String,
    pub world: World,
    /// UTC, RFC 3339.
    pub started: String,
    /// Run time zero on the wall clock.
    pub started_unix_nanos: u64,
    pub host: Host,
    pub config: EffectiveConfig,
    pub config_hash: String,
    /// Of each route. They say what a run cost, and not what was run: the hash leaves them out.
    #[serde(default)]
    pub prices: Vec<RoutePrices>,
    /// The turns that routes took, in order; absent where all were fired at once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blocks: Vec<BlockRow>,
    /// The part of the plan that was fired; absent where nobody asked for a part, and of a merged run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub shard: Option<ShardRow>,
    /// When the run was to start: UTC, RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub start_at: Option<String>,
    /// Of this machine against the first endpoint called; looked at where there are several clients, or a time to start at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockOffset>,
    /// What the run was merged from, by the number of the shard.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<MergedShard>,
    /// `None` while the run is going on, and after a crash.
    pub finished: Option<Finished>,
}

/// Which part of a plan, and who said so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct ShardRow {
    #[serde(flatten)]
    pub shard: Shard,
    /// `--shard`, or the engine that it ran under.
    pub by: String,
}

/// One of the runs that a merged run was made from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct MergedShard {
    /// From 0.
    pub index: u32,
    /// UTC, RFC 3339, by its own clock.
    pub started: String,
    pub started_unix_nanos: u64,
    pub host: Host,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub clock: Option<ClockOffset>,
    /// That have a record, the warm-up's included.
    pub requests: u64,
    pub grade: Grade,
}

/// One turn, as it was planned. Its instants are nanoseconds since the run started.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct BlockRow {
    /// From 1; the same number, the same requests.
    pub block: u16,
    pub routes: Vec<String>,
    /// Of the warm-up.
    pub start_ns: RunTime,
    /// Where the warm-up ends.
    pub measured_ns: RunTime,
    pub end_ns: RunTime,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Finished {
    pub unix_nanos: u64,
    pub interrupted: bool,
    /// Run time at which arrivals were stopped before the plan's end.
    #[serde(default)]
    pub stopped: Option<RunTime>,
    /// Requests that have a record, the warm-up's included.
    #[serde(default)]
    pub requests: u64,
    /// What the driver saw of itself: the records do not hold it.
    #[serde(default)]
    pub evidence: Evidence,
}

impl Manifest {
    /// The turns that routes took, by the positions of the routes.
    pub fn turns(&self) -> Vec<Arc<Block>> {
        let position = |name: &String| self.config.routes.iter().position(|route| route.name == *name);
        let turns = self.blocks.iter().map(|row| {
            let routes = row.routes.iter().filter_map(|name| Some(position(name)? as u16)).collect();
            let round = row.block.saturating_sub(1);
            Arc::new(Block { round, routes, start: row.start_ns, measured: row.measured_ns, end: row.end_ns })
        });
        turns.collect()
    }

    /// As it is found in its folder: on the way a number may lose its last digit.
    #[must_use]
    pub fn read_back(&self) -> Self {
        let json = serde_json::to_string(self).expect("a manifest is plain data");
        serde_json::from_str(&json).expect("what was written can be read")
    }

    /// What a summary of the run is made from, beside its records.
    pub fn context(&self) -> Context {
        let finished = self.finished.clone();
        let part = self.shard.as_ref().map(|row| row.shard).filter(|shard| !shard.is_whole());
        Context {
            world: self.world,
            kind: self.config.kind,
            seed: self.config.seed,
            stopped: finished.as_ref().and_then(|finished| finished.stopped),
            blocks: self.turns(),
            routes: self.config.routes.clone(),
            prices: self.prices.clone(),
            evidence: Evidence { part, ..finished.map(|finished| finished.evidence).unwrap_or_default() },
        }
    }
}
