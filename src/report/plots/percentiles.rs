//! `latency-by-percentile.svg` and `ttft-by-percentile.svg`: how long the slowest one in ten, in a hundred, in a thousand
//! wait for the whole answer, and for its beginning.

use std::time::Duration;

use super::axis::{Scale, rows, spread, time_tick};
use super::canvas::{Canvas, Point, Type, WIDTH, dashed, stroke};
use super::palette::{Look, looks};
use super::percentiles_title::title;
use super::quantiles::{self, place};
use super::style::{FAILURE, FAILURE_TINT, Frame, INK, LABEL, MARGIN, SMALL, TICK, WHITE, shown};
use super::{Plot, Report, Topic};
use crate::core::Metric;
use crate::core::slo::Slo;
use crate::core::units::Span;
use crate::measure::Histogram;
use crate::measure::recorder::Slice;
use crate::measure::series::Level;
use crate::measure::summary::{Quantile, RouteSummary};
use crate::stats::quantile::{CONFIDENCE, fewest_samples};

pub const RESPONSE: Plot = Plot {
    file: "latency-by-percentile.svg",
    summary: "response time by percentile, failures last, with 95 % intervals",
    topic: Topic::Latency,
    draw: |report| draw(report, Metric::Response),
};

pub const TTFT: Plot = Plot {
    file: "ttft-by-percentile.svg",
    summary: "time to first token by percentile, failures last, with 95 % intervals",
    topic: Topic::Latency,
    draw: |report| draw(report, Metric::Ttft),
};

const LEFT: f64 = 88.0;
const RIGHT: f64 = 770.0;
const TALL: f64 = 400.0;
/// One line of text for each route whose requests failed, above the times.
const LANE: f64 = 20.0;
const PEN: f64 = 2.5;
const MARKED: [f64; 4] = [0.50, 0.95, 0.99, 0.999];

/// One route's line, before it has a place.
struct Line<'a> {
    metric: Metric,
    route: &'a RouteSummary,
    look: Look,
    whole: &'a Slice,
    /// Place on the axis up to which the sample says anything.
    reach: f64,
    /// Share of requests that succeeded, when some failed within reach.
    fails_from: Option<f64>,
}

fn draw(report: &Report<'_>, metric: Metric) -> String {
    let summary = report.summary;
    let wholes: Vec<_> = report.recorder.routes().iter().map(|s| s.whole(report.recorder.phases())).collect();
    let looks = looks(summary.routes.iter().map(|route| &route.head));
    let routes = summary.routes.iter().zip(&wholes).zip(looks);
    let lines: Vec<_> = routes.filter_map(|((route, whole), look)| Line::new(metric, look, route, whole)).collect();
    let limits: Vec<_> = summary.slos.iter().filter(|slo| slo.metric == metric).collect();
    let y = time_scale(&lines, &limits);
    let frame = Frame::new(report, &title(summary, metric), &notes(metric, &lines, &y.over(TALL, 0.0)));
    let lanes = lines.iter().filter(|line| line.fails_from.is_some()).count() as f64 * LANE;
    let top = frame.top() + lanes + if lanes > 0.0 { 6.0 } else { 0.0 };
    let bottom = top + if lines.is_empty() { 60.0 } else { TALL };
    frame.paint(bottom + 40.0, |canvas| {
        if lines.is_empty() {
            canvas.text(&format!("No {} was measured.", what(metric)), (MARGIN, top + 20.0), LABEL);
            return;
        }
        let x = Scale::linear(0.0, lines.iter().map(|line| line.reach).fold(place(0.9), f64::max)).over(LEFT, RIGHT);
        let y = y.over(bottom, top);
        axes(canvas, metric, (&x, &y), (top, bottom), lines.iter().map(|line| line.n()).max().unwrap_or(0));
        limits.iter().for_each(|slo| limit(canvas, slo, &x, &y));
        let intervals: Vec<_> = lines.iter().flat_map(|line| line.intervals(&y)).collect();
        intervals.iter().for_each(|interval| interval.draw(canvas, &x));
        let mut lane = frame.top();
        let mut ends = Vec::new();
        for line in &lines {
            let end = line.draw(canvas, &x, &y);
            ends.push(match line.fails_from {
                None => end,
                Some(share) => {
                    let place = (end, lane + LANE / 2.0);
                    lane += LANE;
                    line.draw_failures(canvas, share, place, x.at(line.reach))
                }
            });
        }
        intervals.iter().for_each(|interval| interval.mark(canvas, &x));
        label(canvas, &lines, &ends, frame.top(), bottom);
    })
}

/// What is drawn, and of the intervals what is not.
fn notes(metric: Metric, lines: &[Line<'_>], y: &Scale) -> String {
    let mut notes = String::from(match metric {
        Metric::Ttft => "Time to first token runs from the intended start",
        _ => "Response time runs from the intended start to the end of the answer",
    });
    if lines.iter().any(|line| line.flattered().is_some()) {
        notes.push_str("; from sent, the uncorrected view, from the sending of the attempt that settled it");
    }
    notes.push_str(
        ". A failed request ranks above every answer, so a line ends where failures begin, else where the sample no \
         longer bounds the percentile. Bars at the markers: 95 % intervals.",
    );
    let intervals: Vec<_> = lines.iter().flat_map(|line| line.intervals(y)).collect();
    if intervals.iter().any(|interval| interval.known && !interval.seen()) {
        notes.push_str(" A marker without one: the interval is smaller than the line is wide.");
    }
    let without = |line: &&Line<'_>| line.intervals(y).iter().all(|interval| !interval.known);
    let without: Vec<_> = lines.iter().filter(without).map(|line| shown(&line.route.head)).collect();
    if !without.is_empty() {
        notes.push_str(&format!(" Too few independent requests for intervals: {}.", without.join(", ")));
    }
    notes
}

impl<'a> Line<'a> {
    /// None of what was not measured: an answer in one piece has no first token.
    fn new(metric: Metric, look: Look, route: &'a RouteSummary, whole: &'a Slice) -> Option<Self> {
        let sample = whole.sample(metric);
        if sample.n() == 0 || (sample.ok.is_empty() && route.whole().ok() > 0) {
            return None;
        }
        // The last percentile of which the largest value is still an upper bound.
        let worth = route.whole().metric(metric).all.effective_n.unwrap_or(sample.n() as f64).max(2.0);
        let reach = place(((1.0 - CONFIDENCE) / 2.0).powf(1.0 / worth));
        let share = sample.ok.len() as f64 / sample.n() as f64;
        let fails_from = (sample.failures > 0 && place(share) < reach).then_some(share);
        Some(Self { metric, route, look, whole, reach, fails_from })
    }

    fn n(&self) -> u64 {
        self.whole.sample(self.metric).n()
    }

    fn ok(&self) -> &Histogram {
        self.whole.times.of(self.metric)
    }

    /// Draws the times and gives the point where they end.
    fn draw(&self, canvas: &Canvas<'_>, x: &Scale, y: &Scale) -> Option<Point> {
        let stop = self.fails_from.map_or(self.reach, place);
        let sample = self.whole.sample(self.metric);
        let points = quantiles::curve(x, y, stop, |q| Some(sample.at(q)?.time()?.as_secs_f64()));
        canvas.line(&points, stroke(WHITE, PEN + 2.0));
        canvas.line(&points, self.look.stroke(PEN));
        points.last().copied()
    }

    /// Draws the line's end and its lane among the failures, and gives the lane's end.
    fn draw_failures(&self, canvas: &Canvas<'_>, share: f64, place: (Option<Point>, f64), right: f64) -> Option<Point> {
        let (end, lane) = place;
        let left = end.map_or(LEFT, |(x, _)| x);
        if let Some((x, y)) = end {
            canvas.line(&[(x, y - 7.0), (x, lane + 6.0)], dashed(FAILURE, 1.0, 2.0, 3.0));
            canvas.cross((x, y), 5.0, stroke(FAILURE, 2.2));
        }
        canvas.cross((left, lane), 4.0, stroke(FAILURE, 2.2));
        canvas.line(&[(left + 8.0, lane), (right, lane)], stroke(FAILURE, 1.2));
        let text = format!("{}: {}", self.route.head.name, failed_from(share));
        let kind = Type { color: FAILURE, ..SMALL.bold() };
        let wide = kind.width(&text);
        let beside = if left + 14.0 + wide < RIGHT { left + 14.0 } else { left - 12.0 - wide };
        canvas.rect((beside - 4.0, lane - 7.0), (beside + wide + 4.0, lane + 7.0), FAILURE_TINT);
        canvas.text(&text, (beside, lane), kind);
        // What goes on from here must not strike the words through.
        Some((right.max(beside + wide + 4.0), lane))
    }

    fn time(&self, metric: Metric, q: f64) -> Option<Duration> {
        self.route.whole().quantile(metric, q)?.value.time()
    }

    /// The service time at p95, where it says a tenth less than the response time, or less still.
    fn flattered(&self) -> Option<Duration> {
        let from_sent = if self.metric == Metric::Ttft { Metric::ServiceTtft } else { Metric::Service };
        let (response, service) = (self.time(self.metric, 0.95)?, self.time(from_sent, 0.95)?);
        (service.as_secs_f64() < 0.9 * response.as_secs_f64()).then_some(service)
    }

    /// What stands at the line's end: the name, its numbers, and where there is room the place of
    /// processing.
    fn words(&self, room: f64, details: bool) -> Vec<(String, Type)> {
        let head = &self.route.head;
        let name = Type { color: self.look.ink, ..LABEL };
        let mut words: Vec<_> = name.wrap(&shown(head), room).into_iter().map(|text| (text, name)).collect();
        let said = |q| self.time(self.metric, q).map_or("failed".into(), |time| Span(time).to_string());
        words.push((format!("p50 {} · p95 {}", said(0.50), said(0.95)), SMALL));
        // A second line per route would hide the first, so the uncorrected view is put in words.
        words.extend(self.flattered().map(|service| (format!("from sent p95 {}", Span(service)), SMALL)));
        if details && !head.label.eq_ignore_ascii_case(&head.name) {
            words.extend(SMALL.wrap(&head.label, room).into_iter().map(|text| (text, SMALL)));
        }
        words
    }

    /// The marked percentiles up to the line's end.
    fn intervals(&self, y: &Scale) -> Vec<Interval> {
        let height = |level| match level {
            Level::At(time) => y.at(time.as_secs_f64()),
            Level::Failed => y.at(f64::MAX),
        };
        let marked = MARKED.into_iter().filter(|q| place(*q) <= self.reach);
        marked
            .filter_map(|q| {
                let Quantile { value: Level::At(value), low, high, .. } =
                    self.route.whole().quantile(self.metric, q)?
                else {
                    return None;
                };
                let middle = y.at(value.as_secs_f64());
                Some(Interval {
                    look: self.look,
                    q,
                    middle,
                    bottom: low.map_or(middle, height),
                    top: high.map_or(middle, height),
                    known: low.is_some() || high.is_some(),
                    fails: high == Some(Level::Failed),
                })
            })
            .collect()
    }
}

/// An estimate with its interval, in pixels.
struct Interval {
    look: Look,
    q: f64,
    middle: f64,
    bottom: f64,
    top: f64,
    known: bool,
    /// It reaches into the failures.
    fails: bool,
}

impl Interval {
    /// Lower than the line, it would be hidden behind it.
    fn seen(&self) -> bool {
        self.bottom - self.top > PEN
    }

    /// A bar wider than the marker, under the lines; where bars meet, each shows through the other.
    fn draw(&self, canvas: &Canvas<'_>, x: &Scale) {
        const REACH: f64 = 9.0;
        if !self.seen() {
            return;
        }
        let (left, right) = (x.at(place(self.q)) - REACH, x.at(place(self.q)) + REACH);
        let (bottom, top) = (self.bottom, self.top);
        canvas.veil(&[(left, top), (right, top), (right, bottom), (left, bottom)], self.look.color);
        canvas.line(&[(left, bottom), (right, bottom)], stroke(self.look.ink, 1.0));
        canvas.line(&[(left, top), (right, top)], stroke(if self.fails { FAILURE } else { self.look.ink }, 1.0));
    }

    fn mark(&self, canvas: &Canvas<'_>, x: &Scale) {
        let x = x.at(place(self.q));
        self.look.marker(canvas, (x, self.middle));
        if self.fails {
            canvas.cross((x, self.top), 3.0, stroke(FAILURE, 1.6));
        }
    }
}

/// `failed from p93.1`: the first percentile, to the digits that its size needs, that is a failure.
fn failed_from(ok_share: f64) -> String {
    if ok_share <= 0.0 {
        return "every request failed".into();
    }
    let digits = ((-(1.0 - ok_share).log10()).ceil() as i32 - 1).max(1);
    let unit = 10f64.powi(digits);
    let first = ((ok_share * 100.0 * unit + 1e-9).floor() + 1.0) / unit;
    format!("failed from p{first:.*}", digits as usize)
}

/// From the first percentile, for the fastest of all is far below, to the end of the longest line.
fn time_scale(lines: &[Line<'_>], limits: &[&Slo]) -> Scale {
    let least = |line: &Line<'_>| line.whole.sample(line.metric).at(quantiles::at(0.0))?.time();
    let within = |line: &Line<'_>| {
        let sample = line.whole.sample(line.metric);
        let last = sample.at(quantiles::at(line.reach)).and_then(Level::time).or(line.ok().max());
        let bounds = MARKED.iter().filter_map(|q| line.route.whole().quantile(line.metric, *q)?.high?.time());
        bounds.chain(last).max()
    };
    let (low, high) = (lines.iter().filter_map(least).min(), lines.iter().filter_map(within).max());
    let (low, high) = (low.unwrap_or_default(), high.unwrap_or_default());
    // Further away it would press the lines together, and says no more than its number.
    let limits = limits.iter().map(|slo| slo.limit).filter(|limit| low / 2 < *limit && *limit < high * 2);
    let (low, high) = limits.fold((low, high), |(low, high), limit| (low.min(limit), high.max(limit)));
    Scale::fitted(low.as_secs_f64(), high.as_secs_f64())
}

/// Where a line has to be below an objective's: at its percentile.
fn limit(canvas: &Canvas<'_>, slo: &Slo, x: &Scale, y: &Scale) {
    let at = y.at(slo.limit.as_secs_f64());
    if y.holds(slo.limit.as_secs_f64()) {
        canvas.line(&[(LEFT, at), (x.at(place(slo.quantile)), at)], dashed(INK, 1.2, 6.0, 4.0));
        canvas.cross((x.at(place(slo.quantile)), at), 3.0, stroke(INK, 1.2));
        canvas.text(&format!("SLO {slo}"), (LEFT + 6.0, at - 9.0), Type { color: INK, ..SMALL });
    }
}

/// What the plot is about, one of it.
pub fn what(metric: Metric) -> &'static str {
    if metric == Metric::Ttft { "first token" } else { "request" }
}

fn axes(canvas: &Canvas<'_>, metric: Metric, (x, y): (&Scale, &Scale), (top, bottom): Point, n: u64) {
    rows(canvas, y, &y.ticks(9), (LEFT, RIGHT), time_tick);
    quantiles::draw(canvas, x, (top, bottom), |q| fewest_samples(q) <= n);
    let name = if metric == Metric::Ttft { "time to first token" } else { "response time" };
    let name = format!("{name}{}", if y.is_log() { " (log scale)" } else { "" });
    canvas.upright(&name, (MARGIN - 8.0, (top + bottom) / 2.0), TICK.centred());
    canvas.text("percentile of all requests", ((LEFT + RIGHT) / 2.0, bottom + 34.0), TICK.centred());
}

/// Names the lines at their right ends, moved apart where they crowd.
fn label(canvas: &Canvas<'_>, lines: &[Line<'_>], ends: &[Option<Point>], top: f64, bottom: f64) {
    const LINE: f64 = 15.0;
    /// Further from its line a name is hard to follow, and says no more than it must.
    const NEAR: f64 = 50.0;
    let left = RIGHT + 30.0;
    let room = WIDTH - MARGIN / 2.0 - left;
    let (top, bottom) = (top - 6.0, bottom + 30.0);
    let wanted: Vec<_> = ends.iter().map(|end| end.map_or(bottom, |(_, y)| y)).collect();
    let laid_out = |details| {
        let blocks: Vec<_> = lines.iter().map(|line| line.words(room, details)).collect();
        let heights: Vec<_> = blocks.iter().map(|block| block.len() as f64 * LINE + 10.0).collect();
        let middles = spread(&wanted, &heights, top, bottom);
        (blocks, middles, heights.iter().sum::<f64>())
    };
    let (mut blocks, mut middles, tall) = laid_out(true);
    if tall > bottom - top || wanted.iter().zip(&middles).any(|(wanted, middle)| (wanted - middle).abs() > NEAR) {
        (blocks, middles, _) = laid_out(false);
    }
    for ((line, block), (end, middle)) in lines.iter().zip(&blocks).zip(ends.iter().zip(&middles)) {
        let mut y = middle - (block.len() as f64 - 1.0) * LINE / 2.0;
        if let Some(end) = end {
            // Across the field it is no part of the line, and must not look like one.
            canvas.line(&[*end, (RIGHT + 8.0, end.1)], dashed(line.look.color, 0.75, 1.0, 3.0));
            canvas.line(&[(RIGHT + 8.0, end.1), (left - 6.0, y)], stroke(line.look.color, 1.0));
        }
        for (text, kind) in block {
            canvas.text(text, (left, y), *kind);
            y += LINE;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_failed_percentile_is_named_with_the_digits_it_needs() {
        for (ok, text) in [
            (0.93, "failed from p93.1"),
            (0.9297, "failed from p93.0"),
            (0.5, "failed from p50.1"),
            (0.865_6, "failed from p86.6"),
            (0.9995, "failed from p99.951"),
            (0.0, "every request failed"),
        ] {
            assert_eq!(failed_from(ok), text);
        }
    }
}
