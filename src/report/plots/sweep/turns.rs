//! Where it turns: knees and crossovers, as marks in the field and as lines below it.

use super::chart::{LEFT, Panel, RIGHT};
use crate::measure::series::Level;
use crate::report::cell;
use crate::report::plots::axis::Scale;
use crate::report::plots::canvas::{Canvas, Type, WIDTH, dashed, stroke};
use crate::report::plots::palette::{Look, looks};
use crate::report::plots::style::{MARGIN, SMALL, shown};
use crate::report::sweep::sentence::{interval, rate};
use crate::stats::crossing::Crossing;
use crate::stats::knee::Knee;
use crate::sweep::{Overtaking, Pair, Sweep};

/// A crossover beyond which two routes never differ by as much is not worth a line.
const WORTH: f64 = 1.1;

/// One line of what turns where; what several routes do at the same load is one line.
pub struct Turn {
    kind: Kind,
    look: Look,
    crossing: Crossing,
}

enum Kind {
    Knee(Vec<String>),
    /// The route that becomes the lower one, and those that it undercuts.
    Crossover {
        lower: String,
        line: String,
        higher: Vec<String>,
    },
}

/// Knees in the order of the routes, then crossovers by load.
pub fn turns(sweep: &Sweep) -> Vec<Turn> {
    let looks = looks(sweep.routes.iter().map(|route| &route.head));
    let mut turns: Vec<Turn> = Vec::new();
    for (route, look) in sweep.routes.iter().zip(&looks) {
        let Knee::At(crossing) = route.knee else { continue };
        let name = cell::name(&route.head);
        let same = turns.iter_mut().filter(|turn| turn.crossing == crossing).find_map(|turn| match &mut turn.kind {
            Kind::Knee(names) => Some(names),
            Kind::Crossover { .. } => None,
        });
        match same {
            Some(names) => names.push(name),
            None => turns.push(Turn { kind: Kind::Knee(vec![name]), look: *look, crossing }),
        }
    }
    let knees = turns.len();
    let crossovers = sweep.pairs.iter().flat_map(|pair| (0..pair.crossovers.len()).map(move |which| (pair, which)));
    let mut crossovers: Vec<_> = crossovers.filter(|(pair, which)| worth(sweep, pair, *which)).collect();
    crossovers.sort_by(|(a, i), (b, j)| a.crossovers[*i].crossing.at.total_cmp(&b.crossovers[*j].crossing.at));
    for (pair, which) in crossovers {
        let one = &pair.crossovers[which];
        let over = higher(pair, one).to_owned();
        let same = turns[knees..].iter_mut().find_map(|turn| match &mut turn.kind {
            Kind::Crossover { lower, higher, .. } if *lower == one.lower_beyond => {
                together(&mut turn.crossing, &one.crossing).then_some(higher)
            }
            _ => None,
        });
        if let Some(higher) = same {
            higher.push(over);
            continue;
        }
        let route = sweep.routes.iter().position(|route| route.head.name == one.lower_beyond).unwrap_or(0);
        let line = shown(&sweep.routes[route].head);
        let kind = Kind::Crossover { lower: one.lower_beyond.clone(), line, higher: vec![over] };
        turns.push(Turn { kind, look: looks[route], crossing: one.crossing });
    }
    turns
}

fn higher<'a>(pair: &'a Pair, one: &Overtaking) -> &'a str {
    if one.lower_beyond == pair.base { &pair.other } else { &pair.base }
}

/// Whether the routes come to differ by a tenth or more before they cross again.
fn worth(sweep: &Sweep, pair: &Pair, which: usize) -> bool {
    let one = &pair.crossovers[which];
    let until = pair.crossovers.get(which + 1).map_or(f64::INFINITY, |next| next.crossing.at);
    let watched = sweep.decisive();
    let level = |name: &str, load: f64| {
        let route = sweep.routes.iter().find(|route| route.head.name == name)?;
        let seconds = |level| match level {
            Level::At(time) => time.as_secs_f64(),
            Level::Failed => f64::INFINITY,
        };
        Some(route.spread(load, |point| point.level(watched).map(seconds))?.middle)
    };
    sweep.loads.iter().filter(|load| (one.crossing.at..until).contains(load)).any(|load| {
        let (lower, higher) = (level(&one.lower_beyond, *load), level(higher(pair, one), *load));
        matches!((lower, higher), (Some(lower), Some(higher)) if lower.is_finite() && higher >= WORTH * lower)
    })
}

/// Whether each of two lies in the interval of the other; the first then takes in both intervals.
fn together(all: &mut Crossing, one: &Crossing) -> bool {
    let (Some(low), Some(high), Some(from), Some(to)) = (all.low, all.high, one.low, one.high) else { return false };
    let same = (low..=high).contains(&one.at) && (from..=to).contains(&all.at);
    if same {
        (all.low, all.high) = (Some(low.min(from)), Some(high.max(to)));
    }
    same
}

impl Turn {
    fn text(&self) -> String {
        let (at, interval) = (rate(self.crossing.at), interval(&self.crossing));
        match &self.kind {
            Kind::Knee(names) => format!("knee of {}: {at} ({interval})", listed(names)),
            Kind::Crossover { lower, higher, .. } => format!("{lower} below {} from {at} ({interval})", listed(higher)),
        }
    }

    /// In the field itself: a ring where two lines cross, a line down from the objective at a knee.
    pub fn mark(&self, canvas: &Canvas<'_>, x: &Scale, panel: &Panel<'_>, limit: f64) {
        let at = x.at(self.crossing.at);
        match &self.kind {
            Kind::Crossover { line, .. } => panel.ring(canvas, x, line, self.crossing.at),
            Kind::Knee(_) => {
                let top = panel.scale().at(limit);
                canvas.line(&[(at, top), (at, panel.bottom)], dashed(self.look.ink, 1.4, 2.0, 2.0));
                self.look.marker(canvas, (at, top));
            }
        }
    }

    pub fn draw(&self, canvas: &Canvas<'_>, x: &Scale, y: f64) {
        // An end that is no number leaves through the side of the plot.
        let (left, right) =
            (self.crossing.low.map_or(LEFT, |low| x.at(low)), self.crossing.high.map_or(RIGHT, |high| x.at(high)));
        let pen = stroke(self.look.ink, 1.6);
        canvas.line(&[(left, y), (right, y)], pen);
        for end in [self.crossing.low.map(|_| left), self.crossing.high.map(|_| right)].into_iter().flatten() {
            canvas.line(&[(end, y - 4.0), (end, y + 4.0)], pen);
        }
        let at = x.at(self.crossing.at);
        self.look.marker(canvas, (at, y));
        let kind = Type { color: self.look.ink, ..SMALL };
        let text = self.text();
        let wide = kind.width(&text);
        let (after, before) = (right.max(at) + 12.0, left.min(at) - 12.0);
        if after + wide < WIDTH - MARGIN / 2.0 {
            canvas.text(&text, (after, y), kind);
        } else {
            canvas.text(&kind.fit(&text, before), (before, y), kind.right());
        }
    }
}

/// `a, b and c`
fn listed(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sweep::fixture::swept;

    #[test]
    fn what_turns_at_the_same_load_is_one_line_and_a_crossover_of_equals_is_none() {
        let mut sweep = swept().clone();
        let at = |at| Crossing { at, low: Some(at - 1.0), high: Some(at + 1.0), seeds: 5 };
        for route in &mut sweep.routes {
            route.knee = Knee::At(at(40.0));
        }
        let names: Vec<_> = sweep.routes.iter().map(|route| route.head.name.clone()).collect();
        let over = |other: &str, load, lower: &str| Pair {
            base: names[0].clone(),
            other: other.into(),
            crossovers: vec![Overtaking { crossing: at(load), lower_beyond: lower.into() }],
            lower: vec![],
        };
        let said = |sweep: &Sweep| turns(sweep).iter().map(Turn::text).collect::<Vec<_>>();
        sweep.pairs = vec![over(&names[1], 45.0, &names[1]), over(&names[1], 45.5, &names[1])];
        let lines = said(&sweep);
        assert_eq!(lines.len(), 2, "{lines:?}");
        assert!(lines[0].starts_with("knee of ") && lines[0].ends_with(": 40 (39–41)"), "{lines:?}");
        assert!(lines[1].ends_with("from 45 (44–46.5)"), "{lines:?}");

        // Two routes that do the same never differ by a tenth.
        let same = sweep.routes[0].points.clone();
        sweep.routes[1].points = same;
        assert_eq!(said(&sweep).len(), 1);
    }
}
