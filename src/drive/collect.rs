//! Writes down what happened, on a thread of its own: rows to disk, where they are wanted, and numbers to the recorder.

use std::io;
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use super::Stop;
use crate::clock::{monotonic, sleep_until};
use crate::core::block::Block;
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::measure::Recorder;
use crate::store::rows::RowWriter;

/// What a crash may cost at most.
const FLUSH_EVERY: Duration = Duration::from_secs(1);

/// Records are taken in groups: to be woken for each would cost the client, which wakes this thread, more than it
/// takes to send the record.
const GATHER: Duration = Duration::from_millis(10);

/// A request together with its attempts, oldest first.
pub struct Record {
    pub request: RequestRecord,
    pub attempts: Vec<AttemptRecord>,
    pub block: Arc<Block>,
}

/// Takes records from any thread; see [`Collector::finish`] for the end.
pub struct Collector {
    recorder: Arc<Mutex<Recorder>>,
    sender: Sender<Record>,
    thread: JoinHandle<io::Result<()>>,
}

impl Collector {
    /// A disk that takes no more ends the run: `stop` is asked, and the error comes out at the end.
    ///
    /// # Errors
    /// When the thread cannot be started.
    pub fn start(recorder: Recorder, mut rows: Option<RowWriter>, stop: Arc<Stop>) -> io::Result<Self> {
        let recorder = Arc::new(Mutex::new(recorder));
        let shared = recorder.clone();
        let (sender, records) = mpsc::channel::<Record>();
        let thread = std::thread::Builder::new().name("collector".into()).spawn(move || {
            let mut written = Ok(());
            let mut next_flush = monotonic() + FLUSH_EVERY;
            loop {
                let first = match records.recv_timeout(next_flush.saturating_duration_since(monotonic())) {
                    Ok(record) => Some(record),
                    Err(RecvTimeoutError::Timeout) => None,
                    Err(RecvTimeoutError::Disconnected) => break,
                };
                if first.is_some() {
                    sleep_until(monotonic() + GATHER);
                }
                let gathered: Vec<_> = first.into_iter().chain(records.try_iter()).collect();
                if let (Some(rows), true) = (&mut rows, written.is_ok()) {
                    written = gathered.iter().try_for_each(|record| write(rows, record));
                    if monotonic() >= next_flush {
                        written = written.and_then(|()| rows.flush());
                    }
                    if written.is_err() {
                        stop.ask();
                    }
                }
                let mut recorder = lock(&shared);
                gathered.into_iter().for_each(|record| count(&mut recorder, record));
                drop(recorder);
                if monotonic() >= next_flush {
                    next_flush = monotonic() + FLUSH_EVERY;
                }
            }
            written.and_then(|()| rows.as_mut().map_or(Ok(()), RowWriter::flush))
        })?;
        Ok(Self { recorder, sender, thread })
    }

    pub fn sender(&self) -> Sender<Record> {
        self.sender.clone()
    }

    /// The numbers so far, for progress.
    pub fn recorder(&self) -> Arc<Mutex<Recorder>> {
        self.recorder.clone()
    }

    /// Waits until every sender is gone and every record is written. The numbers are there even
    /// when the disk was not.
    pub fn finish(self) -> (Recorder, io::Result<()>) {
        drop(self.sender);
        let written = self.thread.join().unwrap_or_else(|_| Err(io::Error::other("the collector failed")));
        let recorder = lock(&self.recorder).clone();
        (recorder, written)
    }
}

/// A poisoned recorder still holds every record that was counted.
pub fn lock(recorder: &Mutex<Recorder>) -> MutexGuard<'_, Recorder> {
    recorder.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Rows keep the stamps of the run; the numbers have the blocks of a route end to end.
fn count(recorder: &mut Recorder, mut record: Record) {
    let by = record.block.shift();
    record.request.shift(by);
    record.attempts.iter_mut().for_each(|attempt| attempt.shift(by));
    recorder.count(&record.request, &record.attempts);
}

fn write(rows: &mut RowWriter, record: &Record) -> io::Result<()> {
    record.attempts.iter().try_for_each(|attempt| rows.attempt(attempt))?;
    rows.request(&record.request, record.block.round)
}
