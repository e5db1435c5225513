//! Roles from behaviour: who takes events from which epoll instance, and what does that watch?

use std::collections::HashMap;

use tracer_common::records::{EpollInstance, SleepingTask, ThreadKey, ThreadSlot};

use crate::{
    model::{Pid, Probe, Role, ThreadRef, Tid},
    snapshot::{Snapshot, ThreadData, Watched},
};

/// Fewer watched sockets than this hold no set of connections, unless the one listens.
const LEAST_SOCKETS: u64 = 2;

/// The role of each thread that has a slot, or that was found parked on an epoll instance, and what it is called.
pub struct Roles {
    roles: HashMap<ThreadKey, Role>,
    names: HashMap<ThreadKey, String>,
}

impl Roles {
    /// Judges the threads. The only one that takes events from an instance is its event loop, if the instance
    /// watches several sockets or one that listens; of several, each is a poller. Where nobody took any, this goes
    /// for those that wait. The rest are workers, if they made traced calls or waited for the disk.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let parked = snapshot.parked();
        let users = Users::of(snapshot, &parked);
        let slots = snapshot.threads.iter().map(|thread| &thread.slot);
        let roles = slots.map(|slot| (slot.key, users.role_of(slot, snapshot)));
        let mut roles: HashMap<_, _> = roles.collect();
        for (task, instance) in parked {
            roles.insert(task.key, users.role_on(instance, false, snapshot).unwrap_or_default());
        }
        Self { roles, names: snapshot.thread_names.clone() }
    }

    /// The role of a thread; unknown for one without a slot.
    #[must_use]
    pub fn role(&self, key: &ThreadKey) -> Role {
        self.roles.get(key).copied().unwrap_or_default()
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
    pub fn caller_ref(&self, key: &ThreadKey, comm: &[u8], snapshot: &Snapshot) -> ThreadRef {
        // Its slot, if it has one, knows the name that it has now.
        snapshot.thread(key).map_or_else(|| self.reference(key, comm_text(comm)), |thread| self.thread_ref(thread))
    }

    fn reference(&self, key: &ThreadKey, comm: String) -> ThreadRef {
        ThreadRef {
            pid: Pid(key.pid),
            tid: Tid(key.tid),
            start_time_ns: key.start_boottime_ns,
            name: self.names.get(key).unwrap_or(&comm).clone(),
            comm,
            role: self.role(key),
        }
    }
}

/// How many threads use each instance.
struct Users {
    takers: HashMap<EpollInstance, u32>,
    waiters: HashMap<EpollInstance, u32>,
}

impl Users {
    fn of(snapshot: &Snapshot, parked: &[(&SleepingTask, EpollInstance)]) -> Self {
        let (mut takers, mut waiters): (HashMap<_, u32>, HashMap<_, u32>) = Default::default();
        for slot in snapshot.threads.iter().map(|thread| &thread.slot) {
            if takes_events(slot, snapshot) {
                *takers.entry(slot.epoll_instance()).or_default() += 1;
            } else if slot.epoll_sleeps > 0 {
                *waiters.entry(slot.epoll_instance()).or_default() += 1;
            }
        }
        for (_, instance) in parked {
            *waiters.entry(*instance).or_default() += 1;
        }
        Self { takers, waiters }
    }

    fn role_of(&self, slot: &ThreadSlot, snapshot: &Snapshot) -> Role {
        let is_taker = takes_events(slot, snapshot);
        let uses_epoll = is_taker || slot.epoll_sleeps > 0;
        let on_epoll = if uses_epoll { self.role_on(slot.epoll_instance(), is_taker, snapshot) } else { None };
        on_epoll.unwrap_or(if slot.entered > 0 || slot.disk_waits > 0 || is_taker {
            Role::Worker
        } else {
            Role::Unknown
        })
    }

    /// The role that using an instance gives; `None`: none.
    fn role_on(&self, instance: EpollInstance, is_taker: bool, snapshot: &Snapshot) -> Option<Role> {
        let takers = self.takers.get(&instance).copied().unwrap_or(0);
        let rivals = match (is_taker, takers) {
            (true, takers) => takers,
            (false, 0) => self.waiters.get(&instance).copied().unwrap_or(0),
            // Parked beside the thread that takes the events, as Node.js does.
            (false, _) => return None,
        };
        if rivals > 1 {
            return Some(Role::Poller);
        }
        holds_connections(snapshot.watched.get(&instance)).then_some(Role::EventLoop)
    }
}

/// Whether a thread took events; where turns were not observed, whether it slept on an instance.
fn takes_events(slot: &ThreadSlot, snapshot: &Snapshot) -> bool {
    if snapshot.is_attached(Probe::READINESS) { slot.turns > 0 } else { slot.epoll_sleeps > 0 }
}

/// Whether an instance holds a set of connections. One that could not be looked at may.
fn holds_connections(watched: Option<&Watched>) -> bool {
    watched.is_none_or(|watched| watched.sockets >= LEAST_SOCKETS || watched.listens)
}

/// The name in a NUL-terminated array of bytes.
fn comm_text(comm: &[u8]) -> String {
    let end = comm.iter().position(|&byte| byte == 0).unwrap_or(comm.len());
    String::from_utf8_lossy(&comm[..end]).into_owned()
}
