//! What nginx serves, and what is asked of it: the same in each run.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    net::Ipv4Addr,
    path::Path,
};

use anyhow::{Context as _, Result};
use tests::{http::Client, os::page_cache::evict};

const HOT: &str = "hot.html";
/// In memory up to its middle.
const PARTLY_COLD: &str = "partly-cold.html";

/// Bytes of a request, and of the hot file.
const RANGE: u64 = 16 << 10;
/// Of the partly cold file.
const RANGES: u64 = 2048;

const REQUESTS: u32 = 6000;
/// Every so manyth request is for the partly cold file: some 2.5 % of all wait for the disk, so p99 is the latency of one that did.
const PARTLY_COLD_EACH: u32 = 20;

/// Writes both files.
pub fn write(root: &Path) -> Result<()> {
    for (name, bytes) in [(HOT, RANGE), (PARTLY_COLD, RANGES * RANGE)] {
        let path = root.join(name);
        fs::write(&path, vec![1; bytes as usize]).with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}

/// Puts the partly cold file out of memory, and its first half back.
pub fn prepare(root: &Path) -> Result<()> {
    let path = root.join(PARTLY_COLD);
    let file = File::open(&path).with_context(|| format!("cannot open {}", path.display()))?;
    evict(&file)?;
    let half = RANGES * RANGE / 2;
    io::copy(&mut file.take(half), &mut io::sink()).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(())
}

/// Asks for ranges at places that chance chose, once for all runs.
pub fn load(port: u16) -> Result<()> {
    let mut client = Client::connect(Ipv4Addr::LOCALHOST, port)?;
    let mut places = fastrand::Rng::with_seed(1);
    for request in 0..REQUESTS {
        if request % PARTLY_COLD_EACH == 0 {
            client.get(PARTLY_COLD, places.u64(..RANGES) * RANGE, RANGE)?;
        } else {
            client.get(HOT, 0, RANGE)?;
        }
    }
    Ok(())
}
