//! The axis of percentiles: as far for each further nine, and room for the faster half.

use super::axis::{Scale, columns, plain};
use super::canvas::{Canvas, Point, stroke};
use super::style::{AXIS, GRID};

/// Where the axis begins. The fastest of all is one request, and no more than luck.
const FIRST: f64 = 0.01;
/// Room for each tenfold of a percentile, in nines: next to none for the slow ones, much for the faster half.
const LOWER: f64 = 0.4;
const TICKS: [f64; 11] = [FIRST, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999];
/// No sample has more nines.
const MOST: f64 = 15.0;

/// Where percentile `q` lies on the axis.
pub fn place(q: f64) -> f64 {
    let nines = |q: f64| -(1.0 - q).log10();
    LOWER * (q.max(FIRST) / FIRST).log10() + nines(q.max(FIRST)) - nines(FIRST)
}

/// The percentile at a place of the axis.
pub fn at(wanted: f64) -> f64 {
    let share = |nines: f64| 1.0 - 10f64.powf(-nines);
    let (mut low, mut high) = (0.0, MOST);
    // Halved until the digits of a number are used up.
    for _ in 0..60 {
        let middle = (low + high) / 2.0;
        if place(share(middle)) < wanted { low = middle } else { high = middle }
    }
    share(high).max(FIRST)
}

/// Grid and labels of the percentiles that `shown` admits; the first always.
pub fn draw(canvas: &Canvas<'_>, x: &Scale, (top, bottom): Point, shown: impl Fn(f64) -> bool) {
    let left = x.at(0.0);
    let ticks: Vec<_> = TICKS.into_iter().filter(|q| *q == FIRST || shown(*q)).collect();
    for q in &ticks[1..] {
        canvas.line(&[(x.at(place(*q)), top), (x.at(place(*q)), bottom)], stroke(GRID, 1.0));
    }
    let places: Vec<_> = ticks.iter().map(|q| place(*q)).collect();
    columns(canvas, x, &places, bottom, |place| format!("p{}", plain(at(place) * 100.0)));
    canvas.line(&[(left, top), (left, bottom)], stroke(AXIS, 1.0));
}

/// A curve from the first percentile to `stop`, a point every pixel and a half, as long as there is a time.
pub fn curve(x: &Scale, y: &Scale, stop: f64, seconds: impl Fn(f64) -> Option<f64>) -> Vec<Point> {
    let steps = ((x.at(stop) - x.at(0.0)) / 1.5).ceil().max(1.0);
    let places = (0..=steps as u32).map(|step| stop * f64::from(step) / steps);
    places.map_while(|place| Some((x.at(place), y.at(seconds(at(place))?)))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_found_where_it_was_put_and_the_faster_half_has_room() {
        for q in TICKS {
            assert!((at(place(q)) - q).abs() < 1e-9, "{q}");
        }
        assert!(place(0.5) / place(0.9999) > 0.15);
    }
}
