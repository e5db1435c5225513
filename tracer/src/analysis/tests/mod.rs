//! The analysis is pure, so invented snapshots are enough to try every judgement.

mod calls;
mod culprits;
mod event_loops;
mod page_cache;
mod roles;
mod stacks;
mod verdict;

use std::collections::{HashMap, HashSet};

use bytemuck::Zeroable as _;
use jiff::Timestamp;
use tracer_common::{
    culprit::{CallSums, OFFSET_UNKNOWN, OutClass, SlowCall},
    histogram::bucket_of,
    records::{Call, CallStats, Losses, OffCpuReason, SleepingTask, ThreadKey, ThreadSlot, WaitPlace},
    syscall::{Syscall, readiness},
    turns::ReadySet,
};

use super::recording;
use crate::{
    model::{
        ClientCalls, FileCalls, Histogram, HistogramBuilder, Host, Mechanism, Out, Probe, ProbeStatus, Recording, Role,
        Status, Target,
    },
    options::{Family, PeerLabels},
    snapshot::{
        CallData, ClientData, Culprits, FileData, FileRef, Peer, Snapshot, SyscallData, ThreadData, UntoldData, Watched,
    },
};

const SECOND_NS: u64 = 1_000_000_000;
const OPENED_NS: u64 = 1_000 * SECOND_NS;
const THRESHOLD_NS: u64 = 1_000_000;
const EPOLL_WAIT: u32 = readiness::EPOLL_WAIT as u32;

fn probe(name: &str) -> Probe {
    Probe {
        name: name.into(),
        mechanism: Mechanism::TpBtf,
        status: ProbeStatus::Attached,
        reason: None,
        missed: Some(0),
    }
}

/// A second of nothing.
fn snapshot(threads: Vec<ThreadData>) -> Snapshot {
    let histogram = |stats: fn(&CallStats) -> u64| {
        let mut builder = HistogramBuilder::default();
        threads
            .iter()
            .filter(|thread| stats(thread.calls[0].as_ref().unwrap()) > 0)
            .for_each(|_| builder.record(2_000_000));
        builder.build()
    };
    let disk = histogram(|calls| calls.disk_blocked);
    Snapshot {
        host: Host {
            hostname: "h".into(),
            kernel: "6.18".into(),
            arch: "x86_64".into(),
            cpus: 2,
            boot_id: String::new(),
        },
        families: vec![Family::Sendfile],
        target: Target {
            selector: "--pid 10".into(),
            processes: Vec::new(),
            processes_unlisted: None,
            ended_early: None,
        },
        start: Timestamp::UNIX_EPOCH,
        opened_ns: OPENED_NS,
        opened_boottime_ns: OPENED_NS,
        closed_ns: OPENED_NS + SECOND_NS,
        threshold_ns: THRESHOLD_NS,
        blocked_share: 0.001,
        probes: vec![probe("sendfile"), probe(Probe::DISK_WAITS), probe(Probe::READINESS), probe(Probe::PAGE_CACHE)],
        processes_dropped: 0,
        losses: Losses::default(),
        threads,
        syscalls: vec![SyscallData {
            syscall: Syscall::Sendfile,
            errors: Vec::new(),
            without_disk: Histogram::default(),
            disk,
            other: Histogram::default(),
            runqueue: Histogram::default(),
        }],
        asleep_before: Some(Vec::new()),
        asleep: Some(Vec::new()),
        hidden: HashSet::new(),
        idle_instances: Vec::new(),
        counts_behind: true,
        watched: HashMap::new(),
        thread_names: HashMap::new(),
        peer_labels: PeerLabels::default(),
        labels: std::collections::BTreeMap::new(),
        culprits: None,
        stacks: None,
        files: None,
        intervals: Vec::new(),
    }
}

fn thread(tid: u32) -> ThreadData {
    let mut slot = ThreadSlot::zeroed();
    slot.key = ThreadKey { start_boottime_ns: u64::from(tid) * SECOND_NS, pid: 10, tid };
    slot.comm[..4].copy_from_slice(b"work");
    ThreadData {
        slot,
        calls: vec![Some(Box::new(CallStats::zeroed()))],
        turns: None,
        worst_file: None,
        worst_path: None,
        comm_now: None,
        has_ended: true,
    }
}

/// A thread that waits on an epoll instance of its own.
fn event_loop(tid: u32) -> ThreadData {
    let mut data = thread(tid);
    let turns = &mut data.slot.turns;
    (turns.sleeps, turns.turns, turns.ready_events) = (100, 100, 200);
    (turns.syscall_number, turns.set) = (EPOLL_WAIT, tid.into());
    data
}

/// The same with disk waits of this length.
fn waiting(mut data: ThreadData, waits: u32, each_ns: u64) -> ThreadData {
    let place = WaitPlace {
        number: Syscall::Sendfile.info().number as i32,
        waits,
        wait_ns: u64::from(waits) * each_ns,
        max_ns: each_ns,
    };
    data.slot.wait_places[0] = place;
    data
}

/// The same with calls that ran all along.
fn calling(mut data: ThreadData, calls: u32, each_ns: u64) -> ThreadData {
    data.slot.entered = calls.into();
    let stats = data.calls[0].as_mut().unwrap();
    stats.buckets[bucket_of(each_ns)] = calls;
    stats.latency_sum_ns = u64::from(calls) * each_ns;
    stats.on_cpu.add(each_ns);
    data
}

fn asleep(data: &ThreadData, syscall_number: i64, for_disk: bool) -> SleepingTask {
    SleepingTask {
        key: data.slot.key,
        comm: data.slot.comm,
        syscall_number,
        first_argument: 0,
        second_argument: 0,
        in_iowait: for_disk.into(),
        state: if for_disk { 2 } else { 1 },
    }
}

fn status(recording: &Recording) -> (Status, Vec<u32>) {
    (recording.verdict.status, recording.verdict.threads.iter().map(|thread| thread.tid.0).collect())
}
