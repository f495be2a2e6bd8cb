//! A results folder read back: the manifest, the records one by one, and the numbers made from them anew.
//!
//! ```no_run
//! # fn main() -> Result<(), bedbench::store::read::ReadError> {
//! let run = bedbench::store::Run::open("results/example".as_ref())?;
//! let torn = run.replay(|entry| println!("{} {:?}", entry.request.index, entry.request.response_time()))?;
//! let rebuilt = run.rebuild()?;
//! # Ok(()) }
//! ```

mod columns;
mod rebuild;
mod replay;

use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::manifest::{Manifest, SCHEMA};

pub use rebuild::Rebuilt;
pub use replay::{Entry, Replayed};

/// A folder that holds a run.
#[derive(Clone, Debug)]
pub struct Run {
    path: PathBuf,
    pub manifest: Manifest,
}

const WAY_OUT: &str = "Name the folder that `bedbench run` said its results are in";

/// Why a folder cannot be read. One line, with the way out.
#[derive(Debug, Error)]
pub enum ReadError {
    #[error("{0}: {1}")]
    Io(PathBuf, io::Error),
    #[error("there is no folder {0}. {WAY_OUT}")]
    Missing(PathBuf),
    #[error("{0} is a file; pass the folder that it is in: {1}")]
    AFile(PathBuf, PathBuf),
    #[error("{0} is not a results folder: it has no manifest.json. {WAY_OUT}")]
    NoRun(PathBuf),
    #[error("{0} holds a sweep and no run: `bedbench sweep` has written everything there is of it")]
    Sweep(PathBuf),
    #[error("{0} has schema {1}, and this bedbench ({v}) reads {SCHEMA}; use the one that wrote it", v = env!("CARGO_PKG_VERSION"))]
    Schema(PathBuf, u64),
    #[error("{0} is cut off or was changed: {1}. Put it back as it was, or run again")]
    Manifest(PathBuf, String),
    #[error(
        "{file} is not as this bedbench ({v}) writes it: {what}. It was changed, or another one wrote it ({by}): use that, or run \
         again", v = env!("CARGO_PKG_VERSION")
    )]
    Foreign { file: PathBuf, by: String, what: String },
    #[error(
        "{0} has no requests.csv, which this is made from: a run with --no-records keeps none. Run again without it; its \
         summary.json and reports are as the run left them"
    )]
    NoRecords(PathBuf),
    #[error("{0}: {1}")]
    Columns(PathBuf, String),
    #[error("{file}:{line}: {what}")]
    Row { file: PathBuf, line: u64, what: String },
}

impl Run {
    /// Looks at the manifest, and at no record yet.
    ///
    /// # Errors
    /// When `path` is not a folder that holds a run of this schema.
    pub fn open(path: &Path) -> Result<Self, ReadError> {
        let file = path.join("manifest.json");
        let text = match std::fs::read_to_string(&file) {
            Ok(text) => text,
            Err(error)
                if !path.exists() && matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) =>
            {
                return Err(ReadError::Missing(path.to_owned()));
            }
            Err(_) if path.is_file() => {
                let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty());
                return Err(ReadError::AFile(path.to_owned(), folder.unwrap_or(Path::new(".")).to_owned()));
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let swept = path.join("sweep.json").exists();
                return Err(if swept { ReadError::Sweep(path.to_owned()) } else { ReadError::NoRun(path.to_owned()) });
            }
            Err(error) => return Err(ReadError::Io(file, error)),
        };
        // The version first: what a newer one holds need not look like ours.
        let value: serde_json::Value =
            serde_json::from_str(&text).map_err(|error| ReadError::Manifest(file.clone(), error.to_string()))?;
        match value.get("schema").and_then(serde_json::Value::as_u64) {
            None => return Err(ReadError::NoRun(path.to_owned())),
            Some(schema) if schema != u64::from(SCHEMA) => return Err(ReadError::Schema(file, schema)),
            Some(_) => {}
        }
        let by = value.get("version").and_then(serde_json::Value::as_str).unwrap_or("no version is in it").to_owned();
        let foreign = |what: String| ReadError::Foreign { file: file.clone(), by, what };
        let manifest: Manifest = match serde_json::from_value(value) {
            Ok(manifest) => manifest,
            Err(error) => return Err(foreign(error.to_string())),
        };
        // Rows name routes and phases; without any there is nothing that a row could mean.
        if manifest.config.routes.is_empty() || manifest.config.phases.is_empty() {
            return Err(foreign("no route or no phase is in it".into()));
        }
        Ok(Self { path: path.to_owned(), manifest })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }
}

#[cfg(test)]
mod tests;
