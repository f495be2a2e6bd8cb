//! `bedbench compare --plot`: both sides by percentile, response time beside the time to the first token.

use super::axis::{Scale, rows, spread, time_tick};
use super::canvas::{Canvas, Point, Type, stroke};
use super::palette::Look;
use super::quantiles::{self, place};
use super::style::{FAILURE, Frame, LABEL, MUTED, Origin, SMALL, TICK, WHITE, world_badge};
use crate::core::Metric;
use crate::core::run::{CLOSED_LOOP, Loop};
use crate::core::units::grouped;
use crate::measure::summary::Finding;
use crate::measure::verdict::Grade;
use crate::report::compare::{Compared, Curve, Pair};

const TALL: f64 = 250.0;
/// What a row of panels needs above and below.
const HEAD: f64 = 30.0;
const FOOT: f64 = 48.0;
const PANELS: [(f64, f64); 2] = [(88.0, 478.0), (578.0, 968.0)];

pub fn draw(compared: &Compared) -> String {
    let first = &compared.pairs[0];
    let notes = "A solid, B dashed. Response time and time to the first token run from the intended start; all requests, \
                 failures last: a line ends with a cross where failures begin, else where the sample is too small \
                 for the percentile. An arrow marks a percentile at which a difference is shown at 95 %.";
    let mut badges: Vec<_> = world_badge(first.a.world).into_iter().collect();
    if first.a.world != first.b.world {
        badges.extend(world_badge(first.b.world));
    }
    if compared.pairs.iter().any(|pair| pair.a.kind == Loop::Closed || pair.b.kind == Loop::Closed) {
        badges.push((CLOSED_LOOP.to_owned(), FAILURE));
    }
    let grade = first.a.grade.max(first.b.grade);
    if grade != Grade::Valid {
        badges.push((grade.to_string(), if grade == Grade::Invalid { FAILURE } else { MUTED }));
    }
    let (a, b) = (&first.a, &first.b);
    let origin = Origin {
        subtitle: format!("A {}: {}, seed {} · B {}: {}, seed {}", a.folder, a.load, a.seed, b.folder, b.load, b.seed),
        badges,
        provenance: format!("bedbench {} · A started {} · B started {}", a.version, a.started, b.started),
    };
    let frame = Frame::around(origin, &title(first), notes);
    let row = HEAD + TALL + FOOT;
    let bottom = frame.top() + compared.pairs.len() as f64 * row;
    frame.paint(bottom, |canvas| {
        for (i, pair) in compared.pairs.iter().enumerate() {
            let top = frame.top() + i as f64 * row + HEAD;
            for ((metric, curves), (left, right)) in pair.curves.iter().zip(PANELS) {
                panel(canvas, pair, (*metric, curves), ((left, right), (top, top + TALL)));
            }
        }
    })
}

/// What the first pair shows at the 95th percentile of the response time.
fn title(pair: &Pair) -> String {
    let name = if pair.a.route == pair.b.route { "B".to_owned() } else { pair.b.route.clone() };
    let than = if pair.a.route == pair.b.route { "A".to_owned() } else { pair.a.route.clone() };
    let shown = pair.versus.row(Metric::Response, 0.95).map(|row| (row.finding, row.change));
    match shown {
        Some((Finding::Slower, change)) => {
            format!("{name} is slower than {than} at p95 of response time{}", by(change))
        }
        Some((Finding::Faster, change)) => {
            format!("{name} is faster than {than} at p95 of response time{}", by(change))
        }
        Some((Finding::NoDifferenceShown, _)) => {
            format!("No difference shown between {than} and {name} at p95 of response time")
        }
        _ => format!("Too little data to compare {name} with {than} at p95 of response time"),
    }
}

fn by(change: Option<f64>) -> String {
    change.map(|change| format!(", by {:.1} %", change.abs() * 100.0)).unwrap_or_default()
}

impl Curve {
    /// Seconds of the slowest success.
    fn at_most(&self) -> Option<f64> {
        self.times.last().map(|ms| ms / 1e3)
    }

    fn n(&self) -> u64 {
        self.times.len() as u64 + self.failures
    }

    /// Up to which place on the axis the sample has percentiles.
    fn reach(&self) -> f64 {
        place(1.0 - 3.0 / (self.n() as f64).max(3.5))
    }

    /// Seconds; `None` among failures.
    fn at(&self, q: f64) -> Option<f64> {
        let rank = ((q * self.n() as f64 - 1e-9).ceil() as usize).max(1);
        self.times.get(rank - 1).map(|ms| ms / 1e3)
    }
}

fn panel(
    canvas: &Canvas<'_>,
    pair: &Pair,
    (metric, curves): (Metric, &[Curve; 2]),
    ((left, right), (top, bottom)): (Point, Point),
) {
    let head = format!("{} · {}", pair.name(), metric.name());
    canvas.text(&LABEL.fit(&head, right - left), (left, top - 16.0), LABEL);
    let reach = curves.iter().map(Curve::reach).fold(place(0.9), f64::max);
    let ends =
        |curve: &Curve| [curve.at(quantiles::at(0.0)), curve.at(quantiles::at(curve.reach())).or(curve.at_most())];
    let times: Vec<f64> = curves.iter().flat_map(ends).flatten().collect();
    let (low, high) = (times.iter().copied().fold(f64::MAX, f64::min), times.iter().copied().fold(0.0, f64::max));
    if times.is_empty() {
        canvas.text("No such time was measured.", (left, top + 20.0), SMALL);
        return;
    }
    let x = Scale::linear(0.0, reach).over(left, right);
    let y = Scale::fitted(low, high).over(bottom, top);
    rows(canvas, &y, &y.ticks(6), (left, right), time_tick);
    quantiles::draw(canvas, &x, (top, bottom), |q| ![0.25, 0.75, 0.9].contains(&q) && place(q) <= reach);
    for row in pair.versus.rows.iter().filter(|row| row.metric == metric) {
        let [from, to] = [&curves[0], &curves[1]].map(|curve| curve.at(row.q));
        if let (Finding::Slower | Finding::Faster, Some(from), Some(to)) = (row.finding, from, to) {
            arrow(canvas, x.at(place(row.q)), (y.at(from), y.at(to)));
        }
    }
    let mut ends = Vec::new();
    for (i, curve) in curves.iter().enumerate() {
        let look = Look::of(i);
        let points = quantiles::curve(&x, &y, curve.reach(), |q| curve.at(q));
        canvas.line(&points, stroke(WHITE, 4.5));
        canvas.line(&points, look.stroke(2.5));
        let Some(end) = points.last().copied() else { continue };
        if curve.at(quantiles::at(curve.reach())).is_none() {
            canvas.cross(end, 5.0, stroke(FAILURE, 2.2));
        }
        ends.push((look, ["A", "B"][i], end));
    }
    let wanted: Vec<_> = ends.iter().map(|(_, _, end)| end.1).collect();
    let heights = spread(&wanted, &vec![14.0; wanted.len()], top - 12.0, bottom);
    for ((look, name, (at, _)), height) in ends.into_iter().zip(heights) {
        canvas.text(name, (at + 8.0, height), Type { color: look.ink, ..LABEL });
    }
    let counts = format!("percentile of all requests · n = {} and {}", grouped(curves[0].n()), grouped(curves[1].n()));
    canvas.text(&counts, ((left + right) / 2.0, bottom + 32.0), TICK.centred());
}

fn arrow(canvas: &Canvas<'_>, x: f64, (from, to): Point) {
    let sense = if to < from { 1.0 } else { -1.0 };
    if (from - to).abs() < 9.0 {
        return;
    }
    canvas.line(&[(x, from), (x, to)], stroke(MUTED, 1.4));
    canvas.polygon(&[(x, to), (x - 4.0, to + sense * 8.0), (x + 4.0, to + sense * 8.0)], MUTED);
}
