//! `jurisdictions-by-load.svg`: in which countries the tokens of each route are processed.

use std::collections::BTreeSet;

use super::SweepPlot;
use super::chart::{LEFT, RIGHT, frame, load_axis_name, load_scale};
use crate::core::region::Jurisdiction;
use crate::report::plots::axis::{Scale, columns, plain, rows, spread};
use crate::report::plots::canvas::{Canvas, Point, Type, WIDTH, stroke};
use crate::report::plots::palette;
use crate::report::plots::style::{INK, LABEL, MARGIN, SMALL, WHITE, shown};
use crate::report::sweep::sentence::rate;
use crate::sweep::{RouteSweep, Sweep};

pub const PLOT: SweepPlot = SweepPlot { file: "jurisdictions-by-load.svg", draw };

const TALL: f64 = 84.0;
/// From one field to the next, with the name of the next in it.
const STEP: f64 = TALL + 58.0;
/// One line for a route whose shares do not depend on the load.
const SAID: f64 = 20.0;
/// Thinner layers have no room for their name.
const LEAST: f64 = 0.005;

fn draw(sweep: &Sweep) -> String {
    let notes = "Tokens in and out of all attempts, by the country in which they were processed; the mean over the seeds \
                 at each load.";
    let frame = frame(sweep, &title(sweep), notes);
    let (moving, still): (Vec<_>, Vec<_>) = sweep.routes.iter().partition(|route| moves(sweep, route));
    let top = frame.top() + 14.0 + still.len() as f64 * SAID + if still.is_empty() { 0.0 } else { 20.0 };
    let bottom = match moving.len() {
        0 => top,
        n => top + (n - 1) as f64 * STEP + TALL + 40.0,
    };
    let countries: BTreeSet<_> = sweep.routes.iter().flat_map(countries).collect();
    let countries: Vec<_> = countries.into_iter().collect();
    let x = load_scale(sweep);
    frame.paint(bottom, |canvas| {
        let mut y = frame.top() + SAID / 2.0;
        for route in &still {
            let name = shown(&route.head);
            canvas.text(&name, (MARGIN, y), LABEL);
            let left = MARGIN + LABEL.width(&name) + 12.0;
            canvas.text(&SMALL.fit(&throughout(sweep, route), WIDTH - MARGIN - left), (left, y), SMALL);
            y += SAID;
        }
        for (i, route) in moving.iter().enumerate() {
            let top = top + i as f64 * STEP;
            canvas.text(&shown(&route.head), (LEFT, top - 12.0), LABEL);
            draw_route(canvas, sweep, route, &countries, &x, (top, top + TALL));
        }
        if !moving.is_empty() {
            load_axis_name(canvas, bottom - 6.0);
        }
    })
}

/// Whether any share depends on the load.
fn moves(sweep: &Sweep, route: &RouteSweep) -> bool {
    countries(route).into_iter().any(|country| {
        let shares = || sweep.loads.iter().map(|load| share(route, *load, country).unwrap_or(0.0));
        shares().fold(0.0, f64::max) - shares().fold(1.0, f64::min) >= LEAST
    })
}

/// In place of a field of one colour.
fn throughout(sweep: &Sweep, route: &RouteSweep) -> String {
    let (least, most) = (sweep.loads[0], sweep.loads[sweep.loads.len() - 1]);
    let shares: Vec<_> = countries(route)
        .into_iter()
        .filter_map(|country| Some((country, share(route, least, country)?)))
        .filter(|(_, share)| *share >= LEAST)
        .map(|(country, share)| format!("{country} {:.0} %", share * 100.0))
        .collect();
    let shares = if shares.is_empty() { "no tokens".into() } else { shares.join(", ") };
    format!("{shares} at every load from {} to {} requests/s", rate(least), rate(most))
}

fn countries(route: &RouteSweep) -> BTreeSet<Jurisdiction> {
    route.points.iter().flat_map(|point| point.processed_tokens.keys().copied()).collect()
}

/// Layers of one route, the first country at the bottom.
fn draw_route(
    canvas: &Canvas<'_>,
    sweep: &Sweep,
    route: &RouteSweep,
    countries: &[Jurisdiction],
    x: &Scale,
    (top, bottom): (f64, f64),
) {
    let y = Scale::linear(0.0, 1.0).over(bottom, top);
    let mut below = vec![0.0; sweep.loads.len()];
    let mut ends = Vec::new();
    for (i, country) in countries.iter().enumerate() {
        let shares: Vec<_> = sweep.loads.iter().map(|load| share(route, *load, *country).unwrap_or(0.0)).collect();
        if shares.iter().all(|share| *share == 0.0) {
            continue;
        }
        let color = palette::place(i);
        let edge = |heights: &[f64]| -> Vec<Point> {
            sweep.loads.iter().zip(heights).map(|(load, share)| (x.at(*load), y.at(*share))).collect()
        };
        let above: Vec<_> = below.iter().zip(&shares).map(|(below, share)| below + share).collect();
        let mut layer = edge(&below);
        layer.extend(edge(&above).into_iter().rev());
        canvas.polygon(&layer, color);
        canvas.line(&edge(&above), stroke(WHITE, 1.5));
        let last = shares[shares.len() - 1];
        if last >= LEAST {
            ends.push((country, color, last, y.at(above[above.len() - 1] - last / 2.0)));
        }
        below = above;
    }
    rows(canvas, &y, &[0.0, 0.5, 1.0], (LEFT, LEFT), |share| format!("{} %", plain(share * 100.0)));
    columns(canvas, x, &x.ticks(12), bottom, rate);
    let wanted: Vec<_> = ends.iter().map(|(.., y)| *y).collect();
    let middles = spread(&wanted, &vec![16.0; ends.len()], top - 6.0, bottom + 6.0);
    for ((country, color, share, at), middle) in ends.into_iter().zip(middles) {
        let (end, left) = (x.at(sweep.loads[sweep.loads.len() - 1]), RIGHT + 14.0);
        canvas.line(&[(end + 2.0, at), (left - 4.0, middle)], stroke(color, 1.0));
        let text = format!("{country} {:.0} %", share * 100.0);
        let kind = Type { color: INK, ..SMALL.bold() };
        canvas.text(&kind.fit(&text, WIDTH - MARGIN / 2.0 - left), (left, middle), kind);
    }
}

/// Mean over the seeds of the share of the tokens.
fn share(route: &RouteSweep, load: f64, country: Jurisdiction) -> Option<f64> {
    let shares: Vec<_> = route.at(load).filter_map(|point| point.processed_share(country)).collect();
    (!shares.is_empty()).then(|| crate::stats::student::mean(&shares))
}

/// The share that changes most from the lowest load to the highest.
fn title(sweep: &Sweep) -> String {
    let (least, most) = (sweep.loads[0], sweep.loads[sweep.loads.len() - 1]);
    let moves = sweep.routes.iter().flat_map(|route| {
        countries(route).into_iter().map(move |country| {
            let at = |load| share(route, load, country).unwrap_or(0.0);
            (route, country, at(least), at(most))
        })
    });
    match moves.max_by(|a, b| (a.3 - a.2).total_cmp(&(b.3 - b.2))).filter(|(_, _, from, to)| to - from >= LEAST) {
        Some((route, country, from, to)) => format!(
            "{}: {country} processes {:.0} % of the tokens at {} requests/s and {:.0} % at {}",
            shown(&route.head),
            from * 100.0,
            rate(least),
            to * 100.0,
            rate(most)
        ),
        None => "Where each route's tokens are processed does not depend on the load".into(),
    }
}
