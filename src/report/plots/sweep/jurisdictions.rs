//! `jurisdictions-by-load.svg`: in which countries the tokens of each route are processed.

use std::collections::BTreeSet;

use super::SweepPlot;
use super::chart::{LEFT, RIGHT, frame, load_axis_name, load_scale};
use crate::core::region::Jurisdiction;
use crate::report::plots::axis::{Scale, columns, plain, rows, spread};
use crate::report::plots::canvas::{Canvas, Point, Type, WIDTH, stroke};
use crate::report::plots::style::{LABEL, Look, MARGIN, SMALL, WHITE, shown};
use crate::report::sweep::sentence::rate;
use crate::sweep::{RouteSweep, Sweep};

pub const PLOT: SweepPlot = SweepPlot { file: "jurisdictions-by-load.svg", draw };

const TALL: f64 = 84.0;
/// From one field to the next, with the name of the next in it.
const STEP: f64 = TALL + 58.0;
/// Thinner layers have no room for their name.
const LEAST: f64 = 0.005;

fn draw(sweep: &Sweep) -> String {
    let notes = "Tokens in and out of all attempts, by the country in which they were processed; the mean over the seeds \
                 at each load.";
    let frame = frame(sweep, &title(sweep), notes);
    let top = frame.top() + 14.0;
    let bottom = top + sweep.routes.len().saturating_sub(1) as f64 * STEP + TALL;
    let countries: BTreeSet<_> =
        sweep.routes.iter().flat_map(|r| &r.points).flat_map(|p| p.processed_tokens.keys().copied()).collect();
    let countries: Vec<_> = countries.into_iter().collect();
    let x = load_scale(sweep);
    frame.paint(bottom + 40.0, |canvas| {
        for (i, route) in sweep.routes.iter().enumerate() {
            let top = top + i as f64 * STEP;
            canvas.text(&shown(&route.head), (LEFT, top - 12.0), LABEL);
            draw_route(canvas, sweep, route, &countries, &x, (top, top + TALL));
        }
        load_axis_name(canvas, bottom + 34.0);
    })
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
        let look = Look::of(i);
        let edge = |heights: &[f64]| -> Vec<Point> {
            sweep.loads.iter().zip(heights).map(|(load, share)| (x.at(*load), y.at(*share))).collect()
        };
        let above: Vec<_> = below.iter().zip(&shares).map(|(below, share)| below + share).collect();
        let mut layer = edge(&below);
        layer.extend(edge(&above).into_iter().rev());
        canvas.polygon(&layer, look.color);
        canvas.line(&edge(&above), stroke(WHITE, 1.5));
        let last = shares[shares.len() - 1];
        if last >= LEAST {
            ends.push((country, look, last, y.at(above[above.len() - 1] - last / 2.0)));
        }
        below = above;
    }
    rows(canvas, &y, &[0.0, 0.5, 1.0], (LEFT, LEFT), |share| format!("{} %", plain(share * 100.0)));
    columns(canvas, x, &sweep.loads, bottom, rate);
    let wanted: Vec<_> = ends.iter().map(|(.., y)| *y).collect();
    let middles = spread(&wanted, &vec![16.0; ends.len()], top - 6.0, bottom + 6.0);
    for ((country, look, share, at), middle) in ends.into_iter().zip(middles) {
        let (end, left) = (x.at(sweep.loads[sweep.loads.len() - 1]), RIGHT + 14.0);
        canvas.line(&[(end + 2.0, at), (left - 4.0, middle)], stroke(look.color, 1.0));
        let text = format!("{country} {:.0} %", share * 100.0);
        let kind = Type { color: look.ink, ..SMALL.bold() };
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
        let countries: BTreeSet<_> =
            route.points.iter().flat_map(|point| point.processed_tokens.keys().copied()).collect();
        countries.into_iter().map(move |country| {
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
