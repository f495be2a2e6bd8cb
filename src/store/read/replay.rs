//! Every request with its attempts, in the order in which they were written down.

use std::io;
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use super::columns::{ATTEMPTS, REQUESTS, Rows};
use super::{ReadError, Run};
use crate::core::RunTime;
use crate::core::record::{AttemptRecord, RequestRecord};
use crate::measure::verdict::Torn;
use crate::store::rows::Names;

/// Attempts that are handed over at once.
const BATCH: usize = 4_096;

/// One request as it was recorded. Stamps lie as in the numbers: where routes took turns, the blocks of each lie end
/// to end.
#[derive(Clone, Copy, Debug)]
pub struct Entry<'a> {
    pub request: &'a RequestRecord,
    /// Oldest first.
    pub attempts: &'a [AttemptRecord],
    /// Of its block, from 0; 0 throughout where nobody took turns.
    pub round: u16,
}

/// What there was besides the entries.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Replayed {
    pub requests: u64,
    /// The last thing that was seen to happen, in the time of the run.
    pub last: RunTime,
    /// Absent where the records are complete.
    pub torn: Option<Torn>,
}

impl Run {
    /// Hands every record to `take`. Holds a few thousand of them at a time.
    ///
    /// # Errors
    /// When there are no records, or a row is not one of ours. Rows cut off at the end of a file are no error.
    pub fn replay(&self, take: impl FnMut(Entry<'_>)) -> Result<Replayed, ReadError> {
        self.read(true, take)
    }

    /// The same with the stamps that are in the rows.
    ///
    /// # Errors
    /// Those of [`Run::replay`].
    pub fn rows(&self, take: impl FnMut(Entry<'_>)) -> Result<Replayed, ReadError> {
        self.read(false, take)
    }

    fn read(&self, shifted: bool, mut take: impl FnMut(Entry<'_>)) -> Result<Replayed, ReadError> {
        let path = self.path().join("requests.csv");
        let requests = match Rows::open(path, REQUESTS) {
            Err(ReadError::Io(_, error)) if error.kind() == io::ErrorKind::NotFound => {
                return Err(ReadError::NoRecords(self.path().to_owned()));
            }
            rows => rows?,
        };
        let attempts = Rows::open(self.path().join("attempts.csv"), ATTEMPTS)?;
        let names = &Names::of(&self.manifest);
        let half_rows = requests.half_rows + attempts.half_rows;
        let (sender, batches) = sync_channel(4);
        let replayed = std::thread::scope(|scope| {
            // The two files are read at once: half of the time goes into the digits.
            scope.spawn(move || {
                let mut attempts = attempts;
                loop {
                    let batch = read_batch(&mut attempts, names);
                    let more = batch.as_ref().is_ok_and(|batch| batch.len() == BATCH);
                    if sender.send(batch).is_err() || !more {
                        break;
                    }
                }
            });
            let attempts = Attempts { batches, batch: Vec::new().into_iter(), next: None, own: Vec::new() };
            self.in_lockstep(requests, attempts, (names, shifted), &mut take)
        });
        let (mut replayed, adrift, missing) = replayed?;
        let ended = self.manifest.finished.is_some();
        let missing = match &self.manifest.finished {
            Some(finished) => Some(finished.requests.saturating_sub(replayed.requests)),
            None => missing,
        };
        if !ended || half_rows > 0 || adrift > 0 || missing != Some(0) {
            replayed.torn = Some(Torn { ended, requests: missing, attempts: adrift, half_rows });
        }
        Ok(replayed)
    }

    /// Returns too how many attempts have no request, or the other way round, and how many numbers of requests are
    /// missing below the highest of each route.
    fn in_lockstep(
        &self,
        mut requests: Rows,
        mut attempts: Attempts,
        (names, shifted): (&Names, bool),
        take: &mut dyn FnMut(Entry<'_>),
    ) -> Result<(Replayed, u64, Option<u64>), ReadError> {
        let shifts = self.shifts();
        let mut replayed = Replayed::default();
        let (mut adrift, mut last_route) = (0, 0);
        // By route: rows, and the highest number.
        let mut numbers = vec![(0_u64, None::<u32>); names.routes.len()];
        while let Some(row) = requests.next()? {
            let (mut request, round) = row.request(names, last_route)?;
            last_route = request.route;
            let route = usize::from(request.route);
            attempts.of(&request)?;
            adrift += u64::from(request.attempts).saturating_sub(attempts.own.len() as u64);
            replayed.requests += 1;
            replayed.last = replayed.last.max(request.finished);
            numbers[route].0 += 1;
            numbers[route].1 = numbers[route].1.max(Some(request.index));
            let by = shifts.get(usize::from(round)).map_or(Duration::ZERO, |of_round| of_round[route]);
            request.phase = names.phases.index_at(request.intended.before(by)) as u16;
            if shifted && !by.is_zero() {
                request.shift(by);
                attempts.own.iter_mut().for_each(|attempt| attempt.shift(by));
            }
            take(Entry { request: &request, attempts: &attempts.own, round });
        }
        adrift += attempts.left()?;
        // Where the application's own cache answers, numbers are missing anyway.
        let hits =
            self.manifest.config.files.get("workload").and_then(|workload| workload.get("cache_hit_rate")?.as_f64());
        let mut due = 0;
        for (route, (rows, highest)) in names.routes.iter().zip(&numbers) {
            let highest = highest.map_or(0, |highest| self.up_to(highest));
            due += highest.checked_sub(*rows).ok_or_else(|| {
                let what = format!("it holds requests of route `{}` twice, and they would count twice", route.name);
                ReadError::Columns(self.path().join("requests.csv"), what)
            })?;
        }
        let missing = (hits.unwrap_or(0.0) == 0.0).then_some(due);
        Ok((replayed, adrift, missing))
    }

    /// How many requests there are up to this number, of those that the run fired.
    fn up_to(&self, highest: u32) -> u64 {
        let count = self.manifest.shard.as_ref().map_or(1, |row| row.shard.count.max(1));
        u64::from(highest / count) + 1
    }

    /// By round and route, by how much sooner records are filed.
    fn shifts(&self) -> Vec<Vec<Duration>> {
        let turns = self.manifest.turns();
        let rounds = turns.iter().map(|block| usize::from(block.round) + 1).max().unwrap_or(0);
        let mut shifts = vec![vec![Duration::ZERO; self.manifest.config.routes.len()]; rounds];
        for block in &turns {
            block.routes.iter().for_each(|route| shifts[usize::from(block.round)][usize::from(*route)] = block.shift());
        }
        shifts
    }
}

type Batch = Result<Vec<AttemptRecord>, ReadError>;

fn read_batch(rows: &mut Rows, names: &Names) -> Batch {
    let mut batch = Vec::with_capacity(BATCH);
    while batch.len() < BATCH {
        let Some(row) = rows.next()? else { break };
        let last_route = batch.last().map_or(0, |attempt: &AttemptRecord| attempt.route);
        batch.push(row.attempt(names, last_route)?);
    }
    Ok(batch)
}

/// The attempts of one request after the other.
struct Attempts {
    batches: Receiver<Batch>,
    batch: std::vec::IntoIter<AttemptRecord>,
    /// Read, and not yet asked for.
    next: Option<AttemptRecord>,
    /// Of the request that was asked for last.
    own: Vec<AttemptRecord>,
}

impl Attempts {
    fn next(&mut self) -> Result<Option<AttemptRecord>, ReadError> {
        if let Some(next) = self.next.take().or_else(|| self.batch.next()) {
            return Ok(Some(next));
        }
        // Gone is the reader when it has come to the end.
        if let Ok(batch) = self.batches.recv() {
            self.batch = batch?.into_iter();
        }
        Ok(self.batch.next())
    }

    /// Reads those of `request`: the next ones, as many of them as are its own.
    fn of(&mut self, request: &RequestRecord) -> Result<(), ReadError> {
        self.own.clear();
        for _ in 0..request.attempts {
            match self.next()? {
                Some(attempt) if (attempt.route, attempt.index) == (request.route, request.index) => {
                    self.own.push(attempt)
                }
                other => {
                    self.next = other;
                    break;
                }
            }
        }
        Ok(())
    }

    /// How many nobody has asked for.
    fn left(&mut self) -> Result<u64, ReadError> {
        let mut left = 0;
        while self.next()?.is_some() {
            left += 1;
        }
        Ok(left)
    }
}
