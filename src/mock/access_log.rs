//! The access log: one line of JSON per request, without what was said and by whose leave.
//!
//! Lines are written by a thread of its own: a slow disk must not delay an answer.

use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::JoinHandle;
use std::time::Duration;

use aws_smithy_types::date_time::{DateTime, Format};
use serde::{Serialize, Serializer};

use crate::clock::monotonic;
use crate::core::RegionId;
use crate::region::fault::FaultKind;

/// Longest time for which a line may be kept in memory.
const LONGEST_KEPT: Duration = Duration::from_millis(500);

/// How a request ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Ok,
    Exception,
    /// Spoilt on purpose, other than by an exception; whether the client stayed to the end or not.
    Fault,
    /// The connection, or the stream on it, was closed before the answer had ended.
    Cancelled,
}

#[derive(Clone, Debug, Serialize)]
pub struct Line {
    /// When the request's head had come, in nanoseconds since 1970.
    #[serde(serialize_with = "rfc3339")]
    pub time: u64,
    pub request_id: String,
    pub region: RegionId,
    pub http: &'static str,
    /// Absent where the path names none.
    pub operation: Option<&'static str>,
    pub model: Option<String>,
    /// The header `amz-sdk-request`: `attempt=2; max=3`.
    pub attempt: Option<String>,
    pub outcome: Outcome,
    /// Absent when the client went away before there was one.
    pub status: Option<u16>,
    pub exception: Option<&'static str>,
    /// What went wrong on purpose: the kind of the fault, exceptions included.
    pub fault: Option<FaultKind>,
    pub input_tokens: Option<u32>,
    /// Of the whole answer, also where the client did not wait for it.
    pub output_tokens: Option<u32>,
    /// What the Region model decided, counted from the request's arrival there.
    pub queue_ms: Option<f64>,
    pub first_token_ms: Option<f64>,
    pub total_ms: Option<f64>,
}

fn rfc3339<S: Serializer>(unix_nanos: &u64, serializer: S) -> Result<S::Ok, S::Error> {
    let seconds = DateTime::from_secs((unix_nanos / 1_000_000_000) as i64);
    let seconds = seconds.fmt(Format::DateTime).expect("four-digit years");
    let millis = unix_nanos / 1_000_000 % 1_000;
    serializer.collect_str(&format_args!("{}.{millis:03}Z", seconds.trim_end_matches('Z')))
}

/// Where the lines go; a file, dropped, has everything.
pub struct AccessLog {
    lines: Option<Sender<Line>>,
    writer: Option<JoinHandle<()>>,
}

impl AccessLog {
    /// # Errors
    /// When no thread can be started.
    pub fn start(file: File) -> io::Result<Self> {
        let (lines, received) = mpsc::channel();
        let writer = std::thread::Builder::new().name("access-log".into()).spawn(move || {
            if let Err(error) = write(BufWriter::new(file), &received) {
                say!("bedbench: the access log ends here: {error}");
            }
        })?;
        Ok(Self { lines: Some(lines), writer: Some(writer) })
    }

    /// Hands every line over as it is, for whoever is in the same process.
    pub fn to(lines: Sender<Line>) -> Self {
        Self { lines: Some(lines), writer: None }
    }

    pub fn add(&self, line: Line) {
        if let Some(lines) = &self.lines {
            // A writer that is gone has said why.
            let _ = lines.send(line);
        }
    }
}

impl Drop for AccessLog {
    fn drop(&mut self) {
        self.lines.take();
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

/// Writes what comes in groups, until nobody is left to send.
fn write(mut file: impl Write, lines: &Receiver<Line>) -> io::Result<()> {
    while let Ok(first) = lines.recv() {
        let due = monotonic() + LONGEST_KEPT;
        let mut next = Some(first);
        while let Some(line) = next {
            serde_json::to_writer(&mut file, &line)?;
            file.write_all(b"\n")?;
            next = lines.recv_timeout(due.saturating_duration_since(monotonic())).ok();
        }
        file.flush()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_one_line_with_its_time_in_milliseconds() {
        let line = Line {
            time: 1_795_404_123_040_999_999,
            request_id: "id".into(),
            region: RegionId::SYDNEY,
            http: "HTTP/1.1",
            operation: Some("Converse"),
            model: Some("a\nb".into()),
            attempt: None,
            outcome: Outcome::Cancelled,
            status: None,
            exception: None,
            fault: Some(FaultKind::CutClean),
            input_tokens: Some(1),
            output_tokens: Some(2),
            queue_ms: Some(0.0),
            first_token_ms: Some(20.0),
            total_ms: Some(38.5),
        };
        let (sender, received) = mpsc::channel();
        sender.send(line).unwrap();
        drop(sender);
        let mut file = Vec::new();
        write(&mut file, &received).unwrap();
        let expected = concat!(
            r#"{"time":"2026-11-23T03:22:03.040Z","request_id":"id","region":"ap-southeast-2","http":"HTTP/1.1","#,
            r#""operation":"Converse","model":"a\nb","attempt":null,"outcome":"cancelled","status":null,"#,
            r#""exception":null,"fault":"cut-clean","input_tokens":1,"output_tokens":2,"queue_ms":0.0,"first_token_ms":20.0,"#,
            r#""total_ms":38.5}"#,
            "\n",
        );
        assert_eq!(String::from_utf8(file).unwrap(), expected);
    }
}
