//! The stacks that the kernel half kept.

use anyhow::{Context as _, Result};
use aya::{
    Ebpf,
    maps::{HashMap, Map, MapData, StackTraceMap},
};
use tracer_common::stack::{IN_SECOND_MAP, StackKey, StackSums};

/// Words of a key and of a value: aya reads no types of ours.
type Key = [u64; size_of::<StackKey>() / 8];
type Value = [u64; size_of::<StackSums>() / 8];

/// The maps of stacks. They stay readable after the probes are gone.
pub struct StackMaps {
    stacks: StackTraceMap<MapData>,
    more: StackTraceMap<MapData>,
    sums: HashMap<MapData, Key, Value>,
}

impl StackMaps {
    /// Takes them out of the object.
    ///
    /// # Errors
    /// If one is missing.
    pub fn of(ebpf: &mut Ebpf) -> Result<Self> {
        Ok(Self {
            stacks: StackTraceMap::try_from(take(ebpf, "STACKS")?)?,
            more: StackTraceMap::try_from(take(ebpf, "MORE_STACKS")?)?,
            sums: HashMap::try_from(take(ebpf, "STACK_SUMS")?)?,
        })
    }

    /// The disk waits by thread, system call and stack.
    ///
    /// # Errors
    /// If the kernel refuses.
    pub fn rows(&self) -> Result<Vec<(StackKey, StackSums)>> {
        let rows = self.sums.iter().map(|row| row.map(|(key, value)| (bytemuck::cast(key), bytemuck::cast(value))));
        rows.collect::<Result<_, _>>().context("cannot read the sums of stacks")
    }

    /// The addresses of the stack with this id, innermost first; `None`: there is none.
    pub fn addresses(&self, id: i32) -> Option<Vec<u64>> {
        let index = u32::try_from(id & !IN_SECOND_MAP).ok()?;
        let map = if id & IN_SECOND_MAP == 0 { &self.stacks } else { &self.more };
        let stack = map.get(&index, 0).ok()?;
        Some(stack.frames().iter().map(|frame| frame.ip).collect())
    }
}

fn take(ebpf: &mut Ebpf, name: &str) -> Result<Map> {
    ebpf.take_map(name).with_context(|| format!("the object has no map {name}"))
}
