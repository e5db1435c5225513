//! Files for known work: on a disk, with pages that are in memory or not as wanted, and `mincore` to know which.

mod residency;

use std::env;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use rustix::fs::{Advice, fadvise, statfs, statvfs};

pub use residency::{Residency, page_bytes};

const TMPFS_MAGIC: u64 = 0x0102_1994;
const RAMFS_MAGIC: u64 = 0x8584_58f6;
const HUGETLBFS_MAGIC: u64 = 0x9584_58f6;

/// Where to look for a directory on a disk: `$TMPDIR`, `/var/tmp`, the current directory and `/tmp`.
pub fn usual_places() -> Vec<PathBuf> {
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

/// Fails for a directory whose files are in memory.
///
/// # Errors
/// Says so, or that there is no such directory.
pub fn refuse_memory(directory: &Path) -> Result<()> {
    // The type's width differs between architectures; the magic numbers are 32 bits.
    #[allow(clippy::unnecessary_cast)]
    let kind = statfs(directory)?.f_type as u64 & 0xffff_ffff;
    ensure!(
        ![TMPFS_MAGIC, RAMFS_MAGIC, HUGETLBFS_MAGIC].contains(&kind),
        "a file system in memory: nothing there is ever cold"
    );
    Ok(())
}

/// Fails for a directory whose disk has less room than this.
///
/// # Errors
/// Says how much there is.
pub fn refuse_full(directory: &Path, wanted: u64) -> Result<()> {
    let space = statvfs(directory)?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
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

/// Fills a file with so many bytes of [`word`]s, down to its disk.
///
/// # Errors
/// If it cannot be written.
pub fn fill(file: File, bytes: u64) -> Result<()> {
    let fill = || -> io::Result<()> {
        let mut writer = BufWriter::with_capacity(1 << 20, file);
        for n in 0..bytes / 8 {
            writer.write_all(&word(n).to_le_bytes())?;
        }
        writer.into_inner()?.sync_all()
    };
    fill().with_context(|| format!("cannot write {} MiB", bytes.div_ceil(1 << 20)))
}

/// Drops a file's pages from memory, and makes sure of it.
///
/// # Errors
/// If pages stay, as they do where a file system keeps them elsewhere.
pub fn evict(file: &File) -> Result<()> {
    fadvise(file, 0, None, Advice::DontNeed)?;
    let left = Residency::of(file)?.resident_pages()?;
    if left > 0 {
        bail!("{left} pages of the file stay in memory");
    }
    Ok(())
}
