//! Roles from behaviour: who waits on its own epoll instance?

use std::collections::HashMap;

use tracer_common::records::{SleepingTask, ThreadKey};

use crate::{
    model::{Pid, Role, ThreadRef, Tid},
    snapshot::ThreadData,
};

/// The role of each thread that has a slot.
pub struct Roles(HashMap<ThreadKey, Role>);

impl Roles {
    /// Judges the threads. One that sleeps on an epoll instance is its event loop if no other thread does,
    /// else one of its pollers. The rest are workers, if they made traced calls or waited for the disk.
    #[must_use]
    pub fn of(threads: &[ThreadData]) -> Self {
        let mut sleepers: HashMap<(u32, u32), u32> = HashMap::new();
        for slot in threads.iter().map(|thread| &thread.slot).filter(|slot| slot.epoll_sleeps > 0) {
            *sleepers.entry((slot.key.pid, slot.epoll_fd)).or_default() += 1;
        }
        let role = |thread: &ThreadData| {
            let slot = &thread.slot;
            if slot.epoll_sleeps > 0 {
                let alone = sleepers.get(&(slot.key.pid, slot.epoll_fd)) == Some(&1);
                if alone { Role::EventLoop } else { Role::Poller }
            } else if slot.entered > 0 || slot.disk_waits > 0 {
                Role::Worker
            } else {
                Role::Unknown
            }
        };
        Self(threads.iter().map(|thread| (thread.slot.key, role(thread))).collect())
    }

    /// The role of a thread; unknown for one without a slot.
    #[must_use]
    pub fn role(&self, key: &ThreadKey) -> Role {
        self.0.get(key).copied().unwrap_or_default()
    }

    /// How a recording refers to `thread`.
    #[must_use]
    pub fn thread_ref(&self, thread: &ThreadData) -> ThreadRef {
        let then = comm_text(&thread.slot.comm);
        let comm = thread.comm_now.clone().unwrap_or(then);
        self.reference(&thread.slot.key, comm)
    }

    /// How a recording refers to a thread that was only found asleep.
    #[must_use]
    pub fn sleeper_ref(&self, task: &SleepingTask) -> ThreadRef {
        self.reference(&task.key, comm_text(&task.comm))
    }

    /// How a recording refers to the thread that made a call.
    #[must_use]
    pub fn caller_ref(&self, key: &ThreadKey, comm: &[u8], threads: &[ThreadData]) -> ThreadRef {
        // Its slot, if it has one, knows the name that it has now.
        let slot = threads.iter().find(|thread| thread.slot.key == *key);
        slot.map_or_else(|| self.reference(key, comm_text(comm)), |thread| self.thread_ref(thread))
    }

    fn reference(&self, key: &ThreadKey, comm: String) -> ThreadRef {
        ThreadRef {
            pid: Pid(key.pid),
            tid: Tid(key.tid),
            start_time_ns: key.start_boottime_ns,
            name: comm.clone(),
            comm,
            role: self.role(key),
        }
    }
}

/// The name in a NUL-terminated array of bytes.
fn comm_text(comm: &[u8]) -> String {
    let end = comm.iter().position(|&byte| byte == 0).unwrap_or(comm.len());
    String::from_utf8_lossy(&comm[..end]).into_owned()
}
