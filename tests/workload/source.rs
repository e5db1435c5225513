//! The files that are sent.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    path::Path,
};

use anyhow::{Context, Result};

/// A file of that length in `directory`, written out and in memory. It has blocks on the disk everywhere: a
/// hole would never be read from there.
pub fn hot(directory: &Path, name: &str, bytes: u64) -> Result<File> {
    let path = directory.join(name);
    let doing = || format!("writing {bytes} bytes to {}", path.display());
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&path).with_context(doing)?;
    let block = vec![0x5a; 1 << 20];
    let mut left = bytes;
    while left > 0 {
        let length = left.min(block.len() as u64);
        file.write_all(&block[..usize::try_from(length)?]).with_context(doing)?;
        left -= length;
    }
    file.sync_all().with_context(doing)?;
    Ok(file)
}
