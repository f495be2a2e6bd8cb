//! `histogram-by-region.svg`: how long the answers of each Region took, route by route.

use std::time::Duration;

use super::axis::{Scale, columns, plain, rows, time_tick};
use super::canvas::{Canvas, Type, WIDTH, dashed, stroke};
use super::palette::{Look, looks};
use super::style::{AXIS, FAILURE, Frame, GRID, INK, LABEL, MARGIN, SMALL, TICK, WHITE, failures, shown};
use super::{Plot, Report, Topic};
use crate::core::residency::Standing;
use crate::core::units::{Span, grouped, percent};
use crate::core::{Outcome, RegionId};
use crate::measure::Histogram;
use crate::measure::recorder::RegionShare;
use crate::measure::series::Sample;
use crate::measure::summary::RouteSummary;

pub const PLOT: Plot = Plot {
    file: "histogram-by-region.svg",
    summary: "response times of the ok requests by the Region that answered, for each route",
    topic: Topic::Latency,
    draw,
};

const LEFT: f64 = 300.0;
const RIGHT: f64 = WIDTH - MARGIN;
const PANEL: f64 = 80.0;
/// Between the Regions of one route, and between routes.
const GAP: f64 = 14.0;
const ROUTE_GAP: f64 = 30.0;
const BINS: u32 = 72;

/// The answers that one route had from one Region.
struct Panel<'a> {
    route: &'a RouteSummary,
    look: Look,
    /// The first of its route names it.
    first: bool,
    region: RegionId,
    share: &'a RegionShare,
    top: f64,
}

impl Panel<'_> {
    fn times(&self) -> &Histogram {
        &self.share.response
    }

    fn bottom(&self) -> f64 {
        self.top + PANEL
    }

    fn median(&self) -> Option<Duration> {
        median(self.times())
    }
}

fn median(times: &Histogram) -> Option<Duration> {
    Sample { ok: times, failures: 0 }.at(0.5)?.time()
}

fn draw(report: &Report<'_>) -> String {
    let mut panels = panels(report);
    let mut notes = String::from(
        "Ok requests alone, filed under the Region whose endpoint answered; height: share of the panel's \
                 answers per bin, on one scale for all panels. Response time runs from the intended start, so it \
                 holds what earlier attempts in other Regions took. Beside it: attempts that failed in that Region.",
    );
    for route in report.summary.routes.iter().filter(|route| route.regions.is_empty() && !panels.is_empty()) {
        notes.push_str(&format!(" {} made no attempt.", route.head.name));
    }
    let frame = Frame::new(report, &title(&panels), &notes);
    let mut bottom = frame.top();
    for (i, panel) in panels.iter_mut().enumerate() {
        bottom += match (i, panel.first) {
            (0, _) => 0.0,
            (_, true) => ROUTE_GAP,
            (_, false) => GAP,
        };
        panel.top = bottom;
        bottom = panel.bottom();
    }
    let low = panels.iter().filter_map(|panel| panel.times().min()).min().unwrap_or_default().as_secs_f64();
    let high = panels.iter().filter_map(|panel| panel.times().max()).max().unwrap_or_default().as_secs_f64();
    let x = Scale::times(low, high).over(LEFT, RIGHT);
    let bottom = bottom.max(frame.top() + PANEL);
    frame.paint(bottom + 40.0, |canvas| {
        if panels.is_empty() {
            canvas.text("No attempt was made in the measured time.", (MARGIN, frame.top() + PANEL / 2.0), LABEL);
            return;
        }
        let ticks = x.ticks(12);
        let bins: Vec<_> = panels.iter().map(|panel| bins(panel.times(), &x)).collect();
        let tallest = bins.iter().flatten().copied().fold(0.0, f64::max);
        for (panel, bins) in panels.iter().zip(&bins) {
            for tick in &ticks {
                canvas.line(&[(x.at(*tick), panel.top), (x.at(*tick), panel.bottom())], stroke(GRID, 1.0));
            }
            let y = Scale::linear(0.0, tallest * 1.25).over(panel.bottom(), panel.top);
            // Half of the axis is for the median's label, so one tick and zero are enough.
            rows(canvas, &y, &y.ticks(2), (LEFT, RIGHT), |share| format!("{} %", plain(share * 100.0)));
            panel.draw_bars(canvas, bins, &y);
            panel.draw_median(canvas, &x);
            panel.describe(canvas);
        }
        columns(canvas, &x, &ticks, bottom, time_tick);
        let name = if x.is_log() { "response time (log scale)" } else { "response time" };
        canvas.text(name, ((LEFT + RIGHT) / 2.0, bottom + 34.0), TICK.centred());
    })
}

fn panels<'a>(report: &Report<'a>) -> Vec<Panel<'a>> {
    let looks = looks(report.summary.routes.iter().map(|route| &route.head));
    let routes = report.summary.routes.iter().zip(report.recorder.routes()).zip(looks);
    routes
        .flat_map(|((route, series), look)| {
            series.regions.iter().enumerate().map(move |(place, (region, share))| Panel {
                route,
                look,
                first: place == 0,
                region: *region,
                share,
                top: 0.0,
            })
        })
        .collect()
}

/// Share of the answers in each bin; bins are equally wide on the axis.
fn bins(times: &Histogram, x: &Scale) -> Vec<f64> {
    let mut bins = vec![0.0; BINS as usize];
    for (time, count) in times.values() {
        let place = (x.at(time.as_secs_f64()) - LEFT) / (RIGHT - LEFT);
        let bin = ((place * f64::from(BINS)) as usize).min(bins.len() - 1);
        bins[bin] += count as f64 / times.len() as f64;
    }
    bins
}

impl Panel<'_> {
    fn draw_bars(&self, canvas: &Canvas<'_>, bins: &[f64], y: &Scale) {
        let width = (RIGHT - LEFT) / f64::from(BINS);
        for (i, share) in bins.iter().enumerate().filter(|(_, share)| **share > 0.0) {
            let left = LEFT + i as f64 * width;
            // The rarest stays visible.
            let top = y.at(*share).min(self.bottom() - 1.0);
            canvas.rect((left + 0.5, top), (left + width - 0.5, self.bottom()), self.look.color);
        }
        canvas.line(&[(LEFT, self.bottom()), (RIGHT, self.bottom())], stroke(AXIS, 1.0));
    }

    fn draw_median(&self, canvas: &Canvas<'_>, x: &Scale) {
        let Some(median) = self.median() else {
            canvas.text("no answer", ((LEFT + RIGHT) / 2.0, self.top + PANEL / 2.0), SMALL.centred());
            return;
        };
        let at = x.at(median.as_secs_f64());
        canvas.line(&[(at, self.top + 2.0), (at, self.bottom())], stroke(WHITE, 3.5));
        canvas.line(&[(at, self.top + 2.0), (at, self.bottom())], dashed(INK, 1.5, 4.0, 2.0));
        let text = format!("median {}", Span(median));
        let kind = Type { color: INK, ..SMALL.bold() };
        let wide = kind.width(&text);
        let left = if at + 8.0 + wide < RIGHT { at + 6.0 } else { at - 8.0 - wide };
        canvas.rect((left - 1.0, self.top + 1.0), (left + wide + 1.0, self.top + 15.0), WHITE);
        canvas.text(&text, (left, self.top + 8.0), kind);
    }

    fn describe(&self, canvas: &Canvas<'_>) {
        const LINE: f64 = 15.5;
        let room = LEFT - MARGIN - 40.0;
        let mut lines = Vec::new();
        if self.first {
            let kind = Type { color: self.look.ink, ..LABEL };
            lines.push((shown(&self.route.head), kind));
        }
        lines.push((format!("from {} ({})", self.region.name(), self.region.code()), Type { color: INK, ..SMALL }));
        let (answers, ok) = (self.times().len(), self.route.whole().ok());
        let part = if answers < ok { format!(" ({})", percent(answers, ok)) } else { String::new() };
        lines.push((format!("n = {} ok requests{part}", grouped(answers)), SMALL));
        lines.push(self.failed_attempts());
        if self.first && failures(self.route) > 0 {
            let (failed, all) = (failures(self.route), self.route.whole().counted());
            let text = format!("{} requests failed ({})", grouped(failed), percent(failed, all));
            lines.push((text, Type { color: FAILURE, ..SMALL.bold() }));
        }
        let mut y = self.top + 10.0;
        for (text, kind) in lines {
            for line in kind.wrap(&text, room) {
                canvas.text(&line, (MARGIN, y), kind);
                y += LINE;
            }
        }
    }

    fn failed_attempts(&self) -> (String, Type) {
        let attempts = &self.share.attempts;
        let failed = attempts.failures();
        let text = match (failed, attempts.get(Outcome::Throttled)) {
            (0, _) => return ("no attempt failed".into(), SMALL),
            (n, throttled) if n == throttled => format!("{} attempts throttled", grouped(n)),
            (n, 0) => format!("{} attempts failed", grouped(n)),
            (n, throttled) => format!("{} attempts failed, {} throttled", grouped(n), grouped(throttled)),
        };
        (text, Type { color: FAILURE, ..SMALL })
    }
}

/// Where the answers came from, and their medians: what was seen, with no claim of a difference.
fn title(panels: &[Panel<'_>]) -> String {
    let answered: Vec<_> = panels.iter().filter_map(|panel| Some((panel, median(panel.times())?))).collect();
    let several = |wanted: Standing| {
        answered.iter().map(|(panel, _)| panel.route).find(|route| {
            let regions = answered.iter().filter(|(panel, _)| panel.route.head.name == route.head.name).count();
            route.head.standing == wanted && regions > 1
        })
    };
    if let Some(route) = several(Standing::Candidate).or_else(|| several(Standing::Reference)) {
        let parts: Vec<_> = answered
            .iter()
            .filter(|(panel, _)| panel.route.head.name == route.head.name)
            .map(|(panel, median)| {
                let share = percent(panel.times().len(), route.whole().ok());
                format!("{share} from {} (median {})", panel.region.name(), Span(*median))
            })
            .collect();
        return format!("Answers on {}: {}", shown(&route.head), parts.join(", "));
    }
    let from = |(panel, median): &(&Panel<'_>, Duration)| {
        let (region, route) = (panel.region.name(), &panel.route.head);
        let on = match route.standing {
            Standing::Candidate if region.eq_ignore_ascii_case(&route.name) => String::new(),
            _ => format!(" on {}", shown(route)),
        };
        format!("{} from {region}{on}", Span(*median))
    };
    let ends = (answered.iter().min_by_key(|(_, m)| *m), answered.iter().max_by_key(|(_, m)| *m));
    match ends {
        (Some(only), _) if answered.len() == 1 => format!("Median answer: {}", from(only)),
        (Some(low), Some(high)) => format!("Median answers: between {} and {}", from(low), from(high)),
        _ => "No request was answered".into(),
    }
}
