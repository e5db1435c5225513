//! Files, clients and slow calls.

use super::*;

fn sums(calls: u64, disk_ns: u64) -> CallSums {
    CallSums {
        calls,
        bytes: calls * 4096,
        disk_blocked: u64::from(disk_ns > 0),
        disk_ns,
        latency_ns: disk_ns + calls * 1_000,
        cold_requested: calls,
        read_ahead: 2 * calls,
    }
}

fn file(path: Option<&str>, inode: u64) -> FileRef {
    FileRef { path: path.map(String::from), device: (252, 1), device_name: Some("vda1".into()), inode }
}

fn file_data(file: Option<FileRef>, sums: CallSums) -> FileData {
    FileData { syscall: Syscall::Sendfile, file, range: Some((4096, 8192)), sums }
}

fn client_data(peer: Option<Peer>, sums: CallSums) -> ClientData {
    ClientData { syscall: Syscall::Sendfile, peer, sums }
}

fn ip(address: &str) -> Option<Peer> {
    Some(Peer::Ip(address.parse().unwrap()))
}

/// What `culprits` say about a second of nothing.
fn told(culprits: Culprits) -> Recording {
    let mut snapshot = snapshot(Vec::new());
    snapshot.culprits = Some(culprits);
    recording(&snapshot)
}

#[test]
fn files_and_clients_stand_worst_first_and_what_was_dropped_last() {
    let recording = told(Culprits {
        files: vec![
            file_data(None, sums(9, 0)),
            file_data(Some(file(Some("/b"), 1)), sums(2, 0)),
            file_data(Some(file(Some("/a"), 2)), sums(2, 0)),
            file_data(Some(file(Some("/var/log/worst"), 3)), sums(1, 5_000)),
        ],
        clients: vec![
            client_data(ip("10.2.3.4:80"), sums(1, 4_000)),
            client_data(None, sums(3, 0)),
            client_data(Some(Peer::Unix("/run/x".into())), sums(1, 5_000)),
        ],
        calls: Vec::new(),
        untold: vec![UntoldData {
            syscall: Syscall::Sendfile,
            dropped: sums(1, 90_000),
            beyond_files: CallSums::default(),
            beyond_clients: CallSums::default(),
        }],
    });
    let syscall = &recording.syscalls[0];
    let paths: Vec<_> = syscall.files.iter().flatten().map(|row| row.path.as_str()).collect();
    assert_eq!(paths, ["/var/log/worst", "(none)", "/a", "/b", "(other)"]);
    let addresses: Vec<_> = syscall.clients.iter().flatten().map(|row| row.address.as_str()).collect();
    assert_eq!(addresses, ["unix:/run/x", "10.2.3.4:80", "(none)", "(other)"]);
    assert_eq!(recording.losses.slow_calls_dropped, 1);
}

#[test]
fn what_has_no_row_of_its_own_is_in_the_sums() {
    let syscall = &told(Culprits {
        files: vec![file_data(Some(file(Some("/a"), 1)), sums(4, 10_000))],
        clients: vec![client_data(ip("10.2.3.4:80"), sums(5, 20_000))],
        calls: Vec::new(),
        untold: vec![UntoldData {
            syscall: Syscall::Sendfile,
            dropped: sums(2, 3_000),
            beyond_files: sums(2, 15_000),
            beyond_clients: sums(1, 5_000),
        }],
    })
    .syscalls[0];
    let (files, clients) = (syscall.files.as_ref().unwrap(), syscall.clients.as_ref().unwrap());
    let of_files = |figure: fn(&FileCalls) -> u64| files.iter().map(figure).sum::<u64>();
    let of_clients = |figure: fn(&ClientCalls) -> u64| clients.iter().map(figure).sum::<u64>();
    assert_eq!((files.len(), clients.len()), (2, 2));
    assert_eq!((of_files(|row| row.calls), of_clients(|row| row.calls)), (8, 8));
    assert_eq!((of_files(|row| row.bytes), of_clients(|row| row.bytes)), (8 * 4096, 8 * 4096));
    assert_eq!((of_files(|row| row.disk_blocked), of_clients(|row| row.disk_blocked)), (3, 3));
    assert_eq!((of_files(|row| row.disk_wait_ns), of_clients(|row| row.disk_wait_ns)), (28_000, 28_000));
    assert_eq!((of_files(|row| row.cold_requested), of_files(|row| row.read_ahead)), (8, 16));
    assert_eq!(of_clients(|row| row.time_ns), 28_000 + 8 * 1_000);
    let other = &files[1];
    assert_eq!((&*other.path, other.calls, &other.device, other.inode), ("(other)", 4, &None, None));
}

#[test]
fn a_row_says_which_file_and_which_host() {
    let syscall = &told(Culprits {
        files: vec![
            file_data(Some(file(Some("/var/cold-0/a.log (deleted)"), 7)), sums(1, 3_000)),
            file_data(Some(file(Some("/top"), 8)), sums(1, 2_000)),
            file_data(Some(FileRef { device_name: None, ..file(None, 9) }), sums(1, 1_000)),
            FileData { range: None, ..file_data(None, sums(1, 0)) },
        ],
        clients: vec![
            client_data(ip("[2001:db8::1]:443"), sums(1, 2_000)),
            client_data(Some(Peer::Unix(String::new())), sums(1, 1_000)),
            client_data(None, sums(1, 0)),
        ],
        ..Culprits::default()
    })
    .syscalls[0];
    let files: Vec<_> = syscall
        .files
        .iter()
        .flatten()
        .map(|row| (row.path.as_str(), row.directory.as_deref(), row.device_name.as_deref(), row.inode))
        .collect();
    assert_eq!(
        files,
        [
            ("/var/cold-0/a.log (deleted)", Some("/var/cold-0"), Some("vda1"), Some(7)),
            ("/top", Some("/"), Some("vda1"), Some(8)),
            ("(inode 9)", None, None, Some(9)),
            ("(none)", None, None, None),
        ]
    );
    let files = syscall.files.as_ref().unwrap();
    assert_eq!(files[2].device.as_deref(), Some("252:1"));
    assert_eq!((files[0].first_offset, files[0].last_offset), (Some(4096), Some(8192)));
    assert_eq!((&files[3].device, files[3].first_offset, files[3].last_offset), (&None, None, None));
    let clients: Vec<_> =
        syscall.clients.iter().flatten().map(|row| (row.address.as_str(), row.host.as_deref())).collect();
    assert_eq!(clients, [("[2001:db8::1]:443", Some("2001:db8::1")), ("unix:", Some("unix:")), ("(none)", None)]);
}

#[test]
fn a_kernel_that_does_not_tell_leaves_files_and_clients_out() {
    let silent = &recording(&snapshot(Vec::new()));
    assert_eq!((&silent.syscalls[0].files, &silent.syscalls[0].clients), (&None, &None));
    assert!(silent.slow_calls.is_empty());
    let nothing_slow = &told(Culprits::default()).syscalls[0];
    assert_eq!((&nothing_slow.files, &nothing_slow.clients), (&Some(Vec::new()), &Some(Vec::new())));
}

/// A call of 2 ms by `thread`, a quarter of a second into the window.
fn slow_call(thread: &ThreadData, result: i64) -> SlowCall {
    let mut call = SlowCall::zeroed();
    call.key = thread.slot.key;
    call.comm = thread.slot.comm;
    call.since_ns = OPENED_NS + SECOND_NS / 4;
    (call.latency_ns, call.disk_ns, call.runqueue_ns, call.other_ns) = (2_000_000, 1_500_000, 200_000, 100_000);
    call.result = result;
    call.syscall = Syscall::Sendfile as u32;
    call
}

#[test]
fn a_slow_call_tells_who_when_where_and_for_whom() {
    let caller = event_loop(1);
    let mut sent = slow_call(&caller, 65_536);
    (sent.offset_bytes, sent.out) = (1 << 20, OutClass::Socket as u32);
    let mut failed = slow_call(&thread(2), -i64::from(libc::EAGAIN));
    (failed.offset_bytes, failed.out) = (OFFSET_UNKNOWN, OutClass::Null as u32);
    let mut snapshot = snapshot(vec![caller]);
    snapshot.culprits = Some(Culprits {
        calls: vec![
            CallData { call: sent, file: Some(file(Some("/a"), 1)), peer: ip("10.2.3.4:80") },
            CallData { call: failed, file: None, peer: None },
        ],
        ..Culprits::default()
    });
    let calls = recording(&snapshot).slow_calls;
    let [sent, failed] = calls.as_slice() else { panic!("two calls, not {calls:?}") };
    assert_eq!((sent.thread.tid.0, sent.thread.role, sent.at_ns), (1, Role::EventLoop, SECOND_NS / 4));
    assert_eq!((sent.syscall.as_str(), sent.latency_ns, sent.on_cpu_ns), ("sendfile", 2_000_000, 200_000));
    assert_eq!((sent.disk_ns, sent.runqueue_ns, sent.other_ns), (1_500_000, 200_000, 100_000));
    assert_eq!((sent.bytes, &sent.error, sent.out), (65_536, &None, Out::Socket));
    assert_eq!((sent.path.as_deref(), sent.offset), (Some("/a"), Some(1 << 20)));
    assert_eq!(sent.client.as_deref(), Some("10.2.3.4:80"));
    // Its thread has no slot: the record alone says who it was.
    assert_eq!((failed.thread.tid.0, failed.thread.name.as_str()), (2, "work"));
    assert_eq!((failed.bytes, failed.error.as_deref(), failed.out), (0, Some("EAGAIN"), Out::Null));
    assert_eq!((&failed.path, failed.offset, &failed.client), (&None, None, &None));
}
