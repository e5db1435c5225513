//! On which files, for whom, and the longest calls themselves.

use std::cmp::Reverse;

use tracer_common::{
    culprit::{CallSums, NOT_COUNTED, OFFSET_UNKNOWN, OutClass, SlowCall},
    syscall::Syscall,
};

use super::{errno, roles::Roles, stacks::StackTable};
use crate::{
    model::{
        ClientCalls, FileCalls, Out, Role, SlowCallRecord, ThreadRef,
        culprit::{NONE, OTHER},
    },
    options::PeerLabels,
    snapshot::{CallData, ClientData, Culprits, FileData, FileRef, Peer, Snapshot, UntoldData},
};

/// The files of `syscall`, worst first; what was dropped stands last.
pub fn files(culprits: &Culprits, syscall: Syscall) -> Vec<FileCalls> {
    let rows = culprits.files.iter().filter(|row| row.syscall == syscall);
    let mut files: Vec<_> = rows.map(file_row).collect();
    files.sort_by(|one, other| {
        let worst = |row: &FileCalls| (Reverse(row.disk_wait_ns), Reverse(row.calls));
        worst(one).cmp(&worst(other)).then_with(|| one.path.cmp(&other.path))
    });
    files.extend(
        other(culprits, syscall, |untold| &untold.beyond_files)
            .map(|sums| FileCalls { path: OTHER.into(), ..empty_file(&sums) }),
    );
    files
}

/// The clients of `syscall`, worst first; what was dropped stands last.
pub fn clients(culprits: &Culprits, syscall: Syscall, labels: &PeerLabels) -> Vec<ClientCalls> {
    let rows = culprits.clients.iter().filter(|row| row.syscall == syscall);
    let mut clients: Vec<_> = rows.map(|row| client_row(row, labels)).collect();
    clients.sort_by(|one, other| {
        let worst = |row: &ClientCalls| (Reverse(row.disk_wait_ns), Reverse(row.time_ns));
        worst(one).cmp(&worst(other)).then_with(|| one.address.cmp(&other.address))
    });
    clients.extend(
        other(culprits, syscall, |untold| &untold.beyond_clients).map(|sums| client(OTHER.into(), None, &sums)),
    );
    clients
}

/// The longest calls, in the order of their entry.
pub fn slow_calls(snapshot: &Snapshot, roles: &Roles, stacks: Option<&StackTable>) -> Vec<SlowCallRecord> {
    let calls = snapshot.culprits.iter().flat_map(|culprits| &culprits.calls);
    calls.filter_map(|data| slow_call(data, snapshot, roles, stacks)).collect()
}

/// What has no row of its own, if there is any.
fn other(culprits: &Culprits, syscall: Syscall, beyond: impl Fn(&UntoldData) -> &CallSums) -> Option<CallSums> {
    let untold = culprits.untold.iter().find(|untold| untold.syscall == syscall)?;
    let mut sums = untold.dropped;
    sums += *beyond(untold);
    (sums.calls > 0).then_some(sums)
}

fn file_row(data: &FileData) -> FileCalls {
    let row = empty_file(&data.sums);
    let Some(file) = &data.file else {
        return FileCalls { path: NONE.into(), ..row };
    };
    FileCalls {
        path: path(file),
        directory: file.path.as_deref().map(directory),
        device: Some(device(file)),
        device_name: file.device_name.clone(),
        inode: Some(file.inode),
        first_offset: data.range.map(|(first, _)| first),
        last_offset: data.range.map(|(_, last)| last),
        ..row
    }
}

fn empty_file(sums: &CallSums) -> FileCalls {
    FileCalls {
        hostname: None,
        path: String::new(),
        directory: None,
        device: None,
        device_name: None,
        inode: None,
        calls: sums.calls,
        bytes: sums.bytes,
        disk_blocked: sums.disk_blocked,
        disk_wait_ns: sums.disk_ns,
        cold_requested: sums.cold_requested,
        read_ahead: sums.read_ahead,
        first_offset: None,
        last_offset: None,
    }
}

/// `major:minor` of a file's device.
pub fn device(file: &FileRef) -> String {
    format!("{}:{}", file.device.0, file.device.1)
}

/// The path, or the inode where it could not be read.
pub fn path(file: &FileRef) -> String {
    file.path.clone().unwrap_or_else(|| format!("(inode {})", file.inode))
}

/// All but the last name of a path.
pub fn directory(path: &str) -> String {
    match path.rsplit_once('/') {
        Some(("", _)) => "/".into(),
        Some((directory, _)) => directory.into(),
        None => String::new(),
    }
}

fn client_row(data: &ClientData, labels: &PeerLabels) -> ClientCalls {
    match &data.peer {
        Some(peer) => {
            let (address, host) = (address(peer), host(peer));
            let label = labels.of(&address, &host).map(str::to_owned);
            ClientCalls { label, ..client(address, Some(host), &data.sums) }
        }
        None => client(NONE.into(), None, &data.sums),
    }
}

fn client(address: String, host: Option<String>, sums: &CallSums) -> ClientCalls {
    ClientCalls {
        hostname: None,
        address,
        host,
        label: None,
        calls: sums.calls,
        bytes: sums.bytes,
        disk_blocked: sums.disk_blocked,
        disk_wait_ns: sums.disk_ns,
        time_ns: sums.latency_ns,
    }
}

/// The address of a client.
pub fn address(peer: &Peer) -> String {
    match peer {
        Peer::Ip(address) => address.to_string(),
        Peer::Unix(name) => format!("unix:{name}"),
    }
}

fn host(peer: &Peer) -> String {
    match peer {
        Peer::Ip(address) => address.ip().to_string(),
        Peer::Unix(name) => format!("unix:{name}"),
    }
}

fn slow_call(
    data: &CallData,
    snapshot: &Snapshot,
    roles: &Roles,
    stacks: Option<&StackTable>,
) -> Option<SlowCallRecord> {
    let call = &data.call;
    let thread = roles.caller_ref(&call.key, &call.comm, snapshot);
    let stack = stacks.zip(snapshot.stacks.as_ref()).and_then(|(table, found)| table.id_of(found, call));
    Some(SlowCallRecord { stack, ..told_call(data, snapshot.opened_ns, thread)? })
}

/// A call that `thread` made, in a window that opened at `opened_ns`.
#[must_use]
pub fn told_call(data: &CallData, opened_ns: u64, thread: ThreadRef) -> Option<SlowCallRecord> {
    let call = &data.call;
    Some(SlowCallRecord {
        at_ns: call.since_ns.saturating_sub(opened_ns),
        behind: (call.behind != NOT_COUNTED && thread.role == Role::EventLoop).then(|| call.behind.into()),
        thread,
        syscall: Syscall::from_index(call.syscall)?.info().name.into(),
        latency_ns: call.latency_ns,
        on_cpu_ns: call.latency_ns.saturating_sub(call.disk_ns + call.runqueue_ns + call.other_ns),
        disk_ns: call.disk_ns,
        runqueue_ns: call.runqueue_ns,
        other_ns: call.other_ns,
        bytes: u64::try_from(call.result).unwrap_or(0),
        error: u32::try_from(call.result.wrapping_neg()).ok().filter(|&errno| errno > 0).map(errno::name),
        path: data.file.as_ref().map(path),
        offset: Some(call.offset_bytes).filter(|&offset| offset != OFFSET_UNKNOWN),
        client: data.peer.as_ref().map(address),
        out: out(call),
        stack: None,
    })
}

/// What a call wrote to.
pub fn out(call: &SlowCall) -> Out {
    match OutClass::from_index(call.out) {
        OutClass::Socket => Out::Socket,
        OutClass::Null => Out::Null,
        OutClass::Pipe => Out::Pipe,
        OutClass::File => Out::File,
        OutClass::Other => Out::Other,
    }
}
