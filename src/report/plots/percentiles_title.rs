//! What the plots of percentiles say above themselves.

use super::percentiles::what;
use super::style::{failures, shown};
use crate::core::Metric;
use crate::core::residency::Standing;
use crate::core::units::{Span, percent};
use crate::measure::series::Level;
use crate::measure::summary::{Finding, Summary};

/// What the plot shows of the first route, and what the comparison with the others supports: that is of response times.
pub fn title(summary: &Summary, metric: Metric) -> String {
    let Some(base) = summary.routes.first() else { return "No route was measured".into() };
    let name = shown(&base.head);
    let failed = percent(failures(base), base.whole().counted());
    let (others, whole): (fn(&Summary, &str) -> String, _) = match metric {
        Metric::Ttft => (|summary, _| meeting(summary), "began 95 % of its answers"),
        _ => (others, "answered 95 % of requests"),
    };
    match base.whole().quantile(metric, 0.95).map(|quantile| quantile.value) {
        None if base.whole().metric(metric).all.n > 0 => format!("{name}: too few requests for a p95"),
        None => format!("No {} of {name} was measured", what(metric)),
        Some(Level::Failed) if base.whole().ok() == 0 => {
            format!("{name} answered no request{}", others(summary, "answered"))
        }
        Some(Level::Failed) => format!("{name} failed {failed} of requests{}", others(summary, "answered")),
        Some(Level::At(time)) => {
            let failed = if failures(base) > 0 { format!(" and failed {failed}") } else { String::new() };
            format!("{name} {whole} within {}{failed}{}", Span(time), others(summary, "was faster:"))
        }
    }
}

/// Which routes begin their answers as soon as they have to.
fn meeting(summary: &Summary) -> String {
    let Some(slo) = summary.slos.iter().find(|slo| slo.metric == Metric::Ttft) else { return String::new() };
    let held = || {
        let all = summary.gates.iter().chain(&summary.objectives);
        all.filter(|held| held.gate.route.is_none() && held.gate.slo() == Some(*slo))
    };
    let meeting: Vec<_> = held().filter(|held| held.met == Some(true)).map(|held| held.route.as_str()).collect();
    match meeting.as_slice() {
        _ if held().next().is_none() => String::new(),
        [] => format!("; no route is shown to meet {slo}"),
        all if all.len() > 1 && all.len() == held().count() => format!("; every route meets {slo}"),
        all => format!("; {slo} is met by {}", all.join(", ")),
    }
}

/// What is shown of the other routes; `better` says how one that was faster did better.
fn others(summary: &Summary, better: &str) -> String {
    let compared: Vec<_> = summary.routes[1..]
        .iter()
        .zip(&summary.comparisons)
        .filter_map(|(route, comparison)| {
            let at = comparison.quantiles.iter().find(|quantile| quantile.q == 0.95)?;
            Some((route, at.finding, at.other))
        })
        .collect();
    let of = |wanted: Finding| compared.iter().filter(move |(_, finding, _)| *finding == wanted);
    let faster = of(Finding::Faster).filter_map(|(route, _, level)| Some((route, level.time()?)));
    // A reference may not be chosen, so it is named only where no candidate did better.
    let best = faster.min_by_key(|(route, time)| (route.head.standing == Standing::Reference, *time));
    if let Some((route, time)) = best {
        return format!("; {} {better} 95 % within {}", shown(&route.head), Span(time));
    }
    match (compared.as_slice(), of(Finding::Slower).count()) {
        ([], _) => String::new(),
        ([(route, ..)], 1) => format!("; {} was slower", shown(&route.head)),
        (all, slower) if slower == all.len() => "; every other route was slower".into(),
        (all, _) if all.iter().all(|(_, finding, _)| *finding == Finding::TooLittleData) => {
            "; the run is too short to compare routes".into()
        }
        _ => "; no other route is shown to be faster".into(),
    }
}
