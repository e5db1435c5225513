//! All places of a recording that name a thread, a host or a time of the window.

use crate::model::{Recording, Run, ThreadRef, Verdict};

/// Hands every thread that a recording names to `each`; its runs keep what they say.
pub fn threads(recording: &mut Recording, each: &mut impl FnMut(&mut ThreadRef)) {
    threads_of_all_runs(recording, each);
    threads_of_some_runs(recording, each);
}

/// Those of the lists that a merged recording has only if all runs have them.
pub fn threads_of_some_runs(recording: &mut Recording, each: &mut impl FnMut(&mut ThreadRef)) {
    let stacks = recording.stacks.iter_mut().flatten().flat_map(|stack| &mut stack.threads);
    stacks.for_each(|row| each(&mut row.thread));
    let readers = recording.page_cache.iter_mut().flat_map(|read| &mut read.threads);
    readers.for_each(|row| each(&mut row.thread));
}

/// Those of all other lists.
pub fn threads_of_all_runs(recording: &mut Recording, each: &mut impl FnMut(&mut ThreadRef)) {
    for syscall in &mut recording.syscalls {
        syscall.threads.iter_mut().for_each(|row| each(&mut row.thread));
        syscall.in_flight.iter_mut().for_each(|row| each(&mut row.thread));
    }
    recording.threads.iter_mut().for_each(|row| each(&mut row.thread));
    recording.event_loops.iter_mut().for_each(|row| each(&mut row.thread));
    recording.slow_calls.iter_mut().for_each(|row| each(&mut row.thread));
    let loops = recording.intervals.iter_mut().flat_map(|interval| &mut interval.event_loops);
    loops.for_each(|row| each(&mut row.thread));
    verdict(&mut recording.verdict, each);
}

fn verdict(verdict: &mut Verdict, each: &mut impl FnMut(&mut ThreadRef)) {
    verdict.threads.iter_mut().for_each(each);
}

/// Hands every host name of a recording's rows and runs to `each`.
pub fn hostnames(recording: &mut Recording, each: &mut impl FnMut(&mut Option<String>)) {
    threads(recording, &mut |thread| each(&mut thread.hostname));
    recording.target.processes.iter_mut().for_each(|row| each(&mut row.hostname));
    for syscall in &mut recording.syscalls {
        syscall.processes.iter_mut().for_each(|row| each(&mut row.hostname));
        syscall.files.iter_mut().flatten().for_each(|row| each(&mut row.hostname));
        syscall.clients.iter_mut().flatten().for_each(|row| each(&mut row.hostname));
    }
    recording.intervals.iter_mut().for_each(|row| each(&mut row.hostname));
    recording.stacks.iter_mut().flatten().for_each(|row| each(&mut row.hostname));
    let files = recording.page_cache.iter_mut().flat_map(|read| &mut read.files);
    files.for_each(|row| each(&mut row.hostname));
    for Run { hostname, target, verdict, .. } in &mut recording.runs {
        each(hostname);
        target.processes.iter_mut().for_each(|row| each(&mut row.hostname));
        self::verdict(verdict, &mut |thread| each(&mut thread.hostname));
    }
}

/// Moves every time that counts from the window's start by so much, ns; `None` if one gets too large.
pub fn delay(recording: &mut Recording, by_ns: u64) -> Option<()> {
    let mut fits = Some(());
    let mut each = |at_ns: &mut u64| match at_ns.checked_add(by_ns) {
        Some(later_ns) => *at_ns = later_ns,
        None => fits = None,
    };
    recording.slow_calls.iter_mut().for_each(|call| each(&mut call.at_ns));
    recording.intervals.iter_mut().for_each(|interval| each(&mut interval.at_ns));
    let turns = recording.event_loops.iter_mut().filter_map(|row| row.worst_turn.as_mut());
    turns.for_each(|turn| each(&mut turn.at_ns));
    let in_flight = recording.syscalls.iter_mut().flat_map(|syscall| &mut syscall.in_flight);
    in_flight.filter_map(|call| call.returned_at_ns.as_mut()).for_each(each);
    fits
}
