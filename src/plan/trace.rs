//! Traces: requests that were recorded once, with their instants and lengths.

use std::fmt;
use std::sync::Arc;

use csv::{ReaderBuilder, StringRecord, Trim};

use crate::core::units::Rate;

const HEADER: [&str; 3] = ["offset", "input_tokens", "output_tokens"];

/// Bedrock takes bodies of 25 million bytes (`InvokeModel` in the API reference): a longer prompt
/// is a number in the wrong column.
const MOST_TOKENS: u32 = 25_000_000 / super::prompt::BYTES_PER_TOKEN as u32;

/// One request of a trace.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Row {
    /// Seconds since the trace began.
    pub offset: f64,
    pub input_tokens: u32,
    pub output_tokens: u32,
}

/// Requests in order of their instants. Cheap to clone.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Trace(Arc<[Row]>);

/// What is wrong with a trace, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceError {
    /// From 1.
    pub line: u64,
    pub what: String,
}

/// As `LINE: what`, to follow the name of the file and a colon.
impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.line, self.what)
    }
}

impl std::error::Error for TraceError {}

impl Trace {
    /// Reads CSV with the header `offset,input_tokens,output_tokens`; `offset` is in seconds.
    ///
    /// # Errors
    /// The first line that is not such a row, or whose offset lies before that of the line above.
    pub fn read(csv: &[u8]) -> Result<Self, TraceError> {
        let mut reader = ReaderBuilder::new().trim(Trim::All).flexible(true).has_headers(false).from_reader(csv);
        let wrong = |record: &StringRecord, what| TraceError { line: line_of(csv, record), what };
        let mut record = StringRecord::new();
        let mut rows: Vec<Row> = Vec::new();
        let mut has_header = false;
        while reader.read_record(&mut record).map_err(|_| wrong(&record, "this is not text in UTF-8".to_owned()))? {
            if !has_header {
                if record != HEADER[..] {
                    return Err(wrong(&record, format!("a trace begins with the header {}", HEADER.join(","))));
                }
                has_header = true;
                continue;
            }
            let row = Row::parse(&record).map_err(|what| wrong(&record, what))?;
            if let Some(last) = rows.last().filter(|last| row.offset < last.offset) {
                let what =
                    format!("offset {} lies before {} of the row above; sort by offset", row.offset, last.offset);
                return Err(wrong(&record, what));
            }
            rows.push(row);
        }
        if rows.is_empty() {
            let what = format!("no request is in it; a trace is {} and a row for each request", HEADER.join(","));
            return Err(TraceError { line: 1, what });
        }
        Ok(Self(rows.into()))
    }

    pub fn rows(&self) -> &[Row] {
        &self.0
    }

    /// Seconds from its beginning to the first whole one behind its last request.
    pub fn seconds(&self) -> u64 {
        self.0.last().map_or(0, |last| (last.offset as u64).saturating_add(1))
    }

    /// Most arrivals within one second, counted from the whole second on.
    pub fn peak(&self) -> Rate {
        let most = self.0.chunk_by(|a, b| a.offset as u64 == b.offset as u64).map(<[Row]>::len).max();
        Rate(most.unwrap_or(0) as f64)
    }
}

/// The reader counts a record's line from the empty ones before it.
fn line_of(csv: &[u8], record: &StringRecord) -> u64 {
    let start = record.position().map_or(0, |position| position.byte() as usize);
    let empty = csv[start..].iter().take_while(|byte| matches!(byte, b'\r' | b'\n')).count();
    1 + csv[..start + empty].iter().filter(|byte| **byte == b'\n').count() as u64
}

impl Row {
    fn parse(record: &StringRecord) -> Result<Self, String> {
        if record.len() != HEADER.len() {
            return Err(format!("{} values, not the 3 of {}", record.len(), HEADER.join(",")));
        }
        let offset: f64 = record[0].parse().unwrap_or(f64::NAN);
        if !(offset.is_finite() && offset >= 0.0) {
            return Err(format!("offset `{}` is not a number of seconds", &record[0]));
        }
        let tokens = |column: usize| {
            let number = record[column].parse().ok().filter(|tokens| (1..=MOST_TOKENS).contains(tokens));
            number.ok_or_else(|| {
                format!("{} `{}` is not a whole number from 1 to {MOST_TOKENS}", HEADER[column], &record[column])
            })
        };
        Ok(Self { offset, input_tokens: tokens(1)?, output_tokens: tokens(2)? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(rows: &str) -> Result<Trace, TraceError> {
        Trace::read(format!("offset,input_tokens,output_tokens\n{rows}").as_bytes())
    }

    #[test]
    fn a_trace_is_read_back_as_it_was_written() {
        let trace = read("0,400,60\n0.25, 900 ,12\r\n0.25,1,1\n\n3.000000001,5,7\n").unwrap();
        let row = |offset, input_tokens, output_tokens| Row { offset, input_tokens, output_tokens };
        assert_eq!(trace.rows(), [row(0.0, 400, 60), row(0.25, 900, 12), row(0.25, 1, 1), row(3.000_000_001, 5, 7)]);
        assert_eq!((trace.seconds(), trace.peak()), (4, Rate(3.0)));
    }

    #[test]
    fn what_is_no_trace_is_refused_with_its_line() {
        for (rows, said) in [
            ("1,2,3\n5,2,3\n4.5,2,3\n", "4: offset 4.5 lies before 5 of the row above; sort by offset"),
            ("1,2,3\n\n5,2\n", "4: 2 values, not the 3 of offset,input_tokens,output_tokens"),
            ("-1,2,3\n", "2: offset `-1` is not a number of seconds"),
            ("1s,2,3\n", "2: offset `1s` is not a number of seconds"),
            ("NaN,2,3\n", "2: offset `NaN` is not a number of seconds"),
            ("1,2.5,3\n", "2: input_tokens `2.5` is not a whole number from 1 to 6250000"),
            ("1,2,0\n", "2: output_tokens `0` is not a whole number from 1 to 6250000"),
            ("1,2,99999999999\n", "2: output_tokens `99999999999` is not a whole number from 1 to 6250000"),
            ("", "1: no request is in it; a trace is offset,input_tokens,output_tokens and a row for each request"),
        ] {
            assert_eq!(read(rows).unwrap_err().to_string(), said, "{rows:?}");
        }
        let said = Trace::read(b"time,in,out\n1,2,3\n").unwrap_err().to_string();
        assert_eq!(said, "1: a trace begins with the header offset,input_tokens,output_tokens");
        assert!(Trace::read(b"").is_err());
        let said = Trace::read(b"offset,input_tokens,output_tokens\n1,\xff,3\n").unwrap_err();
        assert_eq!(said.line, 2, "{said}");
    }
}
