//! An advice in sentences. They say what the points show, and name what was not asked.

use super::{Advice, allowed};
use crate::core::units::{Span, significant};
use crate::report::cell;
use crate::report::sweep::sentence::{quantity, rate};
use crate::sweep::advice::{ASKED, Candidate, DOUBLED, FIRST_TOKEN, Held, HeldSlo, SAME_COST, nearest, rank};

/// What is recommended, or why nothing is.
pub fn recommendation(advice: &Advice) -> String {
    let load = rate(advice.setting.rps.0);
    match advice.recommended.as_deref().and_then(|name| advice.candidate(name)) {
        Some(best) => format!("{} at {load} requests/s: {}", best.head.name, numbers(&best.asked)),
        None => {
            let near = nearest(allowed(&advice.candidates), ASKED);
            let near =
                near.map_or(String::new(), |(route, slo)| format!("; nearest is {}, {}", route.head.name, missed(slo)));
            format!("none: no allowed route meets every objective at {load} requests/s under every seed{near}")
        }
    }
}

/// Who comes second.
pub fn runner_up(advice: &Advice) -> Option<String> {
    let best = advice.candidate(advice.recommended.as_deref()?)?;
    Some(match advice.runner_up.as_deref().and_then(|name| advice.candidate(name)) {
        Some(second) => {
            let dearer = second.asked.cost() / best.asked.cost() - 1.0;
            let apart = match dearer {
                dearer if dearer < 0.001 => "as cheap".to_owned(),
                dearer => format!("{:.1} % dearer", dearer * 100.0),
            };
            format!("{}, {apart}: {}", second.head.name, numbers(&second.asked))
        }
        None => {
            let others = allowed(&advice.candidates).filter(|candidate| candidate.head.name != best.head.name);
            match nearest(others, ASKED) {
                Some((route, slo)) => {
                    format!("none meets every objective; nearest is {}, {}", route.head.name, missed(slo))
                }
                None => "none: there is no other allowed route".to_owned(),
            }
        }
    })
}

/// `TTFT p95 1.21 s, 2.08 USD per 1,000 good answers`
fn numbers(held: &Held) -> String {
    let ttft = cell::level(held.ttft_p95.map(|spread| spread.middle));
    format!("{} {ttft}, {} USD per 1,000 good answers", quantity(FIRST_TOKEN), significant(held.cost()))
}

/// `which misses ttft:p95<1.5s by 12 %`
fn missed(slo: &HeldSlo) -> String {
    let by = slo.missed_by();
    let seeds = match slo.met {
        0 => String::new(),
        met => format!(" under {} of {} seeds", slo.seeds - met, slo.seeds),
    };
    match by {
        by if by.is_finite() && by < 0.01 => format!("which misses {} by less than 1 %{seeds}", slo.slo),
        by if by.is_finite() => format!("which misses {} by {:.0} %{seeds}", slo.slo, by * 100.0),
        _ => format!("which misses {}: that percentile falls among failures{seeds}", slo.slo),
    }
}

/// What else would lead to another recommendation.
pub fn changes(advice: &Advice) -> Vec<String> {
    let best = advice.recommended.as_deref().and_then(|name| advice.candidate(name));
    let mut said = best.map_or_else(|| nothing(advice), |best| vec![load(advice, best)]);
    said.extend(residency(advice, best));
    if let Some(best) = best {
        said.extend(cheaper(advice, best));
        said.extend(price(advice, best));
    }
    said
}

/// Whether twice the load changes it.
fn load(advice: &Advice, best: &Candidate) -> String {
    let (asked, doubled) = (rate(advice.setting.rps.0), rate(advice.setting.rps.0 * 2.0));
    let name = &best.head.name;
    let ranked = rank(allowed(&advice.candidates), DOUBLED);
    let then = match ranked.first() {
        Some(first) if first.head.name == *name => {
            return format!(
                "load: at {doubled} requests/s, twice as many, {name} is still recommended; no higher load was tried"
            );
        }
        Some(first) => format!("{} would be recommended there ({})", first.head.name, numbers(&first.doubled)),
        None => "no allowed route meets every objective there".to_owned(),
    };
    let look = format!(
        "`bedbench sweep --profile {} --workload {} --scenario {} --rps {asked}..{doubled}` finds where it turns",
        advice.setting.profile, advice.setting.workload, advice.setting.scenario
    );
    match best.doubled.worst_miss() {
        Some(slo) => format!("load: at {doubled} requests/s {name} no longer holds, {}; {then}; {look}", missed(slo)),
        None => format!("load: at {doubled} requests/s {name} still meets every objective, and {then}; {look}"),
    }
}

/// Where nothing meets the objectives: what the nearest route would need.
fn nothing(advice: &Advice) -> Vec<String> {
    let asked = rate(advice.setting.rps.0);
    let mut said = vec![format!(
        "load: whether fewer than {asked} requests/s would do was not simulated; `bedbench sweep --profile {} --workload {}` \
         with a range of --rps finds each route's knee",
        advice.setting.profile, advice.setting.workload
    )];
    if let Some((route, _)) = nearest(allowed(&advice.candidates), ASKED) {
        let missed = route.asked.slos.iter().filter(|slo| !slo.is_met());
        let has = missed.map(|slo| match slo.value.and_then(|value| value.high.time()) {
            Some(time) => format!("{} instead of {}", Span(time), slo.slo),
            None => format!("failures at the percentile of {}", slo.slo),
        });
        let has = has.collect::<Vec<_>>().join(" and ");
        let others = if route.asked.slos.iter().any(HeldSlo::is_met) { ", and meets all others" } else { "" };
        said.push(format!("objectives: {} has {has} under the worst seed{others}", route.head.name));
    }
    said
}

/// Whether a route that may not be recommended would be.
fn residency(advice: &Advice, best: Option<&Candidate>) -> Option<String> {
    let refused = advice.candidates.iter().filter(|candidate| candidate.refused.is_some()).count();
    if refused == 0 {
        return None;
    }
    let first = rank(&advice.candidates, ASKED).into_iter().next();
    Some(match first {
        Some(first) if first.refused.is_some() => format!(
            "residency: {} would rank first if it were allowed ({}); {}",
            first.head.name,
            numbers(&first.asked),
            first.refused.as_deref().unwrap_or_default()
        ),
        _ => {
            let ranks = if best.is_some() { "ranks before it" } else { "meets every objective either" };
            format!("residency: none of the {refused} routes that are not allowed {ranks}")
        }
    })
}

/// An allowed route that costs less and misses.
fn cheaper(advice: &Advice, best: &Candidate) -> Option<String> {
    let clearly = best.asked.cost() * (1.0 - SAME_COST);
    let cheaper = allowed(&advice.candidates).filter(|candidate| candidate.asked.cost() < clearly);
    let (route, slo) = nearest(cheaper, ASKED)?;
    let (less, cost) = (1.0 - route.asked.cost() / best.asked.cost(), significant(route.asked.cost()));
    Some(format!(
        "objectives: {} costs {:.1} % less ({cost} USD per 1,000 good answers), {}",
        route.head.name,
        less * 100.0,
        missed(slo)
    ))
}

/// How far costs must move for the runner-up to be first.
fn price(advice: &Advice, best: &Candidate) -> Option<String> {
    let second = advice.candidate(advice.runner_up.as_deref()?)?;
    let (best_name, second_name) = (&best.head.name, &second.head.name);
    let dearer = second.asked.cost() / best.asked.cost() - 1.0;
    Some(match dearer {
        dearer if dearer.abs() <= SAME_COST => format!(
            "prices: {best_name} and {second_name} cost the same to within 1 %, so {}, and then fewer Regions, decides; prices \
             that move them further apart would decide instead",
            quantity(FIRST_TOKEN)
        ),
        dearer => format!(
            "prices: {best_name} and {second_name} come level when 1,000 good answers of {best_name} cost {:.1} % more and those \
             of {second_name} do not",
            dearer * 100.0
        ),
    })
}

/// What the published matrix advises, and whether the simulation agrees.
pub fn article(advice: &Advice) -> String {
    let names: Vec<_> = advice.article.regions.iter().map(|region| region.name()).collect();
    let inputs = advice.setting.inputs;
    let said = format!("for latency {}, data {}, it advises {}", inputs.latency, inputs.data, names.join(", then "));
    let Some(best) = advice.recommended.as_deref().and_then(|name| advice.candidate(name)) else {
        return format!("{said}; in the simulation nothing meets the objectives");
    };
    let called: Vec<_> = best.head.targets.iter().map(|target| target.region).collect();
    match advice.article.regions.starts_with(&called) {
        true if called.len() == names.len() => format!("{said}; the simulation agrees"),
        true => format!("{said}; in the simulation {} is enough at this load", best.head.name),
        false => format!("{said}; the simulation differs: {}", best.head.name),
    }
}
