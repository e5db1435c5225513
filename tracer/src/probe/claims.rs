//! Which slots, records and files are taken, given back.

use anyhow::{Context as _, Result};
use aya::{Pod, maps::HashMap};
use tracer_common::records::ThreadKey;

use super::Session;

/// Bytes of a [`ThreadKey`], as the map takes it.
type KeyBytes = [u8; size_of::<ThreadKey>()];

impl Session {
    /// Gives back all that threads and files had taken. Only behind a closed gate.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn forget_claims(&mut self) -> Result<()> {
        self.empty::<u32>("CLAIMS")?;
        self.empty::<KeyBytes>("DROPPED")
    }

    fn empty<K: Pod>(&mut self, name: &str) -> Result<()> {
        let map = self.ebpf.map_mut(name).with_context(|| format!("the object has no map {name}"))?;
        let mut map = HashMap::<_, K, u32>::try_from(map)?;
        let keys: Result<Vec<K>, _> = map.keys().collect();
        for key in keys.with_context(|| format!("cannot list {name}"))? {
            map.remove(&key).with_context(|| format!("cannot empty {name}"))?;
        }
        Ok(())
    }
}
