//! What to try next: only what the data supports.

use std::collections::BTreeMap;

use crate::{
    model::{
        FileCalls, PAGE_BYTES, PAGE_FAULT, SyscallRecord, SyscallWaits,
        culprit::{NONE, OTHER},
    },
    units,
};

/// What to try against disk waits of event loops in these system calls.
pub fn advice(by_syscall: &[SyscallWaits], syscalls: &[SyscallRecord]) -> Vec<String> {
    let mut advice = on_syscalls(by_syscall);
    advice.extend(on_clients(syscalls));
    let files = || syscalls.iter().filter_map(|syscall| syscall.files.as_ref()).flatten();
    advice.extend(files().find_map(on_memory));
    advice.extend(files().find_map(on_read_ahead));
    advice
}

/// Fewer disk-blocked calls than this show no pattern.
const ENOUGH_CALLS: u64 = 10;

/// A client is worth advice from this share of the disk-blocked calls on, in per cent, if there are others.
const MOST_OF_THEM: u64 = 80;

/// One client of several asks for nearly all that is cold.
fn on_clients(syscalls: &[SyscallRecord]) -> Option<String> {
    let mut hosts: BTreeMap<&str, u64> = BTreeMap::new();
    let mut all = 0;
    for row in syscalls.iter().filter_map(|syscall| syscall.clients.as_ref()).flatten() {
        all += row.disk_blocked;
        if row.address != OTHER && row.address != NONE {
            *hosts.entry(row.host.as_deref().unwrap_or(&row.address)).or_default() += row.disk_blocked;
        }
    }
    let (host, &calls) = hosts.iter().max_by_key(|&(_, &calls)| calls)?;
    (hosts.len() > 1 && calls >= ENOUGH_CALLS && calls * 100 >= all * MOST_OF_THEM).then(|| {
        format!(
            "{host} asks for {} of what is cold: let it read from a replica or follower, or limit its rate",
            units::percent(calls, all)
        )
    })
}

/// Bytes between the first and the last that were read.
fn span_bytes(file: &FileCalls) -> Option<u64> {
    file.last_offset?.checked_sub(file.first_offset?).filter(|&bytes| bytes > 0)
}

/// A file whose pages were read in again and again.
fn on_memory(file: &FileCalls) -> Option<String> {
    let span_pages = span_bytes(file)?.div_ceil(PAGE_BYTES);
    (file.disk_blocked >= ENOUGH_CALLS && file.cold_requested * 2 >= span_pages * 3).then(|| {
        format!(
            "{}: its pages were read in {:.1} times over, so there is too little memory for what is served: add some, \
             or serve less from this machine",
            name(file),
            file.cold_requested as f64 / span_pages as f64
        )
    })
}

/// A file that is read in sequence, little at a time, waits more often than it must.
const SMALL_READ_PAGES: u64 = 32;

fn on_read_ahead(file: &FileCalls) -> Option<String> {
    let is_sequential = file.bytes * 2 >= span_bytes(file)?;
    let pages = (file.cold_requested + file.read_ahead).checked_div(file.disk_blocked)?;
    (file.disk_blocked >= ENOUGH_CALLS && is_sequential && (1..=SMALL_READ_PAGES).contains(&pages)).then(|| {
        format!(
            "{}: it is read in sequence, {} at a time: a larger read-ahead (blockdev --setra) makes fewer waits",
            name(file),
            units::bytes(pages * PAGE_BYTES)
        )
    })
}

/// The last part of a path.
fn name(file: &FileCalls) -> &str {
    file.path.rsplit('/').next().unwrap_or(&file.path)
}

/// A system call is worth advice from this share of the loops' disk waits on.
const ADVICE_SHARE: f64 = 0.05;

/// What to try, by the system calls that waited.
fn on_syscalls(by_syscall: &[SyscallWaits]) -> Vec<String> {
    let all_ns: u64 = by_syscall.iter().map(|row| row.disk_wait_ns).sum();
    let mut advice: Vec<String> = Vec::new();
    for row in by_syscall.iter().filter(|row| row.disk_wait_ns as f64 >= ADVICE_SHARE * all_ns as f64) {
        if let Some(text) = advice_on(&row.name).filter(|text| !advice.iter().any(|given| given == text)) {
            advice.push(text.into());
        }
    }
    advice
}

/// What helps against disk waits in one system call.
fn advice_on(name: &str) -> Option<&'static str> {
    Some(match name {
        "sendfile" | "splice" => "read the range on a worker thread before sending it (sendfile to /dev/null)",
        "read" | "pread64" | "readv" | "preadv" | "preadv2" => {
            "read on a worker thread, or read the range ahead there, before the event loop needs it"
        }
        "fsync" | "fdatasync" | "msync" | "sync_file_range" | "sync" | "syncfs" => {
            "move syncing to disk off the event loop, to a thread of its own"
        }
        "write" | "pwrite64" | "writev" | "pwritev" | "pwritev2" => {
            "write on a worker thread: a write that has to read a page, or that finds too much unwritten, waits"
        }
        PAGE_FAULT => {
            "keep mapped files that the event loop touches in memory (mlock), or touch them on a worker first"
        }
        "open" | "openat" | "openat2" | "stat" | "newfstatat" | "statx" | "lstat" | "access" | "faccessat2" => {
            "open files and look at them on a worker thread, or keep them open: names and inodes were read from disk"
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn file(disk_blocked: u64, bytes: u64, cold_requested: u64, read_ahead: u64, span_bytes: u64) -> FileCalls {
        FileCalls {
            hostname: None,
            path: "/a/b.log".into(),
            directory: None,
            device: None,
            device_name: None,
            inode: None,
            calls: disk_blocked,
            bytes,
            disk_blocked,
            disk_wait_ns: 0,
            cold_requested,
            read_ahead,
            first_offset: Some(1 << 20),
            last_offset: Some((1 << 20) + span_bytes),
        }
    }

    #[test]
    fn pages_that_come_in_more_than_once_tell_of_too_little_memory() {
        let text = on_memory(&file(100, 1 << 20, 600, 0, 256 * 4096)).unwrap();
        assert!(text.starts_with("b.log: its pages were read in 2.3 times over"), "{text}");
        assert_eq!(on_memory(&file(100, 1 << 20, 256, 4096, 256 * 4096)), None);
        assert_eq!(on_memory(&file(9, 1 << 20, 600, 0, 256 * 4096)), None);
        assert_eq!(on_memory(&FileCalls { first_offset: None, ..file(100, 1 << 20, 600, 0, 4096) }), None);
    }

    #[test]
    fn a_sequence_of_small_reads_wants_a_larger_read_ahead() {
        let text = on_read_ahead(&file(64, 8 << 20, 512, 1536, 8 << 20)).unwrap();
        assert!(text.contains("131 kB at a time"), "{text}");
        // Here and there in a large file, or large pieces already.
        assert_eq!(on_read_ahead(&file(64, 1 << 20, 256, 256, 8 << 20)), None);
        assert_eq!(on_read_ahead(&file(64, 8 << 20, 2048, 8192, 8 << 20)), None);
    }
}
