//! What all plots share: greys, type, and the frame that says which run this is.

use plotters::style::RGBColor;

use super::axis::time_tick;
use super::canvas::{Canvas, Type, WIDTH, describe, paint};
use crate::core::residency::Standing;
use crate::core::run::{CLOSED_LOOP, Loop, RouteHead, World};
use crate::core::units::grouped;
use crate::measure::summary::RouteSummary;
use crate::measure::verdict::Grade;
use crate::report::Report;

pub const INK: RGBColor = RGBColor(28, 32, 38);
pub const MUTED: RGBColor = RGBColor(92, 99, 108);
pub const AXIS: RGBColor = RGBColor(150, 156, 164);
pub const GRID: RGBColor = RGBColor(230, 233, 236);
pub const SHADE: RGBColor = RGBColor(245, 246, 248);
pub const WHITE: RGBColor = RGBColor(255, 255, 255);
/// Kept for failures alone.
pub const FAILURE: RGBColor = RGBColor(190, 70, 0);
/// Light enough for a dark line across it, in grey as well.
pub const THROTTLED: RGBColor = RGBColor(244, 190, 155);
pub const FAILURE_TINT: RGBColor = RGBColor(252, 238, 228);

pub const TITLE: Type = Type::new(20.0, INK).bold();
pub const SUBTITLE: Type = Type::new(12.5, MUTED);
pub const LABEL: Type = Type::new(13.0, INK).bold();
pub const SMALL: Type = Type::new(11.5, MUTED);
pub const TICK: Type = Type::new(11.5, MUTED);

pub const MARGIN: f64 = 32.0;

/// The route's name, and whether it may be chosen at all.
pub fn shown(head: &RouteHead) -> String {
    match head.standing {
        Standing::Candidate => head.name.clone(),
        Standing::Reference => format!("{} (reference)", head.name),
    }
}

/// Requests that failed: all that count but the ok ones.
pub fn failures(route: &RouteSummary) -> u64 {
    route.whole().counted() - route.whole().ok()
}

const TITLE_LINE: f64 = 26.0;
const SUBTITLE_LINE: f64 = 17.0;

/// Title, subtitle, badges and notes around a plot.
pub struct Frame {
    title: Vec<String>,
    subtitle: Vec<String>,
    badges: Vec<(String, RGBColor)>,
    notes: Vec<String>,
    provenance: String,
    /// What the plot shows, for those who do not see it.
    alt: String,
}

/// What the frame says of where the numbers come from.
pub struct Origin {
    pub subtitle: String,
    pub badges: Vec<(String, RGBColor)>,
    pub provenance: String,
}

impl Frame {
    pub fn new(report: &Report<'_>, title: &str, notes: &str) -> Self {
        let manifest = report.manifest;
        let origin = Origin {
            subtitle: subtitle(report),
            badges: badges(report),
            provenance: format!(
                "bedbench {} · started {} · configuration {}",
                manifest.version, manifest.started, manifest.config_hash
            ),
        };
        Self::around(origin, title, notes)
    }

    pub fn around(origin: Origin, title: &str, notes: &str) -> Self {
        let Origin { subtitle, badges, provenance } = origin;
        let badge_room = badges.iter().map(|(text, _)| badge_width(text) + 8.0).sum::<f64>() + 16.0;
        let room = WIDTH - 2.0 * MARGIN;
        let labels: String = badges.iter().map(|(text, _)| format!("{text}. ")).collect();
        Self {
            alt: format!("{labels}{title}. {subtitle}"),
            title: TITLE.balanced(title, room - badge_room),
            subtitle: SUBTITLE.wrap(&subtitle, room),
            badges,
            notes: SMALL.wrap(notes, room),
            provenance,
        }
    }

    /// Where the plot itself may begin.
    pub fn top(&self) -> f64 {
        24.0 + self.title.len() as f64 * TITLE_LINE + self.subtitle.len() as f64 * SUBTITLE_LINE + 22.0
    }

    /// The SVG: the frame, and in it what `draw` does; axis labels included, that ends at `bottom`.
    pub fn paint(&self, bottom: f64, draw: impl FnOnce(&Canvas<'_>)) -> String {
        let svg = paint(self.height(bottom), |canvas| {
            self.draw(canvas, bottom);
            draw(canvas);
        });
        describe(&svg, &self.alt)
    }

    fn height(&self, bottom: f64) -> f64 {
        (bottom + 22.0 + (self.notes.len() + 1) as f64 * 16.0 + 16.0).ceil()
    }

    fn draw(&self, canvas: &Canvas<'_>, bottom: f64) {
        let mut y = 38.0;
        for line in &self.title {
            canvas.text(line, (MARGIN, y), TITLE);
            y += TITLE_LINE;
        }
        y -= 3.0;
        for line in &self.subtitle {
            canvas.text(line, (MARGIN, y), SUBTITLE);
            y += SUBTITLE_LINE;
        }
        let mut right = WIDTH - MARGIN;
        for (text, color) in &self.badges {
            let left = right - badge_width(text);
            canvas.rect((left, 25.0), (right, 50.0), *color);
            canvas.text(text, ((left + right) / 2.0, 38.0), Type::new(14.0, WHITE).bold().centred());
            right = left - 8.0;
        }
        let mut y = bottom + 26.0;
        for line in self.notes.iter().chain([&self.provenance]) {
            canvas.text(line, (MARGIN, y), SMALL);
            y += 16.0;
        }
    }
}

fn badge_width(text: &str) -> f64 {
    Type::new(14.0, WHITE).bold().width(text) + 22.0
}

/// What a reader must not overlook: a run that is not Bedrock, is no open loop, was cut short, or doubts itself.
fn badges(report: &Report<'_>) -> Vec<(String, RGBColor)> {
    let summary = report.summary;
    let world = world_badge(summary.world);
    let closed = (summary.kind == Loop::Closed).then(|| (CLOSED_LOOP.to_owned(), FAILURE));
    let interrupted = summary.interrupted.then(|| ("INTERRUPTED".to_owned(), FAILURE));
    let verdict = match summary.verdict.grade {
        Grade::Valid => None,
        Grade::Suspect => Some((Grade::Suspect.to_string(), MUTED)),
        Grade::Invalid => Some((Grade::Invalid.to_string(), FAILURE)),
    };
    [world, closed, verdict, interrupted].into_iter().flatten().collect()
}

pub fn world_badge(world: World) -> Option<(String, RGBColor)> {
    (world != World::Live).then(|| (world.label().to_owned(), INK))
}

fn subtitle(report: &Report<'_>) -> String {
    let config = &report.manifest.config;
    let counts = report.summary.routes.iter().map(|route| route.whole().counted());
    let n = match (counts.clone().min(), counts.max()) {
        (Some(least), Some(most)) if least == most => format!("n = {} requests per route", grouped(least)),
        (Some(least), Some(most)) => format!("n = {}–{} requests per route", grouped(least), grouped(most)),
        _ => "n = 0".into(),
    };
    let scenario = config.scenario.as_ref().map(|scenario| format!("scenario {scenario}"));
    let parts = [
        Some(format!("profile {}", config.profile)),
        scenario,
        Some(format!("workload {}", config.workload)),
        Some(config.load.clone()),
        Some(format!(
            "{} {}",
            time_tick(config.duration.0.as_secs_f64()),
            if report.summary.interrupted { "planned, not finished" } else { "measured" }
        )),
        Some(n),
        Some(format!("seed {}", report.summary.seed.0)),
        Some(report.summary.world.label().to_lowercase()).filter(|_| report.summary.world == World::Live),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" · ")
}
