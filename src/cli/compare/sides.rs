//! From what was named to what is compared.

use std::path::{Path, PathBuf};

use crate::cli::exit::{Code, Failure};
use crate::measure::versus::Side;
use crate::profile::in_place_of;
use crate::routing;
use crate::store::read::Rebuilt;
use crate::store::{Manifest, Run};

/// A results folder, read.
pub struct Opened {
    pub run: Run,
    pub rebuilt: Rebuilt,
    /// One per route.
    pub sides: Vec<Side>,
}

impl Opened {
    pub fn open(path: &Path) -> Result<Self, Failure> {
        let run = Run::open(path)?;
        let rebuilt = run.rebuild()?;
        let config = &run.manifest.config;
        let mut sides = vec![Side::new(&config.phases); config.routes.len()];
        run.replay(|entry| sides[usize::from(entry.request.route)].record(entry.request))?;
        Ok(Self { run, rebuilt, sides })
    }

    pub fn routes(&self) -> Vec<&str> {
        self.run.manifest.config.routes.iter().map(|route| route.name.as_str()).collect()
    }

    /// Position of a route.
    pub fn route(&self, name: &str) -> Result<usize, Failure> {
        self.routes().iter().position(|route| *route == name).ok_or_else(|| {
            let there = in_place_of(name, "It has", self.routes());
            Failure::new(Code::UnknownName, format!("{} has no route `{name}`{there}", self.run.path().display()))
        })
    }
}

/// `DIR`, or `DIR:ROUTE`. A folder whose own name holds a colon is taken as it is where it exists.
pub fn split(text: &str) -> (PathBuf, Option<&str>) {
    match text.rsplit_once(':') {
        Some((folder, route)) if !Path::new(text).exists() && !folder.is_empty() => (folder.into(), Some(route)),
        _ => (text.into(), None),
    }
}

/// Whether it is a run that one client, or all of them, made.
fn part(run: &Manifest) -> String {
    let clients = run.finished.as_ref().and_then(|finished| finished.evidence.clients.as_ref());
    match (&run.shard, clients) {
        (Some(row), _) if !row.shard.is_whole() => format!("shard {}", row.shard),
        (_, Some(clients)) if !clients.missing.is_empty() => clients.label(),
        _ => "all".to_owned(),
    }
}

/// What two routes cannot be compared by: fired by another number of clients, a policy that remembers is another policy.
fn unlike_clients((a, i): (&Manifest, usize), (b, j): (&Manifest, usize)) -> Option<String> {
    let (of_a, of_b) = (&a.config, &b.config);
    let remembers = |name: &str| routing::find(name).is_none_or(|policy| policy.remembers);
    let (left, right) = (&of_a.routes[i], &of_b.routes[j]);
    let policy = [left, right].into_iter().find(|route| remembers(&route.policy)).map(|route| &route.policy)?;
    (of_a.clients != of_b.clients).then(|| {
        format!(
            "independent clients: {} and {}, and each has a memory of its own of what `{policy}` decides on",
            of_a.clients, of_b.clients
        )
    })
}

/// In which ways two runs are not alike, as far as these routes of both are compared; what each of them says of it.
pub fn unlike(a: &Manifest, b: &Manifest, pairs: &[(usize, usize)]) -> Vec<String> {
    let none = || "none".to_owned();
    let facts = |run: &Manifest| {
        let config = &run.config;
        let files = |key: &str| config.files.get(key).map(ToString::to_string);
        vec![
            ("world", run.world.label().to_owned(), None),
            ("part of the plan", part(run), None),
            ("load", config.load.clone(), config.trace.clone()),
            ("workload", config.workload.clone(), files("workload")),
            ("API", config.api.clone(), None),
            ("measured time", format!("{} × {}", config.blocks, crate::core::units::length(config.duration.0)), None),
            ("scenario", config.scenario.clone().unwrap_or_else(none), files("scenario")),
            ("phases", format!("{} phases", config.phases.len()), serde_json::to_string(&config.phases).ok()),
        ]
    };
    let both = facts(a).into_iter().zip(facts(b));
    let found = both.filter_map(|((what, of_a, a_inside), (_, of_b, b_inside))| {
        if of_a != of_b {
            return Some(format!("{what}: {of_a} and {of_b}"));
        }
        (a_inside != b_inside).then(|| format!("{what}: both are named {of_a}, and differ inside"))
    });
    let by_clients = pairs.iter().filter_map(|(i, j)| unlike_clients((a, *i), (b, *j)));
    found.chain(by_clients.take(1)).collect()
}
