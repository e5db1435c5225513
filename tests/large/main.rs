//! Writes a recording as large as they get, and says how long that took: an hour of 10,000 threads, 100,000 slow calls
//! and one-second intervals. Made up, and sound: `tracer report` reads it. Of the slow calls it lists the longest, as
//! many as a measurement keeps; or all, as only a hundred merged recordings can.
#![expect(clippy::print_stdout, reason = "what it says is its result")]

use std::{cmp::Reverse, collections::BTreeMap, fs, path::PathBuf, time::Instant};

use anyhow::{Context as _, Result};
use clap::Parser;
use tracer::{
    collect::MOST_CALLS,
    model::{
        ByCause, ClientCalls, EventLoop, FileCalls, Histogram, HistogramBuilder, Interval, IntervalLoop,
        IntervalSyscall, Out, Pid, ProcessCalls, Recording, Role, SlowCallRecord, Stack, StackThread, Status,
        SyscallWaits, ThreadCalls, ThreadRecord, ThreadRef, Tid, TimeNs,
    },
    recordings::parse,
    render,
};

const THREADS: u32 = 10_000;
/// Event loops among them.
const LOOPS: u32 = 16;
const SLOW_PER_THREAD: u64 = 10;
const FAST_PER_THREAD: u64 = 90;
const SECONDS: u64 = 3_600;
const SECOND_NS: u64 = 1_000_000_000;
const BYTES: u64 = 65_536;
const FILES: u64 = 500;
const CLIENTS: u64 = 1_000;
const STACKS: u32 = 40;

/// Where to write it, and a small recording to take the rest from.
#[derive(Parser)]
struct Arguments {
    like: PathBuf,
    to: PathBuf,
    /// List all slow calls.
    #[arg(long)]
    all: bool,
}

fn main() -> Result<()> {
    let Arguments { like, to, all } = Arguments::parse();
    let like = parse(&fs::read(&like).with_context(|| format!("cannot read {}", like.display()))?)?;
    let recording = large(like, if all { usize::MAX } else { MOST_CALLS });
    let begun = Instant::now();
    let text = render::json(&recording);
    fs::write(&to, &text).with_context(|| format!("cannot write {}", to.display()))?;
    println!("{{\"written_ms\": {}, \"bytes\": {}}}", begun.elapsed().as_millis(), text.len());
    Ok(())
}

/// One call, made up from a number.
struct Call {
    thread: u32,
    at_ns: u64,
    on_cpu_ns: u64,
    disk_ns: u64,
    file: u64,
    client: u64,
}

impl Call {
    fn of(number: u64) -> Self {
        // A multiplicative hash: the same calls each time, in no order.
        let hash = number.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
        let per_thread = SLOW_PER_THREAD + FAST_PER_THREAD;
        let is_slow = number % per_thread < SLOW_PER_THREAD;
        Self {
            thread: (number / per_thread) as u32,
            at_ns: (hash >> 20) % (SECONDS * SECOND_NS),
            on_cpu_ns: 5_000 + (hash >> 48) % 60_000,
            disk_ns: if is_slow { 1_000_000 + (hash >> 36) % 40_000_000 } else { 0 },
            file: (hash >> 40) % FILES,
            client: (hash >> 30) % CLIENTS,
        }
    }

    fn latency_ns(&self) -> u64 {
        self.on_cpu_ns + self.disk_ns
    }

    fn is_slow(&self) -> bool {
        self.disk_ns > 0
    }
}

/// What calls come to.
#[derive(Default)]
struct Sum {
    all: HistogramBuilder,
    disk: HistogramBuilder,
    on_cpu: HistogramBuilder,
    without_disk: HistogramBuilder,
    calls: u64,
    slow: u64,
    on_cpu_ns: u64,
    disk_ns: u64,
    latency_ns: u64,
    longest_ns: u64,
}

impl Sum {
    fn add(&mut self, call: &Call) {
        self.all.record(call.latency_ns());
        if call.is_slow() { &mut self.disk } else { &mut self.on_cpu }.record(call.latency_ns());
        self.without_disk.record(call.on_cpu_ns);
        self.calls += 1;
        self.slow += u64::from(call.is_slow());
        self.on_cpu_ns += call.on_cpu_ns;
        self.disk_ns += call.disk_ns;
        self.latency_ns += call.latency_ns();
        self.longest_ns = self.longest_ns.max(call.disk_ns);
    }
}

fn thread_ref(thread: u32) -> ThreadRef {
    ThreadRef {
        hostname: None,
        pid: Pid(4088),
        tid: Tid(100_000 + thread),
        start_time_ns: 81_230_000_000 + u64::from(thread) * 1_000_000,
        comm: "data-plane-kafk".into(),
        name: format!("data-plane-kafka-network-thread-{thread}"),
        role: if thread < LOOPS { Role::EventLoop } else { Role::Worker },
    }
}

fn path(file: u64) -> String {
    format!("/var/lib/kafka/data/topic-{file}/00000000000000000000.log")
}

fn client(client: u64) -> (String, String) {
    let host = format!("10.2.{}.{}", client / 250, client % 250);
    (format!("{host}:51234"), host)
}

/// `like` with the calls of an hour; of the slow ones, at most so many one by one.
fn large(like: Recording, listed: usize) -> Recording {
    let calls: Vec<Call> = (0..u64::from(THREADS) * (SLOW_PER_THREAD + FAST_PER_THREAD)).map(Call::of).collect();
    let mut total = Sum::default();
    let mut threads: BTreeMap<u32, Sum> = BTreeMap::new();
    let mut seconds: BTreeMap<u64, Sum> = BTreeMap::new();
    let mut files: BTreeMap<u64, Sum> = BTreeMap::new();
    let mut clients: BTreeMap<u64, Sum> = BTreeMap::new();
    for call in &calls {
        total.add(call);
        threads.entry(call.thread).or_default().add(call);
        seconds.entry(call.at_ns / SECOND_NS).or_default().add(call);
        if call.is_slow() {
            files.entry(call.file).or_default().add(call);
            clients.entry(call.client).or_default().add(call);
        }
    }
    let mut slow: Vec<&Call> = calls.iter().filter(|call| call.is_slow()).collect();
    slow.sort_by_key(|call| Reverse(call.latency_ns()));
    slow.truncate(listed);
    slow.sort_by_key(|call| call.at_ns);
    let mut recording = like;
    recording.window.duration_ns = SECONDS * SECOND_NS;
    let syscall = &mut recording.syscalls[0];
    (syscall.calls, syscall.errors, syscall.bytes) = (total.calls, 0, total.calls * BYTES);
    (syscall.slow, syscall.disk_blocked, syscall.disk_waits) = (total.slow, total.slow, total.slow);
    syscall.errors_by_name.clear();
    (syscall.cold_requested, syscall.read_ahead) = (Some(16 * total.slow), Some(0));
    syscall.pages = Some(16 * total.calls);
    syscall.memory_share = tracer::model::memory_share(16 * total.slow, 16 * total.calls);
    syscall.time_ns = TimeNs { on_cpu: total.on_cpu_ns, disk: total.disk_ns, runqueue: 0, other: 0 };
    syscall.latency = total.all.build();
    syscall.by_cause = ByCause {
        on_cpu: total.on_cpu.build(),
        disk: total.disk.build(),
        runqueue: Histogram::default(),
        other: Histogram::default(),
    };
    syscall.without_disk = total.without_disk.build();
    syscall.processes = vec![ProcessCalls {
        hostname: None,
        pid: Pid(4088),
        calls: total.calls,
        bytes: total.calls * BYTES,
        slow: total.slow,
        disk_blocked: total.slow,
        disk_wait_ns: total.disk_ns,
    }];
    syscall.threads = threads.iter().map(|(&thread, sum)| thread_calls(thread, sum)).collect();
    syscall.files = Some(files.iter().map(|(&file, sum)| file_calls(file, sum)).collect());
    syscall.clients = Some(clients.iter().map(|(&client, sum)| client_calls(client, sum)).collect());
    syscall.in_flight.clear();
    recording.threads = threads.iter().map(|(&thread, sum)| thread_record(thread, sum)).collect();
    let loops = threads.range(..LOOPS);
    recording.event_loops = loops.map(|(&thread, sum)| event_loop(thread, sum)).collect();
    recording.slow_calls = slow.into_iter().map(slow_call).collect();
    recording.stacks = Some((0..STACKS).map(|id| stack(id, &threads, &recording.slow_calls)).collect());
    recording.intervals = seconds.iter().map(|(&second, sum)| interval(second, sum)).collect();
    recording.verdict.status = Status::Blocked;
    recording.verdict.threads = (0..LOOPS).map(thread_ref).collect();
    recording
}

fn thread_calls(thread: u32, sum: &Sum) -> ThreadCalls {
    let latency = sum.all.build();
    ThreadCalls {
        thread: thread_ref(thread),
        calls: sum.calls,
        errors: 0,
        bytes: sum.calls * BYTES,
        slow: sum.slow,
        disk_blocked: sum.slow,
        disk_waits: sum.slow,
        disk_wait_ns: sum.disk_ns,
        cold_requested: Some(16 * sum.slow),
        read_ahead: Some(0),
        max_ns: latency.max_ns(),
        latency,
    }
}

fn file_calls(file: u64, sum: &Sum) -> FileCalls {
    let path = path(file);
    FileCalls {
        hostname: None,
        directory: path.rsplit_once('/').map(|(directory, _)| directory.into()),
        path,
        device: Some("254:0".into()),
        device_name: Some("vda".into()),
        inode: Some(file),
        calls: sum.calls,
        bytes: sum.calls * BYTES,
        disk_blocked: sum.slow,
        disk_wait_ns: sum.disk_ns,
        cold_requested: 16 * sum.slow,
        read_ahead: 0,
        first_offset: Some(0),
        last_offset: Some(sum.calls * BYTES),
    }
}

fn client_calls(number: u64, sum: &Sum) -> ClientCalls {
    let (address, host) = client(number);
    ClientCalls {
        hostname: None,
        address,
        host: Some(host),
        label: None,
        calls: sum.calls,
        bytes: sum.calls * BYTES,
        disk_blocked: sum.slow,
        disk_wait_ns: sum.disk_ns,
        time_ns: sum.latency_ns,
    }
}

fn by_syscall(sum: &Sum) -> Vec<SyscallWaits> {
    vec![SyscallWaits {
        name: "sendfile".into(),
        disk_waits: sum.slow,
        disk_wait_ns: sum.disk_ns,
        max_ns: sum.longest_ns,
    }]
}

fn thread_record(thread: u32, sum: &Sum) -> ThreadRecord {
    ThreadRecord {
        thread: thread_ref(thread),
        disk_waits: sum.slow,
        disk_wait_ns: sum.disk_ns,
        disk_wait_max_ns: Some(sum.longest_ns),
        by_syscall: Some(by_syscall(sum)),
        still_waiting: None,
    }
}

fn event_loop(thread: u32, sum: &Sum) -> EventLoop {
    EventLoop {
        thread: thread_ref(thread),
        watched: Some(1_000),
        turns: Some(sum.calls),
        ready_events: Some(sum.calls),
        waiting_ns: Some(SECONDS * SECOND_NS - sum.latency_ns),
        busy_ns: Some(sum.latency_ns),
        disk_waits: sum.slow,
        disk_wait_ns: sum.disk_ns,
        behind: Some(sum.slow * 10),
        behind_max: Some(40),
        behind_capped: Some(0),
        turn_latency: Some(sum.all.build()),
        turn_latency_without_disk: Some(sum.without_disk.build()),
        worst_turn: None,
        by_syscall: by_syscall(sum),
    }
}

fn slow_call(call: &Call) -> SlowCallRecord {
    SlowCallRecord {
        at_ns: call.at_ns,
        thread: thread_ref(call.thread),
        syscall: "sendfile".into(),
        latency_ns: call.latency_ns(),
        on_cpu_ns: call.on_cpu_ns,
        disk_ns: call.disk_ns,
        runqueue_ns: 0,
        other_ns: 0,
        bytes: BYTES,
        error: None,
        path: Some(path(call.file)),
        offset: Some(call.at_ns % (1 << 30)),
        client: Some(client(call.client).0),
        out: Out::Socket,
        behind: (call.thread < LOOPS).then_some(10),
        stack: Some(call.thread % STACKS),
    }
}

/// Each thread waits on one.
fn stack(id: u32, threads: &BTreeMap<u32, Sum>, calls: &[SlowCallRecord]) -> Stack {
    let of_stack = threads.iter().filter(|&(thread, _)| thread % STACKS == id);
    let waited: Vec<_> = of_stack
        .map(|(&thread, sum)| StackThread {
            thread: thread_ref(thread),
            disk_waits: sum.slow,
            disk_wait_ns: sum.disk_ns,
        })
        .collect();
    let frames = |half: &str, depth: u32| (0..depth).map(|level| format!("{half}_{id}_{level}")).collect();
    Stack {
        hostname: None,
        id,
        pid: Pid(4088),
        syscall: "sendfile".into(),
        kernel: frames("kernel", 20),
        user: frames("user", 30),
        disk_waits: waited.iter().map(|row| row.disk_waits).sum(),
        disk_wait_ns: waited.iter().map(|row| row.disk_wait_ns).sum(),
        slow_calls: calls.iter().filter(|call| call.stack == Some(id)).count() as u64,
        threads: waited,
    }
}

fn interval(second: u64, sum: &Sum) -> Interval {
    let share = |thread: u32| IntervalLoop {
        thread: thread_ref(thread),
        turns: Some(sum.calls / u64::from(LOOPS)),
        disk_wait_ns: sum.disk_ns / u64::from(LOOPS),
        behind: 10,
    };
    Interval {
        hostname: None,
        at_ns: second * SECOND_NS,
        duration_ns: SECOND_NS,
        syscalls: vec![IntervalSyscall {
            name: "sendfile".into(),
            direction: None,
            calls: sum.calls,
            bytes: sum.calls * BYTES,
            slow: sum.slow,
            disk_blocked: sum.slow,
            disk_wait_ns: sum.disk_ns,
            latency: sum.all.build().sparse(),
            disk: sum.disk.build().sparse(),
        }],
        // A few of them do something in a second.
        event_loops: (0..2).map(|place| share((second as u32 + place) % LOOPS)).collect(),
    }
}
