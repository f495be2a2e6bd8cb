//! A sweep on the terminal: what it showed, then number by number.

use super::sentence::{quantity, rate, sentences};
use crate::core::units::{Span, grouped, length, percent, significant};
use crate::measure::series::Level;
use crate::report::cell::{self, ABSENT};
use crate::report::table::{Cell, Column, Paint, Table};
use crate::report::text::{Style, banner, bullets, joined, title};
use crate::sweep::{Point, RouteSweep, Sweep};

/// The whole report of a sweep.
pub fn render(sweep: &Sweep, style: Style) -> String {
    let style = style.readable();
    let decisive = sweep.decisive();
    let time = |route: &RouteSweep, load: f64| {
        let value = route.spread(load, |point| point.level(decisive)).map(|spread| spread.middle);
        let met = value.and_then(Level::time).is_some_and(|time| time < sweep.slos[0].limit);
        Cell::new(cell::level(value), if met { Paint::Plain } else { Paint::Bad })
    };
    let throttled = |route: &RouteSweep, load: f64| {
        let sum = |of: fn(&Point) -> u64| route.at(load).map(of).sum::<u64>();
        percent(sum(|point| point.throttled_attempts), sum(|point| point.attempts)).into()
    };
    let costs = |route: &RouteSweep, load: f64| {
        let middle = route.spread(load, |point| Some(cost(point))).map(|spread| spread.middle);
        middle.filter(|cost| cost.is_finite()).map_or(ABSENT.to_owned(), usd).into()
    };
    let what = quantity(decisive);
    joined(&[
        banner(sweep.world, sweep.world.label(), &headline(sweep), &setting(sweep), style).0,
        findings(sweep, style),
        table(sweep, style, &what, "all requests, failures last; the middle one of the seeds", &time),
        table(sweep, style, "Throttled", "share of attempts", &throttled),
        table(sweep, style, "Cost", "USD per 1,000 answers within every SLO, all attempts paid", &costs),
    ])
}

fn headline(sweep: &Sweep) -> Vec<String> {
    let setting = &sweep.setting;
    let (least, most) = (sweep.loads[0], sweep.loads[sweep.loads.len() - 1]);
    let mut line = vec![
        setting.profile.clone(),
        format!("{}–{} requests/s, {}", rate(least), rate(most), setting.arrival),
        format!("{} loads × {} seeds from {}", sweep.loads.len(), sweep.seeds, setting.seed),
        format!("{} measured after {} of warm-up at each", length(setting.duration.0), length(setting.warmup.0)),
    ];
    line.extend(setting.scenario.as_ref().map(|scenario| format!("scenario {scenario}")));
    line
}

fn setting(sweep: &Sweep) -> Vec<String> {
    let setting = &sweep.setting;
    let requests: u64 = sweep.routes.iter().flat_map(|route| &route.points).map(|point| point.planned).sum();
    let points: u64 = sweep.routes.iter().map(|route| route.points.len() as u64).sum();
    let asked = sweep.loads.len() as u64 * sweep.seeds * sweep.routes.len() as u64;
    let refined = if points > asked { format!(", refined to {}", grouped(points)) } else { String::new() };
    let mut facts = vec![format!("workload {}", setting.workload)];
    facts.extend(sweep.slos.iter().map(|slo| format!("SLO {slo}")));
    facts.push(format!("{} requests at {} points{refined}", grouped(requests), grouped(points.min(asked))));
    facts.extend(setting.latency.as_ref().map(|latency| format!("latency {latency}")));
    facts.extend(setting.set.iter().map(|set| format!("--set {set}")));
    facts.push(format!("a failed percentile is compared as {}", Span(setting.deadline.0)));
    facts.push(format!("bedbench {}", sweep.version));
    facts
}

fn findings(sweep: &Sweep, style: Style) -> Vec<String> {
    let rest = match sweep.closer {
        true => "in brackets: 95 % interval over seeds",
        false => "of the loads tried alone; `bedbench sweep --sim` looks closer where something turns",
    };
    let head = title("Findings", rest, style);
    std::iter::once(head).chain(bullets(&sentences(sweep), style)).collect()
}

/// One row per load, one column per route; as many tables as the width asks for.
fn table(sweep: &Sweep, style: Style, name: &str, rest: &str, of: &dyn Fn(&RouteSweep, f64) -> Cell) -> Vec<String> {
    let mut lines = vec![title(name, rest, style)];
    let mut routes = &sweep.routes[..];
    while !routes.is_empty() {
        let fits = |count: &usize| build(sweep, &routes[..*count], of).fits(style.width);
        let count = (1..=routes.len()).rev().find(fits).unwrap_or(1);
        let (these, others) = routes.split_at(count);
        lines.extend(build(sweep, these, of).lines(style.width, style.colour));
        routes = others;
    }
    lines
}

fn build(sweep: &Sweep, routes: &[RouteSweep], of: &dyn Fn(&RouteSweep, f64) -> Cell) -> Table {
    let heads = routes.iter().map(|route| Column::right(cell::name(&route.head)));
    let mut table = Table::new(std::iter::once(Column::right("rps")).chain(heads).collect());
    for load in &sweep.loads {
        let cells = routes.iter().map(|route| of(route, *load));
        table.row(std::iter::once(rate(*load).into()).chain(cells).collect());
    }
    table
}

/// USD per 1,000 good answers, to be ranked: infinite where there is none.
pub fn cost(point: &Point) -> f64 {
    point.cost_per_thousand_good().unwrap_or(f64::INFINITY)
}

/// Dollars to three digits.
pub fn usd(value: f64) -> String {
    significant(value)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::core::Outcome;
    use crate::sweep::fixture::{sweep_of, swept};

    fn text(width: usize) -> String {
        render(swept(), Style { colour: false, width })
    }

    #[test]
    fn a_sweep_reads_like_this() {
        insta::assert_snapshot!(text(80));
    }

    #[test]
    fn no_line_is_wider_than_the_terminal_and_every_route_has_its_column() {
        let names = ["sydney", "oregon", "sydney→oregon", "sydney once more", "sydney a third time", "sydney at last"];
        let text = render(&sweep_of(&names), Style { colour: false, width: 80 });
        for line in text.lines() {
            assert!(console::measure_text_width(line) <= 80, "{line}");
        }
        let heads: Vec<_> = text.lines().filter(|line| line.trim_start().starts_with("rps ")).collect();
        for name in names {
            assert_eq!(heads.iter().filter(|head| head.contains(name)).count() % 3, 0, "{name}: {heads:?}");
            assert!(heads.iter().any(|head| head.contains(name)), "{name}: {heads:?}");
        }
    }

    #[test]
    fn what_no_request_shows_is_absent_and_what_fails_says_so() {
        let mut sweep = swept().clone();
        // Under three seeds of five nobody is content.
        sweep.routes[0].points.iter_mut().filter(|point| point.seed < 45).for_each(|point| point.good = 0);
        let text = render(&sweep, Style { colour: false, width: 80 });
        let row: Vec<_> = text.lines().filter(|line| line.trim_start().starts_with("120 ")).collect();
        assert!(row[0].contains("failed") && row[2].contains(ABSENT), "{row:?}");
    }

    #[test]
    fn the_share_of_ok_requests_is_not_what_is_called_throttled() {
        let sweep = swept();
        let point = sweep.routes[2].points.last().unwrap();
        assert_eq!(point.outcomes.get(&Outcome::Throttled), None);
        assert!(point.throttle_share().unwrap() > 0.3, "{point:?}");
    }
}
