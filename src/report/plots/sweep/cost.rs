//! `cost-by-load.svg`: what an answer costs that its user is content with.

use super::SweepPlot;
use super::chart::{Line, Panel, band_note, frame, lines, load_axis_name, load_scale};
use crate::report::plots::axis::{Scale, plain};
use crate::report::plots::style::shown;
use crate::report::sweep::sentence::rate;
use crate::report::sweep::text::{cost, usd};
use crate::sweep::Sweep;

pub const PLOT: SweepPlot = SweepPlot { file: "cost-by-load.svg", draw };

const TALL: f64 = 360.0;

fn draw(sweep: &Sweep) -> String {
    let slos = sweep.slos.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    let notes = format!(
        "Tokens of all attempts at list prices, which must be verified (sweep.json names their sources), over requests \
         that each met {slos}. {} Where no request did, there is no cost per one.",
        band_note(sweep)
    );
    let frame = frame(sweep, &title(sweep), &notes);
    let (top, bottom) = (frame.top(), frame.top() + TALL);
    let lines = lines(sweep, |point| Some(cost(point)));
    let values = || lines.iter().flat_map(Line::values);
    let low = values().fold(f64::INFINITY, f64::min);
    let panel = Panel {
        lines: &lines,
        y: Scale::times(if low.is_finite() { low } else { 0.0 }, values().fold(0.0, f64::max)),
        top,
        bottom,
        name: "USD per 1,000 good answers",
        tick: |value| format!("${}", plain(value)),
        beyond: "none good",
        grid: &sweep.loads,
    };
    frame.paint(bottom + 40.0, |canvas| {
        panel.draw(canvas, &load_scale(sweep));
        load_axis_name(canvas, bottom + 34.0);
    })
}

/// The first route at the lowest load, and at the highest at which it still has a price.
fn title(sweep: &Sweep) -> String {
    let Some(home) = sweep.routes.first() else { return "No route was swept".into() };
    let name = shown(&home.head);
    let at = |load: &f64| Some((*load, home.spread(*load, |point| Some(cost(point)))?.middle));
    let known: Vec<_> = sweep.loads.iter().filter_map(at).filter(|(_, cost)| cost.is_finite()).collect();
    match (known.first(), known.last()) {
        (Some((least, cheap)), Some((most, dear))) if least < most => format!(
            "1,000 good answers of {name} cost ${} at {} requests/s and ${} at {}",
            usd(*cheap),
            rate(*least),
            usd(*dear),
            rate(*most)
        ),
        (Some((load, cost)), _) => {
            format!(
                "1,000 good answers of {name} cost ${} at {} requests/s, the only load with any",
                usd(*cost),
                rate(*load)
            )
        }
        (None, _) => format!("{name} has no load at which it gives good answers"),
    }
}
