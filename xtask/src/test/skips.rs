//! Tests that could not run. libtest knows no skip that a test decides on while it runs, so such a test appends
//! the line `SKIPPED <test>: <why>` to the file that TRACER_SKIPS names, and returns.

use std::cell::Cell;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The file of skips, and how much of it was counted.
#[derive(Debug)]
pub struct Skips {
    path: PathBuf,
    counted: Cell<usize>,
}

impl Skips {
    /// An empty file in this directory.
    pub fn create(directory: &Path) -> Result<Self> {
        let path = directory.join("test-skips.txt");
        std::fs::write(&path, "").with_context(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path, counted: Cell::new(0) })
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Every skip so far.
    pub fn all(&self) -> Result<Vec<String>> {
        let text =
            std::fs::read_to_string(&self.path).with_context(|| format!("cannot read {}", self.path.display()))?;
        Ok(text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect())
    }

    /// The skips since this was last asked.
    pub fn new_ones(&self) -> Result<Vec<String>> {
        let all = self.all()?;
        let counted = self.counted.replace(all.len());
        Ok(all.into_iter().skip(counted).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn each_skip_is_counted_once() {
        let directory = tempfile::tempdir().unwrap();
        let skips = Skips::create(directory.path()).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(skips.path()).unwrap();
        assert!(skips.new_ones().unwrap().is_empty());
        writeln!(file, "SKIPPED a: no bpftrace").unwrap();
        assert_eq!(skips.new_ones().unwrap(), ["SKIPPED a: no bpftrace"]);
        writeln!(file, "SKIPPED b: no loop device").unwrap();
        assert_eq!(skips.new_ones().unwrap(), ["SKIPPED b: no loop device"]);
        assert_eq!(skips.all().unwrap().len(), 2);
    }
}
