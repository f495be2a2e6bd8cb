//! `latency-by-percentile.svg`: how long the slowest one in ten, in a hundred, in a thousand wait.

use super::axis::{Scale, columns, rows, spread, time_tick};
use super::canvas::{Canvas, Point, Type, WIDTH, dashed, stroke};
use super::style::{
    AXIS, FAILURE, FAILURE_TINT, Frame, GRID, LABEL, Look, MARGIN, SMALL, TICK, WHITE, failures, shown,
};
use super::{Plot, Report, Topic};
use crate::core::Metric;
use crate::core::residency::Standing;
use crate::core::units::{Span, percent};
use crate::measure::Histogram;
use crate::measure::recorder::Slice;
use crate::measure::series::{Level, Sample};
use crate::measure::summary::{Finding, Quantile, RouteSummary, Summary};
use crate::stats::quantile::{CONFIDENCE, fewest_samples};

pub const PLOT: Plot = Plot {
    file: "latency-by-percentile.svg",
    summary: "response time by percentile, failures last, with 95 % intervals",
    topic: Topic::Latency,
    draw,
};

const METRIC: Metric = Metric::Response;
const LEFT: f64 = 88.0;
const RIGHT: f64 = 770.0;
const TALL: f64 = 400.0;
/// One line of text for each route whose requests failed, above the times.
const LANE: f64 = 20.0;
const TICKS: [f64; 9] = [0.0, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 0.9999, 0.99999];
const MARKED: [f64; 3] = [0.50, 0.95, 0.99];

/// One route's line, before it has a place.
struct Line<'a> {
    route: &'a RouteSummary,
    look: Look,
    whole: &'a Slice,
    /// Position in nines up to which the sample says anything.
    reach: f64,
    /// Share of requests that succeeded, when some failed within reach.
    fails_from: Option<f64>,
}

fn draw(report: &Report<'_>) -> String {
    let summary = report.summary;
    let wholes: Vec<_> = report.recorder.routes().iter().map(|s| s.whole(report.recorder.phases())).collect();
    let lines: Vec<_> = summary
        .routes
        .iter()
        .zip(&wholes)
        .enumerate()
        .filter_map(|(i, (route, whole))| Line::new(i, route, whole))
        .collect();
    let notes = "Response time runs from the intended start to the end of the answer; service time, the \
                 uncorrected view, from the sending of the attempt that settled it. A failed request ranks above every \
                 answer, so a line ends where failures begin. Whiskers at p50, p95 and p99: 95 % interval; side by side \
                 where they overlap. Lines end where the sample no longer bounds the percentile.";
    let frame = Frame::new(report, &title(summary), notes);
    let lanes = lines.iter().filter(|line| line.fails_from.is_some()).count() as f64 * LANE;
    let top = frame.top() + lanes + if lanes > 0.0 { 6.0 } else { 0.0 };
    let bottom = top + if lines.is_empty() { 60.0 } else { TALL };
    frame.paint(bottom + 40.0, |canvas| {
        if lines.is_empty() {
            canvas.text("No request was measured.", (MARGIN, top + 20.0), LABEL);
            return;
        }
        let x = Scale::linear(0.0, lines.iter().map(|line| line.reach).fold(1.0, f64::max)).over(LEFT, RIGHT);
        let y = time_scale(&lines).over(bottom, top);
        axes(canvas, &x, &y, (top, bottom), lines.iter().map(|line| line.n()).max().unwrap_or(0));
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
        for q in MARKED {
            draw_intervals(canvas, &lines, &y, q, x.at(nines(q)));
        }
        label(canvas, &lines, &ends, frame.top(), bottom);
    })
}

/// Position of a percentile on the axis: how many nines it has.
fn nines(q: f64) -> f64 {
    -(1.0 - q).log10()
}

impl<'a> Line<'a> {
    fn new(index: usize, route: &'a RouteSummary, whole: &'a Slice) -> Option<Self> {
        let sample = whole.sample(METRIC);
        if sample.n() == 0 {
            return None;
        }
        // The last percentile of which the largest value is still an upper bound.
        let worth = route.whole().metric(METRIC).all.effective_n.unwrap_or(sample.n() as f64).max(2.0);
        let reach = -(1.0 - ((1.0 - CONFIDENCE) / 2.0).powf(1.0 / worth)).log10();
        let share = sample.ok.len() as f64 / sample.n() as f64;
        let fails_from = (sample.failures > 0 && nines(share) < reach).then_some(share);
        Some(Self { route, look: Look::of(index), whole, reach, fails_from })
    }

    fn n(&self) -> u64 {
        self.whole.sample(METRIC).n()
    }

    fn ok(&self) -> &Histogram {
        self.whole.times.of(METRIC)
    }

    /// Draws the times and gives the point where they end.
    fn draw(&self, canvas: &Canvas<'_>, x: &Scale, y: &Scale) -> Option<Point> {
        let stop = self.fails_from.map_or(self.reach, nines);
        let curve = |sample: Sample<'_>| -> Vec<Point> {
            let steps = ((x.at(stop) - LEFT) / 1.5).ceil().max(1.0);
            (0..=steps as u32)
                .filter_map(|i| {
                    let nines = stop * f64::from(i) / steps;
                    let Some(Level::At(time)) = sample.at(1.0 - 10f64.powf(-nines)) else { return None };
                    Some((x.at(nines), y.at(time.as_secs_f64())))
                })
                .collect()
        };
        let points = curve(self.whole.sample(METRIC));
        canvas.line(&points, stroke(WHITE, 4.5));
        canvas.line(&points, self.look.stroke(2.5));
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

    /// What stands at the line's end: the name, its numbers, and where there is room the place of
    /// processing.
    fn words(&self, room: f64, details: bool) -> Vec<(String, Type)> {
        let head = &self.route.head;
        let name = Type { color: self.look.ink, ..LABEL };
        let mut words: Vec<_> = name.wrap(&shown(head), room).into_iter().map(|text| (text, name)).collect();
        let at = |metric, q| match self.route.whole().quantile(metric, q)?.value {
            Level::At(time) => Some(time),
            Level::Failed => None,
        };
        let said = |q| at(METRIC, q).map_or("failed".into(), |time| Span(time).to_string());
        words.push((format!("p50 {} · p95 {}", said(0.50), said(0.95)), SMALL));
        if !details {
            return words;
        }
        // A second line per route would hide the first; where the uncorrected view flatters by a
        // tenth or more, it is put in words.
        if let (Some(response), Some(service)) = (at(METRIC, 0.95), at(Metric::Service, 0.95))
            && service.as_secs_f64() < 0.9 * response.as_secs_f64()
        {
            words.push((format!("service time p95 {}", Span(service)), SMALL));
        }
        if !head.label.eq_ignore_ascii_case(&head.name) {
            words.extend(SMALL.wrap(&head.label, room).into_iter().map(|text| (text, SMALL)));
        }
        words
    }

    /// Where the estimate and its interval lie at `q`; absent beyond the line.
    fn whisker(&self, y: &Scale, q: f64) -> Option<Whisker> {
        let Quantile { value: Level::At(value), low, high, .. } = self.route.whole().quantile(METRIC, q)? else {
            return None;
        };
        let height = |level| match level {
            Level::At(time) => y.at(time.as_secs_f64()),
            Level::Failed => y.at(f64::MAX),
        };
        let middle = y.at(value.as_secs_f64());
        let (bottom, top) = (low.map_or(middle, height), high.map_or(middle, height));
        let fails = high == Some(Level::Failed);
        (nines(q) <= self.reach).then_some(Whisker { look: self.look, middle, bottom, top, fails, aside: 0.0 })
    }
}

/// An estimate with its interval, in pixels.
struct Whisker {
    look: Look,
    middle: f64,
    bottom: f64,
    top: f64,
    /// The interval reaches into the failures.
    fails: bool,
    aside: f64,
}

/// Draws the intervals of all lines at `q`, those that would cover each other side by side.
fn draw_intervals(canvas: &Canvas<'_>, lines: &[Line<'_>], y: &Scale, q: f64, x: f64) {
    const ROOM: f64 = 7.0;
    let mut whiskers: Vec<_> = lines.iter().filter_map(|line| line.whisker(y, q)).collect();
    whiskers.sort_by(|a, b| a.top.total_cmp(&b.top));
    let mut rest = &mut whiskers[..];
    while !rest.is_empty() {
        let mut reach = rest[0].bottom;
        let mut crowd = 1;
        while crowd < rest.len() && rest[crowd].top - ROOM < reach + ROOM {
            reach = reach.max(rest[crowd].bottom);
            crowd += 1;
        }
        let (together, others) = rest.split_at_mut(crowd);
        for (i, whisker) in together.iter_mut().enumerate() {
            whisker.aside = (i as f64 - (crowd - 1) as f64 / 2.0) * 9.0;
        }
        rest = others;
    }
    for whisker in &whiskers {
        let (x, pen) = (x + whisker.aside, stroke(whisker.look.ink, 1.4));
        canvas.line(&[(x, whisker.bottom), (x, whisker.top)], pen);
        canvas.line(&[(x - 4.0, whisker.bottom), (x + 4.0, whisker.bottom)], pen);
        if whisker.fails {
            canvas.cross((x, whisker.top), 3.0, stroke(FAILURE, 1.6));
        } else {
            canvas.line(&[(x - 4.0, whisker.top), (x + 4.0, whisker.top)], pen);
        }
        whisker.look.marker(canvas, (x, whisker.middle));
    }
}

/// `failed from p93.1`: the first percentile, to the digits that its size needs, that is a failure.
fn failed_from(ok_share: f64) -> String {
    if ok_share <= 0.0 {
        return "every request failed".into();
    }
    let digits = (nines(ok_share).ceil() as i32 - 1).max(0);
    let unit = 10f64.powi(digits);
    let first = ((ok_share * 100.0 * unit + 1e-9).floor() + 1.0) / unit;
    format!("failed from p{first:.*}", digits as usize)
}

fn time_scale(lines: &[Line<'_>]) -> Scale {
    let low = lines.iter().filter_map(|line| line.ok().min()).min();
    let within = |line: &Line<'_>| {
        let sample = line.whole.sample(METRIC);
        let last = sample.at(1.0 - 10f64.powf(-line.reach)).and_then(Level::time).or(line.ok().max());
        let bounds = MARKED.iter().filter_map(|q| line.route.whole().quantile(METRIC, *q)?.high?.time());
        bounds.chain(last).max()
    };
    let high = lines.iter().filter_map(within).max();
    Scale::times(low.unwrap_or_default().as_secs_f64(), high.unwrap_or_default().as_secs_f64())
}

fn axes(canvas: &Canvas<'_>, x: &Scale, y: &Scale, (top, bottom): Point, n: u64) {
    let ticks: Vec<_> = TICKS.into_iter().filter(|q| *q == 0.0 || fewest_samples(*q) <= n).collect();
    let places: Vec<_> = ticks.iter().map(|q| nines(*q)).collect();
    for place in places.iter().filter(|place| **place > 0.0) {
        canvas.line(&[(x.at(*place), top), (x.at(*place), bottom)], stroke(GRID, 1.0));
    }
    rows(canvas, y, &y.ticks(9), (LEFT, RIGHT), time_tick);
    columns(canvas, x, &places, bottom, |place| {
        if place == 0.0 { "fastest".into() } else { percentile(1.0 - 10f64.powf(-place)) }
    });
    canvas.line(&[(LEFT, top), (LEFT, bottom)], stroke(AXIS, 1.0));
    let name = if y.is_log() { "response time (log scale)" } else { "response time" };
    canvas.upright(name, (MARGIN - 8.0, (top + bottom) / 2.0), TICK.centred());
    canvas.text("percentile of all requests", ((LEFT + RIGHT) / 2.0, bottom + 34.0), TICK.centred());
}

fn percentile(q: f64) -> String {
    format!("p{}", super::axis::plain(q * 100.0))
}

/// Names the lines at their right ends, moved apart where they crowd.
fn label(canvas: &Canvas<'_>, lines: &[Line<'_>], ends: &[Option<Point>], top: f64, bottom: f64) {
    const LINE: f64 = 15.0;
    let left = RIGHT + 30.0;
    let room = WIDTH - MARGIN / 2.0 - left;
    let (top, bottom) = (top - 6.0, bottom + 30.0);
    let height = |block: &[(String, Type)]| block.len() as f64 * LINE + 10.0;
    let all = |details| lines.iter().map(|line| line.words(room, details)).collect::<Vec<_>>();
    let mut blocks = all(true);
    if blocks.iter().map(|block| height(block)).sum::<f64>() > bottom - top {
        blocks = all(false);
    }
    let wanted: Vec<_> = ends.iter().map(|end| end.map_or(bottom, |(_, y)| y)).collect();
    let heights: Vec<_> = blocks.iter().map(|block| height(block)).collect();
    let middles = spread(&wanted, &heights, top, bottom);
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

/// What the plot shows of the first route, and what the comparison with the others supports.
fn title(summary: &Summary) -> String {
    let Some(base) = summary.routes.first() else { return "No route was measured".into() };
    let name = shown(&base.head);
    let failed = percent(failures(base), base.whole().counted());
    match base.whole().quantile(METRIC, 0.95).map(|quantile| quantile.value) {
        None => format!("No request of {name} was measured"),
        Some(Level::Failed) if base.whole().ok() == 0 => {
            format!("{name} answered no request{}", others(summary, "answered"))
        }
        Some(Level::Failed) => format!("{name} failed {failed} of requests{}", others(summary, "answered")),
        Some(Level::At(time)) => {
            let failed = if failures(base) > 0 { format!(" and failed {failed}") } else { String::new() };
            let others = others(summary, "was faster:");
            format!("{name} answered 95 % of requests within {}{failed}{others}", Span(time))
        }
    }
}

/// What is shown of the other routes; `better` says how one that was faster did better.
fn others(summary: &Summary, better: &str) -> String {
    let compared: Vec<_> = summary.routes[1..]
        .iter()
        .zip(&summary.comparisons)
        .filter_map(|(route, comparison)| {
            let at = comparison.quantiles.iter().find(|quantile| quantile.q == 0.95)?;
            Some((route, at.finding, at.other))
        })
        .collect();
    let of = |wanted: Finding| compared.iter().filter(move |(_, finding, _)| *finding == wanted);
    let faster = of(Finding::Faster).filter_map(|(route, _, level)| Some((route, level.time()?)));
    // A reference may not be chosen, so it is named only where no candidate did better.
    let best = faster.min_by_key(|(route, time)| (route.head.standing == Standing::Reference, *time));
    if let Some((route, time)) = best {
        return format!("; {} {better} 95 % within {}", shown(&route.head), Span(time));
    }
    match (compared.as_slice(), of(Finding::Slower).count()) {
        ([], _) => String::new(),
        ([(route, ..)], 1) => format!("; {} was slower", shown(&route.head)),
        (all, slower) if slower == all.len() => "; every other route was slower".into(),
        (all, _) if all.iter().all(|(_, finding, _)| *finding == Finding::TooLittleData) => {
            "; the run is too short to compare routes".into()
        }
        _ => "; no other route is shown to be faster".into(),
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
            (0.5, "failed from p51"),
            (0.9995, "failed from p99.951"),
            (0.0, "every request failed"),
        ] {
            assert_eq!(failed_from(ok), text);
        }
    }
}
