//! `attempts-and-tokens-by-region.svg`: where each route's work went, and under whose law.

use std::collections::BTreeMap;

use super::axis::{Scale, columns, plain};
use super::canvas::{Canvas, Type, WIDTH, stroke};
use super::palette;
use super::style::{AXIS, Frame, INK, LABEL, MARGIN, SMALL, WHITE, shown};
use super::{Plot, Report, Topic};
use crate::core::RegionId;
use crate::core::units::percent;
use crate::measure::summary::{RouteSummary, Summary};
use crate::report::places;

pub const PLOT: Plot = Plot {
    file: "attempts-and-tokens-by-region.svg",
    summary: "the share of each Region in the attempts and in the tokens of each route",
    topic: Topic::Place,
    draw,
};

const LEFT: f64 = MARGIN + 72.0;
const RIGHT: f64 = WIDTH - 170.0;
/// For the name of a route above its bars.
const HEAD: f64 = 22.0;
const BAR: f64 = 22.0;
const GAP: f64 = 5.0;
const ROUTE_GAP: f64 = 22.0;
const ROW: f64 = HEAD + 2.0 * BAR + GAP + ROUTE_GAP;

fn draw(report: &Report<'_>) -> String {
    let summary = report.summary;
    let frame = Frame::new(report, &title(summary), &notes(summary));
    let top = frame.top();
    let bottom = top + summary.routes.len().max(1) as f64 * ROW - ROUTE_GAP + 8.0;
    let x = Scale::linear(0.0, 1.0).over(LEFT, RIGHT);
    let regions: Vec<RegionId> = summary.routes.iter().flat_map(places::regions).collect();
    let order: BTreeMap<RegionId, usize> = {
        let mut order = BTreeMap::new();
        for region in regions {
            let next = order.len();
            order.entry(region).or_insert(next);
        }
        order
    };
    frame.paint(bottom + 40.0, |canvas| {
        for (i, route) in summary.routes.iter().enumerate() {
            let top = top + i as f64 * ROW;
            let name = LABEL.fit(&shown(&route.head), RIGHT - LEFT);
            canvas.text(&name, (LEFT, top + 8.0), LABEL);
            let left = LEFT + LABEL.width(&name) + 12.0;
            let law = Some(places::in_words(route)).filter(|words| !words.is_empty());
            let law = law.map_or("no tokens".into(), |words| format!("tokens: {words}"));
            canvas.text(&SMALL.fit(&law, WIDTH - MARGIN - left), (left, top + 8.5), SMALL);
            let tokens = places::tokens(route);
            let bars = [("attempts", places::attempts(route)), ("tokens", tokens)];
            for (bar, (what, shares)) in bars.into_iter().enumerate() {
                let top = top + HEAD + bar as f64 * (BAR + GAP);
                canvas.text(what, (LEFT - 12.0, top + BAR / 2.0), SMALL.right());
                draw_bar(canvas, &x, &shares, &order, top);
            }
            let bars = top + HEAD;
            canvas.line(&[(LEFT, bars - 3.0), (LEFT, bars + 2.0 * BAR + GAP + 3.0)], stroke(AXIS, 1.0));
        }
        columns(canvas, &x, &[0.0, 0.25, 0.5, 0.75, 1.0], bottom, |share| format!("{} %", plain(share * 100.0)));
    })
}

fn draw_bar(
    canvas: &Canvas<'_>,
    x: &Scale,
    shares: &BTreeMap<RegionId, u64>,
    order: &BTreeMap<RegionId, usize>,
    top: f64,
) {
    let all: u64 = shares.values().sum();
    let middle = top + BAR / 2.0;
    if all == 0 {
        canvas.text("none", (LEFT + 8.0, middle), SMALL);
        return;
    }
    let mut sorted: Vec<_> = shares.iter().filter(|(_, count)| **count > 0).collect();
    sorted.sort_by_key(|(region, _)| order.get(region));
    let (mut passed, mut thin) = (0, Vec::new());
    for (region, count) in sorted {
        let (from, to) = (x.at(passed as f64 / all as f64), x.at((passed + count) as f64 / all as f64));
        passed += count;
        let color = palette::place(order.get(region).copied().unwrap_or(0));
        canvas.rect((from, top), (to, top + BAR), color);
        if from > LEFT + 1.0 {
            canvas.line(&[(from, top), (from, top + BAR)], stroke(WHITE, 1.5));
        }
        let text = format!("{} {}", region.name(), percent(*count, all));
        let kind = Type { color: INK, ..SMALL };
        let wide = kind.width(&text);
        if wide + 16.0 < to - from {
            // On a plate of its own, so that it can be read on every colour and in grey.
            canvas.rect((from + 4.0, top + 3.0), (from + 12.0 + wide, top + BAR - 3.0), WHITE);
            canvas.text(&text, (from + 8.0, middle), kind);
        } else {
            thin.push(text);
        }
    }
    name_thin(canvas, &thin, middle);
}

/// What has no room in the bar is named beside it, on as many lines as the bar is tall.
fn name_thin(canvas: &Canvas<'_>, thin: &[String], middle: f64) {
    const LINE: f64 = 12.5;
    let kind = Type { color: INK, ..SMALL };
    let lines = match thin {
        [] => return,
        [only] => vec![only.clone()],
        [first, second] => vec![first.clone(), second.clone()],
        [first, rest @ ..] => vec![first.clone(), rest.join(", ")],
    };
    let mut y = middle - (lines.len() as f64 - 1.0) * LINE / 2.0;
    for line in lines {
        canvas.text(&kind.fit(&line, WIDTH - 12.0 - RIGHT), (RIGHT + 8.0, y), kind);
        y += LINE;
    }
}

fn notes(summary: &Summary) -> String {
    let tokens = if summary.routes.iter().any(|route| !route.processed.is_empty()) {
        "tokens where they were processed, which the simulation knows and no client does"
    } else {
        "tokens, too: where an inference profile has them processed, no client can see"
    };
    format!(
        "Attempts in the measured time, by the Region whose endpoint was called; {tokens}. Tokens: input and output of \
             all attempts."
    )
}

/// The route whose tokens are spread over the most countries, and how.
fn title(summary: &Summary) -> String {
    let spread = |route: &&RouteSummary| {
        let shares = places::by_jurisdiction(&places::tokens(route));
        let all: u64 = shares.values().sum();
        let most = shares.values().max().copied().unwrap_or(0);
        if all > 0 { (all - most) as f64 / all as f64 } else { 0.0 }
    };
    let mixed =
        summary.routes.iter().max_by(|a, b| spread(a).total_cmp(&spread(b))).filter(|route| spread(route) > 0.0);
    match mixed {
        Some(route) => format!("Tokens of {}: {}", shown(&route.head), places::in_words(route)),
        None if summary.routes.iter().all(|route| places::tokens(route).values().sum::<u64>() == 0) => {
            "No request was answered".into()
        }
        None if summary.routes.iter().any(|route| !route.processed.is_empty()) => {
            "The tokens of each route were processed in one country".into()
        }
        None => "Each route asked for its tokens in one country".into(),
    }
}
