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

    /// The lines of the table, none wider than `width`.
    pub fn lines(mut self, width: usize, colour: bool) -> Vec<String> {
        while !self.fits(width) {
            let Some(last) = self.columns.iter().map(|column| column.expendable).max().filter(|order| *order > 0)
            else {
                break;
            };
            let kept: Vec<_> = self.columns.iter().map(|column| column.expendable != last).collect();
            let keep = |i: usize| kept[i];
            retain(&mut self.columns, keep);
            self.rows.iter_mut().for_each(|row| retain(row, keep));
        }
        let excess = self.width().saturating_sub(width);
        if excess > 0 {
            // Only names can be cut: a shortened number is a wrong one.
            let most = self.widths()[0].saturating_sub(excess).max(1);
            for row in &mut self.rows {
                row[0].text = truncate_str(&row[0].text, most, "…").into_owned();
            }
            self.columns[0].head = truncate_str(&self.columns[0].head, most, "…").into_owned();
        }
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

    fn heading(&self, widths: &[usize]) -> String {
        let mut line = String::new();
        let start_of = |column: usize| -> usize { (0..column).map(|i| widths[i] + self.columns[i + 1].gap).sum() };
        for (start, end) in self.groups() {
            let right = start_of(end - 1) + widths[end - 1];
            let text = self.columns[start].group;
            let left = right - measure_text_width(text);
            line.push_str(&" ".repeat(left - measure_text_width(&line)));
            line.push_str(text);
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

fn retain<T>(items: &mut Vec<T>, keep: impl Fn(usize) -> bool) {
    let mut i = 0;
    items.retain(|_| {
        i += 1;
        keep(i - 1)
    });
}
