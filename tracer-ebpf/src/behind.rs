//! Who waited behind a disk-blocked call: the connections of the event loop's epoll set that have something for it
//! to do when the call returns. On rare paths only.

use tracer_common::{
    culprit::NOT_COUNTED,
    records::{Cause, ThreadSlot},
    syscall::readiness::{self, Readiness},
};

use crate::{
    call::Parts,
    clock::now_ns,
    epoll::Walk,
    file::{self, read},
    globals::global,
    maps::{self, Walker},
    repeat::{Next, repeat, step},
    slots::{self, Slot},
    socket,
    task::Task,
};

/// Most descriptors that are looked at behind one call: about 0.5 ms. The guarded object is for kernels whose verifiers
/// follow each step.
const MOST: u32 = if cfg!(feature = "guarded") { 512 } else { 2048 };

/// A walk takes at most this part of the time that the disk took anyway …
const SHARE: u64 = 8;

/// … and no more than this is saved up for later calls, ns.
const MOST_CREDIT_NS: u64 = 10_000_000;

/// No walk costs more, ns, but one that was held up by something else.
const MOST_COST_NS: u64 = 1_000_000;

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
    let connections = look(task, thread);
    let spent_ns = now_ns() - begin_ns;
    thread.behind.cost_ns = spent_ns.min(MOST_COST_NS);
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

/// Looks at the whole epoll set. `None`: it is none any more; else how many wait, and whether some were left out.
#[inline(always)]
fn look(task: Task, thread: &ThreadSlot) -> Option<(u32, bool)> {
    maps::walk(Walker::Behind)?.begin(thread.turns.set)?;
    let found = maps::connections()?;
    *found = Connections { served: file::behind(task.registers().first()).unwrap_or(0), waiting: 0 };
    repeat!(look_at_item, at most MOST);
    Some((found.waiting as u32, maps::walk(Walker::Behind)?.is_cut()))
}

/// What a look finds. It lives in a map.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Connections {
    /// The file that the call itself served.
    served: u64,
    /// Connections that wait.
    waiting: u64,
}

step! {
    /// Looks at one descriptor of the set, if one is left.
    fn look_at_item(_index) {
        let (Some(walk), Some(found)) = (maps::walk(Walker::Behind), maps::connections()) else { return Next::End };
        if walk.next().is_none() {
            return Next::End;
        }
        if walk.file() != found.served {
            found.waiting += u64::from(waiting(walk).unwrap_or(0));
        }
        Next::Step
    }
}

/// How many connections wait at a watched file: one with unread input, those to be accepted, one that is queued as
/// ready.
///
/// A level-triggered file stays queued until the next wait looks at it, also if it has been served meanwhile: there
/// only room to write counts, since that is not waited for unless something is left to be written.
#[inline(always)]
fn waiting(walk: &Walk) -> Option<u32> {
    let sock = socket::of(walk.file())?;
    let unread: u32 = read(sock, global!(OFFSETS.sock_unread))?;
    if socket::listens(sock)? {
        return read(sock, global!(OFFSETS.sock_backlog));
    }
    if unread > 0 {
        return Some(1);
    }
    let wanted = if walk.is_queued() { walk.wanted()? } else { 0 };
    Some(u32::from(wanted & (events::EDGE | events::ONE_SHOT | events::OUT) != 0))
}
