//! What the routes were held to, and what was found: the same words on the terminal and on the page.

use crate::core::gate::Gate;
use crate::measure::gate::GateResult;
use crate::measure::summary::Summary;

/// Objectives of one standing.
pub struct Group<'a> {
    /// What a missed one means.
    pub about: &'static str,
    pub results: &'a [GateResult],
}

/// Those that there are; none of a run that was interrupted.
pub fn groups(summary: &Summary) -> Vec<Group<'_>> {
    let groups = [
        Group { about: "as --slo asks: a missed one ends the run with exit code 3", results: &summary.gates },
        Group { about: "of the workload, counted in goodput; --slo makes them gates", results: &summary.objectives },
    ];
    groups.into_iter().filter(|group| !group.results.is_empty()).collect()
}

/// A line for each objective: who misses it, who meets it, and by what.
pub fn sentences(results: &[GateResult]) -> Vec<String> {
    // Results come route by route.
    let mut asked: Vec<&Gate> = Vec::new();
    for result in results {
        if !asked.contains(&&result.gate) {
            asked.push(&result.gate);
        }
    }
    asked
        .into_iter()
        .map(|gate| {
            let by = |met: Option<bool>| {
                let own = results.iter().filter(|result| result.met == met && result.gate == *gate);
                own.map(|result| format!("{} ({})", result.route, result.found)).collect::<Vec<_>>()
            };
            let said = [("missed by", by(Some(false))), ("not judged for", by(None)), ("met by", by(Some(true)))];
            let said = said.into_iter().filter(|(_, routes)| !routes.is_empty());
            let said: Vec<_> = said.map(|(how, routes)| format!("{how} {}", routes.join(", "))).collect();
            format!("{gate}: {}", said.join("; "))
        })
        .collect()
}
