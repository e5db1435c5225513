//! Stacks are the disk waits of the threads, and what slow calls refer to.

use std::collections::BTreeMap;

use super::{Checked, equal, of_thread, require, sum, unique};
use crate::model::{Recording, Stack, ThreadIdentity};

pub fn check(recording: &Recording, is_exact: bool) -> Checked {
    let Some(stacks) = &recording.stacks else {
        let refers = recording.slow_calls.iter().position(|call| call.stack.is_some());
        return refers.map_or(Ok(()), |index| Err(format!("slow_calls[{index}]: its stack is not there")));
    };
    unique("stacks", stacks.iter().map(|stack| stack.id))?;
    let mut calls: BTreeMap<u32, u64> = stacks.iter().map(|stack| (stack.id, 0)).collect();
    for (index, call) in recording.slow_calls.iter().enumerate() {
        let Some(id) = call.stack else { continue };
        let number = calls.get_mut(&id).ok_or_else(|| format!("slow_calls[{index}]: there is no stack {id}"))?;
        *number += 1;
    }
    for stack in stacks {
        one(stack, calls[&stack.id], is_exact)?;
    }
    if is_exact { of_threads(recording, stacks) } else { Ok(()) }
}

fn one(stack: &Stack, calls: u64, is_exact: bool) -> Checked {
    let place = format!("stacks, {}", stack.id);
    unique(&format!("{place}, threads"), stack.threads.iter().map(|row| row.thread.identity()))?;
    let is_of_it = |row: &crate::model::ThreadRef| (row.pid, &row.hostname) == (stack.pid, &stack.hostname);
    require(stack.threads.iter().all(|row| is_of_it(&row.thread)), &place, || {
        "a thread of another process waited on it".into()
    })?;
    if !is_exact {
        return Ok(());
    }
    equal(&place, "slow_calls", stack.slow_calls, "so many refer to it:", calls)?;
    let threads = &stack.threads;
    equal(&place, "disk_waits", stack.disk_waits, "the sum of its threads", sum(threads, |row| row.disk_waits))?;
    equal(&place, "disk_wait_ns", stack.disk_wait_ns, "the sum of its threads", sum(threads, |row| row.disk_wait_ns))
}

/// All stacks of a thread together are its disk waits.
fn of_threads(recording: &Recording, stacks: &[Stack]) -> Checked {
    let mut sums: BTreeMap<ThreadIdentity<'_>, [u128; 2]> = BTreeMap::new();
    for row in stacks.iter().flat_map(|stack| &stack.threads) {
        let sum = sums.entry(row.thread.identity()).or_default();
        sum[0] += u128::from(row.disk_waits);
        sum[1] += u128::from(row.disk_wait_ns);
    }
    for row in &recording.threads {
        let place = of_thread("threads", &row.thread);
        let [disk_waits, disk_wait_ns] = sums.remove(&row.thread.identity()).unwrap_or_default();
        equal(&place, "disk_waits", row.disk_waits, "the sum of its stacks", disk_waits)?;
        equal(&place, "disk_wait_ns", row.disk_wait_ns, "the sum of its stacks", disk_wait_ns)?;
    }
    let unknown = sums.keys().next();
    require(unknown.is_none(), "stacks", || "a thread that is not in threads waited on one".into())
}
