//! Who waited behind a disk-blocked call: the connections of the event loop's epoll set that have something for it
//! to do when the call returns. On rare paths only.

use core::{ffi::c_void, ptr::null_mut};

use aya_ebpf::helpers::generated::bpf_loop;
use tracer_common::{
    culprit::NOT_COUNTED,
    records::{Cause, ThreadSlot},
    syscall::readiness::{self, Readiness},
};

use crate::{
    call::Parts,
    clock::now_ns,
    file::{self, read},
    globals::global,
    maps,
    slots::{self, Slot},
    socket,
    task::Task,
};

/// Most descriptors that are looked at behind one call: about 0.5 ms.
const MOST: u32 = 2048;

/// Nodes of a tree that wait to be looked at: more than any tree of the kernel is deep.
const DEPTH: usize = 64;

/// Words of an item that are read at once: all that is looked at, but for the events (`struct epitem`).
const ITEM_WORDS: usize = 10;

/// A walk takes at most this part of the time that the disk took anyway …
const SHARE: u64 = 8;

/// … and no more than this is saved up for later calls, ns.
const MOST_CREDIT_NS: u64 = 10_000_000;

/// Where a walk through an epoll set is. One per CPU.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Walk {
    /// Nodes that wait to be looked at.
    stack: [u64; DEPTH],
    /// How many.
    depth: u64,
    /// The file that the call itself served.
    served: u64,
    /// Connections found waiting.
    waiting: u32,
    /// 1: a node found no room on the stack.
    is_cut: u32,
    /// The item that is looked at.
    item: [u64; ITEM_WORDS],
}

/// Bits of the events that are waited for (`include/uapi/linux/eventpoll.h`).
mod events {
    /// `EPOLLOUT`.
    pub const OUT: u32 = 1 << 2;
    /// `EPOLLET`.
    pub const EDGE: u32 = 1 << 31;
    /// `EPOLLONESHOT`.
    pub const ONE_SHOT: u32 = 1 << 30;
}

/// How many connections wait behind a call that returns; [`NOT_COUNTED`], if they were not counted.
#[inline(always)]
pub fn behind(parts: &Parts) -> u32 {
    if parts.cause == Cause::Disk && global!(CONFIG.behind) != 0 { count_behind() as u32 } else { NOT_COUNTED }
}

/// Counts the connections that wait behind the call from which the current thread returns, and adds them to the
/// thread's sums. [`NOT_COUNTED`], if they were not counted.
///
/// A function of its own, with global linkage and without arguments: so the verifier looks at it once.
#[unsafe(no_mangle)]
#[inline(never)]
extern "C" fn count_behind() -> u64 {
    let task = Task::current();
    let Some(Slot { thread, .. }) = slots::find(task) else { return NOT_COUNTED.into() };
    if readiness::kind_of(thread.turns.syscall_number.into()) != Some(Readiness::Epoll) {
        return NOT_COUNTED.into();
    }
    let credit_ns = thread.behind.credit_ns + thread.call.disk_ns / SHARE;
    if credit_ns < thread.behind.cost_ns {
        thread.behind.credit_ns = credit_ns;
        thread.behind.capped += 1;
        return NOT_COUNTED.into();
    }
    let begin_ns = now_ns();
    let connections = walk(task, thread);
    let spent_ns = now_ns() - begin_ns;
    thread.behind.cost_ns = spent_ns;
    thread.behind.credit_ns = credit_ns.saturating_sub(spent_ns).min(MOST_CREDIT_NS);
    let Some((connections, is_capped)) = connections else { return NOT_COUNTED.into() };
    thread.behind.connections += u64::from(connections);
    if connections > thread.behind.max {
        thread.behind.max = connections;
    }
    if is_capped {
        thread.behind.capped += 1;
    }
    connections.into()
}

/// Walks the tree of the epoll set. `None`: it is none any more; else how many wait, and whether some were left out.
#[inline(always)]
fn walk(task: Task, thread: &ThreadSlot) -> Option<(u32, bool)> {
    let file = file::behind(task, thread.turns.set)?;
    let instance: u64 = read(file, global!(OFFSETS.file_private))?;
    // The descriptor may have been closed and given to another file.
    if read::<u64>(instance, global!(OFFSETS.eventpoll_file))? != file {
        return None;
    }
    let root: u64 = read(instance, global!(OFFSETS.eventpoll_root))?;
    let walk = maps::walk()?;
    walk.served = file::behind(task, task.registers().first()).unwrap_or(0);
    walk.waiting = 0;
    walk.is_cut = 0;
    walk.depth = 0;
    push(walk, root);
    // SAFETY: the callback is a function of this object that fits; it is given no context.
    unsafe { bpf_loop(MOST, look as *mut c_void, null_mut(), 0) };
    let walk = maps::walk()?;
    Some((walk.waiting, walk.depth > 0 || walk.is_cut != 0))
}

/// Looks at one descriptor of the set; returns 1 when there is none left.
#[inline(never)]
unsafe extern "C" fn look(_: u64, _: *mut c_void) -> i64 {
    let Some(walk) = maps::walk() else { return 1 };
    let Some(depth) = walk.depth.checked_sub(1) else { return 1 };
    walk.depth = depth;
    let Some(&node) = walk.stack.get(depth as usize) else { return 1 };
    let item = node - u64::from(global!(OFFSETS.epitem_node));
    let Some(bytes) = read::<[u64; ITEM_WORDS]>(item, 0) else { return 0 };
    walk.item = bytes;
    push(walk, word(walk, global!(OFFSETS.epitem_node) + global!(OFFSETS.node_left)));
    push(walk, word(walk, global!(OFFSETS.epitem_node) + global!(OFFSETS.node_right)));
    walk.waiting += waiting(walk, item).unwrap_or(0);
    0
}

/// The word at `offset` of the item that is looked at.
#[inline(always)]
fn word(walk: &Walk, offset: u32) -> u64 {
    walk.item.get((offset / 8) as usize).copied().unwrap_or(0)
}

#[inline(always)]
fn push(walk: &mut Walk, node: u64) {
    if node == 0 {
        return;
    }
    let depth = walk.depth;
    match walk.stack.get_mut(depth as usize) {
        Some(place) => {
            *place = node;
            walk.depth = depth + 1;
        }
        None => walk.is_cut = 1,
    }
}

/// How many connections wait at a watched file: one with unread input, those to be accepted, one that is queued as
/// ready.
///
/// A level-triggered file stays queued until the next wait looks at it, also if it has been served meanwhile: there
/// only room to write counts, since that is not waited for unless something is left to be written.
#[inline(always)]
fn waiting(walk: &Walk, item: u64) -> Option<u32> {
    let file = word(walk, global!(OFFSETS.epitem_file));
    if file == walk.served {
        return Some(0);
    }
    let sock = socket::of(file)?;
    let unread: u32 = read(sock, global!(OFFSETS.sock_unread))?;
    if socket::listens(sock)? {
        return read(sock, global!(OFFSETS.sock_backlog));
    }
    if unread > 0 {
        return Some(1);
    }
    let ready = global!(OFFSETS.epitem_ready);
    let is_queued = word(walk, ready) != item + u64::from(ready);
    let wanted: u32 = if is_queued { read(item, global!(OFFSETS.epitem_events))? } else { 0 };
    Some(u32::from(wanted & (events::EDGE | events::ONE_SHOT | events::OUT) != 0))
}
