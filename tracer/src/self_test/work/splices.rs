//! Splices from a file into a pipe, and from there into another file.

use anyhow::{Context as _, Result, ensure};
use rustix::{
    fs::{MemfdFlags, memfd_create},
    pipe::{SpliceFlags, pipe, splice},
};

use super::Source;
use crate::{scratch::page_bytes, self_test::known::KnownSplices};

/// How many each way.
const SPLICES: u64 = 64;

/// Makes them; how many bytes of the hot file were read, and what they were.
pub fn both_ways(source: &Source) -> Result<(u64, KnownSplices)> {
    let (out, into) = pipe().context("cannot make a pipe")?;
    let copy = memfd_create("copy", MemfdFlags::CLOEXEC).context("cannot make a file in memory")?;
    let page = page_bytes() as usize;
    let mut bytes = 0;
    for _ in 0..SPLICES {
        let came =
            splice(&source.hot, Some(&mut 0), &into, None, page, SpliceFlags::empty()).context("cannot splice")?;
        let went = splice(&out, None, &copy, Some(&mut 0), page, SpliceFlags::empty()).context("cannot splice")?;
        ensure!((came, went) == (page, page), "a splice moved less than a page");
        bytes += came as u64;
    }
    Ok((bytes, KnownSplices { file_to_pipe: SPLICES, pipe_to_file: SPLICES }))
}
