//! Files that a run writes: each whole or not at all, and known to be writable before anything is measured.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::{
        fd::{AsFd as _, AsRawFd as _},
        unix::fs::{FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown},
    },
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, fcntl_setfl, linkat, openat};
use tempfile::TempPath;

/// A file that is to hold one result. Until [`OutputFile::write`] an existing one stays as it is.
#[derive(Debug)]
pub struct OutputFile {
    /// As the user wrote it.
    path: PathBuf,
    place: Place,
}

#[derive(Debug)]
enum Place {
    /// A file that is written beside its place, and takes it when it is complete.
    File {
        /// Where symbolic links lead.
        target: PathBuf,
        directory: PathBuf,
        /// Permissions and owner of the file that is there.
        existing: Option<(u32, u32, u32)>,
    },
    /// A device, a pipe or an open descriptor, which can only be written to.
    Stream(File),
}

/// Permissions of a new file before the umask.
const NEW_FILE: u32 = 0o666;

/// How the name of an unfinished file begins.
const UNFINISHED: &str = ".tracer-";

impl OutputFile {
    /// Gets ready to write `path`.
    ///
    /// # Errors
    /// If it could not be written.
    pub fn open(path: &Path) -> Result<Self> {
        let place = Place::of(path).with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path: path.to_owned(), place })
    }

    /// Whether both would write the same file, so that one would be lost.
    #[must_use]
    pub fn is_same_file(&self, other: &Self) -> bool {
        match (&self.place, &other.place) {
            (Place::File { target: one, .. }, Place::File { target: other, .. }) => one == other,
            _ => false,
        }
    }

    /// Whether the file, or the directory that it is to lie in, belongs to another user than the one that this program acts as.
    #[must_use]
    pub fn is_of_another(&self) -> bool {
        match &self.place {
            Place::File { directory, existing, .. } => {
                let owner = fs::metadata(directory).map(|metadata| metadata.uid());
                let own = rustix::process::geteuid().as_raw();
                owner.map_or(true, |owner| owner != own) || existing.is_some_and(|(_, owner, _)| owner != own)
            }
            Place::Stream(_) => false,
        }
    }

    /// Makes it an empty file that is there from now on, and grows.
    ///
    /// # Errors
    /// If it cannot be made. What was there before is still there.
    pub fn into_lines(self) -> Result<LineFile> {
        let (file, whole) = self.place.into_lines().with_context(|| format!("cannot write {}", self.path.display()))?;
        Ok(LineFile { path: self.path, file, whole })
    }

    /// Writes `text`, whole or not at all.
    ///
    /// # Errors
    /// If the disk is full, say. What was there before is still there.
    pub fn write(self, text: &str) -> Result<()> {
        self.place.write(text.as_bytes()).with_context(|| format!("cannot write {}", self.path.display()))
    }
}

/// A file that grows by whole lines.
#[derive(Debug)]
pub struct LineFile {
    path: PathBuf,
    file: File,
    /// Bytes of the lines that are in it; `None`: what was written cannot be taken back.
    whole: Option<u64>,
}

impl LineFile {
    /// Adds a line, whole or not at all.
    ///
    /// # Errors
    /// If the disk is full, say.
    pub fn append(&mut self, line: &str) -> Result<()> {
        let written = self.file.write_all(line.as_bytes());
        match (&written, &mut self.whole) {
            (Ok(()), Some(whole)) => *whole += line.len() as u64,
            // What there was room for is no line. If it stays, the error says that something is wrong.
            (Err(_), Some(whole)) if self.file.metadata().is_ok_and(|file| file.len() > *whole) => {
                drop(self.file.set_len(*whole));
            }
            _ => {}
        }
        written.with_context(|| format!("cannot write {}", self.path.display()))
    }

    /// Makes the lines last.
    ///
    /// # Errors
    /// If the device fails.
    pub fn finish(self) -> Result<()> {
        let synced = if self.whole.is_some() { self.file.sync_all() } else { Ok(()) };
        synced.with_context(|| format!("cannot write {}", self.path.display()))
    }
}

impl Place {
    fn of(path: &Path) -> Result<Self> {
        if let Some(stream) = open_descriptor(path)? {
            return Ok(Self::Stream(stream));
        }
        // A symbolic link stays: what it points at is replaced.
        let target = match fs::canonicalize(path) {
            Ok(target) => target,
            Err(error) if error.kind() == io::ErrorKind::NotFound => in_real_directory(path)?,
            Err(error) => return Err(error.into()),
        };
        let existing = fs::metadata(&target).ok();
        if let Some(metadata) = &existing {
            let kind = metadata.file_type();
            if kind.is_char_device() || kind.is_fifo() {
                return Ok(Self::Stream(OpenOptions::new().write(true).open(&target)?));
            }
            if !kind.is_file() {
                bail!("it is {}", if kind.is_dir() { "a directory" } else { "neither a file nor a pipe" });
            }
            // Replacing needs the directory alone; a file that is write-protected is meant to stay.
            OpenOptions::new().append(true).open(&target)?;
        }
        let directory = target.parent().unwrap_or(Path::new("/")).to_owned();
        let existing = existing.map(|metadata| (metadata.mode() & 0o7777, metadata.uid(), metadata.gid()));
        // Proves that there can be one. Not kept: so nothing is left if the program is killed.
        Draft::create(&directory).with_context(|| format!("cannot create a file in {}", directory.display()))?;
        Ok(Self::File { target, directory, existing })
    }

    fn into_lines(self) -> Result<(File, Option<u64>)> {
        match self {
            Self::Stream(file) => Ok((file, None)),
            Self::File { target, directory, existing } => {
                let draft = Draft::create(&directory)?;
                draft.take_after(existing)?;
                let file = draft.file.try_clone()?;
                // Somebody else may cut it: what comes then follows what is left.
                fcntl_setfl(&file, OFlags::APPEND)?;
                draft.publish(&directory, &target)?;
                Ok((file, Some(0)))
            }
        }
    }

    fn write(self, bytes: &[u8]) -> Result<()> {
        match self {
            Self::Stream(mut file) => Ok(file.write_all(bytes)?),
            Self::File { target, directory, existing } => {
                let mut draft = Draft::create(&directory)?;
                draft.file.write_all(bytes)?;
                draft.take_after(existing)?;
                draft.file.sync_all()?;
                draft.publish(&directory, &target)
            }
        }
    }
}

/// The file of `path`, where its directory is real; it does not exist.
fn in_real_directory(path: &Path) -> Result<PathBuf> {
    if fs::symlink_metadata(path).is_ok() {
        bail!("it is a symbolic link that leads nowhere");
    }
    let directory = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let Some(name) = path.file_name() else { bail!("it names no file") };
    let real = fs::canonicalize(directory).with_context(|| format!("no directory {}", directory.display()))?;
    Ok(real.join(name))
}

/// The descriptor that a path such as `/dev/stdout` stands for. To replace the file behind it would leave
/// whoever holds it with the old one.
fn open_descriptor(path: &Path) -> Result<Option<File>> {
    let Some(number) = descriptor_number(path) else { return Ok(None) };
    let opened = match number {
        1 => io::stdout().as_fd().try_clone_to_owned().map(File::from),
        2 => io::stderr().as_fd().try_clone_to_owned().map(File::from),
        _ => OpenOptions::new().append(true).open(path),
    };
    Ok(Some(opened?))
}

/// Links that lead to each other would never end.
const LINKS_MAX: usize = 8;

fn descriptor_number(path: &Path) -> Option<u32> {
    let own = fs::canonicalize("/proc/self/fd").ok()?;
    let mut path = path.to_owned();
    for _ in 0..LINKS_MAX {
        let directory = fs::canonicalize(path.parent()?).ok()?;
        if directory == own {
            return path.file_name()?.to_str()?.parse().ok();
        }
        path = directory.join(fs::read_link(&path).ok()?);
    }
    None
}

/// A file in the making.
struct Draft {
    file: File,
    /// Its name, where the file system has no files without one.
    name: Option<TempPath>,
}

impl Draft {
    /// An empty file in `directory`, without a name if possible: then nothing is left of it however this
    /// program ends.
    fn create(directory: &Path) -> io::Result<Self> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
        if let Ok(file) = openat(CWD, directory, flags, Mode::from_raw_mode(NEW_FILE)) {
            return Ok(Self { file: file.into(), name: None });
        }
        let (file, name) = unfinished()
            .make_in(directory, |path| OpenOptions::new().write(true).create_new(true).mode(NEW_FILE).open(path))?
            .into_parts();
        Ok(Self { file, name: Some(name) })
    }

    /// Gives it the permissions and the owner of the file whose place it takes.
    fn take_after(&self, existing: Option<(u32, u32, u32)>) -> io::Result<()> {
        let Some((mode, owner, group)) = existing else { return Ok(()) };
        // Not everybody may give files away; the mode comes last, since this takes bits from it.
        let _ = fchown(&self.file, Some(owner), Some(group));
        self.file.set_permissions(fs::Permissions::from_mode(mode))
    }

    /// Puts it into its place, in one step for whoever looks.
    fn publish(self, directory: &Path, target: &Path) -> Result<()> {
        let name = match self.name {
            Some(name) => name,
            None => {
                let nameless = format!("/proc/self/fd/{}", self.file.as_raw_fd());
                let link = |path: &Path| Ok(linkat(CWD, &nameless, CWD, path, AtFlags::SYMLINK_FOLLOW)?);
                unfinished().make_in(directory, link)?.into_temp_path()
            }
        };
        name.persist(target).map_err(|error| error.error)?;
        Ok(())
    }
}

fn unfinished() -> tempfile::Builder<'static, 'static> {
    let mut builder = tempfile::Builder::new();
    builder.prefix(UNFINISHED);
    builder
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
    fn an_existing_file_keeps_its_permissions() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.json");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        OutputFile::open(&path).unwrap().write("new").unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
    }

    #[test]
    fn lines_are_there_as_soon_as_they_are_written() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("a.jsonl");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        let file = OutputFile::open(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        let mut lines = file.into_lines().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "");
        lines.append("one\n").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\n");
        lines.append("two\n").unwrap();
        lines.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "one\ntwo\n");
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o7777, 0o640);
        assert_eq!(fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    #[test]
    fn a_descriptor_is_written_to_and_not_replaced() {
        let file = tempfile::tempfile().unwrap();
        let path = PathBuf::from(format!("/dev/fd/{}", file.as_raw_fd()));
        OutputFile::open(&path).unwrap().write("new").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(descriptor_number(Path::new("/dev/stdout")), Some(1));
        assert_eq!(descriptor_number(Path::new("/dev/null")), None);
    }

    #[test]
    fn the_same_file_is_known_by_another_name() {
        let directory = tempfile::tempdir().unwrap();
        let link = directory.path().join("link");
        std::os::unix::fs::symlink(directory.path(), &link).unwrap();
        let open = |path: PathBuf| OutputFile::open(&path).unwrap();
        let (one, same) = (open(directory.path().join("a.json")), open(link.join("a.json")));
        assert!(one.is_same_file(&same));
        assert!(!one.is_same_file(&open(link.join("b.json"))));
        assert!(!open("/dev/null".into()).is_same_file(&open("/dev/null".into())));
    }

    #[test]
    fn what_cannot_be_written_is_found_at_once() {
        let directory = tempfile::tempdir().unwrap();
        let refusal = |path: &Path| format!("{:#}", OutputFile::open(path).unwrap_err());
        assert!(refusal(directory.path()).ends_with(": it is a directory"));
        let missing = directory.path().join("missing");
        let expected = format!("no directory {}: No such file or directory (os error 2)", missing.display());
        assert!(refusal(&missing.join("a.json")).ends_with(&expected));
        let nowhere = directory.path().join("nowhere");
        std::os::unix::fs::symlink("missing", &nowhere).unwrap();
        assert!(refusal(&nowhere).ends_with(": it is a symbolic link that leads nowhere"));
        assert!(refusal(Path::new("")).ends_with(": it names no file"));
    }
}
