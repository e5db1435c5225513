//! Stacks: those of the kernel half by the names of their functions, and which slow call is on which.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, HashMap},
};

use tracer_common::{
    culprit::SlowCall,
    records::{ThreadKey, ThreadSlot},
    stack::{StackIds, StackSums, UNSEEN, is_no_room},
    syscall::Syscall,
};

use super::{roles::Roles, waits};
use crate::{
    model::{Pid, Stack, StackThread, culprit::OTHER},
    snapshot::{Snapshot, Stacks},
};

/// In place of frames: the thread was asleep before anybody looked.
const ASLEEP_BEFORE: &str = "[asleep before it was watched]";

/// In place of frames: the maps of stacks were full.
const NO_ROOM: &str = "[no room: see --max-stacks]";

/// In place of frames: the kernel could not walk the stack.
const NO_STACK: &str = "[no stack]";

/// Where something waited: process, system call, frames in the program and in the kernel.
type Place = (u32, String, Vec<String>, Vec<String>);

/// The stacks of a recording.
#[derive(Default)]
pub struct StackTable {
    /// Those that waited longest for the disk first.
    pub stacks: Vec<Stack>,
    ids: HashMap<Place, u32>,
}

impl StackTable {
    /// Of all disk waits, and of the slow calls that are told one by one.
    pub fn of(snapshot: &Snapshot, found: &Stacks, roles: &Roles) -> Self {
        let mut places: BTreeMap<Place, Sums> = BTreeMap::new();
        let mut told: HashMap<ThreadKey, BTreeMap<String, StackSums>> = HashMap::new();
        for (key, sums) in &found.rows {
            let syscall = waits::name(key.syscall_number);
            add(told.entry(key.thread).or_default().entry(syscall.clone()).or_default(), sums);
            let place = place(found, key.thread.pid, syscall, key.ids);
            add(places.entry(place).or_default().threads.entry(key.thread).or_default(), sums);
        }
        for thread in &snapshot.threads {
            let key = thread.slot.key;
            for (syscall, sums) in untold(&thread.slot, told.remove(&key).unwrap_or_default()) {
                let place = (key.pid, syscall, vec![NO_ROOM.to_owned()], vec![NO_ROOM.to_owned()]);
                add(places.entry(place).or_default().threads.entry(key).or_default(), &sums);
            }
        }
        for call in snapshot.culprits.iter().flat_map(|culprits| &culprits.calls) {
            if let Some(place) = place_of_call(found, &call.call) {
                places.entry(place).or_default().slow_calls += 1;
            }
        }
        let mut places: Vec<_> = places.into_iter().collect();
        places.sort_by_key(|(_, sums)| (Reverse(sums.disk().disk_ns), Reverse(sums.slow_calls)));
        let threads: HashMap<_, _> = snapshot.threads.iter().map(|thread| (thread.slot.key, thread)).collect();
        let mut table = Self::default();
        for (place, sums) in places {
            let id = table.stacks.len() as u32;
            let disk = sums.disk();
            let rows = sums.threads.iter().filter_map(|(key, sums)| {
                let thread = roles.thread_ref(threads.get(key)?);
                Some(StackThread { thread, disk_waits: sums.disk_waits, disk_wait_ns: sums.disk_ns })
            });
            let mut rows: Vec<_> = rows.collect();
            rows.sort_by_key(|row| (Reverse(row.disk_wait_ns), row.thread.tid));
            let (pid, syscall, user, kernel) = place.clone();
            table.stacks.push(Stack {
                hostname: None,
                id,
                pid: Pid(pid),
                syscall,
                kernel,
                user,
                disk_waits: disk.disk_waits,
                disk_wait_ns: disk.disk_ns,
                slow_calls: sums.slow_calls,
                threads: rows,
            });
            table.ids.insert(place, id);
        }
        table
    }

    /// The stack of a slow call.
    pub fn id_of(&self, found: &Stacks, call: &SlowCall) -> Option<u32> {
        self.ids.get(&place_of_call(found, call)?).copied()
    }
}

/// What happened on one stack.
#[derive(Default)]
struct Sums {
    threads: BTreeMap<ThreadKey, StackSums>,
    slow_calls: u64,
}

impl Sums {
    fn disk(&self) -> StackSums {
        let mut total = StackSums::default();
        self.threads.values().for_each(|sums| add(&mut total, sums));
        total
    }
}

fn add(total: &mut StackSums, part: &StackSums) {
    total.disk_waits += part.disk_waits;
    total.disk_ns += part.disk_ns;
}

/// The disk waits of a thread that are in no row, by system call.
fn untold(slot: &ThreadSlot, mut told: BTreeMap<String, StackSums>) -> Vec<(String, StackSums)> {
    let places = waits::by_syscall(slot);
    let mut rest = Vec::new();
    let (others, own): (Vec<_>, Vec<_>) = places.into_iter().partition(|place| place.name == OTHER);
    for place in own.into_iter().chain(others) {
        let mut seen = told.remove(&place.name).unwrap_or_default();
        if place.name == OTHER {
            // What is not told apart there is here.
            std::mem::take(&mut told).values().for_each(|sums| add(&mut seen, sums));
        }
        let disk_waits = place.disk_waits.saturating_sub(seen.disk_waits);
        let disk_ns = place.disk_wait_ns.saturating_sub(seen.disk_ns);
        if disk_waits > 0 {
            rest.push((place.name, StackSums { disk_waits, disk_ns }));
        }
    }
    rest
}

fn place_of_call(found: &Stacks, call: &SlowCall) -> Option<Place> {
    let syscall = Syscall::from_index(call.syscall)?.info().name;
    Some(place(found, call.key.pid, syscall.to_owned(), call.stack))
}

fn place(found: &Stacks, pid: u32, syscall: String, ids: StackIds) -> Place {
    let user = found.user.get(&(pid, ids.user)).cloned().unwrap_or_else(|| note(ids.user));
    let kernel = found.kernel.get(&ids.kernel).cloned().unwrap_or_else(|| note(ids.kernel));
    (pid, syscall, user, kernel)
}

/// What stands in place of the frames of a stack that is not there.
fn note(id: i32) -> Vec<String> {
    let note = match id {
        UNSEEN => ASLEEP_BEFORE,
        _ if is_no_room(id) => NO_ROOM,
        _ => NO_STACK,
    };
    vec![note.to_owned()]
}
