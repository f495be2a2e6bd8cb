//! An advice on the terminal.

use super::{Advice, sentence};
use crate::core::units::{Span, chosen_rate, grouped, length, percent, range, significant};
use crate::measure::series::Level;
use crate::report::cell::{self, ABSENT};
use crate::report::table::{Cell, Column, Paint, Table};
use crate::report::text::{Style, banner, bullets, joined, title};
use crate::sweep::advice::{Candidate, Held};
use crate::sweep::{Spread, Watched};

/// The whole advice.
pub fn render(advice: &Advice, style: Style) -> String {
    let style = style.readable();
    joined(&[
        banner(advice.world, advice.world.label(), &headline(advice), &setting(advice), style).0,
        recommendation(advice, style),
        table(advice, style),
        section("What would change it", "", &advice.what_would_change_it, style),
        section("Warnings", "", &warnings(advice), style),
        article(advice, style),
    ])
}

fn headline(advice: &Advice) -> Vec<String> {
    let setting = &advice.setting;
    let inputs = setting.inputs;
    let mut line = vec![
        format!("workload {}", setting.workload),
        format!("latency {}", inputs.latency),
        format!("data {}", inputs.data),
    ];
    line.extend(inputs.throughput.map(|throughput| format!("throughput {throughput}")));
    line.push(format!("{} ({})", chosen_rate(setting.rps), setting.rps_from));
    line
}

fn setting(advice: &Advice) -> Vec<String> {
    let setting = &advice.setting;
    let countries: Vec<_> = setting.allowed.iter().map(ToString::to_string).collect();
    let mut facts = vec![format!("profile {}", setting.profile), format!("allowed: {}", countries.join(", "))];
    facts.extend(advice.slos.iter().map(|slo| format!("SLO {slo}")));
    facts.push(format!("scenario {}", setting.scenario));
    facts.push(format!("{} seeds from {}", setting.seeds, setting.seed));
    facts.push(format!("{} measured after {} of warm-up", length(setting.duration.0), length(setting.warmup.0)));
    facts.extend(setting.taken.iter().cloned());
    facts.extend(setting.set.iter().map(|set| format!("--set {set}")));
    facts.push(format!("bedbench {}", advice.version));
    facts
}

fn recommendation(advice: &Advice, style: Style) -> Vec<String> {
    let mut lines = vec![title("Recommendation", "simulated, for the load and the objectives above", style)];
    let mut said = vec![sentence::recommendation(advice)];
    said.extend(sentence::runner_up(advice).map(|second| format!("runner-up: {second}")));
    lines.extend(bullets(&said, style));
    lines
}

fn table(advice: &Advice, style: Style) -> Vec<String> {
    let mut table = Table::new(vec![
        Column::left("route"),
        Column::right("TTFT p95"),
        Column::right("response p95"),
        Column::right("USD/1,000 good"),
        Column::right("good").expendable(2),
        Column::right("throttled").expendable(3),
        Column::left("verdict"),
    ]);
    // Ranked first, then what misses, then what is not allowed.
    let place = |candidate: &&Candidate| {
        let ranked = advice.ranking.iter().position(|name| *name == candidate.head.name);
        (candidate.refused.is_some(), ranked.unwrap_or(usize::MAX))
    };
    let mut candidates: Vec<_> = advice.candidates.iter().collect();
    candidates.sort_by_key(place);
    for candidate in candidates {
        let held = &candidate.asked;
        table.row(vec![
            candidate.head.name.clone().into(),
            levels(held.ttft_p95).into(),
            levels(held.response_p95).into(),
            held.cost_per_thousand_good.map_or(ABSENT.to_owned(), costs).into(),
            share(held.good_share).into(),
            share(held.throttled_share).into(),
            verdict(advice, candidate, held),
        ]);
    }
    let requests = advice.candidates.iter().map(|candidate| candidate.asked.planned).max().unwrap_or(0);
    let table = table.fitted(style.width);
    let worst: Vec<_> = ["good", "throttled"].into_iter().filter(|head| table.has(head)).collect();
    let worst =
        if worst.is_empty() { String::new() } else { format!("; {} under the worst seed", worst.join(" and ")) };
    let rest = format!(
        "the middle seed (lowest–highest of {}); {} requests per route{worst}",
        advice.setting.seeds,
        grouped(requests)
    );
    let mut lines = vec![title("Numbers", &rest, style)];
    lines.extend(table.lines(style.width, style.colour));
    lines
}

fn verdict(advice: &Advice, candidate: &Candidate, held: &Held) -> Cell {
    if candidate.refused.is_some() {
        return Cell::new("not allowed", Paint::Faint);
    }
    match advice.ranking.iter().position(|name| *name == candidate.head.name) {
        Some(0) => Cell::new("recommended", Paint::Good),
        Some(1) => "runner-up".into(),
        Some(_) => "meets".into(),
        None => {
            let what = held
                .worst_miss()
                .map_or("no good answer".to_owned(), |slo| format!("misses {}", Watched::from(&slo.slo).key()));
            Cell::new(what, Paint::Bad)
        }
    }
}

fn levels(spread: Option<Spread<Level>>) -> String {
    let Some(spread) = spread else { return ABSENT.to_owned() };
    match (spread.low, spread.high) {
        (Level::At(low), Level::At(high)) => {
            format!("{} ({})", cell::level(Some(spread.middle)), range(Span(low), Span(high)))
        }
        _ if spread.low == spread.high => cell::level(Some(spread.middle)),
        (low, high) => {
            format!("{} ({}–{})", cell::level(Some(spread.middle)), cell::level(Some(low)), cell::level(Some(high)))
        }
    }
}

fn costs(spread: Spread<f64>) -> String {
    format!("{} ({}–{})", significant(spread.middle), significant(spread.low), significant(spread.high))
}

/// A share that is not all is never printed as all, nor one that is not none as none.
fn share(share: f64) -> String {
    let parts = 1_000_000_u64;
    percent((share * parts as f64).round() as u64, parts)
}

/// What the numbers rest on comes first.
fn warnings(advice: &Advice) -> Vec<String> {
    let mut all = vec![format!("SIMULATED: every number here {}", advice.assumptions)];
    all.extend(advice.warnings.iter().cloned());
    let mut refused: Vec<(&str, Vec<&str>)> = Vec::new();
    for candidate in &advice.candidates {
        let Some(why) = candidate.refused.as_deref() else { continue };
        match refused.iter_mut().find(|(known, _)| *known == why) {
            Some((_, names)) => names.push(&candidate.head.name),
            None => refused.push((why, vec![&candidate.head.name])),
        }
    }
    all.extend(refused.into_iter().map(|(why, names)| format!("not allowed, {}: {why}", names.join(" and "))));
    all
}

fn article(advice: &Advice, style: Style) -> Vec<String> {
    let mut said = vec![sentence::article(advice)];
    said.extend(advice.article.entries.iter().map(|e| format!("{} ({}): {}", e.id, e.work, e.strategy)));
    said.extend(advice.article.contradictions.iter().map(|found| super::matrix::contradiction(found)));
    section("The published matrix", advice.article.source, &said, style)
}

fn section(name: &str, rest: &str, said: &[String], style: Style) -> Vec<String> {
    if said.is_empty() {
        return Vec::new();
    }
    std::iter::once(title(name, rest, style).trim_end().to_owned()).chain(bullets(said, style)).collect()
}
