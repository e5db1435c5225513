//! The warm and the cold file, on a real disk.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use rustix::fs::{Advice, fadvise, statfs, statvfs};
use tempfile::TempDir;

use super::disk::Disk;
use super::residency::{Residency, page_bytes};

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

const TMPFS_MAGIC: u64 = 0x0102_1994;
const RAMFS_MAGIC: u64 = 0x8584_58f6;
const HUGETLBFS_MAGIC: u64 = 0x9584_58f6;

/// The scratch directory with both files. They have real names, so that reports show real paths; dropping it
/// removes them, and if this process is killed the server does ([`remove_left_behind`]).
#[derive(Debug)]
pub struct Scratch {
    directory: TempDir,
}

/// Finds a directory on a disk and puts the files there: `directory` if given, and that alone, else the first
/// that will do of `$TMPDIR`, `/var/tmp`, the current directory and `/tmp`.
pub fn prepare(directory: Option<&Path>) -> Result<(Scratch, Disk)> {
    let candidates = match directory {
        Some(directory) => vec![directory.to_path_buf()],
        None => usual_places(),
    };
    let mut refused = Vec::new();
    for candidate in candidates {
        match prepare_in(&candidate) {
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

fn usual_places() -> Vec<PathBuf> {
    let mut places = Vec::new();
    let wanted = [
        env::var_os("TMPDIR").filter(|place| !place.is_empty()).map(PathBuf::from),
        Some("/var/tmp".into()),
        env::current_dir().ok(),
        Some("/tmp".into()),
    ];
    for place in wanted.into_iter().flatten() {
        if !places.contains(&place) {
            places.push(place);
        }
    }
    places
}

fn prepare_in(parent: &Path) -> Result<(Scratch, Disk)> {
    refuse_memory_or_full(parent)?;
    let directory = tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent).context("cannot create a directory")?;
    let scratch = Scratch { directory };
    write(&scratch.warm(), WARM_BYTES)?;
    write(&scratch.cold(), COLD_BYTES)?;
    warm_up(&scratch.warm())?;
    let cold = File::open(scratch.cold())?;
    evict(&cold)?;
    let disk = Disk::measure(&cold)?;
    Ok((scratch, disk))
}

fn refuse_memory_or_full(directory: &Path) -> Result<()> {
    // The type's width differs between architectures; the magic numbers are 32 bits.
    #[allow(clippy::unnecessary_cast)]
    let kind = statfs(directory)?.f_type as u64 & 0xffff_ffff;
    ensure!(
        ![TMPFS_MAGIC, RAMFS_MAGIC, HUGETLBFS_MAGIC].contains(&kind),
        "a file system in memory: nothing there is ever cold"
    );
    let space = statvfs(directory)?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    let wanted = WARM_BYTES + COLD_BYTES + ROOM_TO_SPARE_BYTES;
    ensure!(free >= wanted, "{} MiB free, {} MiB wanted", free >> 20, wanted >> 20);
    Ok(())
}

/// The content: its `n`-th 8 bytes, little-endian. Neither compressible nor sparse, and whoever reads a part
/// knows what must be there.
pub fn word(n: u64) -> u64 {
    // SplitMix64 (Steele, Lea, Flood 2014).
    let mut z = n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

fn write(path: &Path, bytes: u64) -> Result<()> {
    let fill = || -> io::Result<()> {
        let mut writer = BufWriter::with_capacity(1 << 20, File::create_new(path)?);
        for n in 0..bytes / 8 {
            writer.write_all(&word(n).to_le_bytes())?;
        }
        writer.into_inner()?.sync_all()
    };
    fill().with_context(|| format!("cannot write {} MiB", bytes >> 20))
}

fn warm_up(path: &Path) -> Result<()> {
    io::copy(&mut File::open(path)?, &mut io::sink()).context("cannot read the warm file")?;
    Ok(())
}

/// Drops a file's pages from memory, and makes sure of it.
pub fn evict(file: &File) -> Result<()> {
    fadvise(file, 0, None, Advice::DontNeed)?;
    let left = Residency::of(file)?.resident_pages()?;
    if left > 0 {
        bail!("{left} pages of the cold file stay in memory");
    }
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
