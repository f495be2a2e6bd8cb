//! Rows field by field. A run may have millions of them, so nothing is allocated for what is not text.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufReader, Read, Seek, SeekFrom, Take};
use std::path::PathBuf;
use std::time::Duration;

use csv::ByteRecord;

use super::ReadError;
use crate::core::record::{Acquisition, AttemptRecord, HttpVersion, RequestRecord, Usage};
use crate::core::{Outcome, RegionId, RunTime};
use crate::store::rows::Names;

pub const REQUESTS: &[&str] = &[
    "route",
    "index",
    "phase",
    "block",
    "intended_ns",
    "sent_ns",
    "last_sent_ns",
    "first_token_ns",
    "last_token_ns",
    "finished_ns",
    "outcome",
    "attempts",
    "region",
    "input_tokens",
    "output_tokens",
    "prompt",
];

pub const ATTEMPTS: &[&str] = &[
    "route",
    "index",
    "attempt",
    "region",
    "model",
    "asked_tokens",
    "sent_ns",
    "head_ns",
    "first_token_ns",
    "last_token_ns",
    "finished_ns",
    "outcome",
    "http_status",
    "http_version",
    "connection",
    "acquisition_ns",
    "input_tokens",
    "output_tokens",
    "processed_in",
    "queued_ns",
    "service_latency_ms",
    "request_id",
    "error",
];

/// One of the two files, row by row.
pub struct Rows {
    path: PathBuf,
    columns: &'static [&'static str],
    reader: csv::Reader<Take<BufReader<File>>>,
    row: ByteRecord,
    /// Rows that were cut off in the middle, and are not read: 0 or 1.
    pub half_rows: u64,
}

impl Rows {
    pub fn open(path: PathBuf, columns: &'static [&'static str]) -> Result<Self, ReadError> {
        let failed = |error| ReadError::Io(path.clone(), error);
        let mut file = File::open(&path).map_err(failed)?;
        let length = file.metadata().map_err(failed)?.len();
        let whole = whole_lines(&mut file, length).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let lines = BufReader::with_capacity(1 << 18, file).take(whole);
        let mut reader = csv::ReaderBuilder::new().buffer_capacity(1 << 18).from_reader(lines);
        let found = reader.byte_headers().map_err(|error| ReadError::Columns(path.clone(), error.to_string()))?;
        if whole > 0 && found != &ByteRecord::from(columns) {
            let missing = columns.iter().find(|column| !found.iter().any(|found| found == column.as_bytes()));
            let what = match missing {
                Some(column) => format!("it has no column `{column}`, so another bedbench wrote it; use that one"),
                None => "its columns are not in the order in which bedbench writes them".to_owned(),
            };
            return Err(ReadError::Columns(path, what));
        }
        Ok(Self { path, columns, reader, row: ByteRecord::new(), half_rows: u64::from(length > whole) })
    }

    /// The next row; `None` at the end.
    pub fn next(&mut self) -> Result<Option<Row<'_>>, ReadError> {
        match self.reader.read_byte_record(&mut self.row) {
            Ok(true) => Ok(Some(Row { rows: self })),
            Ok(false) => Ok(None),
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let what = match error.kind() {
                    csv::ErrorKind::UnequalLengths { len, expected_len, .. } => {
                        format!("{len} fields in place of {expected_len}")
                    }
                    _ => error.to_string(),
                };
                Err(ReadError::Row { file: self.path.clone(), line, what })
            }
        }
    }
}

/// How many bytes of a file are lines that end: a crash may leave the last one half written.
fn whole_lines(file: &mut File, length: u64) -> std::io::Result<u64> {
    const STEP: u64 = 1 << 16;
    let mut end = length;
    while end > 0 {
        let start = end.saturating_sub(STEP);
        let mut bytes = vec![0; (end - start) as usize];
        file.seek(SeekFrom::Start(start))?;
        file.read_exact(&mut bytes)?;
        if let Some(at) = bytes.iter().rposition(|byte| *byte == b'\n') {
            return Ok(start + at as u64 + 1);
        }
        end = start;
    }
    Ok(0)
}

/// One row of either file.
pub struct Row<'a> {
    rows: &'a Rows,
}

impl<'a> Row<'a> {
    fn wrong(&self, what: String) -> ReadError {
        let line = self.rows.row.position().map_or(0, csv::Position::line);
        ReadError::Row { file: self.rows.path.clone(), line, what }
    }

    fn field(&self, column: usize) -> &'a [u8] {
        &self.rows.row[column]
    }

    /// `what` is what the column should hold.
    fn refuse(&self, column: usize, what: &str) -> ReadError {
        let found = String::from_utf8_lossy(self.field(column));
        self.wrong(format!("`{found}` in column `{}` is not {what}", self.rows.columns[column]))
    }

    fn optional<T>(
        &self,
        column: usize,
        read: impl Fn(&[u8]) -> Option<T>,
        what: &str,
    ) -> Result<Option<T>, ReadError> {
        match self.field(column) {
            [] => Ok(None),
            field => read(field).map(Some).ok_or_else(|| self.refuse(column, what)),
        }
    }

    fn needed<T>(&self, column: usize, read: impl Fn(&[u8]) -> Option<T>, what: &str) -> Result<T, ReadError> {
        read(self.field(column)).ok_or_else(|| self.refuse(column, what))
    }

    fn count<T: TryFrom<u64>>(&self, column: usize) -> Result<T, ReadError> {
        self.needed(column, |field| number(field)?.try_into().ok(), "a number that fits there")
    }

    fn counted<T: TryFrom<u64>>(&self, column: usize) -> Result<Option<T>, ReadError> {
        self.optional(column, |field| number(field)?.try_into().ok(), "a number that fits there")
    }

    fn stamp(&self, column: usize) -> Result<Option<RunTime>, ReadError> {
        Ok(self.counted(column)?.map(RunTime::from_nanos))
    }

    fn instant(&self, column: usize) -> Result<RunTime, ReadError> {
        Ok(RunTime::from_nanos(self.count(column)?))
    }

    fn region(&self, column: usize) -> Result<Option<RegionId>, ReadError> {
        let named = |field: &[u8]| RegionId::all().find(|region| region.code().as_bytes() == field);
        self.optional(column, named, "a Region that bedbench knows")
    }

    fn usage(&self, input: usize) -> Result<Option<Usage>, ReadError> {
        let counts = self.counted(input)?.zip(self.counted(input + 1)?);
        Ok(counts.map(|(input_tokens, output_tokens)| Usage { input_tokens, output_tokens }))
    }

    fn outcome(&self, column: usize) -> Result<Outcome, ReadError> {
        self.needed(column, outcome, "an outcome")
    }

    fn text(&self, column: usize) -> Option<String> {
        let field = self.field(column);
        (!field.is_empty()).then(|| String::from_utf8_lossy(field).into_owned())
    }

    /// Position of the route. Rows of one route stand together or take turns, so the last one is tried first.
    fn route(&self, names: &Names, last: u16) -> Result<u16, ReadError> {
        let is = |route: usize, field: &[u8]| names.routes.get(route).is_some_and(|head| head.name.as_bytes() == field);
        let find = |field: &[u8]| match usize::from(last) {
            last if is(last, field) => Some(last as u16),
            _ => (0..names.routes.len()).find(|route| is(*route, field)).map(|route| route as u16),
        };
        self.needed(0, find, "a route of the manifest")
    }

    /// A row of `requests.csv`, its phase still to be found, with the round of its block, from 0.
    pub fn request(&self, names: &Names, last_route: u16) -> Result<(RequestRecord, u16), ReadError> {
        let round = self.needed(3, |field| number(field)?.checked_sub(1)?.try_into().ok(), "the number of a block")?;
        let record = RequestRecord {
            route: self.route(names, last_route)?,
            index: self.count(1)?,
            phase: 0,
            intended: self.instant(4)?,
            sent: self.stamp(5)?,
            last_sent: self.stamp(6)?,
            first_token: self.stamp(7)?,
            last_token: self.stamp(8)?,
            finished: self.instant(9)?,
            outcome: self.outcome(10)?,
            attempts: self.count(11)?,
            region: self.region(12)?,
            usage: self.usage(13)?,
            prompt_hash: self.optional(15, hexadecimal, "a hexadecimal number")?,
        };
        Ok((record, round))
    }

    /// A row of `attempts.csv`.
    pub fn attempt(&self, names: &Names, last_route: u16) -> Result<AttemptRecord, ReadError> {
        let route = self.route(names, last_route)?;
        let region = self.region(3)?.ok_or_else(|| self.refuse(3, "a Region that bedbench knows"))?;
        let targets = &names.routes[usize::from(route)].targets;
        let target = self.needed(
            4,
            |field| targets.iter().position(|target| target.region == region && target.model.as_bytes() == field),
            "a model that the route calls in that Region",
        )?;
        Ok(AttemptRecord {
            route,
            index: self.count(1)?,
            attempt: self.count(2)?,
            region,
            target: target as u16,
            asked_tokens: self.count(5)?,
            sent: self.stamp(6)?,
            head: self.stamp(7)?,
            first_token: self.stamp(8)?,
            last_token: self.stamp(9)?,
            finished: self.instant(10)?,
            outcome: self.outcome(11)?,
            http_status: self.counted(12)?,
            error: self.text(22).map(Cow::Owned),
            request_id: self.text(21),
            acquisition: self.acquisition()?,
            usage: self.usage(16)?,
            place: self.region(18)?,
            queued: self.counted(19)?.map(Duration::from_nanos),
            service_latency: self.optional(20, milliseconds, "a time in milliseconds")?,
        })
    }

    fn acquisition(&self) -> Result<Option<Acquisition>, ReadError> {
        let reused =
            self.optional(14, |field| known(field, &[(b"reused", true), (b"fresh", false)]), "fresh or reused")?;
        let versions = [HttpVersion::Http1, HttpVersion::Http2];
        let version = |field: &[u8]| versions.into_iter().find(|version| version.name().as_bytes() == field);
        let version = self.optional(13, version, "HTTP/1.1 or HTTP/2")?;
        let took = self.counted(15)?.map(Duration::from_nanos);
        Ok(reused.map(|reused| Acquisition { took, reused, version }))
    }
}

fn known<T: Copy>(field: &[u8], words: &[(&[u8], T)]) -> Option<T> {
    words.iter().find(|(word, _)| *word == field).map(|(_, meaning)| *meaning)
}

/// Decimal digits alone.
fn number(field: &[u8]) -> Option<u64> {
    if field.is_empty() {
        return None;
    }
    field.iter().try_fold(0_u64, |sum, byte| {
        let digit = byte.wrapping_sub(b'0');
        (digit < 10).then_some(())?;
        sum.checked_mul(10)?.checked_add(u64::from(digit))
    })
}

fn hexadecimal(field: &[u8]) -> Option<u64> {
    u64::from_str_radix(std::str::from_utf8(field).ok()?, 16).ok()
}

fn milliseconds(field: &[u8]) -> Option<Duration> {
    let ms: f64 = std::str::from_utf8(field).ok()?.parse().ok()?;
    (ms.is_finite() && ms >= 0.0).then(|| Duration::from_nanos((ms * 1e6).round() as u64))
}

/// As serde writes it: `stream_error`.
fn outcome(field: &[u8]) -> Option<Outcome> {
    let is = |name: &str| {
        name.len() == field.len()
            && name
                .bytes()
                .zip(field)
                .all(|(of_name, byte)| if of_name == b' ' { *byte == b'_' } else { of_name == *byte })
    };
    Outcome::ALL.into_iter().find(|outcome| is(outcome.name()))
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn outcomes_are_read_as_they_are_written() {
        for expected in Outcome::ALL {
            let written = serde_json::to_value(expected).unwrap();
            assert_eq!(outcome(written.as_str().unwrap().as_bytes()), Some(expected), "{written}");
        }
        assert_eq!(outcome(b"stream error"), None);
    }

    #[test]
    fn a_number_is_digits_and_fits() {
        assert_eq!(number(b"18446744073709551615"), Some(u64::MAX));
        for wrong in [&b"18446744073709551616"[..], b"", b"-1", b"1.0", b" 1", b"1e3"] {
            assert_eq!(number(wrong), None, "{}", String::from_utf8_lossy(wrong));
        }
    }

    #[test]
    fn a_latency_keeps_its_nanoseconds() {
        for nanos in [0, 1, 450_000_000, 1_234_567_891, 3_600_000_000_001] {
            let written = (Duration::from_nanos(nanos).as_nanos() as f64 / 1e6).to_string();
            assert_eq!(milliseconds(written.as_bytes()), Some(Duration::from_nanos(nanos)), "{written}");
        }
    }

    #[test]
    fn half_a_line_is_no_line() {
        let folder = tempfile::tempdir().unwrap();
        let path: &Path = &folder.path().join("rows");
        for (text, whole) in [("", 0), ("abc", 0), ("a\n", 2), ("a\nb", 2), ("a\nb\n", 4)] {
            std::fs::write(path, text).unwrap();
            assert_eq!(whole_lines(&mut File::open(path).unwrap(), text.len() as u64).unwrap(), whole, "{text:?}");
        }
        let long = "x".repeat(200_000);
        std::fs::write(path, format!("a\n{long}")).unwrap();
        assert_eq!(whole_lines(&mut File::open(path).unwrap(), 200_002).unwrap(), 2);
    }
}
