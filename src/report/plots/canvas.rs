//! Shapes and text on an SVG, in CSS pixels.

use plotters::coord::Shift;
use plotters::element::{Circle, DashedPathElement, PathElement, Polygon, Rectangle, Text};
use plotters::prelude::{DrawingArea, IntoDrawingArea, SVGBackend};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontFamily, FontStyle, FontTransform, IntoFont, RGBColor, ShapeStyle, TextStyle};

use crate::report::wrap::words;

/// plotters counts in whole units; quarter pixels keep curves smooth when a reader zooms in.
const UNITS: f64 = 4.0;

/// plotters-svg divides font sizes by this.
const FONT_FACTOR: f64 = 1.24;

const FONT: FontFamily<'_> = FontFamily::Name("Helvetica Neue, Helvetica, Arial, Liberation Sans, sans-serif");

pub const WIDTH: f64 = 1000.0;

pub type Point = (f64, f64);

pub struct Canvas<'a> {
    area: DrawingArea<SVGBackend<'a>, Shift>,
}

#[derive(Clone, Copy)]
pub struct Stroke {
    pub color: RGBColor,
    pub width: f64,
    /// Length of a dash and of the gap after it.
    pub dash: Option<(f64, f64)>,
}

pub const fn stroke(color: RGBColor, width: f64) -> Stroke {
    Stroke { color, width, dash: None }
}

pub const fn dashed(color: RGBColor, width: f64, dash: f64, gap: f64) -> Stroke {
    Stroke { color, width, dash: Some((dash, gap)) }
}

#[derive(Clone, Copy)]
pub struct Type {
    pub size: f64,
    pub bold: bool,
    pub color: RGBColor,
    pub align: HPos,
}

impl Type {
    pub const fn new(size: f64, color: RGBColor) -> Self {
        Self { size, bold: false, color, align: HPos::Left }
    }

    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    pub const fn right(self) -> Self {
        Self { align: HPos::Right, ..self }
    }

    pub const fn centred(self) -> Self {
        Self { align: HPos::Center, ..self }
    }

    pub fn width(&self, text: &str) -> f64 {
        let em: f64 = text.chars().map(advance).sum();
        em * self.size * if self.bold { 1.07 } else { 1.0 }
    }

    /// `text`, cut with an ellipsis where it is wider than `room`.
    pub fn fit(&self, text: &str, room: f64) -> String {
        if self.width(text) <= room {
            return text.to_owned();
        }
        let mut short: String = text.to_owned();
        while short.pop().is_some() && self.width(&short) + self.size > room {}
        format!("{}…", short.trim_end())
    }

    /// Lines of whole words, none wider than `room` unless one word is.
    pub fn wrap(&self, text: &str, room: f64) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for word in words(text) {
            match lines.last_mut() {
                Some(line) if self.width(line) + self.width(" ") + self.width(&word) <= room => {
                    line.push(' ');
                    line.push_str(&word);
                }
                _ => lines.push(word),
            }
        }
        lines.iter().map(|line| self.fit(line, room)).collect()
    }

    /// As few lines as in `wrap`, as even as they can be: no last word stands alone.
    pub fn balanced(&self, text: &str, room: f64) -> Vec<String> {
        let lines = self.wrap(text, room);
        let narrower = (1..).map(|step| room - f64::from(step) * self.size).take_while(|room| *room > self.size);
        let even = narrower.map(|room| self.wrap(text, room)).take_while(|even| even.len() == lines.len()).last();
        // A single word that is too wide would be cut.
        even.filter(|even| even.join(" ") == lines.join(" ")).unwrap_or(lines)
    }
}

/// Advance of a character in em, on the generous side: the reader's font is not known, and room
/// to spare beats clipped text.
fn advance(c: char) -> f64 {
    match c {
        'i' | 'j' | 'l' | 'I' | '.' | ',' | ':' | ';' | '\'' | '|' | '!' => 0.28,
        'f' | 't' | 'r' | ' ' | '(' | ')' | '-' | '/' | '·' => 0.35,
        'm' | 'w' | 'M' | 'W' | '%' | '@' | '→' | '—' => 0.92,
        'A'..='Z' => 0.70,
        _ => 0.57,
    }
}

/// Draws on white, `WIDTH` by `height`, and gives the SVG.
pub fn paint(height: f64, draw: impl FnOnce(&Canvas<'_>)) -> String {
    let mut svg = String::new();
    let (width, tall) = (units(WIDTH), units(height));
    {
        let area = SVGBackend::with_string(&mut svg, (width as u32, tall as u32)).into_drawing_area();
        let canvas = Canvas { area };
        canvas.rect((0.0, 0.0), (WIDTH, height), RGBColor(255, 255, 255));
        draw(&canvas);
        canvas.area.present().expect(IN_MEMORY);
    }
    // The view box stays in plotters' units; the drawing's own size is in pixels.
    svg.replacen(
        &format!("width=\"{width}\" height=\"{tall}\""),
        &format!("width=\"{WIDTH:.0}\" height=\"{height:.0}\""),
        1,
    )
}

/// The SVG as an image of which a screen reader says `alt`.
pub fn describe(svg: &str, alt: &str) -> String {
    let mut escaped = String::with_capacity(alt.len());
    for c in alt.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '"' => escaped.push_str("&quot;"),
            c if c.is_control() => escaped.push(' '),
            c => escaped.push(c),
        }
    }
    svg.replacen("<svg ", &format!("<svg role=\"img\" aria-label=\"{escaped}\" "), 1)
}

const IN_MEMORY: &str = "a string takes whatever is written to it";

fn units(px: f64) -> i32 {
    (px * UNITS).round() as i32
}

fn at((x, y): Point) -> (i32, i32) {
    (units(x), units(y))
}

impl Canvas<'_> {
    pub fn line(&self, points: &[Point], stroke: Stroke) {
        if points.len() < 2 {
            return;
        }
        let style = ShapeStyle::from(&stroke.color).stroke_width(units(stroke.width) as u32);
        let points: Vec<_> = points.iter().copied().map(at).collect();
        let drawn = match stroke.dash {
            None => self.area.draw(&PathElement::new(points, style)),
            Some((dash, gap)) => {
                self.area.draw(&DashedPathElement::new(points, units(dash) as u32, units(gap) as u32, style))
            }
        };
        drawn.expect(IN_MEMORY);
    }

    pub fn rect(&self, top_left: Point, bottom_right: Point, color: RGBColor) {
        self.area.draw(&Rectangle::new([at(top_left), at(bottom_right)], color.filled())).expect(IN_MEMORY);
    }

    pub fn polygon(&self, points: &[Point], color: RGBColor) {
        let points: Vec<_> = points.iter().copied().map(at).collect();
        self.area.draw(&Polygon::new(points, color.filled())).expect(IN_MEMORY);
    }

    /// A polygon through which what lies below can be seen.
    pub fn veil(&self, points: &[Point], color: RGBColor) {
        let points: Vec<_> = points.iter().copied().map(at).collect();
        self.area.draw(&Polygon::new(points, color.mix(0.16).filled())).expect(IN_MEMORY);
    }

    pub fn disc(&self, centre: Point, radius: f64, color: RGBColor) {
        self.area.draw(&Circle::new(at(centre), units(radius), color.filled())).expect(IN_MEMORY);
    }

    /// A cross: something failed.
    pub fn cross(&self, (x, y): Point, reach: f64, stroke: Stroke) {
        self.line(&[(x - reach, y - reach), (x + reach, y + reach)], stroke);
        self.line(&[(x - reach, y + reach), (x + reach, y - reach)], stroke);
    }

    /// Text whose middle line is at the point's height.
    pub fn text(&self, text: &str, at: Point, kind: Type) {
        self.turned(text, at, kind, FontTransform::None);
    }

    /// Text that reads upwards.
    pub fn upright(&self, text: &str, at: Point, kind: Type) {
        self.turned(text, at, kind, FontTransform::Rotate270);
    }

    fn turned(&self, text: &str, point: Point, kind: Type, turn: FontTransform) {
        let weight = if kind.bold { FontStyle::Bold } else { FontStyle::Normal };
        let font = (FONT, kind.size * UNITS * FONT_FACTOR, weight).into_font().transform(turn);
        let style = TextStyle::from(font).color(&kind.color).pos(Pos::new(kind.align, VPos::Center));
        self.area.draw(&Text::new(text, at(point), style)).expect(IN_MEMORY);
    }
}
