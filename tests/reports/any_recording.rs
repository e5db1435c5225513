//! Recordings as tracer could write them: made up from calls, so that all figures of one agree.

use std::collections::BTreeMap;

use proptest::{collection::vec, option, prelude::*, sample::select};
use tracer::model::{
    ByCause, ClientCalls, EventLoop, FileCalls, FileUse, Histogram, HistogramBuilder, Host, InFlight, Interval,
    IntervalLoop, IntervalSyscall, Losses, Mechanism, Out, PageCache, PagesRead, Pid, Probe, ProbeStatus, Process,
    ProcessCalls, Recording, Role, SCHEMA_VERSION, SlowCallRecord, Stack, StackThread, Status, StillWaiting,
    SyscallRecord, SyscallWaits, Target, ThreadCalls, ThreadPages, ThreadRecord, ThreadRef, Tid, TimeNs, Tool, Verdict,
    Window, WorstTurn, culprit::NONE,
};

const THRESHOLD_NS: u64 = 1_000_000;
const WINDOW_NS: u64 = 10_000_000_000;
const SYSCALLS: [&str; 2] = ["sendfile", "sendfile64"];

/// A call that a thread made.
#[derive(Clone, Debug)]
struct Call {
    syscall: usize,
    at_ns: u64,
    parts: [u64; 4],
    bytes: u64,
    fails: bool,
    file: Option<u64>,
    client: Option<u16>,
}

impl Call {
    fn latency_ns(&self) -> u64 {
        self.parts.iter().sum()
    }

    fn disk_ns(&self) -> u64 {
        self.parts[1]
    }

    fn is_slow(&self) -> bool {
        self.latency_ns() >= THRESHOLD_NS
    }
}

/// A thread and what it did.
#[derive(Clone, Debug)]
struct Thread {
    tid: u32,
    name: Option<String>,
    role: Role,
    calls: Vec<Call>,
    turns: Option<Vec<u64>>,
    is_stuck: bool,
}

/// What one measurement was of.
#[derive(Clone, Debug)]
struct Plan {
    host: usize,
    pid: u32,
    threads: Vec<Thread>,
    sees_pages: bool,
    tells_files: bool,
    mechanism: Mechanism,
    sees_disk: bool,
    dropped: u64,
    label: Option<String>,
    ended_early: Option<bool>,
}

fn call() -> impl Strategy<Value = Call> {
    let part = || prop_oneof![3 => Just(0), 2 => 1u64..50_000, 1 => 1u64..1 << 34];
    (
        0..SYSCALLS.len(),
        0..WINDOW_NS,
        [(1u64..40_000).boxed(), part().boxed(), part().boxed(), part().boxed()],
        0u64..1 << 20,
        any::<bool>(),
        option::of(1u64..4),
        option::of(1u16..4),
    )
        .prop_map(|(syscall, at_ns, parts, bytes, fails, file, client)| Call {
            syscall,
            at_ns,
            parts,
            bytes: if fails { 0 } else { bytes },
            fails,
            file,
            client,
        })
}

fn thread() -> impl Strategy<Value = Thread> {
    (
        1u32..6,
        option::of(select(vec!["network-thread-0", "network-thread-1"])),
        select(vec![Role::EventLoop, Role::Poller, Role::Worker, Role::Unknown]),
        vec(call(), 0..8),
        option::of(vec(1u64..1 << 30, 0..5)),
        any::<bool>(),
    )
        .prop_map(|(tid, name, role, calls, turns, is_stuck)| Thread {
            tid,
            name: name.map(str::to_owned),
            role,
            calls,
            turns,
            is_stuck,
        })
}

fn plan() -> impl Strategy<Value = Plan> {
    (
        (0usize..3, 1u32..3, vec(thread(), 0..4)),
        (any::<bool>(), any::<bool>(), select(vec![Mechanism::Fentry, Mechanism::Tracepoint])),
        (prop::bool::weighted(0.8), 0u64..3, option::of(select(vec!["a", "b"])), option::of(any::<bool>())),
    )
        .prop_map(|((host, pid, mut threads), (sees_pages, tells_files, mechanism), rest)| {
            threads.sort_by_key(|thread| thread.tid);
            threads.dedup_by_key(|thread| thread.tid);
            let (sees_disk, dropped, label, ended_early) = rest;
            let label = label.map(str::to_owned);
            Plan { host, pid, threads, sees_pages, tells_files, mechanism, sees_disk, dropped, label, ended_early }
        })
}

/// So many recordings of one target: on up to three hosts, in windows that do not overlap.
pub fn of_one_target(number: impl Into<prop::collection::SizeRange>) -> impl Strategy<Value = Vec<Recording>> {
    vec(plan(), number).prop_map(|plans| plans.iter().enumerate().map(|(place, plan)| recording(plan, place)).collect())
}

fn histogram(values: impl IntoIterator<Item = u64>) -> Histogram {
    let mut builder = HistogramBuilder::default();
    values.into_iter().for_each(|value| builder.record(value));
    builder.build()
}

fn reference(plan: &Plan, thread: &Thread) -> ThreadRef {
    let comm = format!("thread-{}", thread.tid);
    ThreadRef {
        hostname: None,
        pid: Pid(plan.pid),
        tid: Tid(thread.tid),
        start_time_ns: 7_000_000_000,
        name: thread.name.clone().unwrap_or_else(|| comm.clone()),
        comm,
        role: thread.role,
    }
}

fn recording(plan: &Plan, place: usize) -> Recording {
    let start = 1_790_000_000_i64 + 20 * place as i64;
    let process = Process {
        hostname: None,
        pid: Pid(plan.pid),
        comm: "java".into(),
        command_line: Some("java -Xmx1g kafka.Kafka server.properties".into()),
        start_time_ns: 5_000_000_000,
    };
    let loops = || plan.threads.iter().filter(|thread| thread.role == Role::EventLoop);
    let blocked: Vec<_> = loops().filter(|thread| thread.calls.iter().any(|call| call.disk_ns() > 0)).collect();
    let status = match (blocked.is_empty(), loops().count()) {
        (false, _) => Status::Blocked,
        (true, 0) => Status::Inconclusive,
        (true, _) => Status::Clear,
    };
    let probe = |name: &str, is_attached: bool| Probe {
        name: name.into(),
        mechanism: if is_attached { plan.mechanism } else { Mechanism::None },
        status: if is_attached { ProbeStatus::Attached } else { ProbeStatus::Unavailable },
        reason: (!is_attached).then(|| "no such hook".into()),
        missed: is_attached.then_some(plan.dropped),
    };
    let syscalls: Vec<_> = (0..SYSCALLS.len()).map(|index| syscall(plan, index)).collect();
    Recording {
        schema_version: SCHEMA_VERSION,
        tool: Tool::this(),
        hosts: vec![host(plan.host)],
        labels: plan.label.iter().map(|label| ("commit".to_owned(), label.clone())).collect(),
        target: Target {
            selector: format!("--pid {}", plan.pid),
            processes: vec![process],
            processes_unlisted: None,
            ended_early: plan.ended_early,
        },
        window: Window { start: jiff::Timestamp::new(start, 0).expect("a time"), duration_ns: WINDOW_NS },
        threshold_ns: THRESHOLD_NS,
        blocked_share: 0.001,
        probes: vec![
            probe("sendfile", true),
            probe(Probe::DISK_WAITS, plan.sees_disk),
            probe(Probe::PAGE_CACHE, plan.sees_pages),
        ],
        losses: Losses { slow_calls_dropped: plan.dropped, ..Losses::default() },
        syscalls,
        threads: plan.threads.iter().map(|thread| waits(plan, thread)).collect(),
        event_loops: loops().map(|thread| event_loop(plan, thread)).collect(),
        slow_calls: slow_calls(plan),
        intervals: intervals(plan),
        families: vec!["sendfile".into()],
        stacks: Some(stacks(plan)),
        page_cache: plan.tells_files.then(|| page_cache(plan)),
        verdict: Verdict {
            status,
            threads: blocked.iter().map(|thread| reference(plan, thread)).collect(),
            summary: format!("{} of {} event loops were blocked on disk.", blocked.len(), loops().count()),
            reasons: vec![format!("run {place} said so")],
            advice: if status == Status::Blocked { vec!["read on a worker".into()] } else { Vec::new() },
        },
        runs: Vec::new(),
    }
}

/// One of three machines, of which two have the same name.
fn host(place: usize) -> Host {
    let (hostname, boot_id) =
        [("broker-1", "5e2b2a0c-1"), ("broker-2", "77777777-2"), ("broker-1", "99999999-3")][place];
    Host {
        hostname: hostname.into(),
        kernel: "6.12.48".into(),
        arch: "x86_64".into(),
        cpus: 8,
        boot_id: boot_id.into(),
    }
}

fn syscall(plan: &Plan, index: usize) -> SyscallRecord {
    let threads: Vec<_> = plan
        .threads
        .iter()
        .map(|thread| (thread, thread.calls.iter().filter(|call| call.syscall == index).collect::<Vec<_>>()))
        .filter(|(_, calls)| !calls.is_empty())
        .collect();
    let calls: Vec<&Call> = threads.iter().flat_map(|(_, calls)| calls.iter().copied()).collect();
    let cause = |call: &Call| {
        let [_, disk, runqueue, other] = call.parts;
        [(disk, 1), (other, 3), (runqueue, 2)].into_iter().find(|&(ns, _)| ns > 0).map_or(0, |(_, cause)| cause)
    };
    let by_cause =
        |wanted: usize| histogram(calls.iter().filter(|call| cause(call) == wanted).map(|call| call.latency_ns()));
    let part = |place: usize| calls.iter().map(|call| call.parts[place]).sum();
    let errors = calls.iter().filter(|call| call.fails).count() as u64;
    let rows = threads.iter().map(|(thread, calls)| thread_calls(plan, thread, calls));
    let totals = Figures::of(&calls);
    let pages = 3 * calls.len() as u64;
    let cold = cold(&calls);
    SyscallRecord {
        name: SYSCALLS[index].into(),
        family: "sendfile".into(),
        direction: None,
        calls: calls.len() as u64,
        errors,
        errors_by_name: if errors > 0 { BTreeMap::from([("EAGAIN".into(), errors)]) } else { BTreeMap::new() },
        bytes: totals.bytes,
        slow: totals.slow,
        disk_blocked: totals.disk_blocked,
        disk_waits: totals.disk_blocked,
        cold_requested: plan.sees_pages.then_some(cold),
        read_ahead: plan.sees_pages.then_some(2 * cold),
        pages: plan.sees_pages.then_some(pages),
        direct_calls: Some(0),
        direct_bytes: Some(0),
        memory_share: plan.sees_pages.then(|| tracer::model::memory_share(cold, pages)).flatten(),
        time_ns: TimeNs { on_cpu: part(0), disk: part(1), runqueue: part(2), other: part(3) },
        latency: histogram(calls.iter().map(|call| call.latency_ns())),
        by_cause: ByCause { on_cpu: by_cause(0), disk: by_cause(1), runqueue: by_cause(2), other: by_cause(3) },
        without_disk: histogram(calls.iter().map(|call| call.latency_ns() - call.disk_ns())),
        processes: vec![ProcessCalls {
            hostname: None,
            pid: Pid(plan.pid),
            calls: calls.len() as u64,
            bytes: totals.bytes,
            slow: totals.slow,
            disk_blocked: totals.disk_blocked,
            disk_wait_ns: totals.disk_ns,
        }],
        threads: rows.collect(),
        files: plan.tells_files.then(|| files(&calls)),
        clients: plan.tells_files.then(|| clients(&calls)),
        in_flight: plan
            .threads
            .iter()
            .filter(|thread| thread.is_stuck && index == 0)
            .map(|thread| InFlight {
                thread: reference(plan, thread),
                since_ns: thread.name.is_none().then_some(u64::from(thread.tid) * 1_000_000),
                returned_at_ns: thread.name.as_ref().map(|_| 1_000_000_000),
                waits_for_disk: None,
            })
            .collect(),
    }
}

/// Sums over calls.
struct Figures {
    bytes: u64,
    slow: u64,
    disk_blocked: u64,
    disk_ns: u64,
}

impl Figures {
    fn of(calls: &[&Call]) -> Self {
        Self {
            bytes: calls.iter().map(|call| call.bytes).sum(),
            slow: calls.iter().filter(|call| call.is_slow()).count() as u64,
            disk_blocked: calls.iter().filter(|call| call.disk_ns() > 0).count() as u64,
            disk_ns: calls.iter().map(|call| call.disk_ns()).sum(),
        }
    }
}

fn cold(calls: &[&Call]) -> u64 {
    calls.iter().filter(|call| call.disk_ns() > 0).count() as u64
}

fn thread_calls(plan: &Plan, thread: &Thread, calls: &[&Call]) -> ThreadCalls {
    let latency = histogram(calls.iter().map(|call| call.latency_ns()));
    let Figures { bytes, slow, disk_blocked, disk_ns } = Figures::of(calls);
    ThreadCalls {
        thread: reference(plan, thread),
        calls: calls.len() as u64,
        errors: calls.iter().filter(|call| call.fails).count() as u64,
        bytes,
        slow,
        disk_blocked,
        disk_waits: disk_blocked,
        disk_wait_ns: disk_ns,
        cold_requested: plan.sees_pages.then(|| cold(calls)),
        read_ahead: plan.sees_pages.then(|| 2 * cold(calls)),
        max_ns: latency.max_ns(),
        latency,
    }
}

/// Calls that a record tells of, by some key.
fn told<'a, K: Ord>(calls: &[&'a Call], key: impl Fn(&Call) -> K) -> BTreeMap<K, Vec<&'a Call>> {
    let mut groups: BTreeMap<K, Vec<&Call>> = BTreeMap::new();
    for call in calls.iter().filter(|call| call.is_slow() || call.disk_ns() > 0) {
        groups.entry(key(call)).or_default().push(call);
    }
    groups
}

fn files(calls: &[&Call]) -> Vec<FileCalls> {
    let row = |(file, calls): (Option<u64>, Vec<&Call>)| {
        let Figures { bytes, disk_blocked, disk_ns, .. } = Figures::of(&calls);
        FileCalls {
            hostname: None,
            path: file.map_or_else(|| NONE.into(), |file| format!("/data/cold-{file}/0.log")),
            directory: file.map(|file| format!("/data/cold-{file}")),
            device: file.map(|_| "254:0".into()),
            device_name: file.map(|_| "vda".into()),
            inode: file,
            calls: calls.len() as u64,
            bytes,
            disk_blocked,
            disk_wait_ns: disk_ns,
            cold_requested: cold(&calls),
            read_ahead: 2 * cold(&calls),
            first_offset: file.and_then(|_| calls.iter().map(|call| call.at_ns % 4096).min()),
            last_offset: file.and_then(|_| calls.iter().map(|call| call.at_ns % 4096 + call.bytes).max()),
        }
    };
    told(calls, |call| call.file).into_iter().map(row).collect()
}

fn clients(calls: &[&Call]) -> Vec<ClientCalls> {
    let row = |(client, calls): (Option<u16>, Vec<&Call>)| {
        let Figures { bytes, disk_blocked, disk_ns, .. } = Figures::of(&calls);
        ClientCalls {
            hostname: None,
            address: client.map_or_else(|| NONE.into(), |port| format!("10.0.0.1:{port}")),
            host: client.map(|_| "10.0.0.1".into()),
            label: None,
            calls: calls.len() as u64,
            bytes,
            disk_blocked,
            disk_wait_ns: disk_ns,
            time_ns: calls.iter().map(|call| call.latency_ns()).sum(),
        }
    };
    told(calls, |call| call.client).into_iter().map(row).collect()
}

fn by_syscall(thread: &Thread) -> Vec<SyscallWaits> {
    let rows = SYSCALLS.iter().enumerate().map(|(index, name)| {
        let waits = thread.calls.iter().filter(|call| call.syscall == index && call.disk_ns() > 0);
        let waits: Vec<u64> = waits.map(Call::disk_ns).collect();
        SyscallWaits {
            name: (*name).into(),
            disk_waits: waits.len() as u64,
            disk_wait_ns: waits.iter().sum(),
            max_ns: waits.iter().copied().max().unwrap_or(0),
        }
    });
    rows.filter(|row| row.disk_waits > 0).collect()
}

fn waits(plan: &Plan, thread: &Thread) -> ThreadRecord {
    let by_syscall = by_syscall(thread);
    ThreadRecord {
        thread: reference(plan, thread),
        disk_waits: by_syscall.iter().map(|row| row.disk_waits).sum(),
        disk_wait_ns: by_syscall.iter().map(|row| row.disk_wait_ns).sum(),
        disk_wait_max_ns: Some(by_syscall.iter().map(|row| row.max_ns).max().unwrap_or(0)),
        by_syscall: plan.tells_files.then_some(by_syscall),
        still_waiting: thread
            .is_stuck
            .then(|| StillWaiting { name: "fsync".into(), since_ns: u64::from(thread.tid) * 2_000_000 }),
    }
}

fn event_loop(plan: &Plan, thread: &Thread) -> EventLoop {
    let by_syscall = by_syscall(thread);
    let turns = thread.turns.as_ref();
    let sum: Option<u64> = turns.map(|turns| turns.iter().sum());
    EventLoop {
        thread: reference(plan, thread),
        watched: thread.is_stuck.then_some(17),
        turns: turns.map(|turns| turns.len() as u64),
        ready_events: turns.map(|turns| 2 * turns.len() as u64),
        waiting_ns: sum,
        busy_ns: sum,
        disk_waits: by_syscall.iter().map(|row| row.disk_waits).sum(),
        disk_wait_ns: by_syscall.iter().map(|row| row.disk_wait_ns).sum(),
        behind: turns.map(|turns| turns.len() as u64),
        behind_max: turns.map(|turns| turns.len() as u64),
        behind_capped: turns.map(|_| 0),
        turn_latency: turns.map(|turns| histogram(turns.iter().copied())),
        turn_latency_without_disk: turns.map(|turns| histogram(turns.iter().map(|ns| ns / 2))),
        worst_turn: turns.and_then(|turns| turns.iter().copied().max()).map(|ns| WorstTurn {
            at_ns: ns % WINDOW_NS,
            ns,
            disk_waits: None,
            disk_wait_ns: Some(0),
            ready_events: Some(2),
            longest_wait: None,
        }),
        by_syscall,
    }
}

fn slow_calls(plan: &Plan) -> Vec<SlowCallRecord> {
    let mut calls: Vec<_> = plan
        .threads
        .iter()
        .flat_map(|thread| thread.calls.iter().map(move |call| (thread, call)))
        .filter(|(_, call)| call.is_slow() || call.disk_ns() > 0)
        .map(|(thread, call)| SlowCallRecord {
            at_ns: call.at_ns,
            thread: reference(plan, thread),
            syscall: SYSCALLS[call.syscall].into(),
            latency_ns: call.latency_ns(),
            on_cpu_ns: call.parts[0],
            disk_ns: call.parts[1],
            runqueue_ns: call.parts[2],
            other_ns: call.parts[3],
            bytes: call.bytes,
            error: call.fails.then(|| "EAGAIN".into()),
            path: call.file.map(|file| format!("/data/cold-{file}/0.log")),
            offset: call.file,
            client: call.client.map(|port| format!("10.0.0.1:{port}")),
            out: if call.client.is_some() { Out::Socket } else { Out::Null },
            behind: None,
            stack: (call.disk_ns() > 0).then_some(thread.tid),
        })
        .collect();
    calls.sort();
    calls
}

/// A stack for each thread that waited; most are alike but for the thread.
fn stacks(plan: &Plan) -> Vec<Stack> {
    let rows = plan.threads.iter().filter_map(|thread| {
        let calls: Vec<_> = thread.calls.iter().filter(|call| call.disk_ns() > 0).collect();
        let disk_wait_ns = calls.iter().map(|call| call.disk_ns()).sum();
        let disk_waits = calls.len() as u64;
        (disk_waits > 0).then(|| Stack {
            hostname: None,
            id: thread.tid,
            pid: Pid(plan.pid),
            syscall: "sendfile".into(),
            kernel: vec!["io_schedule".into()],
            user: vec![format!("main_{}", thread.tid % 2)],
            disk_waits,
            disk_wait_ns,
            slow_calls: disk_waits,
            threads: vec![StackThread { thread: reference(plan, thread), disk_waits, disk_wait_ns }],
        })
    });
    rows.collect()
}

fn page_cache(plan: &Plan) -> PageCache {
    let read = |calls: u64| PagesRead {
        calls,
        bytes: 4096 * calls,
        pages: calls,
        memory_share: (calls > 0).then_some(1.0),
        ..PagesRead::default()
    };
    let all: u64 = plan.threads.iter().map(|thread| thread.calls.len() as u64).sum();
    PageCache {
        total: read(all),
        threads: plan
            .threads
            .iter()
            .map(|thread| ThreadPages {
                thread: reference(plan, thread),
                read: read(thread.calls.len() as u64),
                disk_waits: 0,
                disk_wait_ns: 0,
                fault_disk_waits: 1,
                fault_disk_wait_ns: 7,
            })
            .collect(),
        files: vec![FileUse {
            hostname: None,
            path: "/data/0.log".into(),
            directory: Some("/data".into()),
            device: None,
            device_name: None,
            inode: Some(1),
            read: read(all),
            disk_blocked: 0,
            disk_wait_ns: 0,
            fault_disk_waits: 1,
            fault_disk_wait_ns: 7,
        }],
    }
}

/// The window in two halves.
fn intervals(plan: &Plan) -> Vec<Interval> {
    let half = |place: u64| {
        let (from, to) = (place * WINDOW_NS / 2, (place + 1) * WINDOW_NS / 2);
        let rows = SYSCALLS.iter().enumerate().map(|(index, name)| {
            let calls = plan.threads.iter().flat_map(|thread| &thread.calls);
            let calls: Vec<&Call> =
                calls.filter(|call| call.syscall == index && (from..to).contains(&call.at_ns)).collect();
            let blocked = calls.iter().filter(|call| call.disk_ns() > 0).map(|call| call.latency_ns());
            let Figures { bytes, slow, disk_blocked, disk_ns } = Figures::of(&calls);
            IntervalSyscall {
                name: (*name).into(),
                direction: None,
                calls: calls.len() as u64,
                bytes,
                slow,
                disk_blocked,
                disk_wait_ns: disk_ns,
                latency: histogram(calls.iter().map(|call| call.latency_ns())).sparse(),
                disk: histogram(blocked).sparse(),
            }
        });
        Interval {
            hostname: None,
            at_ns: from,
            duration_ns: WINDOW_NS / 2,
            syscalls: rows.collect(),
            event_loops: plan
                .threads
                .iter()
                .filter(|thread| thread.role == Role::EventLoop)
                .map(|thread| IntervalLoop {
                    thread: reference(plan, thread),
                    turns: thread.turns.as_ref().map(|turns| turns.len() as u64),
                    disk_wait_ns: 0,
                    behind: 0,
                })
                .collect(),
        }
    };
    vec![half(0), half(1)]
}
