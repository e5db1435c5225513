//! The files that the target reads, each with what calls and page faults made of it. Where files are told apart alone.

use aya_ebpf::bindings::BPF_NOEXIST;
use tracer_common::{
    files::{FILE_PROBES, FileStats, home_of},
    records::Faults,
    syscall::{Syscall, flags::O_DIRECT},
};

use crate::{
    cold, culprit,
    file::OpenFile,
    folio::{Added, Entering},
    globals::global,
    maps,
    slots::{self, Slot},
    task::Task,
    transfer,
};

/// Whether files are told apart.
#[inline(always)]
pub fn are_told_apart() -> bool {
    global!(CONFIG.file_mask) != 0
}

/// What a call read of a file.
#[derive(Clone, Copy)]
pub struct Read {
    /// 4 KiB pages that the returned range covers; 0 for what went past the page cache.
    pub pages: u64,
    /// Whether it went past the page cache.
    pub is_direct: bool,
}

/// [`read_by_call`]: the call read no file.
const NO_FILE: u64 = u64::MAX;

/// [`read_by_call`]: marks a call that went past the page cache.
const DIRECT: u64 = 1 << 63;

/// Adds the call that the current thread has just made to the file that it read; `None`: it read none.
#[inline(always)]
pub fn read(syscall: Syscall, result: i64, cold: &cold::Settled, disk_ns: Option<u64>) -> Option<Read> {
    // A call that waited for no time at all waited all the same.
    let disk_ns_plus_1 = disk_ns.map_or(0, |ns| ns + 1);
    match read_by_call(syscall as u64, result, cold.requested, cold.read_ahead, disk_ns_plus_1) {
        NO_FILE => None,
        DIRECT => Some(Read { pages: 0, is_direct: true }),
        pages => Some(Read { pages, is_direct: false }),
    }
}

/// Global linkage, numbers alone: so the verifier looks at it once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn read_by_call(syscall: u64, result: i64, requested: u64, read_ahead: u64, disk_ns_plus_1: u64) -> u64 {
    let Some(syscall) = Syscall::from_index(syscall as u32) else { return NO_FILE };
    let task = Task::current();
    let registers = task.registers();
    let Some(descriptor) = transfer::input(syscall, registers) else { return NO_FILE };
    let Some(file) = OpenFile::of(descriptor) else { return NO_FILE };
    // A file system may read through the page cache all the same.
    let is_direct = requested + read_ahead == 0 && file.flags().is_some_and(|flags| flags & O_DIRECT != 0);
    let returned = if result > 0 { result as u64 } else { 0 };
    let pages = match transfer::start(syscall, registers).after(file.file, result) {
        _ if is_direct || returned == 0 => 0,
        Some(start) => cold::pages_in(start, returned),
        None => cold::pages_in(0, returned),
    };
    if let Some((index, entry)) = find_or_claim(file.device, file.inode) {
        if returned > 0 {
            add(&mut entry.calls, 1);
            add(&mut entry.bytes, returned);
            add(&mut entry.pages, pages);
        }
        if requested + read_ahead > 0 {
            add(&mut entry.cold_requested, requested);
            add(&mut entry.read_ahead, read_ahead);
        }
        if disk_ns_plus_1 > 0 {
            add(&mut entry.disk_blocked, 1);
            add(&mut entry.disk_ns, disk_ns_plus_1 - 1);
        }
        if is_direct && returned > 0 {
            add(&mut entry.direct_calls, 1);
            add(&mut entry.direct_bytes, returned);
        }
        if entry.is_named == 0 && index <= global!(CONFIG.file_mask) && culprit::name_file(&file) {
            entry.is_named = 1;
        }
    }
    if is_direct { DIRECT } else { pages }
}

/// A page fault of the current thread brings pages in. What it was is noted where files are told apart, and for event
/// loops, whose worst turn may have waited for it.
#[inline(always)]
pub fn faulted(task: Task, what: &impl Entering) {
    let slot = if are_told_apart() { slots::find_or_claim(task) } else { slots::find(task) };
    let Some(Slot { thread, .. }) = slot else {
        if are_told_apart() {
            slots::count_dropped(task);
        }
        return;
    };
    if !are_told_apart() && thread.turns.since_ns == 0 {
        return;
    }
    let added = what.added();
    let faults = &mut thread.faults;
    let current = task.faults_over() + 1;
    let is_another = faults.latest_plus_1 != current;
    faults.latest_plus_1 = current;
    faults.host = what.host();
    faults.inode = added.inode;
    faults.device = u64::from(added.device);
    if are_told_apart() {
        add_fault(faults, &added, is_another);
    }
}

#[inline(always)]
fn add_fault(faults: &mut Faults, added: &Added, is_another: bool) {
    let pages = added.end - added.first;
    faults.cold_pages += pages;
    if is_another {
        faults.faults += 1;
    }
    if let Some((index, entry)) = find_or_claim(added.device, added.inode) {
        faults.file_plus_1 = u64::from(index) + 1;
        add(&mut entry.fault_pages, pages);
        if is_another {
            add(&mut entry.faults, 1);
        }
        if entry.is_named == 0 && index <= global!(CONFIG.file_mask) && culprit::name_faulted_file() {
            entry.is_named = 1;
        }
    }
}

/// Whether the latest page fault of a thread that brought pages in is the one that it is in.
#[inline(always)]
pub fn is_in_latest_fault(task: Task, faults: &Faults) -> bool {
    faults.latest_plus_1 == task.faults_over() + 1
}

/// The thread has waited for storage in a page fault of its own for so long. If the fault brought pages in, the wait is
/// for their file.
#[inline(always)]
pub fn waited_in_fault(task: Task, faults: &Faults, slept_ns: u64) {
    if is_in_latest_fault(task, faults)
        && let Some(entry) = maps::file((faults.file_plus_1 as u32).wrapping_sub(1))
    {
        add(&mut entry.fault_disk_waits, 1);
        add(&mut entry.fault_disk_ns, slept_ns);
    }
}

/// The entry of a file, or the one that takes what finds no room.
#[inline(always)]
fn find_or_claim(device: u32, inode: u64) -> Option<(u32, &'static mut FileStats)> {
    let index = claim_file(device, inode);
    maps::file(index).map(|entry| (index, entry))
}

/// Marks a claim as one of a file.
const FILES: u32 = 3 << 30;

/// Where a file is in the table. Global linkage: see [`slots`].
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn claim_file(device: u32, inode: u64) -> u32 {
    let mask = global!(CONFIG.file_mask);
    let home = if cfg!(feature = "fault-files-mixed") { 0 } else { home_of(device, inode) };
    for step in 0..FILE_PROBES {
        let index = home.wrapping_add(step) & mask;
        let Some(entry) = maps::file(index) else { break };
        if entry.inode == inode && entry.device == device {
            return index;
        }
        if cfg!(feature = "fault-files-mixed") && entry.inode != 0 {
            return index;
        }
        if entry.inode == 0 {
            if maps::CLAIMS.insert(FILES | index, 1, u64::from(BPF_NOEXIST)).is_ok() {
                // The inode is what tells a taken entry from a free one, so it is written last.
                entry.device = device;
                entry.inode = inode;
                return index;
            }
            // Another CPU is about to take it: perhaps for this file, which then may get a second entry. User space adds
            // them up.
            if entry.inode == inode && entry.device == device {
                return index;
            }
        }
    }
    mask + 1
}

/// Several CPUs may add to the same sum.
#[inline(always)]
fn add(sum: &mut u64, value: u64) {
    // SAFETY: one atomic addition to a sum that is valid and aligned for as long as the reference lives. `core` has none
    // for this target.
    unsafe {
        core::arch::asm!("lock *(u64 *)({0} + 0) += {1}", in(reg) core::ptr::from_mut(sum), in(reg) value, options(nostack));
    }
}
