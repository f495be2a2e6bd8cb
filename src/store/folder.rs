//! One folder per run. What is there is never overwritten.

use std::fs::{self, DirBuilder};
use std::io;
use std::path::{Path, PathBuf};

use aws_smithy_types::DateTime;
use aws_smithy_types::date_time::Format;

use super::manifest::Manifest;

/// UTC in RFC 3339, to the second.
pub fn rfc3339(unix_nanos: u64) -> String {
    let time = DateTime::from_secs((unix_nanos / 1_000_000_000) as i64);
    time.fmt(Format::DateTime).expect("four-digit years")
}

/// A run's results folder.
#[derive(Clone, Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new folder under `results/`, named by time and profile.
    ///
    /// # Errors
    /// When it cannot be created.
    pub fn under_results(unix_nanos: u64, name: &str) -> io::Result<Self> {
        let stamp = rfc3339(unix_nanos).replace([':', '-'], "");
        let base = format!("results/{stamp}-{name}");
        fs::create_dir_all("results").map_err(|error| at(Path::new("results"), error))?;
        for attempt in 1..=100 {
            let path = PathBuf::from(if attempt == 1 { base.clone() } else { format!("{base}-{attempt}") });
            match private().create(&path) {
                Ok(()) => return Self::with_plots(path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(at(&path, error)),
            }
        }
        Err(io::Error::new(io::ErrorKind::AlreadyExists, format!("{base} and a hundred beside it exist")))
    }

    /// The folder that the user named.
    ///
    /// # Errors
    /// When it holds something already, or cannot be created.
    pub fn named(path: &Path) -> io::Result<Self> {
        Self::check_free(path)?;
        private().recursive(true).create(path).map_err(|error| at(path, error))?;
        Self::with_plots(path.to_owned())
    }

    /// Whether results could go there, before anything is asked or fired.
    ///
    /// # Errors
    /// When it holds something already, or is no folder.
    pub fn check_free(path: &Path) -> io::Result<()> {
        match fs::read_dir(path).map(|mut files| files.next().is_none()) {
            Ok(true) => Ok(()),
            Ok(false) => {
                let text = format!(
                    "{} is not empty, and results are never overwritten; name another -o, or remove it",
                    path.display()
                );
                Err(io::Error::new(io::ErrorKind::AlreadyExists, text))
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(at(path, error)),
        }
    }

    /// One that holds a run already, to write its reports anew.
    ///
    /// # Errors
    /// When it cannot be written to.
    pub fn existing(path: &Path) -> io::Result<Self> {
        Self::with_plots(path.to_owned())
    }

    fn with_plots(path: PathBuf) -> io::Result<Self> {
        let plots = path.join("plots");
        fs::create_dir_all(&plots).map_err(|error| at(&plots, error))?;
        Ok(Self(path))
    }

    pub fn path(&self) -> &Path {
        &self.0
    }

    /// Replaces `file` in one step: a reader sees the old text or the new, never half of either.
    ///
    /// # Errors
    /// When the disk does not take it.
    pub fn write(&self, file: &str, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        let path = self.0.join(file);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        folder.and_then(|()| replace(&path, bytes)).map_err(|error| at(&path, error))
    }

    /// # Errors
    /// When the disk does not take it.
    pub fn write_manifest(&self, manifest: &Manifest) -> io::Result<()> {
        let json = serde_json::to_string_pretty(manifest).expect("a manifest is plain data");
        self.write("manifest.json", &(json + "\n"))
    }
}

/// Writes the file at `path` in one step: a reader sees the old text or the new, never half of either.
///
/// # Errors
/// When the disk does not take it; what was there is there still.
pub fn replace(path: &Path, bytes: impl AsRef<[u8]>) -> io::Result<()> {
    // What a link leads to is meant, and not the link.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    if fs::metadata(&path).is_ok_and(|there| !there.is_file() && !there.is_dir()) {
        // /dev/stdout takes what is written, and becomes no file.
        return fs::write(&path, bytes);
    }
    let beside = beside(&path, ".part");
    let written = fs::write(&beside, bytes).and_then(|()| fs::rename(&beside, &path));
    if written.is_err() {
        // A disk that is full needs the room.
        let _ = fs::remove_file(&beside);
    }
    written
}

/// Writes a new folder of `files`, by name, in one step: a reader sees the whole folder or none.
///
/// # Errors
/// When the disk does not take it; nothing is left then.
pub fn new_folder(path: &Path, files: &[(String, String)]) -> io::Result<()> {
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty());
    parent.map_or(Ok(()), |parent| private().recursive(true).create(parent))?;
    let beside = beside(path, &format!(".part-{}", std::process::id()));
    private().create(&beside)?;
    let written = files.iter().try_for_each(|(name, text)| fs::write(beside.join(name), text));
    let moved = written.and_then(|()| fs::rename(&beside, path));
    if moved.is_err() {
        // What is left of the attempt is nobody's folder.
        let _ = fs::remove_dir_all(&beside);
    }
    moved
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.file_name().unwrap_or_default().to_owned();
    name.push(ending);
    path.with_file_name(name)
}

/// Makes folders that nobody but their owner may look into: they hold what was asked of which account.
fn private() -> DirBuilder {
    let mut builder = DirBuilder::new();
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder
}

/// With the name of what it is about.
pub(super) fn at(path: &Path, error: io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("{}: {error}", path.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_there_is_not_overwritten() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("run");
        let folder = Folder::named(&path).unwrap();
        folder.write("report.md", "one").unwrap();
        folder.write("report.md", "two").unwrap();
        assert_eq!(fs::read_to_string(path.join("report.md")).unwrap(), "two");
        let refused = Folder::named(&path).unwrap_err();
        assert!(refused.to_string().contains("not empty"), "{refused}");
        let mut files: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        files.sort();
        assert_eq!(files, ["plots", "report.md"]);
    }

    #[cfg(unix)]
    #[test]
    fn a_folder_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("some/run");
        Folder::named(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(&parent.path().join("some"))), (0o700, 0o700));
        // One that is there already is as its owner made it.
        let shared = parent.path().join("shared");
        fs::create_dir(&shared).unwrap();
        fs::set_permissions(&shared, fs::Permissions::from_mode(0o755)).unwrap();
        Folder::named(&shared).unwrap();
        assert_eq!(mode(&shared), 0o755);
    }

    #[test]
    fn what_cannot_be_written_leaves_nothing_half() {
        let parent = tempfile::tempdir().unwrap();
        let folder = Folder::named(&parent.path().join("run")).unwrap();
        fs::create_dir_all(folder.path().join("report.md/inside")).unwrap();
        let error = folder.write("report.md", "one").unwrap_err().to_string();
        assert!(error.contains("report.md: "), "{error}");
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name.to_string_lossy().contains(".part")), "{left:?}");
    }

    /// Whoever has the old file open reads it to its end.
    #[test]
    fn a_file_is_replaced_and_not_written_over() {
        let parent = tempfile::tempdir().unwrap();
        let (path, held) = (parent.path().join("gates.xml"), parent.path().join("held"));
        fs::write(&path, "the old text").unwrap();
        fs::hard_link(&path, &held).unwrap();
        replace(&path, "new").unwrap();
        assert_eq!([&path, &held].map(|path| fs::read_to_string(path).unwrap()), ["new", "the old text"]);
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 2);
    }

    #[cfg(unix)]
    #[test]
    fn what_a_link_leads_to_is_replaced_and_a_device_stays_one() {
        let parent = tempfile::tempdir().unwrap();
        let (path, link) = (parent.path().join("text"), parent.path().join("link"));
        fs::write(&path, "old").unwrap();
        std::os::unix::fs::symlink(&path, &link).unwrap();
        replace(&link, "new").unwrap();
        assert!(link.symlink_metadata().unwrap().is_symlink());
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        let device = parent.path().join("device");
        std::os::unix::fs::symlink("/dev/null", &device).unwrap();
        replace(&device, "gone").unwrap();
        assert!(!fs::metadata(&device).unwrap().is_file());
    }

    #[test]
    fn a_new_folder_is_there_whole_or_not_at_all() {
        let parent = tempfile::tempdir().unwrap();
        let files = |name: &str| [("a.txt".to_owned(), "a".to_owned()), (name.to_owned(), "b".to_owned())];
        let path = parent.path().join("some/new");
        assert!(new_folder(&path, &files("no/such/folder")).is_err());
        assert_eq!(fs::read_dir(parent.path().join("some")).unwrap().count(), 0);
        new_folder(&path, &files("b.txt")).unwrap();
        assert_eq!(fs::read_to_string(path.join("b.txt")).unwrap(), "b");
    }

    #[test]
    fn times_are_utc() {
        assert_eq!(rfc3339(1_795_395_600_000_000_000), "2026-11-23T01:00:00Z");
    }
}
