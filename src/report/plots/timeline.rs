//! `timeline.svg`: what was asked, done and refused as the run went on, and how long it took.

use plotters::style::RGBColor;

use super::axis::{Scale, columns, plain, rows, spread, time_tick};
use super::canvas::{Canvas, Point, Type, WIDTH, dashed, stroke};
use super::palette::{Look, looks};
use super::style::{AXIS, FAILURE, Frame, INK, LABEL, MARGIN, MUTED, SHADE, SMALL, THROTTLED, TICK, failures, shown};
use super::{Plot, Report, Topic};
use crate::core::phase::{Phase, Phases};
use crate::core::residency::Standing;
use crate::core::run::Loop;
use crate::core::units::{Span, grouped, percent};
use crate::core::{Metric, RunTime};
use crate::measure::Recorder;
use crate::measure::recorder::{Bucket, Slice};
use crate::measure::series::Level;
use crate::measure::summary::{RouteSummary, SliceSummary, Summary};

pub const PLOT: Plot = Plot {
    file: "timeline.svg",
    summary: "offered, done and throttled per second, and p50 and p99 of response time, over the run",
    topic: Topic::Course,
    draw,
};

const METRIC: Metric = Metric::Response;
const LEFT: f64 = 96.0;
const RIGHT: f64 = WIDTH - 118.0;
const HEAD: f64 = 24.0;
const RATES: f64 = 56.0;
const TIMES: f64 = 76.0;
/// Where a percentile that is a failure is marked, above the times.
const FAILED: f64 = 13.0;
const GAP: f64 = 8.0;
const PANELS: f64 = RATES + GAP + FAILED + TIMES;
const ROW: f64 = HEAD + PANELS + 12.0;
/// Names of the phases, on two lines.
const PHASES: f64 = 30.0;
/// Percentiles, and how many requests each is taken over at least.
const FEWEST: [(f64, u64); 2] = [(0.50, 5), (0.99, 100)];

fn draw(report: &Report<'_>) -> String {
    let recorder = report.recorder;
    let phases = recorder.phases();
    let frame = Frame::new(report, &title(report.summary), &notes(report));
    let top = frame.top() + PHASES;
    let looks = looks(report.summary.routes.iter().map(|route| &route.head));
    let routes = report.summary.routes.iter().zip(recorder.routes()).zip(looks);
    let (start, end) = phases.measured();
    // What an interrupted run did not get to is no silence of the service: the axis ends before it.
    let interrupted = report.summary.interrupted;
    let end = if interrupted { last_seen(recorder) } else { end };
    let rows: Vec<_> =
        routes.map(|((route, series), look)| Row::new(route, look, &series.buckets, recorder, end)).collect();
    let bottom = top + rows.len().max(1) as f64 * ROW - 12.0;
    // Nothing is drawn of the warm-up, and of a short run it would take a quarter.
    let from = start.as_secs_f64();
    let x = Scale::linear(from, end.as_secs_f64().max(from + 1.0)).over(LEFT, RIGHT);
    let busiest = rows.iter().flat_map(Row::rates).fold(0.0, f64::max);
    let rate = Scale::linear(0.0, if busiest > 0.0 { busiest * 1.08 } else { 1.0 });
    let times = || rows.iter().flat_map(|row| row.times.iter().flatten()).filter_map(|(_, level)| level.time());
    let time =
        Scale::times(times().min().unwrap_or_default().as_secs_f64(), times().max().unwrap_or_default().as_secs_f64());
    frame.paint(bottom + 40.0, |canvas| {
        name_phases(canvas, phases, &x, (frame.top(), end));
        for (i, row) in rows.iter().enumerate() {
            let top = top + i as f64 * ROW;
            shade(canvas, phases, &x, (top + HEAD, end));
            row.draw(canvas, &x, rate, time, top);
        }
        let (ticks, unit) = clock(from, end.as_secs_f64());
        columns(canvas, &x, &ticks, bottom, |at| format!("{} {}", plain(at / unit.0), unit.1));
        let name = match from > 0.0 {
            true => format!("run time, from the end of the warm-up at {} on", time_tick(from)),
            false => "run time".into(),
        };
        canvas.text(&name, ((LEFT + RIGHT) / 2.0, bottom + 34.0), TICK.centred());
    })
}

/// Ticks from one second of the run to another, and the unit that suits them all.
fn clock(from: f64, to: f64) -> (Vec<f64>, (f64, &'static str)) {
    const STEPS: [f64; 16] =
        [0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0, 7200.0, 21_600.0, 86_400.0];
    let seconds = to - from;
    let step = STEPS.into_iter().find(|step| seconds / step <= 14.0).unwrap_or(seconds / 10.0);
    let unit = match step {
        s if s < 60.0 => (1.0, "s"),
        s if s < 3600.0 => (60.0, "min"),
        _ => (3600.0, "h"),
    };
    let first = (from / step - 1e-9).ceil() as u32;
    ((first..=(to / step + 1e-9) as u32).map(|i| f64::from(i) * step).collect(), unit)
}

/// End of the last bucket in which anything was sent, done or refused.
fn last_seen(recorder: &Recorder) -> RunTime {
    let buckets = recorder.routes().iter().flat_map(|series| &series.buckets);
    let seen = buckets.filter(|bucket| bucket.slice.sent + bucket.done + bucket.throttled > 0);
    let (start, end) = recorder.phases().measured();
    seen.map(|bucket| (bucket.start + recorder.bucket()).min(end)).max().unwrap_or(start)
}

fn notes(report: &Report<'_>) -> String {
    let planned = if report.summary.kind == Loop::Open { "Offered and latency are" } else { "Latency is" };
    format!(
        "Buckets of {}. {planned} filed under the intended start, done (requests) and throttled \
         (attempts) under the moment it happened. p50 and p99 are over all requests, failures last, of as many \
         neighbouring buckets of a phase as hold 5 requests for p50 and 100 for p99. A cross marks where p99 is a \
         failure, a square where p50 is, too. What little is throttled is drawn as high as can be seen.",
        time_tick(report.recorder.bucket().as_secs_f64())
    )
}

/// From the end of the warm-up on; one between blocks stays.
fn shown_phases(phases: &Phases, end: RunTime) -> impl Iterator<Item = &Phase> {
    let start = phases.measured().0;
    phases.iter().filter(move |phase| phase.end > start && phase.start < end)
}

/// Names each phase where it starts, on the second line where the first is taken.
fn name_phases(canvas: &Canvas<'_>, phases: &Phases, x: &Scale, (top, end): (f64, RunTime)) {
    let mut free = [f64::NEG_INFINITY; 2];
    for phase in shown_phases(phases, end) {
        let left = x.at(phase.start.as_secs_f64());
        let kind = if phase.measured { Type { color: INK, ..SMALL.bold() } } else { SMALL };
        let Some(lane) = free.iter().position(|free| *free < left) else { continue };
        let text = kind.fit(&phase.name, WIDTH - MARGIN - left);
        let y = top + 6.0 + lane as f64 * 15.0;
        canvas.line(&[(left, y - 7.0), (left, top + PHASES + 4.0)], stroke(AXIS, 0.75));
        canvas.text(&text, (left + 5.0, y), kind);
        free[lane] = left + kind.width(&text) + 10.0;
    }
}

/// Tells the phases apart behind one row.
fn shade(canvas: &Canvas<'_>, phases: &Phases, x: &Scale, (top, end): (f64, RunTime)) {
    for (i, phase) in shown_phases(phases, end).enumerate() {
        let (left, right) = (x.at(phase.start.as_secs_f64()), x.at(phase.end.as_secs_f64()));
        if i % 2 == 1 {
            canvas.rect((left, top), (right, top + PANELS), SHADE);
        }
        if i > 0 {
            canvas.line(&[(left, top), (left, top + PANELS)], stroke(AXIS, 0.75));
        }
    }
}

/// One route over the run.
struct Row<'a> {
    route: &'a RouteSummary,
    look: Look,
    /// Start and end of each bucket in seconds, and offered, done and throttled per second in it.
    buckets: Vec<(Point, [f64; 3])>,
    /// There is an offered load: not in a closed loop.
    offered: bool,
    /// p50 and p99: middle of the buckets, and the level.
    times: [Vec<(f64, Level)>; 2],
}

impl<'a> Row<'a> {
    fn new(route: &'a RouteSummary, look: Look, all: &[Bucket], recorder: &Recorder, end: RunTime) -> Self {
        let span = |bucket: &Bucket| {
            let to = (bucket.start + recorder.bucket()).min(recorder.phases().measured().1);
            (bucket.start.as_secs_f64(), to.as_secs_f64())
        };
        let shown = || all.iter().filter(|bucket| bucket.start < end);
        let rates = |bucket: &Bucket| {
            let (from, to) = span(bucket);
            let rate = |count: u64| count as f64 / (to - from);
            ((from, to), [rate(bucket.slice.planned), rate(bucket.done), rate(bucket.throttled)])
        };
        let buckets: Vec<_> = shown().map(|bucket| (span(bucket), bucket)).collect();
        let times = FEWEST.map(|(q, fewest)| levels(&buckets, q, fewest));
        let offered = route.whole().planned.is_some();
        Self { route, look, buckets: shown().map(rates).collect(), offered, times }
    }

    fn rates(&self) -> impl Iterator<Item = f64> + '_ {
        let drawn = usize::from(!self.offered)..;
        self.buckets.iter().flat_map(move |(_, rates)| rates[drawn.clone()].iter().copied())
    }

    fn draw(&self, canvas: &Canvas<'_>, x: &Scale, rate: Scale, time: Scale, top: f64) {
        let name = Type { color: self.look.ink, ..LABEL };
        let shown = shown(&self.route.head);
        canvas.text(&shown, (LEFT, top + 12.0), name);
        let whole = self.route.whole();
        let about = match whole.counted() {
            0 => "no request was measured".into(),
            _ if failures(self.route) == 0 => "no request failed".into(),
            n => format!("{} of requests failed", percent(failures(self.route), n)),
        };
        canvas.text(&about, (LEFT + name.width(&shown) + 12.0, top + 12.5), SMALL);
        let rates = top + HEAD;
        let failed = rates + RATES + GAP;
        let side = Type::new(10.5, MUTED).centred();
        canvas.upright("requests/s", (MARGIN + 4.0, rates + RATES / 2.0), side);
        canvas.upright("response time", (MARGIN + 4.0, failed + (FAILED + TIMES) / 2.0), side);
        self.draw_rates(canvas, x, &rate.over(rates + RATES, rates));
        self.draw_times(canvas, x, &time.over(failed + FAILED + TIMES, failed + FAILED), failed + FAILED / 2.0);
    }

    fn draw_rates(&self, canvas: &Canvas<'_>, x: &Scale, y: &Scale) {
        rows(canvas, y, &y.ticks(3), (LEFT, RIGHT), plain);
        let steps = |which: usize| -> Vec<Point> {
            let step = |((from, to), rates): &(Point, [f64; 3])| {
                [(x.at(*from), y.at(rates[which])), (x.at(*to), y.at(rates[which]))]
            };
            self.buckets.iter().flat_map(step).collect()
        };
        for ((from, to), [.., throttled]) in &self.buckets {
            if *throttled > 0.0 {
                // The rarest stays visible.
                canvas.rect((x.at(*from), y.at(*throttled).min(y.at(0.0) - 2.0)), (x.at(*to), y.at(0.0)), THROTTLED);
            }
        }
        canvas.line(&[(LEFT, y.at(0.0)), (RIGHT, y.at(0.0))], stroke(AXIS, 1.0));
        if self.offered {
            canvas.line(&steps(0), dashed(INK, 1.2, 3.0, 2.0));
        }
        canvas.line(&steps(1), stroke(self.look.color, 2.0));
        let Some((_, last)) = self.buckets.last() else { return };
        let throttled = self.buckets.iter().any(|(_, [.., throttled])| *throttled > 0.0);
        let ink = [INK, self.look.ink, FAILURE];
        let names = ["offered", "done", "throttled"];
        // In the same order on every route, whichever happens to be the higher one at the end.
        let mut above = f64::MIN;
        let labels = (usize::from(!self.offered)..if throttled { 3 } else { 2 })
            .map(|i| {
                above = above.max(y.at(last[i]));
                (above, names[i], ink[i])
            })
            .collect();
        name_lines(canvas, labels, (y.at(f64::MAX), y.at(0.0)));
    }

    fn draw_times(&self, canvas: &Canvas<'_>, x: &Scale, y: &Scale, failed: f64) {
        rows(canvas, y, &y.ticks(4), (LEFT, RIGHT), time_tick);
        let mut labels = Vec::new();
        for (times, (width, name)) in self.times.iter().zip([(2.2, "p50"), (1.1, "p99")]) {
            for run in times.split(|(_, level)| *level == Level::Failed) {
                let height = |level: &Level| level.time().map(|time| y.at(time.as_secs_f64()));
                let points: Vec<_> = run.iter().filter_map(|(at, level)| Some((x.at(*at), height(level)?))).collect();
                match points[..] {
                    // A line of one point cannot be seen.
                    [alone] => canvas.disc(alone, width + 0.8, self.look.color),
                    _ => canvas.line(&points, stroke(self.look.color, width)),
                }
            }
            let last = times.iter().rev().find_map(|(_, level)| level.time());
            labels.extend(last.map(|time| (y.at(time.as_secs_f64()), name, self.look.ink)));
        }
        let marks = |which: usize| self.times[which].iter().filter(|(_, level)| *level == Level::Failed);
        for (at, _) in marks(1) {
            canvas.cross((x.at(*at), failed), 3.0, stroke(FAILURE, 1.5));
        }
        for (at, _) in marks(0) {
            canvas.rect((x.at(*at) - 3.5, failed - 3.5), (x.at(*at) + 3.5, failed + 3.5), FAILURE);
        }
        let which = match (marks(0).count(), marks(1).count()) {
            (0, 0) => None,
            (0, _) => Some("p99 failed"),
            _ => Some("p99, p50 failed"),
        };
        labels.extend(which.map(|name| (failed, name, FAILURE)));
        name_lines(canvas, labels, (failed - 7.0, y.at(0.0)));
    }
}

/// A percentile along the run: neighbours of one phase are taken together until they hold `fewest` requests.
fn levels(buckets: &[(Point, &Bucket)], q: f64, fewest: u64) -> Vec<(f64, Level)> {
    let mut levels = Vec::new();
    let mut pool: Option<(f64, usize, Slice)> = None;
    for ((from, to), bucket) in buckets {
        let (from, slice) = match pool.take().filter(|(_, phase, _)| *phase == bucket.phase) {
            None => (*from, bucket.slice.clone()),
            Some((start, _, mut slice)) => {
                slice.merge(&bucket.slice);
                (start, slice)
            }
        };
        if slice.sample(METRIC).n() < fewest {
            pool = Some((from, bucket.phase, slice));
        } else if let Some(level) = slice.sample(METRIC).at(q) {
            levels.push(((from + to) / 2.0, level));
        }
    }
    levels
}

/// Names lines at their right ends: where, what, and in which colour.
fn name_lines(canvas: &Canvas<'_>, labels: Vec<(f64, &str, RGBColor)>, (top, bottom): Point) {
    let wanted: Vec<_> = labels.iter().map(|(y, ..)| *y).collect();
    let places = spread(&wanted, &vec![14.0; labels.len()], top - 3.0, bottom + 6.0);
    for ((_, name, color), y) in labels.iter().zip(places) {
        canvas.text(name, (RIGHT + 8.0, y), Type { color: *color, ..SMALL });
    }
}

/// What the phases did to the routes: shares of this run's requests, and percentiles as measured.
fn title(summary: &Summary) -> String {
    let Some(base) = summary.routes.first() else { return "No route was measured".into() };
    let stretches = if base.slices.len() > 1 { 1..base.slices.len() } else { 0..1 };
    let all = summary.routes.iter().flat_map(|route| stretches.clone().map(move |i| (route, i)));
    // Of equals, the last is the greatest: turned round, the first phase is named.
    let worst = all.rev().max_by(|(a, i), (b, j)| failed(&a.slices[*i]).total_cmp(&failed(&b.slices[*j])));
    if let Some((route, i)) = worst.filter(|(route, i)| failed(&route.slices[*i]) > 0.0) {
        return most_failures(summary, route, i);
    }
    let name = shown(&base.head);
    let p95 = |slice: &SliceSummary| slice.quantile(METRIC, 0.95)?.value.time().map(Span);
    let levels: Vec<_> = base.slices[1..].iter().filter_map(|slice| Some((p95(slice)?, &slice.phase))).collect();
    if let (Some((low, calm)), Some((high, busy)), true) = (levels.iter().min(), levels.iter().max(), levels.len() > 1)
    {
        return format!("No request failed; {name} answered 95 % within {low} in “{calm}” and {high} in “{busy}”");
    }
    match (base.whole().ok(), p95(base.whole())) {
        (ok, Some(p95)) => format!("{name} answered all of {} requests, 95 % within {p95}", grouped(ok)),
        (0, None) => format!("No request of {name} was measured"),
        (ok, None) => format!("{name} answered all of {} requests", grouped(ok)),
    }
}

fn failed(slice: &SliceSummary) -> f64 {
    (slice.counted() - slice.ok()) as f64 / slice.counted().max(1) as f64
}

/// The most failures that a route had in a phase, and the fewest of a route that may be chosen.
fn most_failures(summary: &Summary, route: &RouteSummary, i: usize) -> String {
    let words = |slice: &SliceSummary| percent(slice.counted() - slice.ok(), slice.counted());
    let when = if i > 0 { format!("In “{}”, ", route.slices[i].phase) } else { String::new() };
    let finding = format!("{when}{} failed {} of requests", shown(&route.head), words(&route.slices[i]));
    let others = summary.routes.iter().filter(|other| {
        let measured = other.slices[i].counted() > 0;
        measured && other.head.name != route.head.name && other.head.standing == Standing::Candidate
    });
    match others.min_by(|a, b| failed(&a.slices[i]).total_cmp(&failed(&b.slices[i]))) {
        Some(best) => format!("{finding}, {} {}", best.head.name, words(&best.slices[i])),
        None => finding,
    }
}
