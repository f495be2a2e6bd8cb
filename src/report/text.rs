//! The report on the terminal: what was run, the numbers, what they show, and last, because it
//! stays on the screen, whether to believe them.

use std::io::{self, Write};

use super::table::Paint;
use super::wrap::{flow, wrap};
use super::{Report, finding, objectives, phrase};
use crate::core::run::World;
use crate::measure::summary::Summary;
use crate::measure::verdict::Grade;

mod tables;

/// How to write for the reader's terminal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Style {
    pub colour: bool,
    /// Columns. Narrower than 80 is written as 80.
    pub width: usize,
}

const NARROWEST: usize = 80;

impl Style {
    /// Never narrower than tables are.
    #[must_use]
    pub fn readable(self) -> Self {
        Self { width: self.width.max(NARROWEST), ..self }
    }
}

/// Sentences do not get easier to read beyond this.
const PROSE: usize = 100;

/// Writes the whole report.
///
/// # Errors
/// Those of `out`.
pub fn write(report: &Report<'_>, style: Style, out: &mut dyn Write) -> io::Result<()> {
    let style = style.readable();
    let sections = [
        header(report, style),
        tables::requests(report.summary, style),
        tables::response(report.summary, style),
        tables::other_times(report.summary, style),
        tables::phases(report.summary, style),
        tables::costs(report.summary, style),
        objectives(report.summary, style),
        findings(report.summary, style),
        instrument(report.summary, style),
        verdict(report.summary, style),
    ];
    out.write_all(joined(&sections).as_bytes())
}

/// Sections with an empty line between them.
pub(super) fn joined(sections: &[Vec<String>]) -> String {
    let sections = sections.iter().filter(|section| !section.is_empty());
    sections.map(|section| section.join("\n") + "\n").collect::<Vec<_>>().join("\n")
}

/// A word that nobody overlooks.
fn badge(text: &str, paint: Paint, colour: bool) -> String {
    if !colour {
        return text.to_owned();
    }
    let style = console::Style::new().bold().reverse();
    let style = match paint {
        Paint::Good => style.green(),
        Paint::Doubtful => style.yellow(),
        Paint::Bad => style.red(),
        _ => style,
    };
    style.force_styling(true).apply_to(format!(" {text} ")).to_string()
}

fn header(report: &Report<'_>, style: Style) -> Vec<String> {
    let (strong, faint) = (phrase::headline(report), phrase::setting(report));
    let (mut lines, indent) = banner(report.summary.world, &report.summary.label(), &strong, &faint, style);
    if report.summary.interrupted {
        lines.push(format!("{}{}", " ".repeat(indent), Paint::Doubtful.on(phrase::INTERRUPTED, style.colour)));
    }
    lines
}

/// What the numbers are from, and beside it what was run; with the indent of the latter.
pub(super) fn banner(
    world: World,
    label: &str,
    strong: &[String],
    faint: &[String],
    style: Style,
) -> (Vec<String>, usize) {
    let paint = match world {
        World::Live => Paint::Good,
        World::Mock | World::Sim | World::Endpoint => Paint::Doubtful,
    };
    let badge = badge(label, paint, style.colour);
    let indent = console::measure_text_width(&badge) + 2;
    let mut lines = flow(strong, style.width - indent);
    lines.extend(flow(faint, style.width - indent));
    let lines = lines.into_iter().enumerate().map(|(i, line)| match i {
        0 => format!("{badge}  {}", Paint::Strong.on(&line, style.colour)),
        _ => format!("{}{}", " ".repeat(indent), Paint::Faint.on(&line, style.colour)),
    });
    (lines.collect(), indent)
}

pub(super) fn title(text: &str, rest: &str, style: Style) -> String {
    format!("{}  {}", Paint::Strong.on(text, style.colour), Paint::Faint.on(rest, style.colour))
}

fn objectives(summary: &Summary, style: Style) -> Vec<String> {
    let groups = objectives::groups(summary);
    let lines = groups.iter().map(|group| {
        let head = title("Objectives", group.about, style);
        std::iter::once(head).chain(bullets(&objectives::sentences(group.results), style)).collect::<Vec<_>>()
    });
    lines.collect::<Vec<_>>().join(&String::new())
}

fn findings(summary: &Summary, style: Style) -> Vec<String> {
    let sentences = finding::sentences(summary);
    if sentences.is_empty() {
        return Vec::new();
    }
    let head = title("Findings", "response time over all requests, whole measured time", style);
    std::iter::once(head).chain(bullets(&sentences, style)).collect()
}

pub(super) fn bullets(sentences: &[String], style: Style) -> Vec<String> {
    sentences.iter().flat_map(|sentence| wrap(&format!("• {sentence}"), style.width.min(PROSE), 2)).collect()
}

fn instrument(summary: &Summary, style: Style) -> Vec<String> {
    const LABEL: &str = "Instrument";
    let indent = LABEL.len() + 2;
    let lines = flow(&phrase::instrument(summary), style.width - indent);
    lines
        .into_iter()
        .enumerate()
        .map(|(i, line)| match i {
            0 => format!("{}  {line}", Paint::Strong.on(LABEL, style.colour)),
            _ => format!("{}{line}", " ".repeat(indent)),
        })
        .collect()
}

fn verdict(summary: &Summary, style: Style) -> Vec<String> {
    let paint = |grade| match grade {
        Grade::Valid => Paint::Good,
        Grade::Suspect => Paint::Doubtful,
        Grade::Invalid => Paint::Bad,
    };
    let verdict = &summary.verdict;
    let badge = badge(&verdict.grade.to_string(), paint(verdict.grade), style.colour);
    let mut lines = vec![format!("{badge}  {}", phrase::verdict(summary))];
    for reason in phrase::reasons(verdict) {
        // Padded apart from the paint, so that the reasons stand under each other.
        let grade = format!("{:<7}", reason.grade.to_string().to_lowercase());
        for (i, line) in wrap(&reason.text, style.width.min(PROSE) - 11, 0).into_iter().enumerate() {
            lines.push(match i {
                0 => format!("  {}  {line}", paint(reason.grade).on(&grade, style.colour)),
                _ => format!("{}{line}", " ".repeat(11)),
            });
        }
    }
    lines
}

#[cfg(test)]
mod tests;
