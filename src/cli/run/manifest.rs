//! What a run is made of, as its manifest has it.

use std::collections::BTreeMap;

use super::config::Config;
use crate::core::block::Block;
use crate::core::residency::Standing;
use crate::core::units::{Span, grouped, percent};
use crate::govern::decision;
use crate::plan::Traffic;
use crate::plan::workload::Sensitivity;
use crate::profile::Route;
use crate::store::folder::rfc3339;
use crate::store::manifest::{BlockRow, EffectiveConfig, Host, Manifest, SCHEMA};

impl Config {
    pub fn manifest(&self, created_unix_nanos: u64) -> Manifest {
        let json = |value: serde_json::Result<serde_json::Value>| value.expect("what was read as TOML is plain data");
        let mut files = BTreeMap::from([("workload".to_owned(), json(serde_json::to_value(&self.workload)))]);
        if let Some(pattern) = &self.offered.pattern {
            files.insert("pattern".into(), json(serde_json::to_value(pattern)));
        }
        if let Some(scenario) = &self.scenario {
            files.insert("scenario".into(), json(serde_json::to_value(scenario)));
            files.insert("regions".into(), json(serde_json::to_value(&self.profile.regions)));
        }
        let config = EffectiveConfig {
            profile: self.profile.name.clone(),
            workload: self.workload.name.clone(),
            scenario: self.scenario.as_ref().map(|scenario| scenario.name.clone()),
            workload_facts: self.workload_facts(),
            latency: self.latency.clone(),
            set: self.set.clone(),
            api: self.api.name().to_owned(),
            load: self.offered.label.clone(),
            kind: self.offered.traffic.kind(),
            clients: self.part.shard.count,
            concurrency: match &self.offered.traffic {
                Traffic::Open(_) => None,
                Traffic::Closed(workers) => Some(workers.workers()),
            },
            arrival: self.offered.arrival.map(|arrival| arrival.name.to_owned()),
            rps: self.offered.mean,
            stages: self.offered.stages.iter().map(ToString::to_string).collect(),
            trace: self.offered.trace.clone(),
            blocks: self.rounds(),
            duration: Span(self.offered.duration),
            warmup: Span(self.offered.warmup),
            seed: self.seed,
            slos: self.slos.clone(),
            gates: self.gates.clone(),
            in_flight: self.in_flight,
            prewarm: self.prewarm,
            connections: self.connections,
            connect_timeout: Span(self.timeouts.connect),
            first_token_timeout: Span(self.timeouts.first_token),
            event_timeout: Span(self.timeouts.between_events),
            request_timeout: Span(self.timeouts.request),
            residency: self.profile.residency.allowed().collect(),
            endpoints: self.endpoints.clone(),
            routes: self.profile.routes.iter().map(Route::head).collect(),
            files,
            phases: self.phases.clone(),
        };
        let started = rfc3339(created_unix_nanos);
        Manifest {
            schema: SCHEMA,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            world: self.world,
            prices: self.route_prices(&started),
            started,
            started_unix_nanos: created_unix_nanos,
            host: Host {
                os: std::env::consts::OS.to_owned(),
                arch: std::env::consts::ARCH.to_owned(),
                cores: std::thread::available_parallelism().map_or(1, usize::from),
            },
            config_hash: config.hash(),
            config,
            blocks: self.blocks.iter().map(|block| self.block_row(block)).collect(),
            shard: self.part.row(),
            start_at: self.part.start_at.map(|at| at.to_string()),
            clock: None,
            merged: Vec::new(),
            finished: None,
        }
    }

    fn block_row(&self, block: &Block) -> BlockRow {
        BlockRow {
            block: block.round + 1,
            routes: block.routes.iter().map(|route| self.profile.routes[usize::from(*route)].name.clone()).collect(),
            start_ns: block.start,
            measured_ns: block.measured,
            end_ns: block.end,
        }
    }

    /// A residency is the profile's and data is the workload's: where a candidate may leave what `advise` allows such
    /// data, that is told.
    fn sensitivity(&self, class: Sensitivity) -> String {
        let said = format!("data of {class} sensitivity");
        let Some(countries) = decision::countries(class.into()) else { return said };
        let mut routes = self.profile.routes.iter().zip(self.profile.refused(&countries));
        if !routes.any(|(route, refused)| route.standing == Standing::Candidate && refused.is_some()) {
            return said;
        }
        let countries: Vec<_> = countries.iter().map(ToString::to_string).collect();
        format!("{said} (advise keeps it in {})", countries.join(" and "))
    }

    /// What the workload is apart from its lengths.
    fn workload_facts(&self) -> Vec<String> {
        let mut facts = Vec::new();
        facts.extend(self.workload.sensitivity.map(|class| self.sensitivity(class)));
        if self.workload.token_multiplier != 1.0 {
            facts.push(format!("prompts × {}", self.workload.token_multiplier));
        }
        let hits = self.plan.as_ref().map_or(0, |plan| plan.cache_hits());
        if let Some(plan) = self.plan.as_ref().filter(|_| hits > 0) {
            let arrivals = (hits + plan.all()) as u64;
            let share = percent(hits as u64, arrivals);
            facts.push(format!(
                "the application's cache answers {share} of {} arrivals, which are not sent",
                grouped(arrivals)
            ));
        } else if self.plan.is_none() && self.workload.cache_hit_rate > 0.0 {
            let share = self.workload.cache_hit_rate * 100.0;
            facts.push(format!("the application's cache answers {share:.1} % of the arrivals, which are not sent"));
        }
        facts
    }
}
