//! The warm and the cold file, on a real disk.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use rustix::fs::{Advice, fadvise};
use tempfile::TempDir;

use super::disk::Disk;
use crate::scratch::{evict, fill, page_bytes, refuse_full, refuse_memory, usual_places};

/// Size of the warm file.
pub const WARM_BYTES: u64 = 1 << 20;
/// Size of the cold file.
pub const COLD_BYTES: u64 = 64 << 20;

/// How the scratch directories' names begin.
const PREFIX: &str = "tracer-demo-";
const WARM: &str = "warm.bin";
const COLD: &str = "cold.bin";
/// What must be left on the disk beside the files.
const ROOM_TO_SPARE_BYTES: u64 = 64 << 20;

/// The scratch directory with both files. They have real names, so that reports show real paths; dropping it
/// removes them, and if this process is killed the server does ([`remove_left_behind`]).
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
}

/// Finds a directory on a disk and puts the files there: `directory` if given, and that alone, else the first
/// that will do of `$TMPDIR`, `/var/tmp`, the current directory and `/tmp`.
///
/// `watched` is called with the directory before anything is in it, to see to it that it is removed if this
/// process dies.
pub fn prepare<T>(directory: Option<&Path>, watched: impl Fn(&Path) -> Result<T>) -> Result<(T, Scratch, Disk)> {
    let candidates = match directory {
        Some(directory) => vec![directory.to_path_buf()],
        None => usual_places(),
    };
    let mut refused = Vec::new();
    for candidate in candidates {
        match prepare_in(&candidate, &watched) {
            Ok(ready) => return Ok(ready),
            Err(error) => refused.push(format!("{} ({error:#})", candidate.display())),
        }
    }
    Err(anyhow!(
        "no place for the demo's files on a disk, tried {}; name a directory on a real disk with {} MiB to spare",
        refused.join(", "),
        (WARM_BYTES + COLD_BYTES + ROOM_TO_SPARE_BYTES) >> 20
    ))
}

fn prepare_in<T>(parent: &Path, watched: impl Fn(&Path) -> Result<T>) -> Result<(T, Scratch, Disk)> {
    refuse_memory(parent)?;
    refuse_full(parent, WARM_BYTES + COLD_BYTES + ROOM_TO_SPARE_BYTES)?;
    let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent).context("cannot create a directory")?;
    let scratch = Scratch { directory };
    let watch = watched(scratch.path())?;
    fill(File::create_new(scratch.warm())?, WARM_BYTES)?;
    fill(File::create_new(scratch.cold())?, COLD_BYTES)?;
    warm_up(&scratch.warm())?;
    let cold = File::open(scratch.cold())?;
    evict(&cold)?;
    let disk = Disk::measure(&cold)?;
    Ok((watch, scratch, disk))
}

fn warm_up(path: &Path) -> Result<()> {
    io::copy(&mut File::open(path)?, &mut io::sink()).context("cannot read the warm file")?;
    Ok(())
}

/// Opens a file for reads of single pages anywhere in it.
///
/// # Errors
/// If it cannot be opened or the advice is refused.
pub fn open_without_read_ahead(path: &Path) -> io::Result<File> {
    let file = File::open(path)?;
    // Without read-ahead each request brings in its own pages alone: a page not yet asked for stays cold.
    fadvise(&file, 0, None, Advice::Random)?;
    Ok(file)
}

/// How many cold pages there are to ask for, each once.
pub fn cold_pages() -> u64 {
    COLD_BYTES / page_bytes() / 2
}

/// Where the `n`-th cold page starts (`n` below [`cold_pages`]): all the even pages, in scattered order.
pub fn cold_offset(n: u64) -> u64 {
    scattered(n) * 2 * page_bytes()
}

/// Where the `n`-th page for measuring the disk starts: an odd one, so that no request ever asks for it.
pub fn probe_offset(n: u64) -> u64 {
    (scattered(n) * 2 + 1) * page_bytes()
}

/// A permutation of `0..cold_pages()`: their number is a power of two, so an odd factor reaches each once.
/// Scattered, so that no disk or hypervisor reads ahead of the demonstration.
fn scattered(n: u64) -> u64 {
    n.wrapping_mul(0x9e37_79b1) % cold_pages()
}

/// Path of the warm file in a scratch directory.
pub fn warm_in(directory: &Path) -> PathBuf {
    directory.join(WARM)
}

/// Path of the cold file in a scratch directory.
pub fn cold_in(directory: &Path) -> PathBuf {
    directory.join(COLD)
}

impl Scratch {
    /// The directory.
    pub fn path(&self) -> &Path {
        self.directory.path()
    }

    /// The warm file.
    pub fn warm(&self) -> PathBuf {
        warm_in(self.path())
    }

    /// The cold file.
    pub fn cold(&self) -> PathBuf {
        cold_in(self.path())
    }

    /// Removes it with the files.
    pub fn remove(self) -> Result<()> {
        let path = self.path().to_path_buf();
        self.directory.close().with_context(|| format!("cannot remove {}", path.display()))
    }
}

/// Removes a scratch directory whose owner died before it could. Nothing else: the name must be a scratch
/// directory's, only the two files go, and a directory that holds more stays.
pub fn remove_left_behind(directory: &Path) -> io::Result<()> {
    let ours = directory.file_name().and_then(|name| name.to_str()).is_some_and(|name| name.starts_with(PREFIX));
    if !ours || !directory.exists() {
        return Ok(());
    }
    for file in [warm_in(directory), cold_in(directory)] {
        match fs::remove_file(file) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    fs::remove_dir(directory)
}
