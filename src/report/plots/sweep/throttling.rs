//! `throttling-by-load.svg`: which share of the attempts the quotas refuse.

use super::SweepPlot;
use super::chart::{Line, Panel, band_note, frame, lines, load_axis_name, load_scale};
use crate::core::units::percent;
use crate::report::plots::axis::{Scale, plain};
use crate::report::plots::style::shown;
use crate::report::sweep::sentence::rate;
use crate::sweep::{Point, RouteSweep, Sweep};

pub const PLOT: SweepPlot = SweepPlot { file: "throttling-by-load.svg", draw };

const TALL: f64 = 360.0;

fn draw(sweep: &Sweep) -> String {
    let notes = format!("Attempts, not requests: what a route tries again elsewhere counts too. {}", band_note(sweep));
    let frame = frame(sweep, &title(sweep), &notes);
    let (top, bottom) = (frame.top(), frame.top() + TALL);
    let lines = lines(sweep, Point::throttle_share);
    let most = lines.iter().flat_map(Line::values).fold(0.0, f64::max);
    let panel = Panel {
        lines: &lines,
        y: Scale::linear(0.0, (most * 1.06).max(0.01)),
        top,
        bottom,
        name: "throttled attempts, share of all",
        tick: |share| format!("{} %", plain(share * 100.0)),
        beyond: "",
        grid: &sweep.loads,
    };
    frame.paint(bottom + 40.0, |canvas| {
        panel.draw(canvas, &load_scale(sweep));
        load_axis_name(canvas, bottom + 34.0);
    })
}

/// The route that is throttled most at the highest load.
fn title(sweep: &Sweep) -> String {
    let load = sweep.loads[sweep.loads.len() - 1];
    let counts = |route: &RouteSweep| {
        let sum = |of: fn(&Point) -> u64| route.at(load).map(of).sum::<u64>();
        (sum(|point| point.throttled_attempts), sum(|point| point.attempts))
    };
    let share = |route: &RouteSweep| {
        let (throttled, all) = counts(route);
        throttled as f64 / all.max(1) as f64
    };
    let most = sweep.routes.iter().max_by(|a, b| share(a).total_cmp(&share(b)));
    match most.filter(|route| share(route) > 0.0) {
        None => format!("No attempt is throttled at {} requests/s, the highest load tried", rate(load)),
        Some(route) => {
            let (throttled, all) = counts(route);
            let name = shown(&route.head);
            format!("At {} requests/s, {} of the attempts of {name} are throttled", rate(load), percent(throttled, all))
        }
    }
}
