//! Cold pages: what a call had to bring into the page cache of the file it reads.

use tracer_common::records::{COLD_COUNTED, COLD_NO_FILE, COLD_UNKNOWN, Call, ColdPages, PageRun, RUNS};

use crate::{
    file::OpenFile,
    files,
    folio::{Added, Entering},
    slots,
    task::{PAGE_FAULT, Task},
    transfer, window,
};

/// log2 of the page size.
const PAGE_SHIFT: u32 = 12;

/// The current thread adds pages to a page cache. They count if it does so inside a traced call, for the
/// file that the call reads; and in a page fault of its own, where files are told apart or it is in a turn.
#[inline(always)]
pub fn added(what: &impl Entering) {
    let task = Task::current();
    if !window::is_target(task) || !window::is_open() {
        return;
    }
    if task.registers().syscall_number() == i64::from(PAGE_FAULT) {
        files::faulted(task, what);
        return;
    }
    let Some(slots::Slot { thread, .. }) = slots::find(task) else { return };
    let call = &mut thread.call;
    if call.active == 0 {
        return;
    }
    if call.cold_known == COLD_UNKNOWN {
        call.cold_known = if look_up_file(call, task).is_some() { COLD_COUNTED } else { COLD_NO_FILE };
    }
    if call.cold_known != COLD_COUNTED {
        return;
    }
    let added = what.added();
    let cold = &mut call.cold;
    if added.inode == cold.inode && added.device == cold.device {
        add(cold, &added);
    }
}

/// Which file the call reads, and which pages of it; `None`: none.
#[inline(always)]
fn look_up_file(call: &mut Call, task: Task) -> Option<()> {
    let syscall = Call::syscall_of(call.active)?;
    let registers = task.registers();
    let file = OpenFile::of(transfer::input(syscall, registers)?)?;
    let start_bytes = transfer::start(syscall, registers).before(file.file)?;
    let end_bytes = start_bytes.saturating_add(transfer::requested(syscall, registers));
    let cold = &mut call.cold;
    cold.inode = file.inode;
    cold.device = file.device;
    cold.start_bytes = start_bytes;
    cold.first_page = start_bytes >> PAGE_SHIFT;
    cold.end_page = page_after(end_bytes);
    cold.in_request = 0;
    cold.read_ahead = 0;
    cold.next_run = 0;
    for run in &mut cold.runs {
        *run = PageRun { first: 0, end: 0 };
    }
    Some(())
}

#[inline(always)]
fn add(cold: &mut ColdPages, added: &Added) {
    let first = added.first.max(cold.first_page);
    let end = added.end.min(cold.end_page);
    let inside = end.saturating_sub(first);
    cold.in_request += inside;
    cold.read_ahead += added.end - added.first - inside;
    if inside == 0 {
        return;
    }
    // Pages are mostly added in order: then the latest run grows.
    if let Some(latest) = cold.runs.get_mut(cold.next_run.wrapping_sub(1) as usize & (RUNS - 1))
        && latest.end == first
    {
        latest.end = end;
        return;
    }
    if let Some(free) = cold.runs.get_mut(cold.next_run as usize & (RUNS - 1)) {
        *free = PageRun { first, end };
        cold.next_run = cold.next_run.wrapping_add(1);
    }
}

/// A call's cold pages, once it is known how much it returned.
pub struct Settled {
    /// Inside the returned range.
    pub requested: u64,
    /// Outside of it.
    pub read_ahead: u64,
    /// 4 KiB pages that the returned range covers.
    pub pages: u64,
}

impl Settled {
    /// Of a call that brought in none. An `Option` would not do: where there is none, the compiler leaves in a register
    /// what was there before, which the verifier then sees added.
    pub const NONE: Self = Self { requested: 0, read_ahead: 0, pages: 0 };
}

/// Splits the cold pages of a call that returned `result`.
#[inline(always)]
pub fn settle(cold: &ColdPages, result: i64) -> Settled {
    let returned = if result > 0 { result as u64 } else { 0 };
    let end_page = if returned == 0 { cold.first_page } else { page_after(cold.start_bytes + returned) };
    let pages = end_page - cold.first_page;
    let mut beyond = 0;
    for run in &cold.runs {
        beyond += run.end.saturating_sub(run.first.max(end_page));
    }
    // Never more than was returned: of a call that failed, or lost a page and read it again, runs may be forgotten.
    let requested = cold.in_request.saturating_sub(beyond).min(pages);
    Settled { requested, read_ahead: cold.read_ahead + cold.in_request - requested, pages }
}

/// 4 KiB pages that `bytes` from `start` on cover.
#[inline(always)]
pub const fn pages_in(start: u64, bytes: u64) -> u64 {
    page_after(start + bytes) - (start >> PAGE_SHIFT)
}

/// One past the page that holds the byte before `end`.
#[inline(always)]
const fn page_after(end: u64) -> u64 {
    end.saturating_add((1 << PAGE_SHIFT) - 1) >> PAGE_SHIFT
}
