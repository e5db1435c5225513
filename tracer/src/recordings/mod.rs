//! Recordings that were kept: read from files, folders and stdin, strictly and in bounded memory. What is read is
//! whole, of a version that is known, and does not contradict itself; all else is refused with one line that says where.

mod folder;
mod outline;
mod parse;
mod sound;

use std::{
    fs::File,
    io::{self, Read},
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, bail};

pub use self::parse::parse;
use crate::model::Recording;

/// Stands for standard input.
pub const STDIN: &str = "-";

/// A recording is not larger than this, in MiB. An hour with ten thousand threads takes half of it.
const MOST_MIB: u64 = 128;

/// The same in bytes.
const MOST_BYTES: u64 = MOST_MIB << 20;

/// A recording and what it is called.
#[derive(Clone, Debug)]
pub struct Saved {
    /// Its file, as the user wrote it; `stdin`.
    pub name: String,
    /// What it says.
    pub recording: Recording,
}

/// The recordings of these files, of all files `*.json` of these folders, and of stdin for `-`.
///
/// # Errors
/// If one cannot be read, or is no recording of a version that is known.
pub fn read(paths: &[PathBuf]) -> Result<Vec<Saved>> {
    if paths.iter().filter(|path| is_stdin(path)).count() > 1 {
        bail!("cannot read stdin twice: name {STDIN} once");
    }
    let mut saved = Vec::new();
    for path in paths {
        if is_stdin(path) {
            saved.push(take("stdin", || Ok(Box::new(io::stdin().lock())))?);
            continue;
        }
        for file in folder::files(path).with_context(|| format!("cannot read {}", path.display()))? {
            saved.push(take(&file.display().to_string(), || Ok(Box::new(File::open(&file)?)))?);
        }
    }
    Ok(saved)
}

fn is_stdin(path: &Path) -> bool {
    path.as_os_str() == STDIN
}

fn take<'a>(name: &str, open: impl FnOnce() -> io::Result<Box<dyn Read + 'a>>) -> Result<Saved> {
    let recording = open().map_err(Into::into).and_then(bytes).and_then(|bytes| parse(&bytes));
    let recording = recording.with_context(|| format!("cannot read {name}"))?;
    Ok(Saved { name: name.into(), recording })
}

/// All of it, if it is not too much; nothing beyond that is read.
fn bytes(from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(MOST_BYTES + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > MOST_BYTES {
        bail!("it is larger than {MOST_MIB} MiB, which no recording is");
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_never_ends_is_not_read_to_its_end() {
        let error = bytes(io::repeat(b' ')).unwrap_err();
        assert_eq!(error.to_string(), "it is larger than 128 MiB, which no recording is");
        assert_eq!(bytes(&b"{}"[..]).unwrap(), b"{}");
    }
}
