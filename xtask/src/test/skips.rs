//! Tests that could not run. libtest knows no skip that a test decides on while it runs, so such a test appends
//! the line `SKIPPED <test>: <why>` to the file that TRACER_SKIPS names, and returns.

use std::cell::Cell;
use std::collections::BTreeSet;
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

    /// How many tests skipped something since this was last asked. A test that skips several parts is one.
    pub fn count_new(&self) -> Result<usize> {
        let all = self.all()?;
        let counted = self.counted.replace(all.len());
        let tests: BTreeSet<_> =
            all[counted..].iter().map(|line| line.split_once(": ").map_or(&**line, |(test, _)| test)).collect();
        Ok(tests.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[test]
    fn each_test_is_counted_once_however_many_parts_it_skips() {
        let directory = tempfile::tempdir().unwrap();
        let skips = Skips::create(directory.path()).unwrap();
        let mut file = std::fs::OpenOptions::new().append(true).open(skips.path()).unwrap();
        assert_eq!(skips.count_new().unwrap(), 0);
        writeln!(file, "SKIPPED kernel::a: no bpftrace\nSKIPPED kernel::a: no loop device").unwrap();
        assert_eq!(skips.count_new().unwrap(), 1);
        writeln!(file, "SKIPPED kernel::b: no loop device").unwrap();
        assert_eq!(skips.count_new().unwrap(), 1);
        assert_eq!(skips.all().unwrap().len(), 3);
    }
}
