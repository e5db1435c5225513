//! In which system calls a thread waited for the disk.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, btree_map::Entry},
};

use syscalls::Sysno;
use tracer_common::records::{OffCpu, OffCpuReason, ThreadSlot, WaitPlace};

use crate::{
    model::{PAGE_FAULT, StillWaiting, SyscallWaits, culprit::OTHER},
    snapshot::Snapshot,
};

/// A thread's disk waits by system call, worst first.
pub fn by_syscall(slot: &ThreadSlot) -> Vec<SyscallWaits> {
    let [own @ .., last] = &slot.wait_places;
    let own = own.iter().map(|place| (name(place.number), place));
    let rows = own.chain([(OTHER.to_owned(), last)]).filter(|(_, place)| place.waits > 0);
    sorted(rows.map(|(name, place)| row(name, place)))
}

/// The disk wait that a thread was in when the window closed, if it had lasted for the threshold.
pub fn still_waiting(snapshot: &Snapshot, slot: &ThreadSlot) -> Option<StillWaiting> {
    let OffCpu { since_ns, reason, syscall_number, .. } = slot.off_cpu;
    // What its slot says may be out of date if it got no CPU since it was woken.
    let is_asleep = || snapshot.asleep.iter().flatten().any(|task| task.key == slot.key && task.ready_set().is_none());
    let waited_ns = snapshot.closed_ns.saturating_sub(since_ns);
    let waits = since_ns != 0 && reason == OffCpuReason::Disk as u32 && waited_ns >= snapshot.threshold_ns;
    (waits && is_asleep())
        .then(|| StillWaiting { name: name(syscall_number), since_ns: waited_ns.min(snapshot.duration_ns()) })
}

/// The rows of several threads in one list, worst first.
pub fn merged<'a>(rows: impl IntoIterator<Item = &'a SyscallWaits>) -> Vec<SyscallWaits> {
    let mut sums: BTreeMap<&str, SyscallWaits> = BTreeMap::new();
    for row in rows {
        match sums.entry(&row.name) {
            Entry::Vacant(place) => {
                place.insert(row.clone());
            }
            Entry::Occupied(mut place) => {
                let sum = place.get_mut();
                sum.disk_waits += row.disk_waits;
                sum.disk_wait_ns += row.disk_wait_ns;
                sum.max_ns = sum.max_ns.max(row.max_ns);
            }
        }
    }
    sorted(sums.into_values())
}

fn sorted(rows: impl Iterator<Item = SyscallWaits>) -> Vec<SyscallWaits> {
    let mut rows: Vec<_> = rows.collect();
    rows.sort_by(|one, other| (Reverse(one.disk_wait_ns), &one.name).cmp(&(Reverse(other.disk_wait_ns), &other.name)));
    rows
}

fn row(name: String, place: &WaitPlace) -> SyscallWaits {
    SyscallWaits { name, disk_waits: place.waits.into(), disk_wait_ns: place.wait_ns, max_ns: place.max_ns }
}

/// Name of a system call as the recording has it; −1 is a page fault of the program itself.
pub fn name(number: i32) -> String {
    match usize::try_from(number) {
        Ok(number) => Sysno::new(number).map_or_else(|| format!("syscall_{number}"), |known| known.name().to_owned()),
        Err(_) => PAGE_FAULT.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytemuck::Zeroable as _;
    use tracer_common::records::WAIT_PLACES;

    #[test]
    fn system_calls_have_their_names() {
        assert_eq!(["sendfile", "pread64", "fsync", "page_fault"], [40, 17, 74, -1].map(name).each_ref().map(|s| &**s));
        assert_eq!(name(99_999), "syscall_99999");
    }

    #[test]
    fn the_last_place_is_for_all_others() {
        let mut slot = ThreadSlot::zeroed();
        slot.wait_places[0] = WaitPlace { number: 40, waits: 2, wait_ns: 10, max_ns: 9 };
        slot.wait_places[WAIT_PLACES - 1] = WaitPlace { number: 0, waits: 1, wait_ns: 50, max_ns: 50 };
        let rows = by_syscall(&slot);
        assert_eq!(rows.iter().map(|row| &*row.name).collect::<Vec<_>>(), [OTHER, "sendfile"]);
        let merged = merged(rows.iter().chain(&rows));
        assert_eq!((merged[0].disk_waits, merged[1].disk_wait_ns, merged[1].max_ns), (2, 20, 9));
    }
}
