//! What text and Markdown say in the same words: the run, the instrument, the verdict.

use std::collections::BTreeSet;

use std::time::Duration;

use super::Report;
use super::selftest;
use crate::core::run::{Loop, World};
use crate::core::units::{Span, grouped, length};
use crate::measure::clients::Clients;
use crate::measure::series::Level;
use crate::measure::summary::{Percentiles, RouteSummary, Summary};
use crate::measure::verdict::{Grade, Reason, Verdict};
use crate::store::manifest::{Host, MergedShard};

pub const INTERRUPTED: &str = "interrupted, gates not judged";

/// What was run, in facts.
pub fn headline(report: &Report<'_>) -> Vec<String> {
    let config = &report.manifest.config;
    let mut facts = vec![config.profile.clone(), config.load.clone()];
    facts.push(match config.warmup.0 {
        warmup if warmup.is_zero() => format!("{} measured", length(config.duration.0)),
        warmup => format!("{} measured after {} of warm-up", length(config.duration.0), length(warmup)),
    });
    if config.blocks > 1 {
        facts.push(format!("in each of {} blocks per route", config.blocks));
    }
    facts.push(format!("seed {}", report.summary.seed.0));
    facts.extend(config.scenario.as_ref().map(|scenario| format!("scenario {scenario}")));
    facts.extend(report.summary.evidence.part.map(|part| format!("shard {part} of the plan, objectives not judged")));
    facts.extend(report.summary.evidence.clients.as_ref().map(Clients::label));
    facts
}

/// What it was run with.
pub fn setting(report: &Report<'_>) -> Vec<String> {
    let config = &report.manifest.config;
    let mut facts = vec![format!("workload {}", config.workload)];
    facts.extend(config.workload_facts.iter().cloned());
    facts.extend([config.api.clone(), goodput_rule(report.summary)]);
    facts.extend(config.latency.as_ref().map(|latency| format!("latency {latency}")));
    facts.extend(config.set.iter().map(|set| format!("--set {set}")));
    facts.extend(config.endpoints.iter().map(|(region, address)| format!("{region} at {address}")));
    facts.push(format!("bedbench {}", report.manifest.version));
    facts
}

/// What a request must do to count as good.
pub fn goodput_rule(summary: &Summary) -> String {
    if summary.slos.is_empty() {
        return "no SLO, so goodput is throughput".to_owned();
    }
    let slos: Vec<_> = summary.slos.iter().map(ToString::to_string).collect();
    format!("SLO {}", slos.join(", "))
}

/// What was run, setting by setting.
pub fn configuration(report: &Report<'_>) -> Vec<(&'static str, String)> {
    let (manifest, config) = (report.manifest, &report.manifest.config);
    let host = &manifest.host;
    let or_none = |text: Option<String>| text.unwrap_or_else(|| "none".to_owned());
    let slos: Vec<_> = config.slos.iter().map(ToString::to_string).collect();
    let targets = config.routes.iter().flat_map(|route| &route.targets);
    let models: BTreeSet<_> = targets.map(|target| format!("{} in {}", target.model, target.region)).collect();
    let residency: Vec<_> = config.residency.iter().map(ToString::to_string).collect();
    let mut facts = vec![
        ("world", report.summary.label()),
        ("profile", config.profile.clone()),
        ("residency", residency.join(", ")),
        ("workload", config.workload.clone()),
        ("scenario", or_none(config.scenario.clone())),
        ("models", models.into_iter().collect::<Vec<_>>().join(", ")),
        ("API", config.api.clone()),
        ("load", config.load.clone()),
        ("measured", length(config.duration.0)),
        ("warm-up", length(config.warmup.0)),
        ("SLO", or_none((!slos.is_empty()).then(|| slos.join(", ")))),
        ("seed", config.seed.0.to_string()),
        ("started", manifest.started.clone()),
        ("configuration hash", manifest.config_hash.clone()),
        ("bedbench", manifest.version.clone()),
    ];
    match &report.summary.evidence.clients {
        None => {
            facts.push(("host", format!("{}, {}, {} cores", host.os, host.arch, host.cores)));
            facts.extend(manifest.clock.as_ref().map(|clock| ("clock", clock.to_string())));
        }
        Some(clients) => facts.extend([("clients", independent(clients)), ("hosts", hosts(&manifest.merged))]),
    }
    facts
}

/// What it means for the numbers that several clients made them.
fn independent(clients: &Clients) -> String {
    format!(
        "{}, which started within {} by their own clocks. Each has cool-downs, a hedge budget and a view of the quota of its \
         own: one client that sends all of it learns sooner",
        clients.label(),
        Span(Duration::from_nanos(clients.starts_apart_ns))
    )
}

/// Each client's machine, and how far its clock was from the endpoint's.
fn hosts(shards: &[MergedShard]) -> String {
    let hosts = shards.iter().map(|shard| {
        let Host { os, arch, cores } = &shard.host;
        let clock = shard.clock.as_ref().map_or_else(|| "unknown".to_owned(), ToString::to_string);
        format!("shard {}: {os}, {arch}, {cores} cores, clock {clock}", shard.index)
    });
    hosts.collect::<Vec<_>>().join("; ")
}

/// What numbers of this world say, where they are not Bedrock's.
pub fn caution(world: World) -> Option<&'static str> {
    match world {
        World::Live => None,
        World::Mock => Some(
            "Every number is from the built-in mock on real sockets and rests on its assumptions: it shows what a policy \
             does under a load, and does not predict Bedrock.",
        ),
        World::Sim => Some(
            "Every number is simulated in virtual time and rests on the model's assumptions: it shows what a policy does \
             under a load, and does not predict Bedrock.",
        ),
        World::Endpoint => Some("Every number is from the endpoint that the command named, which need not be Bedrock."),
    }
}

/// How far the instrument itself can be trusted, in facts.
pub fn instrument(summary: &Summary) -> Vec<String> {
    let mut facts = if summary.world == World::Sim {
        vec!["in virtual time: the generator adds nothing".to_owned()]
    } else {
        generator(summary)
    };
    facts.extend(connections(summary));
    facts
}

/// What the generator itself took, which is part of the numbers.
fn generator(summary: &Summary) -> Vec<String> {
    let mut facts = Vec::new();
    let worst = |of: fn(&Percentiles) -> Option<Level>| {
        let times = summary.routes.iter().filter_map(|route| of(&route.dispatch_lag)?.time());
        times.max().map(Span)
    };
    let p50 = worst(|lag| Some(lag.at(0.50)?.value));
    let p99 = worst(|lag| Some(lag.at(0.99)?.value));
    if let (Some(p50), Some(p99), Some(max)) = (p50, p99, worst(|lag| lag.max)) {
        let of = if summary.routes.len() > 1 { " of the worst route" } else { "" };
        facts.push(format!("dispatch lag{of}: p50 {p50}, p99 {p99}, max {max}"));
    } else {
        facts.push("dispatch lag: nothing was sent".to_owned());
    }
    if summary.kind == Loop::Closed {
        facts.push(
            "a slow answer held its worker up, and with it the requests that an open loop would have sent".to_owned(),
        );
    }
    let evidence = &summary.evidence;
    let share = |cpu: Option<f64>| cpu.map(|cpu| format!("{:.0} %", cpu * 100.0));
    match (share(evidence.client_cpu), share(evidence.pacer_cpu)) {
        (Some(client), Some(pacer)) if evidence.clients.is_some() => {
            facts.push(format!("CPU of the busiest shard: client {client} of its core, pacer {pacer}"));
        }
        (Some(client), Some(pacer)) => facts.push(format!("CPU: client {client} of its core, pacer {pacer}")),
        (Some(client), None) => facts.push(format!("CPU: client {client} of its core")),
        (None, Some(pacer)) => facts.push(format!("CPU: pacer {pacer} of its core")),
        (None, None) => facts.push("CPU: not measured".to_owned()),
    }
    facts.extend(evidence.selftest.as_ref().map(selftest::sentence));
    facts
}

fn connections(summary: &Summary) -> Vec<String> {
    let mut facts = Vec::new();
    let total = |of: fn(&RouteSummary) -> u64| summary.routes.iter().map(of).sum::<u64>();
    let opened = total(|route| route.connections.opened);
    let reused = total(|route| route.connections.reused);
    if opened + reused > 0 {
        facts.push(format!("connections: opened for {} attempts, reused for {}", grouped(opened), grouped(reused)));
    }
    let versions =
        [("HTTP/1.1", total(|route| route.connections.http1)), ("HTTP/2", total(|route| route.connections.http2))];
    let spoken: Vec<_> = versions.iter().filter(|(_, attempts)| *attempts > 0).map(|(name, _)| *name).collect();
    if !spoken.is_empty() {
        facts.push(spoken.join(" and "));
    }
    if let Some(streams) = summary.evidence.streams_per_connection {
        facts.push(format!("at most {streams} streams per connection"));
    }
    facts
}

/// The verdict, behind its grade.
pub fn verdict(summary: &Summary) -> String {
    let judged = match (summary.verdict.grade, summary.verdict.reasons.len()) {
        (Grade::Valid, _) => "nothing in the run casts doubt on its numbers".to_owned(),
        (Grade::Suspect, 1) => "1 reason to doubt the numbers".to_owned(),
        (Grade::Suspect, n) => format!("{n} reasons to doubt the numbers"),
        (Grade::Invalid, _) => "the run measured its own limits: do not use these numbers".to_owned(),
    };
    if summary.interrupted { format!("{judged}; {INTERRUPTED}") } else { judged }
}

/// Reasons, the gravest first.
pub fn reasons(verdict: &Verdict) -> Vec<&Reason> {
    let mut reasons: Vec<_> = verdict.reasons.iter().collect();
    reasons.sort_by_key(|reason| std::cmp::Reverse(reason.grade));
    reasons
}

/// As a sentence begins.
pub fn capital(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map(|first| first.to_uppercase().chain(chars).collect()).unwrap_or_default()
}
