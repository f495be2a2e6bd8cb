//! The numbers of a run, made anew from its records.

use super::{ReadError, Run};
use crate::core::run::Loop;
use crate::measure::verdict::Torn;
use crate::measure::{Recorder, Summary};

/// What a run would have had in memory at its end.
pub struct Rebuilt {
    pub recorder: Recorder,
    pub summary: Summary,
    /// What the records do not hold; also in the summary's verdict.
    pub torn: Option<Torn>,
}

impl Run {
    /// Counts every record as the run did. Of a run that did not say when it ended, the rates are until the last thing
    /// that was seen to happen.
    ///
    /// # Errors
    /// Those of [`Run::replay`].
    pub fn rebuild(&self) -> Result<Rebuilt, ReadError> {
        let config = &self.manifest.config;
        let mut recorder = config.recorder();
        let replayed = self.replay(|entry| {
            // Every request that was due has a row; a closed loop plans none.
            if config.kind == Loop::Open {
                recorder.planned_for(usize::from(entry.request.route), entry.request.intended);
            }
            entry.attempts.iter().for_each(|attempt| recorder.attempt(attempt, entry.request.intended));
            recorder.request(entry.request);
        })?;
        let mut context = self.manifest.context();
        if self.manifest.finished.is_none() {
            context.stopped = Some(replayed.last);
        }
        context.evidence.torn = replayed.torn;
        let summary = Summary::new(&recorder, context);
        Ok(Rebuilt { recorder, summary, torn: replayed.torn })
    }
}
