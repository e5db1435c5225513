//! Files that a run writes: each whole or not at all, and known to be writable before anything is measured.

use std::{
    fs::{self, File, OpenOptions, Permissions},
    io::{self, Write as _},
    os::unix::fs::{FileTypeExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use tempfile::NamedTempFile;

/// A file that is to hold one result. Until [`OutputFile::write`] an existing one stays as it is.
#[derive(Debug)]
pub struct OutputFile {
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A new file beside the target, which takes its name when it is complete.
    Beside(NamedTempFile),
    /// A device or a pipe, which can only be written to.
    Stream(File),
}

/// Permissions of a new file before the umask.
const NEW_FILE: u32 = 0o666;

impl OutputFile {
    /// Gets ready to write `path`.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn open(path: &Path) -> Result<Self> {
        let why = || format!("cannot write {}", path.display());
        // A symbolic link stays: what it points at is replaced.
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => path.to_owned(),
            Err(error) => return Err(error).with_context(why),
        };
        let existing = fs::metadata(&target).ok();
        if let Some(metadata) = &existing {
            let kind = metadata.file_type();
            if kind.is_dir() {
                bail!("cannot write {}: it is a directory", path.display());
            }
            if kind.is_char_device() || kind.is_fifo() || kind.is_socket() {
                let file = OpenOptions::new().write(true).open(&target).with_context(why)?;
                return Ok(Self { path: path.to_owned(), place: Place::Stream(file) });
            }
            // Replacing needs the directory alone; a file that is write-protected is meant to stay.
            OpenOptions::new().append(true).open(&target).with_context(why)?;
        }
        let directory = match target.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let permissions = existing.map_or_else(|| Permissions::from_mode(NEW_FILE), |metadata| metadata.permissions());
        let file = tempfile::Builder::new()
            .prefix(".tracer-")
            .permissions(permissions)
            .tempfile_in(directory)
            .map_err(|error| error.kind())
            .map_err(io::Error::from)
            .with_context(why)?;
        Ok(Self { path: target, place: Place::Beside(file) })
    }

    /// Writes `text`, whole or not at all.
    ///
    /// # Errors
    /// If the disk is full, say. What was there before is still there.
    pub fn write(self, text: &str) -> Result<()> {
        let why = || format!("cannot write {}", self.path.display());
        match self.place {
            Place::Stream(mut file) => file.write_all(text.as_bytes()).with_context(why),
            Place::Beside(mut file) => {
                file.write_all(text.as_bytes()).with_context(why)?;
                file.as_file().sync_all().with_context(why)?;
                file.persist(&self.path).map_err(|error| error.error).with_context(why)?;
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_existing_file_stays_as_it_is_until_the_new_one_is_complete() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        fs::write(&path, "old").unwrap();
        let file = OutputFile::open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn nothing_is_left_behind_when_nothing_is_written() {
        let directory = tempfile::tempdir().unwrap();
        drop(OutputFile::open(&directory.path().join("a.json")).unwrap());
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_symbolic_link_stays_a_link() {
        let directory = tempfile::tempdir().unwrap();
        let (real, link) = (directory.path().join("real"), directory.path().join("link"));
        fs::write(&real, "old").unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        OutputFile::open(&link).unwrap().write("new").unwrap();
        assert_eq!(fs::read_to_string(&real).unwrap(), "new");
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
    }

    #[test]
    fn what_cannot_be_written_is_found_at_once() {
        let directory = tempfile::tempdir().unwrap();
        assert!(OutputFile::open(directory.path()).is_err());
        assert!(OutputFile::open(&directory.path().join("missing/a.json")).is_err());
    }
}
