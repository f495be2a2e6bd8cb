//! `where-the-time-went.svg`: what the mean response time of the answered requests is made of.

use plotters::style::RGBColor;

use super::axis::{Scale, columns, time_tick};
use super::canvas::{Canvas, Point, Type, WIDTH, stroke};
use super::palette::{Look, looks};
use super::style::{AXIS, Frame, GRID, INK, LABEL, MARGIN, SMALL, TICK, WHITE, shown};
use super::{Plot, Report, Topic};
use crate::core::units::{Span, grouped};
use crate::measure::parts::{Part, PartsSummary};
use crate::measure::summary::{RouteSummary, Summary};

pub const PLOT: Plot = Plot {
    file: "where-the-time-went.svg",
    summary: "the mean response time of the answered requests, taken apart, for each route and phase",
    topic: Topic::Time,
    draw,
};

const LEFT: f64 = 236.0;
const RIGHT: f64 = WIDTH - 96.0;
const WHOLE: f64 = 26.0;
const PHASE: f64 = 15.0;
const GAP: f64 = 5.0;
const ROUTE_GAP: f64 = 24.0;
const LEGEND: f64 = 20.0;

/// How a part is drawn: outside the Region in sand, within in violet, neither the colour of a route; neighbours
/// differ in lightness, and white lies between them.
struct Dress {
    color: RGBColor,
    ink: RGBColor,
    /// In a bar.
    short: &'static str,
}

const fn dress(part: Part) -> Dress {
    let (color, ink, short) = match part {
        Part::Client => (RGBColor(88, 82, 72), WHITE, "client"),
        Part::OtherAttempts => (RGBColor(196, 186, 168), INK, "others"),
        Part::Connection => (RGBColor(128, 120, 106), WHITE, "connection"),
        Part::Network => (RGBColor(224, 219, 208), INK, "network"),
        Part::Queue => (RGBColor(72, 58, 98), WHITE, "queue"),
        Part::Model => (RGBColor(156, 146, 180), INK, "model"),
        Part::Service => (RGBColor(156, 146, 180), INK, "service"),
        Part::Stream => (RGBColor(210, 204, 222), INK, "stream"),
    };
    Dress { color, ink, short }
}

/// One bar.
struct Bar<'a> {
    parts: &'a PartsSummary,
    /// Absent for the whole measured time.
    phase: Option<&'a str>,
    top: f64,
}

struct Row<'a> {
    route: &'a RouteSummary,
    look: Look,
    top: f64,
    bars: Vec<Bar<'a>>,
}

fn draw(report: &Report<'_>) -> String {
    let summary = report.summary;
    let frame = Frame::new(report, &title(summary), &notes(summary));
    let used: Vec<_> = Part::ALL.into_iter().filter(|part| all(summary).any(|parts| drawn(parts, *part))).collect();
    let streamed = all(summary).any(PartsSummary::streamed);
    let legend = legend(&used, streamed);
    let lanes = legend.last().map_or(0.0, |(_, (_, y))| y + LEGEND);
    let top = frame.top() + lanes + 8.0;
    let (rows, bottom) = rows(summary, top);
    let x =
        Scale::linear(0.0, all(summary).map(PartsSummary::total).fold(0.0, f64::max).max(1.0) * 1.02).over(LEFT, RIGHT);
    frame.paint(bottom + 40.0, |canvas| {
        for (part, (left, y)) in &legend {
            let (left, middle) = (LEFT + left, frame.top() + y + LEGEND / 2.0);
            canvas.rect((left, middle - 6.0), (left + 12.0, middle + 6.0), dress(*part).color);
            canvas.text(part.name(streamed), (left + 18.0, middle), SMALL);
        }
        let ticks = x.ticks(8);
        for tick in &ticks {
            canvas.line(&[(x.at(*tick), top - 4.0), (x.at(*tick), bottom)], stroke(GRID, 1.0));
        }
        for row in &rows {
            row.draw(canvas, &x);
        }
        canvas.line(&[(LEFT, top - 4.0), (LEFT, bottom)], stroke(AXIS, 1.0));
        columns(canvas, &x, &ticks, bottom, |ms| time_tick(ms / 1e3));
        canvas.text(
            "mean response time of the answered requests",
            ((LEFT + RIGHT) / 2.0, bottom + 34.0),
            TICK.centred(),
        );
    })
}

fn all(summary: &Summary) -> impl Iterator<Item = &PartsSummary> {
    summary.routes.iter().flat_map(|route| &route.slices).filter_map(|slice| slice.parts.as_ref())
}

/// Too thin to see is not drawn, nor named.
fn drawn(parts: &PartsSummary, part: Part) -> bool {
    parts.of(part) > 0.002 * parts.total()
}

/// Where the name of each part goes, on as many lines as it takes.
fn legend(parts: &[Part], streamed: bool) -> Vec<(Part, Point)> {
    let (mut left, mut y) = (0.0, 0.0);
    let place = |part: &Part| {
        let wide = SMALL.width(part.name(streamed)) + 36.0;
        if left + wide > WIDTH - MARGIN - LEFT {
            (left, y) = (0.0, y + LEGEND);
        }
        left += wide;
        (*part, (left - wide, y))
    };
    parts.iter().map(place).collect()
}

/// The bars from `top` down, and where they end.
fn rows(summary: &Summary, top: f64) -> (Vec<Row<'_>>, f64) {
    let mut y = top;
    let mut rows = Vec::new();
    for (route, look) in summary.routes.iter().zip(looks(summary.routes.iter().map(|route| &route.head))) {
        let mut row = Row { route, look, top: y, bars: Vec::new() };
        for (slice, whole) in route.slices.iter().zip(std::iter::once(true).chain(std::iter::repeat(false))) {
            let Some(parts) = &slice.parts else { continue };
            row.bars.push(Bar { parts, phase: (!whole).then_some(slice.phase.as_str()), top: y });
            y += if whole { WHOLE } else { PHASE } + GAP;
        }
        y = y.max(row.top + WHOLE) + ROUTE_GAP - GAP;
        rows.push(row);
    }
    (rows, (y - ROUTE_GAP + 10.0).max(top + WHOLE))
}

impl Row<'_> {
    fn draw(&self, canvas: &Canvas<'_>, x: &Scale) {
        let name = Type { color: self.look.ink, ..LABEL.right() };
        let middle = self.top + WHOLE / 2.0;
        let room = LEFT - MARGIN - 12.0;
        canvas.text(&name.fit(&shown(&self.route.head), room), (LEFT - 12.0, middle), name);
        if self.bars.is_empty() {
            canvas.text("no request was answered", (LEFT + 8.0, middle), SMALL);
        }
        for bar in &self.bars {
            bar.draw(canvas, x);
        }
    }
}

impl Bar<'_> {
    fn draw(&self, canvas: &Canvas<'_>, x: &Scale) {
        let tall = if self.phase.is_some() { PHASE } else { WHOLE };
        let middle = self.top + tall / 2.0;
        let mut passed = 0.0;
        for part in Part::ALL {
            let (from, to) = (x.at(passed), x.at(passed + self.parts.of(part)));
            passed += self.parts.of(part);
            if !drawn(self.parts, part) {
                continue;
            }
            let Dress { color, ink, short } = dress(part);
            canvas.rect((from, self.top), (to, self.top + tall), color);
            if from > LEFT + 1.0 {
                canvas.line(&[(from, self.top), (from, self.top + tall)], stroke(WHITE, 1.25));
            }
            let kind = Type { color: ink, ..SMALL.centred() };
            let text = format!("{short} {}", span(self.parts.of(part)));
            let fits = [text.as_str(), short].into_iter().find(|text| kind.width(text) + 8.0 < to - from);
            if let (Some(text), None) = (fits, self.phase) {
                canvas.text(text, ((from + to) / 2.0, middle), kind);
            }
        }
        canvas.text(&span(self.parts.total()).to_string(), (x.at(passed) + 8.0, middle), Type { color: INK, ..SMALL });
        if let Some(phase) = self.phase {
            let kind = SMALL.right();
            canvas.text(&kind.fit(phase, LEFT - MARGIN - 12.0), (LEFT - 12.0, middle), kind);
        }
    }
}

pub fn span(ms: f64) -> Span {
    Span(crate::core::time::span_of(ms / 1e3))
}

fn notes(summary: &Summary) -> String {
    let mut notes = String::from(
        "Means over the answered requests, the failed ones left out; the parts add up to the mean response time. Upper \
         bar: the whole measured time; below it, each phase. ",
    );
    let told = if all(summary).any(|parts| parts.mean.contains_key(&Part::Queue)) {
        "Queue and model are told by the simulation; no client could tell them apart."
    } else {
        "Service: the latency that the service tells, less the stream; its queue and its model cannot be told apart."
    };
    notes.push_str(told);
    let (untold, n) = summary
        .routes
        .iter()
        .filter_map(|route| route.whole().parts.as_ref())
        .fold((0, 0), |(untold, n), parts| (untold + parts.untold, n + parts.n));
    if untold > 0 {
        notes.push_str(&format!(
            " {} of {} answers told no latency: their time to the first token is unattributed.",
            grouped(untold),
            grouped(n)
        ));
    }
    notes
}

/// What the slowest phase of the first answered route adds to its first; where that is little, its greatest part.
fn title(summary: &Summary) -> String {
    let Some((route, whole)) = summary.routes.iter().find_map(|route| Some((route, route.whole().parts.as_ref()?)))
    else {
        return "No request was answered".into();
    };
    let name = shown(&route.head);
    let phases: Vec<_> =
        route.slices[1..].iter().filter_map(|slice| Some((slice.phase.as_str(), slice.parts.as_ref()?))).collect();
    let slowest = phases.iter().max_by(|a, b| a.1.total().total_cmp(&b.1.total()));
    if let (Some((calm, usual)), Some((busy, slow))) = (phases.first(), slowest) {
        let growth = |part: Part| slow.of(part) - usual.of(part);
        let most = Part::ALL.into_iter().max_by(|a, b| growth(*a).total_cmp(&growth(*b)));
        let more = slow.total() - usual.total();
        if let Some(most) = most.filter(|_| more > 0.1 * usual.total()) {
            return format!(
                "Answers of {name} take {} longer in “{busy}” than in “{calm}”; {} takes {} more",
                span(more),
                most.name(whole.streamed()),
                span(growth(most))
            );
        }
    }
    let greatest = Part::ALL.into_iter().max_by(|a, b| whole.of(*a).total_cmp(&whole.of(*b)));
    let greatest = greatest.expect("there are parts");
    format!(
        "An answer of {name} takes {} on average; {} is {} of it",
        span(whole.total()),
        greatest.name(whole.streamed()),
        percent(whole.of(greatest) / whole.total())
    )
}

fn percent(share: f64) -> String {
    format!("{:.0} %", share * 100.0)
}
