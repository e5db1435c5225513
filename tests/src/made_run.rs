//! Recordings of runs that nobody made: sendfile calls of given latencies, by one thread. Sound as a measured one.

use std::{collections::BTreeMap, time::Duration};

use tracer::model::{
    ByCause, Histogram, HistogramBuilder, Interval, IntervalSyscall, Pid, ProcessCalls, Recording, Role, Status,
    SyscallWaits, ThreadCalls, ThreadRecord, ThreadRef, Tid, TimeNs, memory_share,
};

use crate::golden;

const SECOND_NS: u64 = 1_000_000_000;
const BYTES: u64 = 65_536;
const PAGES: u64 = 16;

/// A call: what it needed by itself, and what it waited for the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MadeCall {
    /// On the CPU.
    pub on_cpu_ns: u64,
    /// For the disk; 0: not disk-blocked.
    pub disk_ns: u64,
}

/// Makes recordings.
pub struct MadeRuns {
    like: Recording,
}

impl Default for MadeRuns {
    fn default() -> Self {
        Self { like: golden::recording("clear") }
    }
}

impl MadeRuns {
    /// A run of ten seconds that began so long after the first, with these calls.
    #[must_use]
    pub fn run(&self, after: Duration, calls: impl IntoIterator<Item = MadeCall>) -> Recording {
        let mut recording = self.like.clone();
        let sums = Sums::of(calls, recording.threshold_ns);
        recording.window.start += after;
        recording.target.processes.truncate(1);
        let pid = recording.target.processes[0].pid;
        let thread = ThreadRef {
            hostname: None,
            pid,
            tid: Tid(pid.0),
            start_time_ns: recording.target.processes[0].start_time_ns,
            comm: "nginx".into(),
            name: "nginx".into(),
            role: Role::Worker,
        };
        recording.syscalls.truncate(1);
        sums.write(&mut recording, pid, &thread);
        recording.event_loops.clear();
        recording.slow_calls.clear();
        recording.intervals.clear();
        recording.threads = sums.thread(&thread).into_iter().collect();
        recording.verdict.status = Status::Clear;
        recording.verdict.threads.clear();
        recording
    }

    /// The same with the calls of each second, which are its intervals.
    #[must_use]
    pub fn run_in_seconds(&self, after: Duration, seconds: &[Vec<MadeCall>]) -> Recording {
        let mut recording = self.run(after, seconds.concat());
        recording.window.duration_ns = SECOND_NS * seconds.len() as u64;
        let interval = |(second, calls): (usize, &Vec<MadeCall>)| Interval {
            hostname: None,
            at_ns: SECOND_NS * second as u64,
            duration_ns: SECOND_NS,
            // Of a second without calls there is no row.
            syscalls: (!calls.is_empty())
                .then(|| Sums::of(calls.iter().copied(), recording.threshold_ns).interval(&recording))
                .into_iter()
                .collect(),
            event_loops: Vec::new(),
        };
        recording.intervals = seconds.iter().enumerate().map(interval).collect();
        recording
    }
}

#[derive(Default)]
struct Sums {
    all: HistogramBuilder,
    on_cpu: HistogramBuilder,
    disk: HistogramBuilder,
    without_disk: HistogramBuilder,
    calls: u64,
    slow: u64,
    blocked: u64,
    on_cpu_ns: u64,
    disk_ns: u64,
    longest_wait_ns: u64,
}

impl Sums {
    fn of(calls: impl IntoIterator<Item = MadeCall>, threshold_ns: u64) -> Self {
        let mut sums = Self::default();
        for call in calls {
            let latency_ns = call.on_cpu_ns + call.disk_ns;
            sums.all.record(latency_ns);
            sums.without_disk.record(call.on_cpu_ns);
            let is_blocked = call.disk_ns > 0;
            if is_blocked { &mut sums.disk } else { &mut sums.on_cpu }.record(latency_ns);
            sums.calls += 1;
            sums.slow += u64::from(latency_ns >= threshold_ns);
            sums.blocked += u64::from(is_blocked);
            sums.on_cpu_ns += call.on_cpu_ns;
            sums.disk_ns += call.disk_ns;
            sums.longest_wait_ns = sums.longest_wait_ns.max(call.disk_ns);
        }
        sums
    }

    fn write(&self, recording: &mut Recording, pid: Pid, thread: &ThreadRef) {
        let syscall = &mut recording.syscalls[0];
        (syscall.calls, syscall.errors, syscall.bytes) = (self.calls, 0, self.calls * BYTES);
        syscall.errors_by_name = BTreeMap::new();
        (syscall.slow, syscall.disk_blocked, syscall.disk_waits) = (self.slow, self.blocked, self.blocked);
        (syscall.cold_requested, syscall.read_ahead) = (Some(PAGES * self.blocked), Some(0));
        syscall.pages = Some(PAGES * self.calls);
        syscall.memory_share = memory_share(PAGES * self.blocked, PAGES * self.calls);
        syscall.time_ns = TimeNs { on_cpu: self.on_cpu_ns, disk: self.disk_ns, runqueue: 0, other: 0 };
        syscall.latency = self.all.build();
        syscall.by_cause = ByCause {
            on_cpu: self.on_cpu.build(),
            disk: self.disk.build(),
            runqueue: Histogram::default(),
            other: Histogram::default(),
        };
        syscall.without_disk = self.without_disk.build();
        syscall.processes = vec![ProcessCalls {
            hostname: None,
            pid,
            calls: self.calls,
            bytes: self.calls * BYTES,
            slow: self.slow,
            disk_blocked: self.blocked,
            disk_wait_ns: self.disk_ns,
        }];
        syscall.threads = vec![ThreadCalls {
            thread: thread.clone(),
            calls: self.calls,
            errors: 0,
            bytes: self.calls * BYTES,
            slow: self.slow,
            disk_blocked: self.blocked,
            disk_waits: self.blocked,
            disk_wait_ns: self.disk_ns,
            cold_requested: Some(PAGES * self.blocked),
            read_ahead: Some(0),
            max_ns: syscall.latency.max_ns(),
            latency: syscall.latency.clone(),
        }];
        (syscall.files, syscall.clients) = (None, None);
        syscall.in_flight.clear();
    }

    fn interval(&self, recording: &Recording) -> IntervalSyscall {
        IntervalSyscall {
            name: recording.syscalls[0].name.clone(),
            direction: None,
            calls: self.calls,
            bytes: self.calls * BYTES,
            slow: self.slow,
            disk_blocked: self.blocked,
            disk_wait_ns: self.disk_ns,
            latency: self.all.build().sparse(),
            disk: self.disk.build().sparse(),
        }
    }

    /// The thread over all system calls, if it waited for the disk.
    fn thread(&self, thread: &ThreadRef) -> Option<ThreadRecord> {
        let waits = SyscallWaits {
            name: "sendfile".into(),
            disk_waits: self.blocked,
            disk_wait_ns: self.disk_ns,
            max_ns: self.longest_wait_ns,
        };
        (self.blocked > 0).then(|| ThreadRecord {
            thread: thread.clone(),
            disk_waits: self.blocked,
            disk_wait_ns: self.disk_ns,
            disk_wait_max_ns: Some(self.longest_wait_ns),
            by_syscall: Some(vec![waits]),
            still_waiting: None,
        })
    }
}
