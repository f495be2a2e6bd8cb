//! `latency-by-load.svg`: the deciding percentile and the median against the load, and where it turns.

use super::SweepPlot;
use super::chart::{LEFT, Line, Panel, RIGHT, band_note, frame, lines, load_axis_name, load_scale};
use super::turns::turns;
use crate::core::residency::Standing;
use crate::measure::series::Level;
use crate::report::cell;
use crate::report::plots::axis::{Scale, time_tick};
use crate::report::plots::canvas::{Canvas, Type, dashed};
use crate::report::plots::style::{INK, SMALL};
use crate::report::sweep::sentence::{knee, place, quantity};
use crate::sweep::{Sweep, Watched};

pub const PLOT: SweepPlot = SweepPlot { file: "latency-by-load.svg", draw };

const TALL: f64 = 320.0;
const LOW: f64 = 170.0;
const ROW: f64 = 18.0;

fn draw(sweep: &Sweep) -> String {
    let decisive = sweep.decisive();
    let median = Watched { q: 0.5, ..decisive };
    let notes = format!(
        "Over all requests, a failure above every answer; intended start to {}. {} Under \
         the upper field: knees (highest load that meets every SLO; dotted lines above) and crossovers beyond which the \
         routes come to differ by a tenth or more (rings above), with their 95 % intervals over seeds. A cross: from this \
         load on, the percentile is a failure.",
        if decisive.metric == crate::core::Metric::Ttft { "first token" } else { "the end of the answer" },
        band_note(sweep),
    );
    let frame = frame(sweep, &title(sweep), &notes);
    let turns = turns(sweep);
    let top = frame.top();
    let middle = top + TALL;
    let strip = middle + 50.0;
    let second = strip + turns.len() as f64 * ROW + if turns.is_empty() { 0.0 } else { 40.0 };
    let bottom = second + LOW;
    let x = load_scale(sweep);
    frame.paint(bottom + 40.0, |canvas| {
        let decisive_lines = of(sweep, decisive);
        let name = quantity(decisive);
        let panel = panel(sweep, &decisive_lines, &name, (top, middle), Some(sweep.slos[0].limit.as_secs_f64()));
        panel.draw(canvas, &x);
        limit(canvas, sweep, &panel.scale());
        for turn in &turns {
            turn.mark(canvas, &x, &panel, sweep.slos[0].limit.as_secs_f64());
        }
        load_axis_name(canvas, middle + 34.0);
        for (i, turn) in turns.iter().enumerate() {
            turn.draw(canvas, &x, strip + (i as f64 + 0.5) * ROW + 8.0);
        }
        let median_lines = of(sweep, median);
        let name = quantity(median);
        self::panel(sweep, &median_lines, &name, (second, bottom), None).draw(canvas, &x);
        load_axis_name(canvas, bottom + 34.0);
    })
}

fn of(sweep: &Sweep, watched: Watched) -> Vec<Line> {
    lines(sweep, |point| match point.level(watched)? {
        Level::At(time) => Some(time.as_secs_f64()),
        Level::Failed => Some(f64::INFINITY),
    })
}

fn panel<'a>(
    sweep: &'a Sweep,
    lines: &'a [Line],
    name: &'a str,
    (top, bottom): (f64, f64),
    also: Option<f64>,
) -> Panel<'a> {
    let values = || lines.iter().flat_map(Line::values).chain(also);
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(0.0, f64::max));
    let low = if low.is_finite() { low } else { 0.0 };
    let y = Scale::times(low, high);
    Panel { lines, y, top, bottom, name, tick: time_tick, beyond: cell::FAILED, grid: &sweep.loads }
}

/// The objective that decides, as a line across.
fn limit(canvas: &Canvas<'_>, sweep: &Sweep, y: &Scale) {
    let slo = &sweep.slos[0];
    let y = y.at(slo.limit.as_secs_f64());
    canvas.line(&[(LEFT, y), (RIGHT, y)], dashed(INK, 1.2, 6.0, 4.0));
    canvas.text(&format!("SLO {slo}"), (LEFT + 6.0, y - 9.0), Type { color: INK, ..SMALL });
}

/// What holds for the first route, and who overtakes it first.
fn title(sweep: &Sweep) -> String {
    let Some(home) = sweep.routes.first() else { return "No route was swept".into() };
    let mine = sweep.pairs.iter().filter(|pair| pair.base == home.head.name);
    let overtaking = mine.flat_map(|pair| &pair.crossovers).filter(|one| one.lower_beyond != home.head.name);
    let standing =
        |name: &str| sweep.routes.iter().find(|route| route.head.name == name).map(|route| route.head.standing);
    // A reference may not be chosen, so it is named only where no candidate overtakes.
    let first = overtaking.min_by(|a, b| {
        let rank = |one: &crate::sweep::Overtaking| standing(&one.lower_beyond) == Some(Standing::Reference);
        rank(a).cmp(&rank(b)).then(a.crossing.at.total_cmp(&b.crossing.at))
    });
    let told = knee(sweep, home);
    match first {
        Some(one) => {
            let other = sweep.routes.iter().find(|route| route.head.name == one.lower_beyond);
            let name = other.map_or_else(|| one.lower_beyond.clone(), |route| cell::name(&route.head));
            format!("{told}; from {} on, {name} has the lower {}", place(&one.crossing), quantity(sweep.decisive()))
        }
        None => told,
    }
}
