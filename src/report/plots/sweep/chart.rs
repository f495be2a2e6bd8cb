//! Lines over the load, with bands, the names at their ends.

use crate::core::units::{grouped, length};
use crate::report::plots::axis::{Scale, columns, rows, spread};
use crate::report::plots::canvas::{Canvas, Point, Type, WIDTH, stroke};
use crate::report::plots::palette::{Look, looks};
use crate::report::plots::style::{
    AXIS, FAILURE, FAILURE_TINT, Frame, GRID, INK, LABEL, MARGIN, Origin, TICK, WHITE, shown, world_badge,
};
use crate::report::sweep::sentence::rate;
use crate::sweep::{Point as Measured, RouteSweep, Spread, Sweep};

pub const LEFT: f64 = 88.0;
pub const RIGHT: f64 = 770.0;
/// Above the numbers, for what is none: of each route that gets there.
const LANE: f64 = 11.0;
/// Between the lanes and the numbers.
const CLEAR: f64 = 6.0;

/// One route over all loads that it was measured at.
pub struct Line {
    pub name: String,
    pub look: Look,
    /// Load and value; infinite where a failure stands in for the number.
    points: Vec<(f64, Spread<f64>)>,
}

/// One line per route that has any number.
pub fn lines(sweep: &Sweep, of: impl Fn(&Measured) -> Option<f64>) -> Vec<Line> {
    let line = |(route, look): (&RouteSweep, Look)| {
        let at = |load: f64| Some((load, route.spread(load, &of)?));
        let points: Vec<_> = route.loads().into_iter().filter_map(at).collect();
        (!points.is_empty()).then(|| Line { name: shown(&route.head), look, points })
    };
    sweep.routes.iter().zip(looks(sweep.routes.iter().map(|route| &route.head))).filter_map(line).collect()
}

impl Line {
    /// Every value but those that are none.
    pub fn values(&self) -> impl Iterator<Item = f64> {
        self.points.iter().flat_map(|(_, at)| [at.low, at.middle, at.high]).filter(|value| value.is_finite())
    }

    fn fails(&self) -> bool {
        self.points.iter().any(|(_, at)| at.middle.is_infinite())
    }
}

/// A field of lines that share a scale.
pub struct Panel<'a> {
    pub lines: &'a [Line],
    pub y: Scale,
    pub top: f64,
    pub bottom: f64,
    /// What the height means, with its unit.
    pub name: &'a str,
    pub tick: fn(f64) -> String,
    /// What stands above the numbers; drawn where a line gets there.
    pub beyond: &'static str,
    /// The loads at which every route was measured.
    pub grid: &'a [f64],
}

impl Panel<'_> {
    /// Height of the lanes of failures.
    fn lanes(&self) -> f64 {
        match self.lines.iter().filter(|line| line.fails()).count() {
            0 => 0.0,
            n => n as f64 * LANE + 5.0,
        }
    }

    /// Where numbers begin, below the lanes of failures if there are any.
    fn ceiling(&self) -> f64 {
        if self.lanes() > 0.0 { self.top + self.lanes() + CLEAR } else { self.top }
    }

    /// The scale, laid over the panel.
    pub fn scale(&self) -> Scale {
        self.y.over(self.bottom, self.ceiling())
    }

    pub fn draw(&self, canvas: &Canvas<'_>, x: &Scale) {
        let y = self.scale();
        let loads = x.ticks(12);
        for load in &loads {
            canvas.line(&[(x.at(*load), self.top), (x.at(*load), self.bottom)], stroke(GRID, 1.0));
        }
        if self.lanes() > 0.0 {
            let bottom = self.top + self.lanes();
            canvas.rect((LEFT, self.top), (RIGHT, bottom), FAILURE_TINT);
            let kind = Type { color: FAILURE, ..TICK.right() };
            canvas.text(self.beyond, (LEFT - 8.0, (self.top + bottom) / 2.0), kind);
        }
        rows(canvas, &y, &y.ticks(6), (LEFT, RIGHT), self.tick);
        canvas.line(&[(LEFT, self.top), (LEFT, self.bottom)], stroke(AXIS, 1.0));
        columns(canvas, x, &loads, self.bottom, rate);
        canvas.upright(self.name, (MARGIN - 8.0, (self.top + self.bottom) / 2.0), TICK.centred());
        for line in self.lines {
            let mut band = self.path(line, x, |at| at.low);
            band.extend(self.path(line, x, |at| at.high).into_iter().rev());
            canvas.veil(&band, line.look.color);
        }
        let mut lane = self.top + 2.5 + LANE / 2.0;
        let mut ends = Vec::new();
        for line in self.lines {
            let middle = self.path(line, x, |at| at.middle);
            // No white around it: where two lines run together, the lower one shows between the dashes.
            canvas.line(&middle, line.look.stroke(2.3));
            let mut end = middle.last().copied();
            self.mark(canvas, line, &middle);
            if line.fails() {
                end = Some(fail(canvas, line, x, lane));
                lane += LANE;
            }
            ends.extend(end);
        }
        self.label(canvas, &ends);
    }

    /// Every load that was measured, the ones of the grid by the route's marker.
    fn mark(&self, canvas: &Canvas<'_>, line: &Line, path: &[Point]) {
        let numbers = line.points.iter().filter(|(_, at)| at.middle.is_finite());
        for ((load, _), point) in numbers.zip(path) {
            if self.grid.contains(load) {
                line.look.marker(canvas, *point);
            } else {
                canvas.disc(*point, 2.0, line.look.ink);
            }
        }
    }

    /// Where there are numbers: a line does not run on to what is none.
    fn path(&self, line: &Line, x: &Scale, of: fn(&Spread<f64>) -> f64) -> Vec<Point> {
        let y = self.scale();
        let numbers = line.points.iter().filter(|(_, at)| at.middle.is_finite());
        // Of a band, only some seeds can be beyond.
        let height = |value: f64| if value.is_finite() { y.at(value) } else { self.ceiling() };
        numbers.map(|(load, at)| (x.at(*load), height(of(at)))).collect()
    }

    /// A ring on the line of `name`, where another crosses it.
    pub fn ring(&self, canvas: &Canvas<'_>, x: &Scale, name: &str, load: f64) {
        let Some(line) = self.lines.iter().find(|line| line.name == name) else { return };
        let (path, at) = (self.path(line, x, |at| at.middle), x.at(load));
        let Some(pair) = path.windows(2).find(|pair| at <= pair[1].0) else { return };
        let share = (at - pair[0].0) / (pair[1].0 - pair[0].0);
        let centre = (at, pair[0].1 + share * (pair[1].1 - pair[0].1));
        canvas.disc(centre, 7.5, INK);
        canvas.disc(centre, 5.8, WHITE);
        canvas.disc(centre, 2.2, INK);
    }

    /// The names at the right ends of their lines, moved apart where they crowd.
    fn label(&self, canvas: &Canvas<'_>, ends: &[Point]) {
        const STEP: f64 = 15.0;
        let left = RIGHT + 26.0;
        let room = WIDTH - MARGIN / 2.0 - left;
        let words: Vec<_> = self.lines.iter().map(|line| LABEL.wrap(&line.name, room)).collect();
        let heights: Vec<_> = words.iter().map(|words| words.len() as f64 * STEP + 4.0).collect();
        let wanted: Vec<_> = ends.iter().map(|(_, y)| *y).collect();
        let middles = spread(&wanted, &heights, self.top - 8.0, self.bottom + 8.0);
        for ((line, words), (end, middle)) in self.lines.iter().zip(&words).zip(ends.iter().zip(middles)) {
            canvas.line(
                &[(end.0 + 7.0, end.1), (RIGHT + 14.0, middle), (left - 4.0, middle)],
                stroke(line.look.color, 1.0),
            );
            let mut y = middle - (words.len() as f64 - 1.0) * STEP / 2.0;
            for word in words {
                canvas.text(word, (left, y), Type { color: line.look.ink, ..LABEL });
                y += STEP;
            }
        }
    }
}

/// From the first load at which a route fails: a cross, and on from there. Gives the end.
fn fail(canvas: &Canvas<'_>, line: &Line, x: &Scale, lane: f64) -> Point {
    let failing: Vec<_> = line.points.iter().filter(|(_, at)| at.middle.is_infinite()).map(|(load, _)| *load).collect();
    let (first, last) = ((x.at(failing[0]), lane), (x.at(failing[failing.len() - 1]), lane));
    canvas.line(&[first, last], line.look.stroke(2.3));
    canvas.cross(first, 3.8, stroke(FAILURE, 2.0));
    last
}

/// The loads as an axis, with a little room on both sides.
pub fn load_scale(sweep: &Sweep) -> Scale {
    let (least, most) = (sweep.loads[0], sweep.loads[sweep.loads.len() - 1]);
    let room = (most - least) * 0.02;
    Scale::linear(least - room, most + room).over(LEFT, RIGHT)
}

pub fn load_axis_name(canvas: &Canvas<'_>, y: f64) {
    canvas.text("offered load in requests/s", ((LEFT + RIGHT) / 2.0, y), TICK.centred());
}

/// What the band is.
pub fn band_note(sweep: &Sweep) -> String {
    format!(
        "Line: the middle one of the seeds at each load; band: all of them, {} or more; dots: loads measured beside those \
         of the grid.",
        sweep.seeds
    )
}

pub fn frame(sweep: &Sweep, title: &str, notes: &str) -> Frame {
    let setting = &sweep.setting;
    let requests: Vec<_> =
        sweep.routes.iter().map(|route| route.points.iter().map(|p| p.planned).sum::<u64>()).collect();
    let (least, most) = (requests.iter().min(), requests.iter().max());
    let n = match (least, most) {
        (Some(least), Some(most)) if least == most => grouped(*least),
        (Some(least), Some(most)) => format!("{}–{}", grouped(*least), grouped(*most)),
        _ => "0".into(),
    };
    let mut parts = vec![format!("profile {}", setting.profile)];
    parts.extend(setting.scenario.as_ref().map(|scenario| format!("scenario {scenario}")));
    parts.extend([
        format!("workload {}", setting.workload),
        format!("{} arrivals", setting.arrival),
        format!("{} loads × {} seeds from {}", sweep.loads.len(), sweep.seeds, setting.seed),
        format!("{} measured at each", length(setting.duration.0)),
        format!("n = {n} requests per route"),
    ]);
    let origin = Origin {
        subtitle: parts.join(" · "),
        badges: world_badge(sweep.world).into_iter().collect(),
        provenance: format!("bedbench {} · started {}", sweep.version, sweep.started),
    };
    Frame::around(origin, title, notes)
}
