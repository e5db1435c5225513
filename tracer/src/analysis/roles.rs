//! Roles from behaviour: who takes events from which set of descriptors, and what is in that?

use std::collections::HashMap;

use tracer_common::{
    records::{OffCpuReason, SleepingTask, ThreadKey, ThreadSlot},
    syscall::{FUTEX, Syscall},
    turns::ReadySet,
};

use super::in_flight::waits_for_disk;
use crate::{
    model::{Pid, Probe, Role, ThreadRef, Tid},
    snapshot::{IdleInstance, Snapshot, ThreadData},
};

/// What a thread polls holds connections, if it could not be looked at and is at least so many descriptors.
const LEAST_POLLED: u64 = 2;

/// The role of each thread that has a slot, or that was found asleep, and what it is called.
pub struct Roles {
    roles: HashMap<ThreadKey, Role>,
    names: HashMap<ThreadKey, String>,
    /// Where a thread stands in the snapshot: a search for each of thousands of threads would take too long.
    places: HashMap<ThreadKey, usize>,
}

impl Roles {
    /// Judges the threads. The only one that takes events from an instance is its event loop, if the instance
    /// watches several sockets or one that listens; of several, each is a poller. Where nobody took any, this goes
    /// for those that wait. Who polls or selects over such a set of its own is its event loop. The rest are workers,
    /// if they made traced calls or waited for the disk.
    #[must_use]
    pub fn of(snapshot: &Snapshot) -> Self {
        let parked = snapshot.parked();
        let users = Users::of(snapshot, &parked);
        let slots = snapshot.threads.iter().map(|thread| &thread.slot);
        let roles = slots.map(|slot| (slot.key, users.role_of(slot, snapshot)));
        let mut roles: HashMap<_, _> = roles.collect();
        for (task, set) in parked {
            roles.insert(task.key, users.role_on(set, false, snapshot).unwrap_or_default());
        }
        if !snapshot.idle_instances.is_empty() {
            for task in snapshot.asleep.iter().flatten().filter(|task| is_stuck_loop(task, snapshot)) {
                roles.insert(task.key, Role::EventLoop);
            }
        }
        let places = snapshot.threads.iter().enumerate().map(|(place, thread)| (thread.slot.key, place)).collect();
        Self { roles, names: snapshot.thread_names.clone(), places }
    }

    /// The thread with this key, in the snapshot that the roles are of; `None` if it has no slot.
    #[must_use]
    pub fn thread<'a>(&self, key: &ThreadKey, snapshot: &'a Snapshot) -> Option<&'a ThreadData> {
        snapshot.threads.get(*self.places.get(key)?)
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
        self.thread(key, snapshot)
            .map_or_else(|| self.reference(key, comm_text(comm)), |thread| self.thread_ref(thread))
    }

    fn reference(&self, key: &ThreadKey, comm: String) -> ThreadRef {
        let name = self.names.get(key).unwrap_or(&comm).clone();
        ThreadRef { name, role: self.role(key), ..named(key, comm) }
    }
}

/// How a recording refers to the thread that made a call if nothing else is known of it.
#[must_use]
pub fn stranger(key: &ThreadKey, comm: &[u8]) -> ThreadRef {
    named(key, comm_text(comm))
}

fn named(key: &ThreadKey, comm: String) -> ThreadRef {
    ThreadRef {
        hostname: None,
        pid: Pid(key.pid),
        tid: Tid(key.tid),
        start_time_ns: key.start_boottime_ns,
        name: comm.clone(),
        comm,
        role: Role::Unknown,
    }
}

/// How many threads use each set.
struct Users {
    takers: HashMap<ReadySet, u32>,
    waiters: HashMap<ReadySet, u32>,
}

impl Users {
    fn of(snapshot: &Snapshot, parked: &[(&SleepingTask, ReadySet)]) -> Self {
        let (mut takers, mut waiters): (HashMap<_, u32>, HashMap<_, u32>) = Default::default();
        for slot in snapshot.threads.iter().map(|thread| &thread.slot) {
            let Some(set) = slot.ready_set() else { continue };
            let users = if takes_events(slot, snapshot) { &mut takers } else { &mut waiters };
            *users.entry(set.identity()).or_default() += 1;
        }
        for (_, set) in parked {
            *waiters.entry(set.identity()).or_default() += 1;
        }
        Self { takers, waiters }
    }

    fn role_of(&self, slot: &ThreadSlot, snapshot: &Snapshot) -> Role {
        let is_taker = takes_events(slot, snapshot);
        let on_set = slot.ready_set().and_then(|set| self.role_on(set, is_taker, snapshot));
        let waits_for_disk = slot.off_cpu.since_ns != 0 && slot.off_cpu.reason == OffCpuReason::Disk as u32;
        let took_part = slot.entered > 0 || slot.disk_waits().waits > 0 || waits_for_disk || is_taker;
        on_set.unwrap_or(if took_part { Role::Worker } else { Role::Unknown })
    }

    /// The role that using a set gives; `None`: none.
    fn role_on(&self, set: ReadySet, is_taker: bool, snapshot: &Snapshot) -> Option<Role> {
        let users = |of: &HashMap<_, u32>| of.get(&set.identity()).copied().unwrap_or(0);
        let rivals = match (is_taker, users(&self.takers)) {
            (true, takers) => takers,
            (false, 0) => users(&self.waiters),
            // Parked beside the thread that takes the events, as Node.js does.
            (false, _) => return None,
        };
        if rivals > 1 {
            return Some(Role::Poller);
        }
        holds_connections(set, snapshot).then_some(Role::EventLoop)
    }
}

/// Whether a thread took events; where turns were not observed, whether it slept for them. Who polls over a set of its
/// own takes what it finds.
fn takes_events(slot: &ThreadSlot, snapshot: &Snapshot) -> bool {
    let turns = &slot.turns;
    match slot.ready_set() {
        None => false,
        Some(ReadySet::Epoll(_)) if snapshot.is_attached(Probe::READINESS) => turns.ready_events > 0,
        Some(_) => turns.turns > 0 || turns.sleeps > 0,
    }
}

/// Whether a set holds connections. An instance that had gone when it was looked at may; of one that was hidden nobody can say.
fn holds_connections(set: ReadySet, snapshot: &Snapshot) -> bool {
    match (set, snapshot.watched.get(&set.identity())) {
        (ReadySet::IoUring(..), _) => true,
        (_, Some(watched)) => watched.holds_connections(),
        (ReadySet::Epoll(_), None) => !snapshot.is_hidden(set),
        (ReadySet::Poll(_, _, descriptors), None) => descriptors >= LEAST_POLLED,
        (ReadySet::Select(..), None) => false,
    }
}

/// Whether a thread that was asleep at the end of the window, and waited for no readiness in it, is the event loop of
/// an instance that nobody else uses: it sends to one of the sockets, or no other thread can be.
fn is_stuck_loop(task: &SleepingTask, snapshot: &Snapshot) -> bool {
    let waits = snapshot.thread(&task.key).is_some_and(|thread| thread.slot.ready_set().is_some());
    let sends_to = |instance: &IdleInstance| {
        let is_sendfile = task.syscall_number == i64::from(Syscall::Sendfile.info().number);
        is_sendfile && instance.descriptors.iter().any(|&descriptor| u64::from(descriptor) == task.first_argument)
    };
    let idle = snapshot.idle_instances.iter().filter(|instance| instance.pid == task.key.pid);
    let instances: Vec<_> = idle.filter(|instance| instance.watched.holds_connections()).collect();
    !waits
        && task.ready_set().is_none()
        && (instances.iter().any(|instance| sends_to(instance))
            || !instances.is_empty() && is_only_suspect(task, snapshot))
}

/// Whether a thread waited for the disk all along, and no other one of its process did, or waited for another thread,
/// as an event loop may for one that waits for the disk.
fn is_only_suspect(task: &SleepingTask, snapshot: &Snapshot) -> bool {
    let before: HashMap<_, _> = snapshot.asleep_before.iter().flatten().map(|task| (task.key, task)).collect();
    let all_along =
        |task: &SleepingTask| before.get(&task.key).is_some_and(|then| then.syscall_number == task.syscall_number);
    let is_suspect = |other: &&SleepingTask| {
        other.key.pid == task.key.pid
            && all_along(other)
            && (waits_for_disk(other) || other.syscall_number == FUTEX as i64)
    };
    let suspects: Vec<_> = snapshot.asleep.iter().flatten().filter(is_suspect).collect();
    matches!(suspects.as_slice(), [only] if only.key == task.key && waits_for_disk(task))
}

/// The name in a NUL-terminated array of bytes.
fn comm_text(comm: &[u8]) -> String {
    let end = comm.iter().position(|&byte| byte == 0).unwrap_or(comm.len());
    String::from_utf8_lossy(&comm[..end]).into_owned()
}
