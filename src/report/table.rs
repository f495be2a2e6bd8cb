//! A table for terminals: aligned by display width, dropping what a narrow one cannot hold.

use console::{measure_text_width, truncate_str};

/// What a piece of text means; colours follow from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Paint {
    Plain,
    Strong,
    Faint,
    Good,
    Doubtful,
    Bad,
}

impl Paint {
    /// `text` in this paint; untouched without colour.
    pub fn on(self, text: &str, colour: bool) -> String {
        let style = match self {
            Self::Plain => return text.to_owned(),
            Self::Strong => console::Style::new().bold(),
            Self::Faint => console::Style::new().dim(),
            Self::Good => console::Style::new().green(),
            Self::Doubtful => console::Style::new().yellow(),
            Self::Bad => console::Style::new().red(),
        };
        if colour && !text.is_empty() { style.force_styling(true).apply_to(text).to_string() } else { text.to_owned() }
    }
}

#[derive(Clone, Debug)]
pub struct Cell {
    text: String,
    paint: Paint,
}

impl Cell {
    pub fn new(text: impl Into<String>, paint: Paint) -> Self {
        Self { text: text.into(), paint }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::new(text, Paint::Plain)
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Align {
    Left,
    Right,
}

#[derive(Clone, Debug)]
pub struct Column {
    head: String,
    /// Stands above neighbouring columns of the same group.
    group: &'static str,
    align: Align,
    /// Spaces to the column before it.
    gap: usize,
    /// Columns of the highest number go first where the table is too wide; 0 stays.
    expendable: u8,
}

impl Column {
    pub fn left(head: impl Into<String>) -> Self {
        Self { head: head.into(), group: "", align: Align::Left, gap: 2, expendable: 0 }
    }

    pub fn right(head: impl Into<String>) -> Self {
        Self { align: Align::Right, ..Self::left(head) }
    }

    pub fn group(mut self, group: &'static str) -> Self {
        self.group = group;
        self
    }

    /// Belongs to the column before it.
    pub fn attached(mut self) -> Self {
        self.gap = 1;
        self
    }

    pub fn expendable(mut self, order: u8) -> Self {
        self.expendable = order;
        self
    }
}

/// Names are cut down to this before a column is given up.
const NAME: usize = 24;

#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<Column>,
    rows: Vec<Vec<Cell>>,
}

impl Table {
    pub fn new(columns: Vec<Column>) -> Self {
        Self { columns, rows: Vec::new() }
    }

    /// Adds a row; cells that it lacks are empty.
    pub fn row(&mut self, cells: Vec<Cell>) {
        let missing = self.columns.len().saturating_sub(cells.len());
        self.rows.push(cells.into_iter().chain((0..missing).map(|_| "".into())).collect());
    }

    pub fn fits(&self, width: usize) -> bool {
        self.width() <= width
    }

    fn width(&self) -> usize {
        let widths = self.widths();
        self.columns.iter().skip(1).map(|column| column.gap).sum::<usize>() + widths.iter().sum::<usize>()
    }

    fn widths(&self) -> Vec<usize> {
        let of = |(i, column): (usize, &Column)| {
            let cells = self.rows.iter().map(|row| measure_text_width(&row[i].text)).max().unwrap_or(0);
            cells.max(measure_text_width(&column.head))
        };
        let mut widths: Vec<_> = self.columns.iter().enumerate().map(of).collect();
        for (start, end) in self.groups() {
            let inner: usize = (start..end).map(|i| widths[i] + if i > start { self.columns[i].gap } else { 0 }).sum();
            // A heading wider than what stands below it pushes its first column out.
            widths[start] += measure_text_width(self.columns[start].group).saturating_sub(inner);
        }
        widths
    }

    /// Runs of columns under one heading.
    fn groups(&self) -> Vec<(usize, usize)> {
        let mut groups = Vec::new();
        let mut start = 0;
        for run in self.columns.chunk_by(|a, b| a.group == b.group) {
            if !run[0].group.is_empty() {
                groups.push((start, start + run.len()));
            }
            start += run.len();
        }
        groups
    }

    /// Whether a column of that heading is left.
    pub fn has(&self, head: &str) -> bool {
        self.columns.iter().any(|column| column.head == head)
    }

    /// Without the columns that there is no room for.
    #[must_use]
    pub fn fitted(mut self, width: usize) -> Self {
        self.shorten_names(width, NAME);
        while !self.fits(width) {
            let Some(last) = self.columns.iter().map(|column| column.expendable).max().filter(|order| *order > 0)
            else {
                break;
            };
            let kept: Vec<_> = self.columns.iter().map(|column| column.expendable != last).collect();
            retain(&mut self.columns, &kept);
            self.rows.iter_mut().for_each(|row| retain(row, &kept));
        }
        self.shorten_names(width, 1);
        self
    }

    /// The lines of the table, none wider than `width`.
    pub fn lines(self, width: usize, colour: bool) -> Vec<String> {
        self.fitted(width).drawn(colour)
    }

    fn drawn(&self, colour: bool) -> Vec<String> {
        let widths = self.widths();
        let mut lines = Vec::with_capacity(self.rows.len() + 2);
        if !self.groups().is_empty() {
            lines.push(Paint::Faint.on(&self.heading(&widths), colour));
        }
        let head = self
            .columns
            .iter()
            .enumerate()
            .map(|(i, column)| Cell::new(column.head.clone(), if i == 0 { Paint::Strong } else { Paint::Faint }));
        let head: Vec<_> = head.collect();
        lines.extend(std::iter::once(&head).chain(&self.rows).map(|row| self.line(row, &widths, colour)));
        lines
    }

    /// Cuts the first column as far as the width asks, but not below `least`. Only names can be
    /// cut: a shortened number is a wrong one.
    fn shorten_names(&mut self, width: usize, least: usize) {
        let excess = self.width().saturating_sub(width);
        if excess > 0 {
            let most = self.widths()[0].saturating_sub(excess).max(least);
            self.rows.iter_mut().for_each(|row| row[0].text = shorten(&row[0].text, most));
            self.columns[0].head = shorten(&self.columns[0].head, most);
        }
    }

    fn heading(&self, widths: &[usize]) -> String {
        let mut line = String::new();
        let start_of = |column: usize| -> usize { (0..column).map(|i| widths[i] + self.columns[i + 1].gap).sum() };
        for (start, end) in self.groups() {
            let (left, right) = (start_of(start), start_of(end - 1) + widths[end - 1]);
            line.push_str(&" ".repeat(left - measure_text_width(&line)));
            let room = right - left - measure_text_width(self.columns[start].group);
            // A rule shows which columns the heading spans.
            let (before, after) = (room / 2, room - room / 2);
            let rule = |room: usize| "─".repeat(room.saturating_sub(1));
            let text = if room < 4 {
                format!("{}{}", " ".repeat(room), self.columns[start].group)
            } else {
                format!("{} {} {}", rule(before), self.columns[start].group, rule(after))
            };
            line.push_str(&text);
        }
        line
    }

    fn line(&self, row: &[Cell], widths: &[usize], colour: bool) -> String {
        let mut line = String::new();
        let mut owed = 0;
        for (i, cell) in row.iter().enumerate() {
            owed += if i > 0 { self.columns[i].gap } else { 0 };
            if cell.text.is_empty() {
                owed += widths[i];
                continue;
            }
            let pad = widths[i] - measure_text_width(&cell.text);
            let (before, after) = if self.columns[i].align == Align::Right { (pad, 0) } else { (0, pad) };
            line.push_str(&" ".repeat(owed + before));
            line.push_str(&cell.paint.on(&cell.text, colour));
            owed = after;
        }
        line
    }
}

/// Cuts the middle out: routes often begin alike, and a reference says so at the end.
fn shorten(name: &str, most: usize) -> String {
    if measure_text_width(name) <= most {
        return name.to_owned();
    }
    let head = truncate_str(name, most.saturating_sub(1) / 2, "");
    let room = most.saturating_sub(measure_text_width(&head) + 1);
    let mut starts = name.char_indices().map(|(start, _)| start);
    let tail = starts.find(|start| measure_text_width(&name[*start..]) <= room).unwrap_or(name.len());
    format!("{head}…{}", &name[tail..])
}

fn retain<T>(items: &mut Vec<T>, kept: &[bool]) {
    let mut kept = kept.iter();
    items.retain(|_| kept.next().copied().unwrap_or(true));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table() -> Table {
        let columns = vec![Column::left("route"), Column::right("n").expendable(1), Column::right("p95")];
        let mut table = Table::new(columns);
        table.row(["sydney→singapore", "3,000", "1.24 s"].map(Cell::from).into());
        table.row(["oregon (reference)", "12", "failed"].map(Cell::from).into());
        table
    }

    #[test]
    fn columns_align_by_what_the_eye_sees() {
        let lines = table().lines(80, false);
        assert_eq!(
            lines,
            [
                "route                   n     p95",
                "sydney→singapore    3,000  1.24 s",
                "oregon (reference)     12  failed",
            ]
        );
    }

    #[test]
    fn an_expendable_column_goes_before_a_name_is_cut() {
        assert_eq!(table().lines(30, false)[1], "sydney→singapore    1.24 s");
        assert_eq!(table().lines(22, false)[1..], ["sydney…ngapore  1.24 s", "oregon…erence)  failed"]);
    }

    #[test]
    fn the_ends_of_a_long_name_stay() {
        assert_eq!(shorten("sydney→singapore→oregon (reference)", 24), "sydney→sing… (reference)");
        assert_eq!(shorten("sydney", 6), "sydney");
        assert_eq!(shorten("sydney", 1), "…");
    }

    #[test]
    fn a_heading_stands_above_its_group_only() {
        let columns = vec![Column::left(""), Column::right("p50").group("TTFT, long"), Column::right("p50")];
        let mut table = Table::new(columns);
        table.row(["a", "1 s", "2 s"].map(Cell::from).into());
        assert_eq!(table.lines(80, false), ["   TTFT, long", "          p50  p50", "a         1 s  2 s"]);
    }
}
