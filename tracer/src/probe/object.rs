//! The eBPF objects: embedded in the program, one of them chosen, configured and loaded.

use std::io::Read as _;

use anyhow::{Context as _, Result};
use aya::Ebpf;
use flate2::read::DeflateDecoder;
use rustix::process::{Resource, getrlimit};
use tracer_common::{
    config::{CONFIG_SYMBOL, Config, WALKERS},
    offsets::OFFSETS_SYMBOL,
    records::Breakdown,
};

use super::{btf::Btf, loader::loader, offsets::Layout};

static TYPED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/typed.o.deflate"));
static GUARDED: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/guarded.o.deflate"));

/// One of the objects that `cargo xtask build-ebpf` made: the same programs, by other means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Object {
    /// Reads the kernel's structures through pointers whose types the verifier knows.
    Typed,
    /// Copies each member through a helper, for kernels that have too few such pointers (before about 5.18).
    Guarded,
}

impl Object {
    /// The one for the kernel whose types are `btf`: what it has been given from later ones does not show in its version.
    pub fn for_kernel(btf: &Btf) -> Self {
        // The latest helper that is needed: their list (`enum bpf_func_id`) only grows at its end.
        const LATEST: &str = "BPF_FUNC_loop";
        // Those of the tracepoint, and one before them.
        let tells_state = btf.parameters("btf_trace_sched_switch").is_some_and(|parameters| parameters > 4);
        if tells_state && btf.enumerator(LATEST).is_some() { Self::Typed } else { Self::Guarded }
    }

    /// In a few words.
    #[must_use]
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Typed => "for kernels that know the types of their members",
            Self::Guarded => "for older kernels, which copy each member",
        }
    }

    /// The object's file, which is embedded compressed (build.rs): to a seventh, since most of it are lines of the source for
    /// a verifier's messages.
    fn bytes(self) -> Result<Vec<u8>> {
        let compressed = match self {
            Self::Typed => TYPED,
            Self::Guarded => GUARDED,
        };
        let mut bytes = Vec::new();
        DeflateDecoder::new(compressed).read_to_end(&mut bytes).context("the embedded eBPF object is broken")?;
        Ok(bytes)
    }
}

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
    /// Processes and threads that may be targets at the same time; 0: there is no map of them.
    pub targets: u32,
    /// Automata for their names.
    pub glob_tables: u32,
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

/// Bytes of the smallest ring buffer: a page.
const LEAST_RING: u32 = 1 << 12;

/// Bytes for records of targets: 13,000 in a tenth of a second.
const TARGET_RING: u32 = 1 << 19;

/// Creates the maps and prepares the programs; none of them is loaded yet.
///
/// # Errors
/// If the kernel refuses to create a map.
pub fn open(object: Object, config: &Config, layout: &Layout, sizes: &Sizes, warnings: bool) -> Result<Ebpf> {
    let log_level = u8::from(warnings) * log::Level::Warn as u8;
    let stacks = sizes.stacks.unwrap_or(1);
    let bytes = object.bytes()?;
    let claims = sizes.slots + sizes.turns + sizes.record_mask() + sizes.files.unwrap_or(0);
    loader()
        .override_global(CONFIG_SYMBOL, bytemuck::bytes_of(config), true)
        .override_global(OFFSETS_SYMBOL, bytemuck::bytes_of(&layout.offsets), true)
        .override_global(LOG_LEVEL_SYMBOL, &log_level, true)
        .map_max_entries("THREADS", sizes.slots)
        .map_max_entries("TAKEN", sizes.slots)
        .map_max_entries("TARGETS", sizes.targets.max(1))
        .map_max_entries("TARGET_RECORDS", if sizes.targets == 0 { LEAST_RING } else { TARGET_RING })
        .map_max_entries("TARGET_COUNTS", 1 + sizes.cpus)
        .map_max_entries("GLOBS", sizes.glob_tables.max(1))
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
        .map_max_entries("FOUND", sizes.cpus)
        .map_max_entries("CONNECTIONS", sizes.cpus)
        .map_max_entries("SEND_BUDGETS", sizes.cpus)
        .map_max_entries("STACKS", stacks)
        .map_max_entries("MORE_STACKS", stacks)
        .map_max_entries("STACK_STATES", sizes.stacks.map_or(1, |_| sizes.slots))
        .map_max_entries("STACK_SUMS", stacks)
        .map_max_entries("UNTOLD", sizes.cpu_rows())
        .load(&bytes)
        .with_context(|| format!("the kernel refused the eBPF maps{}", too_low()))
}

/// Frames that the maps of stacks have room for (`PERF_MAX_STACK_DEPTH`, include/uapi/linux/perf_event.h): the kernel
/// makes none with more than it would fill.
const FRAMES: u32 = 127;

/// What to do where that, or the limit of locked memory, is the reason.
fn too_low() -> String {
    const SETTING: &str = "kernel.perf_event_max_stack";
    let frames = std::fs::read_to_string("/proc/sys/kernel/perf_event_max_stack").ok();
    match frames.and_then(|frames| frames.trim().parse::<u32>().ok()) {
        Some(frames) if frames < FRAMES => return format!(" ({SETTING} is {frames}: sysctl {SETTING}={FRAMES})"),
        _ => {}
    }
    // Who may raise the limit has done so by now.
    match getrlimit(Resource::Memlock).current {
        Some(bytes) => {
            format!(
                " (Linux before 5.11 counts them as locked memory, of which {bytes} bytes are allowed: \
                 ulimit -l unlimited)"
            )
        }
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use tracer_common::{
        records::{CallStats, ThreadSlot},
        turns::TurnStats,
    };

    use super::*;

    #[test]
    fn the_embedded_objects_are_whole_and_small() {
        for object in [Object::Typed, Object::Guarded] {
            assert!(object.bytes().unwrap().starts_with(b"\x7fELF"));
        }
        let embedded = TYPED.len() + GUARDED.len();
        // A deliberately faulty object may be larger.
        assert!(option_env!("TRACER_EBPF_OBJECT").is_some() || embedded < 640 << 10, "{embedded} bytes");
    }

    #[test]
    fn a_slot_takes_no_more_of_the_kernels_memory_than_it_did() {
        let bytes = |rows: u32| {
            let slots = 1 << 13;
            let sizes =
                Sizes { slots, turns: slots / 8, rows, files: None, stacks: None, cpus: 1, targets: 0, glob_tables: 0 };
            let all = slots as usize * (size_of::<ThreadSlot>() + size_of::<u64>())
                + sizes.records() as usize * size_of::<CallStats>()
                + sizes.turns as usize * size_of::<TurnStats>();
            all / slots as usize
        };
        // With one system call it was 4,104, with several 6,632.
        assert!(bytes(1) <= 4_500, "{} bytes", bytes(1));
        assert!(bytes(2) <= 7_300, "{} bytes", bytes(2));
    }
}
