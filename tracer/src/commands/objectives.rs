//! Files of service-level objectives.

use std::{
    fs::File,
    io::Read as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, Result, anyhow, bail};

use crate::gate::slo::{self, Slo};

/// No file of objectives is longer, in KiB.
const MOST_KIB: u64 = 1024;

/// Those of all `files`.
///
/// # Errors
/// If one cannot be read or says what is not understood, or if two SLOs have one name.
pub fn read(files: &[PathBuf]) -> Result<Vec<Slo>> {
    let mut slos = Vec::new();
    for path in files {
        slos.extend(read_one(path).with_context(|| format!("cannot read {}", path.display()))?);
    }
    if let Some(name) = slo::name_of_several(&slos) {
        bail!("cannot tell objectives apart: two files have an SLO called {name}, name each file once");
    }
    Ok(slos)
}

fn read_one(path: &Path) -> Result<Vec<Slo>> {
    let mut text = String::new();
    File::open(path)?.take((MOST_KIB << 10) + 1).read_to_string(&mut text)?;
    if text.len() as u64 > MOST_KIB << 10 {
        bail!("it is larger than {MOST_KIB} KiB, which no file of objectives is");
    }
    slo::parse(&text).map_err(|mistake| anyhow!("{mistake}"))
}
