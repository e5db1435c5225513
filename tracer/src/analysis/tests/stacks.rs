//! Stacks.

use tracer_common::{
    records::WaitPlace,
    stack::{PLACE_TAKEN, StackIds, StackKey, StackSums},
};

use super::*;
use crate::snapshot::Stacks;

const SENDFILE: i32 = 40;

fn row(data: &ThreadData, kernel: i32, user: i32, syscall_number: i32, disk_ns: u64) -> (StackKey, StackSums) {
    let key = StackKey { thread: data.slot.key, ids: StackIds { kernel, user }, syscall_number, reserved: 0 };
    (key, StackSums { disk_waits: 1, disk_ns })
}

fn frames(names: &[&str]) -> Vec<String> {
    names.iter().map(|&name| name.into()).collect()
}

/// Two threads; the same functions have two ids, as they were called from two lines.
fn seen(rows: impl Fn(&ThreadData, &ThreadData) -> Vec<(StackKey, StackSums)>) -> Snapshot {
    let mut first = waiting(thread(11), 3, 10);
    first.slot.wait_places[0] = WaitPlace { number: SENDFILE, waits: 2, wait_ns: 20, max_ns: 10 };
    first.slot.wait_places[1] = WaitPlace { number: -1, waits: 1, wait_ns: 10, max_ns: 10 };
    let mut second = waiting(thread(12), 1, 50);
    second.slot.wait_places[0] = WaitPlace { number: SENDFILE, waits: 1, wait_ns: 50, max_ns: 50 };
    let rows = rows(&first, &second);
    let mut snapshot = snapshot(vec![first, second]);
    let (wait, fault) = (frames(&["schedule", "read"]), frames(&["schedule", "fault"]));
    snapshot.stacks = Some(Stacks {
        rows,
        kernel: [(1, wait.clone()), (2, wait), (3, fault)].into(),
        user: [((10, 5), frames(&["inner", "main"]))].into(),
    });
    snapshot
}

#[test]
fn stacks_of_the_same_functions_are_one_with_a_row_for_each_thread() {
    let recording = recording(&seen(|first, second| {
        let fault = row(first, 3, 5, -1, 10);
        vec![row(first, 1, 5, SENDFILE, 12), row(first, 2, 5, SENDFILE, 8), row(second, 2, 5, SENDFILE, 50), fault]
    }));
    let stacks = recording.stacks.unwrap();
    assert_eq!(stacks.len(), 2);
    assert_eq!(
        (stacks[0].id, &*stacks[0].syscall, stacks[0].disk_waits, stacks[0].disk_wait_ns),
        (0, "sendfile", 3, 70)
    );
    let threads: Vec<_> = stacks[0].threads.iter().map(|row| (row.thread.tid.0, row.disk_wait_ns)).collect();
    assert_eq!(threads, [(12, 50), (11, 20)]);
    assert_eq!((&*stacks[1].syscall, &stacks[1].kernel), ("page_fault", &frames(&["schedule", "fault"])));
    assert_eq!(recording.losses.stacks_dropped, Some(0));
}

#[test]
fn waits_that_are_on_no_stack_are_told_by_themselves() {
    let recording = recording(&seen(|first, _| vec![row(first, 1, PLACE_TAKEN, SENDFILE, 12)]));
    let stacks = recording.stacks.unwrap();
    assert_eq!(stacks.iter().map(|stack| stack.disk_wait_ns).collect::<Vec<_>>(), [58, 12, 10]);
    let no_room = frames(&["[no room: see --max-stacks]"]);
    assert_eq!((&stacks[0].kernel, &stacks[0].user), (&no_room, &no_room));
    assert_eq!((&stacks[1].kernel, &stacks[1].user), (&frames(&["schedule", "read"]), &no_room));
    assert_eq!((&*stacks[2].syscall, stacks[2].disk_waits), ("page_fault", 1));
}

#[test]
fn a_slow_call_refers_to_its_stack() {
    let mut snapshot = seen(|first, second| vec![row(first, 1, 5, SENDFILE, 20), row(second, 1, 5, SENDFILE, 50)]);
    let mut call = SlowCall::zeroed();
    (call.key, call.stack) = (snapshot.threads[0].slot.key, StackIds { kernel: 2, user: 5 });
    let on_disk = CallData { call, file: None, peer: None };
    call.stack = StackIds { kernel: 3, user: 5 };
    let elsewhere = CallData { call, file: None, peer: None };
    snapshot.culprits = Some(Culprits { calls: vec![on_disk, elsewhere], ..Culprits::default() });
    let recording = recording(&snapshot);
    let stacks = recording.stacks.unwrap();
    let of = |index: usize| &stacks[recording.slow_calls[index].stack.unwrap() as usize];
    assert_eq!((of(0).disk_wait_ns, of(0).slow_calls), (70, 1));
    assert_eq!((of(1).disk_waits, of(1).slow_calls, &of(1).kernel[1]), (0, 1, &"fault".to_owned()));
}
