//! What the exports of a run read: a results folder, at the time of the clock on the wall.

use std::path::Path;
use std::time::Duration;

use crate::cli::exit::Failure;
use crate::store::Run;
use crate::store::read::{Entry, ReadError};

/// # Errors
/// When the folder holds no run.
pub fn open(folder: &Path) -> Result<Run, Failure> {
    Ok(Run::open(folder)?)
}

/// Hands over every record, and by how much later it really happened: where routes took turns, records are filed as if
/// the blocks of each lay end to end.
///
/// # Errors
/// Those of [`Run::replay`].
pub fn replay(run: &Run, mut take: impl FnMut(Entry<'_>, Duration)) -> Result<(), ReadError> {
    let turns = run.manifest.turns();
    run.replay(|entry| {
        let block =
            turns.iter().find(|block| block.round == entry.round && block.routes.contains(&entry.request.route));
        take(entry, block.map_or(Duration::ZERO, |block| block.shift()));
    })?;
    Ok(())
}
