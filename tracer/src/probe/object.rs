//! The eBPF object: embedded in the program, configured and loaded.

use anyhow::{Context as _, Result};
use aya::{Ebpf, EbpfLoader};
use tracer_common::{
    config::{CONFIG_SYMBOL, Config, WALKERS},
    offsets::OFFSETS_SYMBOL,
    records::Breakdown,
};

use super::offsets::Layout;

/// The object that `cargo xtask build-ebpf` made.
static OBJECT: &[u8] = aya::include_bytes_aligned!(env!("TRACER_EBPF_OBJECT_PATH"));

/// The symbol by which aya-log is told what to keep silent about.
const LOG_LEVEL_SYMBOL: &str = "AYA_LOG_LEVEL";

/// How large the maps are to be.
pub struct Sizes {
    /// Thread slots; a power of two.
    pub slots: u32,
    /// Records of turns; a power of two.
    pub turns: u32,
    /// Stacks, and rows of sums over them; `None`: none are wanted.
    pub stacks: Option<u32>,
    /// System calls that are traced.
    pub rows: u32,
    /// Files that are told apart, a power of two; `None`: they are not.
    pub files: Option<u32>,
    /// Highest possible CPU + 1.
    pub cpus: u32,
}

impl Sizes {
    /// Records of calls: one for each slot; with several system calls two, since few threads make all of them.
    #[must_use]
    pub const fn records(&self) -> u32 {
        if self.rows > 1 { self.slots * 2 } else { self.slots }
    }

    /// What the kernel half masks the index of such a record with; 0: it is that of the slot.
    #[must_use]
    pub const fn record_mask(&self) -> u32 {
        if self.rows > 1 { self.records() - 1 } else { 0 }
    }

    /// Entries of the table of files: one more for those that find no room.
    #[must_use]
    pub fn file_entries(&self) -> u32 {
        self.files.map_or(1, |files| files + 1)
    }

    /// Entries of a table by CPU and traced system call.
    #[must_use]
    pub const fn cpu_rows(&self) -> u32 {
        self.cpus * self.rows
    }
}

/// Creates the maps and prepares the programs; none of them is loaded yet.
///
/// # Errors
/// If the kernel refuses to create a map.
pub fn open(config: &Config, layout: &Layout, sizes: &Sizes, warnings: bool) -> Result<Ebpf> {
    let log_level = u8::from(warnings) * log::Level::Warn as u8;
    let stacks = sizes.stacks.unwrap_or(1);
    let claims = sizes.slots + sizes.turns + sizes.record_mask() + sizes.files.unwrap_or(0);
    EbpfLoader::new()
        .override_global(CONFIG_SYMBOL, bytemuck::bytes_of(config), true)
        .override_global(OFFSETS_SYMBOL, bytemuck::bytes_of(&layout.offsets), true)
        .override_global(LOG_LEVEL_SYMBOL, &log_level, true)
        .map_max_entries("THREADS", sizes.slots)
        .map_max_entries("CALLS", sizes.records())
        .map_max_entries("FILES", sizes.file_entries())
        .map_max_entries("TURNS", sizes.turns)
        .map_max_entries("CLAIMS", claims)
        .map_max_entries("BREAKDOWNS", sizes.cpu_rows() * Breakdown::COUNT)
        .map_max_entries("ERRORS", sizes.cpu_rows())
        .map_max_entries("LOSSES", sizes.cpus)
        .map_max_entries("CLOCKS", sizes.cpus)
        .map_max_entries("SLOW_CALL", sizes.cpus)
        .map_max_entries("WALKS", sizes.cpus * WALKERS)
        .map_max_entries("SEND_BUDGETS", sizes.cpus)
        .map_max_entries("STACKS", stacks)
        .map_max_entries("MORE_STACKS", stacks)
        .map_max_entries("STACK_STATES", sizes.stacks.map_or(1, |_| sizes.slots))
        .map_max_entries("STACK_SUMS", stacks)
        .map_max_entries("UNTOLD", sizes.cpu_rows())
        .load(OBJECT)
        .context("the kernel refused the eBPF maps")
}
