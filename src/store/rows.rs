//! `requests.csv` and `attempts.csv`: one row each, appended while the run goes on.
//!
//! Stamps are nanoseconds since the run started; an empty field means that there is none.

use std::fs::File;
use std::io::{self, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::folder::at;
use super::manifest::Manifest;
use crate::core::phase::Phases;
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::core::run::RouteHead;
use crate::core::{Outcome, RegionId, RunTime};

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RequestRow {
    pub route: String,
    pub index: u32,
    pub phase: String,
    /// Round of the block, from 1: the same number, the same requests. 1 throughout where nobody takes turns.
    pub block: u16,
    pub intended_ns: RunTime,
    /// First attempt handed to the transport.
    pub sent_ns: Option<RunTime>,
    /// The attempt that settled the request.
    pub last_sent_ns: Option<RunTime>,
    pub first_token_ns: Option<RunTime>,
    pub last_token_ns: Option<RunTime>,
    pub finished_ns: RunTime,
    pub outcome: Outcome,
    pub attempts: u16,
    /// Region whose endpoint gave the last answer.
    pub region: Option<RegionId>,
    pub input_tokens: Option<u32>,
    pub output_tokens: Option<u32>,
    /// FNV-1a of the prompt, hexadecimal.
    pub prompt: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AttemptRow {
    pub route: String,
    pub index: u32,
    pub attempt: u16,
    pub region: RegionId,
    pub model: String,
    /// Input tokens that the prompt was written for.
    pub asked_tokens: u32,
    pub sent_ns: Option<RunTime>,
    /// Head of the response.
    pub head_ns: Option<RunTime>,
    pub first_token_ns: Option<RunTime>,
    pub last_token_ns: Option<RunTime>,
    pub finished_ns: RunTime,
    pub outcome: Outcome,
    pub http_status: Option<u16>,
    pub http_version: Option<String>,
    /// `fresh` or `reused`.
    pub connection: Option<String>,
    /// Waiting for the connection, opening it included.
    pub acquisition_ns: Option<u64>,
    pub input_tokens: Option<u32>,
    pub output_tokens: Option<u32>,
    /// Where it was processed, in a simulation.
    pub processed_in: Option<RegionId>,
    /// Between its arrival at the Region and its slot, in a simulation.
    pub queued_ns: Option<u64>,
    /// The service's own latency: whole milliseconds as Bedrock tells it, finer in a simulation.
    pub service_latency_ms: Option<f64>,
    pub request_id: Option<String>,
    pub error: Option<String>,
}

/// Names behind the positions that records carry.
#[derive(Clone, Debug)]
pub struct Names {
    pub routes: Vec<RouteHead>,
    pub phases: Phases,
}

impl Names {
    pub fn of(manifest: &Manifest) -> Self {
        Self { routes: manifest.config.routes.clone(), phases: manifest.config.phases.clone() }
    }
}

impl RequestRow {
    pub fn new(record: &RequestRecord, round: u16, names: &Names) -> Self {
        Self {
            route: names.routes[usize::from(record.route)].name.clone(),
            index: record.index,
            phase: names.phases.get(usize::from(record.phase)).name.clone(),
            block: round + 1,
            intended_ns: record.intended,
            sent_ns: record.sent,
            last_sent_ns: record.last_sent,
            first_token_ns: record.first_token,
            last_token_ns: record.last_token,
            finished_ns: record.finished,
            outcome: record.outcome,
            attempts: record.attempts,
            region: record.region,
            input_tokens: record.usage.map(|usage| usage.input_tokens),
            output_tokens: record.usage.map(|usage| usage.output_tokens),
            prompt: record.prompt_hash.map(|hash| format!("{hash:016x}")),
        }
    }
}

impl AttemptRow {
    pub fn new(record: &AttemptRecord, names: &Names) -> Self {
        let route = &names.routes[usize::from(record.route)];
        let acquisition = record.acquisition;
        Self {
            route: route.name.clone(),
            index: record.index,
            attempt: record.attempt,
            region: record.region,
            model: route.targets[usize::from(record.target)].model.clone(),
            asked_tokens: record.asked_tokens,
            sent_ns: record.sent,
            head_ns: record.head,
            first_token_ns: record.first_token,
            last_token_ns: record.last_token,
            finished_ns: record.finished,
            outcome: record.outcome,
            http_status: record.http_status,
            http_version: acquisition.and_then(|a| a.version).map(|version| version.name().to_owned()),
            connection: acquisition.map(|a| if a.reused { "reused" } else { "fresh" }.to_owned()),
            acquisition_ns: acquisition.and_then(|a| a.took).map(|took| took.as_nanos() as u64),
            input_tokens: record.usage.map(|usage| usage.input_tokens),
            output_tokens: record.usage.map(|usage| usage.output_tokens),
            processed_in: record.place,
            queued_ns: record.queued.map(|queued| queued.as_nanos() as u64),
            service_latency_ms: record.service_latency.map(|latency| latency.as_nanos() as f64 / 1e6),
            request_id: record.request_id.clone(),
            error: record.error.as_deref().map(str::to_owned),
        }
    }
}

/// Appends rows to both files. Nothing is certain to be on disk before [`RowWriter::flush`].
pub struct RowWriter {
    names: Names,
    requests: Appended,
    attempts: Appended,
}

impl RowWriter {
    /// # Errors
    /// When the files cannot be created.
    pub fn create(folder: &Path, names: Names) -> io::Result<Self> {
        let open = |file| Appended::create(folder.join(file));
        Ok(Self { names, requests: open("requests.csv")?, attempts: open("attempts.csv")? })
    }

    /// `round` is that of the block in which it was fired, from 0.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn request(&mut self, record: &RequestRecord, round: u16) -> io::Result<()> {
        self.requests.append(RequestRow::new(record, round, &self.names))
    }

    /// # Errors
    /// When the disk does not take it.
    pub fn attempt(&mut self, record: &AttemptRecord) -> io::Result<()> {
        self.attempts.append(AttemptRow::new(record, &self.names))
    }

    /// # Errors
    /// When the disk does not take it, or a file is no longer where it was made.
    pub fn flush(&mut self) -> io::Result<()> {
        self.requests.flush()?;
        self.attempts.flush()
    }
}

struct Appended {
    path: PathBuf,
    /// To know it again.
    made: File,
    rows: csv::Writer<AllOrNothing<File>>,
}

impl Appended {
    fn create(path: PathBuf) -> io::Result<Self> {
        let file = File::create_new(&path).map_err(|error| at(&path, error))?;
        Ok(Self { made: file.try_clone()?, path, rows: csv::Writer::from_writer(AllOrNothing { file, taken: 0 }) })
    }

    fn append(&mut self, row: impl Serialize) -> io::Result<()> {
        self.rows.serialize(row).map_err(|error| at(&self.path, error.into()))
    }

    fn flush(&mut self) -> io::Result<()> {
        self.rows.flush().map_err(|error| at(&self.path, error))?;
        // A file that was deleted takes rows as before, and keeps none.
        if !is_at(&self.made, &self.path) {
            let what = format!("{}: it was moved or deleted while the run wrote to it", self.path.display());
            return Err(io::Error::new(io::ErrorKind::NotFound, what));
        }
        Ok(())
    }
}

/// A disk that is full takes the beginning of what is written. The writer of rows keeps all of it and tries once more
/// when it is dropped: should there be room by then, the beginning would stand there twice.
struct AllOrNothing<F> {
    file: F,
    /// Bytes.
    taken: u64,
}

/// What can be made shorter again.
trait Cut: Write {
    /// Leaves so many bytes, and goes on from there.
    fn cut(&mut self, to: u64) -> io::Result<()>;
}

impl Cut for File {
    fn cut(&mut self, to: u64) -> io::Result<()> {
        self.set_len(to)?;
        self.seek(SeekFrom::Start(to)).map(drop)
    }
}

impl<F: Cut> Write for AllOrNothing<F> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if let Err(error) = self.file.write_all(bytes) {
            self.file.cut(self.taken)?;
            return Err(error);
        }
        self.taken += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

#[cfg(unix)]
fn is_at(file: &File, path: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let (made, found) = (file.metadata(), std::fs::metadata(path));
    made.is_ok_and(|made| found.is_ok_and(|found| (made.dev(), made.ino()) == (found.dev(), found.ino())))
}

#[cfg(not(unix))]
fn is_at(_: &File, path: &Path) -> bool {
    path.exists()
}

/// Reads `requests.csv` back.
///
/// # Errors
/// When the file is missing or a row is not one of ours.
pub fn read_requests(folder: &Path) -> Result<Vec<RequestRow>, csv::Error> {
    csv::Reader::from_path(folder.join("requests.csv"))?.deserialize().collect()
}

/// Reads `attempts.csv` back.
///
/// # Errors
/// When the file is missing or a row is not one of ours.
pub fn read_attempts(folder: &Path) -> Result<Vec<AttemptRow>, csv::Error> {
    csv::Reader::from_path(folder.join("attempts.csv"))?.deserialize().collect()
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::rc::Rc;
    use std::time::Duration;

    use super::*;
    use crate::core::record::{Acquisition, HttpVersion, Usage};
    use crate::core::residency::Standing;
    use crate::core::run::TargetHead;

    #[test]
    fn rows_read_back_as_they_were_written() {
        let at = RunTime::from_nanos;
        let request = RequestRecord {
            route: 0,
            index: 7,
            phase: 0,
            intended: at(1_000),
            sent: Some(at(2_000)),
            last_sent: Some(at(2_000)),
            first_token: None,
            last_token: None,
            finished: at(9_000),
            outcome: Outcome::StreamError,
            attempts: 1,
            region: Some(RegionId::SYDNEY),
            usage: None,
            prompt_hash: Some(0xabc),
        };
        let attempt = AttemptRecord {
            route: 0,
            index: 7,
            attempt: 0,
            region: RegionId::SYDNEY,
            target: 0,
            asked_tokens: 400,
            sent: Some(at(2_000)),
            head: None,
            first_token: None,
            last_token: None,
            finished: at(9_000),
            outcome: Outcome::StreamError,
            http_status: Some(200),
            error: Some("said \"no\", twice".into()),
            request_id: None,
            acquisition: Some(Acquisition {
                took: Some(Duration::from_micros(5)),
                reused: true,
                version: Some(HttpVersion::Http1),
            }),
            usage: Some(Usage { input_tokens: 3, output_tokens: 4 }),
            place: None,
            queued: Some(Duration::from_millis(3)),
            service_latency: Some(Duration::from_millis(6)),
        };
        let folder = tempfile::tempdir().unwrap();
        let target = TargetHead { region: RegionId::SYDNEY, model: "au.model".into(), processed_in: "Sydney".into() };
        let head = RouteHead {
            name: "sydney→singapore".into(),
            label: "Sydney".into(),
            policy: "pinned".into(),
            standing: Standing::Candidate,
            targets: vec![target],
        };
        let names = Names { routes: vec![head], phases: Phases::lay_out(Duration::ZERO, Duration::from_secs(1), &[]) };
        let mut writer = RowWriter::create(folder.path(), names.clone()).unwrap();
        writer.request(&request, 2).unwrap();
        writer.attempt(&attempt).unwrap();
        writer.flush().unwrap();
        assert_eq!(read_requests(folder.path()).unwrap(), [RequestRow::new(&request, 2, &names)]);
        assert_eq!(read_attempts(folder.path()).unwrap(), [AttemptRow::new(&attempt, &names)]);
    }

    /// What is on it, and how much it holds.
    #[derive(Clone)]
    struct Disk(Rc<RefCell<(Vec<u8>, usize)>>);

    impl Write for Disk {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let (held, room) = &mut *self.0.borrow_mut();
            let taken = &bytes[..bytes.len().min(*room - held.len())];
            held.extend(taken);
            if taken.is_empty() { Err(io::ErrorKind::StorageFull.into()) } else { Ok(taken.len()) }
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    impl Cut for Disk {
        fn cut(&mut self, to: u64) -> io::Result<()> {
            self.0.borrow_mut().0.truncate(to as usize);
            Ok(())
        }
    }

    #[test]
    fn a_disk_that_has_room_again_holds_no_part_of_a_row_twice() {
        let disk = Disk(Rc::new(RefCell::new((Vec::new(), 20))));
        let mut rows = csv::Writer::from_writer(AllOrNothing { file: disk.clone(), taken: 0 });
        rows.write_record(["0", "first"]).unwrap();
        rows.flush().unwrap();
        rows.write_record(["1", "one more row"]).unwrap();
        rows.write_record(["2", "the last"]).unwrap();
        let full = rows.flush().unwrap_err();
        assert_eq!(full.kind(), io::ErrorKind::StorageFull);
        assert_eq!(disk.0.borrow().0, b"0,first\n");
        disk.0.borrow_mut().1 = 1_000;
        drop(rows);
        assert_eq!(disk.0.borrow().0, b"0,first\n1,one more row\n2,the last\n");
    }
}
